"""How far an image is from the nearest tissue that a model was trained on.

Looks each block of the image up, in all orientations, among the blocks of the
training tiles; where one fits, its neighbours must fit theirs too, four blocks
that make a window. A distance counts in units of what is usual around the
training block: how far that is from the most similar tissue in other training
tiles. Without that, tissue that has little to tell, such as empty glass, would
look like a copy of all its likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_cosynth.model.fingerprint import BLOCK, STEP, TURNS, Projection, blocks_at, cell_features, places, turned
from napari_cosynth.model.segmenter import Segmenter

WINDOW = 2 * BLOCK
"""Side of the windows that are compared, px."""
_COARSE = 16
"""Places at which blocks of the image are looked up, px; those that fit are moved by up to half of that."""
_CANDIDATES = 256
"""Blocks that fit best: their neighbours are asked too."""
FARTHEST = 10.0
"""What is farther is not told apart."""
_CHUNK = 1024
"""Training blocks that are compared at once: few enough for the processor's cache."""


@dataclass(frozen=True, eq=False)
class TrainingIndex:
    """What a model folder keeps of its training tissue.

    Parameters
    ----------
    projection
        Makes the fingerprints.
    codes, scale
        int8 (n, d) and float32 (d,): fingerprints are ``codes * scale``.
    usual
        float16 (n,): distance to the most similar tissue in other training tiles.
    grids
        int32 (tiles, 2): rows and columns of blocks of each tile. The blocks of a
        tile follow each other row by row.
    unit
        Distance, in ``usual`` ones, that counts as 1.
    segmenter
        Hash of the segmenter whose features were used.
    facts
        How it was made and what was measured, for people.
    """

    projection: Projection
    codes: np.ndarray
    scale: np.ndarray
    usual: np.ndarray
    grids: np.ndarray
    unit: float
    segmenter: str
    facts: dict[str, Any]

    def distance(self, network: Segmenter, image: np.ndarray) -> float | None:
        """Distance of an image to the nearest window of training tissue.

        Parameters
        ----------
        network
            The segmenter that the index was made with.
        image
            uint8 (H, W, 3) RGB at 0.25 um/px.

        Returns
        -------
        The least over all windows of `WINDOW` px; 1 is where one in a hundred real
        tiles of 256 px lies that the model never saw. None if the image is smaller
        than a window.
        """
        if min(image.shape[:2]) < WINDOW:
            return None
        cells = self.projection.cells(cell_features(network, image))
        corners = places(cells, STEP)
        prints = self.projection.fingerprints(blocks_at(cells, corners), TURNS)
        prints = prints.reshape(len(TURNS), *(corners[-1] + 1), -1)  # turn, row, column, d
        turn, row, column = _asked(prints.shape[:3])
        squares, entries = self._nearest(torch.from_numpy(prints[turn, row, column]))
        best = squares.argsort()[:_CANDIDATES].numpy()
        corner = np.stack([row[best], column[best]], axis=1)
        away = self._windows(prints, turn[best], corner, entries[best].numpy())
        return min(away**0.5 / self.unit, FARTHEST)

    def _nearest(self, prints: Tensor) -> tuple[Tensor, Tensor]:
        """The squared distance of each fingerprint to its nearest block, and which that is."""
        asked = _extended(prints).T.contiguous()
        least, entries = torch.full((len(prints),), torch.inf), torch.zeros(len(prints), dtype=torch.int64)
        for number, part in enumerate(self._lookup.split(_CHUNK)):
            squares, at = (part @ asked).min(dim=0)
            nearer = squares < least
            least = torch.where(nearer, squares, least)
            entries = torch.where(nearer, at + number * _CHUNK, entries)
        return least, entries

    def _windows(self, prints: np.ndarray, turn: np.ndarray, corner: np.ndarray, entry: np.ndarray) -> float:
        """The least squared distance of the windows around blocks that fit; infinite if none of them is whole.

        Parameters
        ----------
        prints
            (turns, rows, columns, d).
        turn, corner, entry
            (m,), (m, 2) and (m,): orientation and place of blocks of the image, and the training blocks that fit.
        """
        neighbours, there = self._neighbours(entry)  # (m, 9)
        size = np.array(prints.shape[1:3])
        squares, usual = [], self._usual_squares[neighbours]
        for moved in _AROUND:
            at = corner[:, None] + moved + _BESIDE[turn] * (BLOCK // STEP)  # (m, 9, 2)
            inside = there & ((at >= 0) & (at < size)).all(axis=-1)
            row, column = np.clip(at, 0, size - 1).transpose(2, 0, 1)
            away = ((prints[turn[:, None], row, column] - self.codes[neighbours] * self.scale) ** 2).sum(axis=-1)
            squares.append(np.where(inside, away, np.inf))
        # The four windows that a block is part of.
        return float((_four(np.stack(squares)) / _four(usual)).min())

    def _neighbours(self, entry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 3 x 3 training blocks around some, row by row: their numbers (m, 9), and whether they are there."""
        tile = np.searchsorted(self._first, entry, side="right") - 1
        rows, columns = self.grids[tile].T[:, :, None]
        place = (entry - self._first[tile])[:, None]
        row, column = (place // columns + _OFFSETS[:, 0], place % columns + _OFFSETS[:, 1])
        there = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        return np.where(there, self._first[tile][:, None] + row * columns + column, entry[:, None]), there

    @cached_property
    def _usual_squares(self) -> np.ndarray:
        """float32 (n,)."""
        return self.usual.astype(np.float32) ** 2

    @cached_property
    def _first(self) -> np.ndarray:
        """(tiles,): number of the first block of each tile."""
        return np.concatenate([[0], np.cumsum(self.grids.prod(axis=1))[:-1]])

    @cached_property
    def _lookup(self) -> Tensor:
        """(n, d + 2): times `_extended` columns it gives the squared distances over the squared usual ones."""
        prints = self.codes * self.scale
        columns = np.concatenate([-2 * prints, np.ones((len(prints), 1)), (prints**2).sum(axis=1)[:, None]], axis=1)
        return torch.from_numpy((columns / self._usual_squares[:, None]).astype(np.float32))


def _asked(shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Turns, rows and columns at which blocks are looked up, in the (turns, rows, columns) where they can begin.

    Half of those at every `_COARSE` px, the halves by turns from block to block: of
    the four blocks of a window two are asked.
    """
    turn, row, column = np.mgrid[: shape[0], : shape[1] : _COARSE // STEP, : shape[2] : _COARSE // STEP].reshape(3, -1)
    place, block = (row + column) // (_COARSE // STEP), row // (BLOCK // STEP) + column // (BLOCK // STEP)
    asked = (place + block) % 2 == 0
    return turn[asked], row[asked], column[asked]


def _extended(prints: Tensor) -> Tensor:
    square = (prints**2).sum(dim=1, keepdim=True)
    return torch.cat([prints, square, torch.ones_like(square)], dim=1)


def _four(around: np.ndarray) -> np.ndarray:
    """(..., 9), a 3 x 3 grid row by row -> (..., 4): the sums over the squares of four that its centre is in."""
    grid = around.reshape(*around.shape[:-1], 3, 3)
    pairs = grid[..., :-1, :] + grid[..., 1:, :]
    return (pairs[..., :-1] + pairs[..., 1:]).reshape(*around.shape[:-1], 4)


_OFFSETS = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), axis=-1).reshape(-1, 2)
"""(9, 2): a block and its neighbours, row by row."""
_BESIDE = np.stack([turned(_OFFSETS.reshape(3, 3, 2), turn).reshape(-1, 2) for turn in TURNS])
"""(turns, 9, 2): where in an image lies what, turned, is at `_OFFSETS`."""
_REACH = np.arange(-_COARSE // 2, _COARSE // 2 + 1, STEP) // STEP
_AROUND = np.stack(np.meshgrid(_REACH, _REACH, indexing="ij"), axis=-1).reshape(-1, 2)
"""(moves, 2): moves of a block, in steps."""
