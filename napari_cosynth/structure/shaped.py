"""Glands and bands drawn into learned densities, where a prompt names them.

The network knows both words but hardly draws what they mean: a ring or a band
may lie anywhere, and all of the map has to agree on one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_cosynth.structure.shapes import (
    LEAST_LINING,
    LINING_UM,
    OUTSIDE_UM,
    Likely,
    Ring,
    drawn_band,
    drawn_rings,
)
from napari_cosynth.structure.traits import LININGS
from napari_cosynth.structure.words import BANDS, GLAND, GLANDS, structures_in

LEARNED_IN_LINING, LEARNED_IN_BAND = 0.25, 0.0
"""Power of the learned density of a class inside its shape: 0 for the shape alone, 1 for all that was learned.

What was learned draws a band's class as a patch, and a patch of a band is none.
"""
STRAY_LINING, STRAY_BAND = 0.01, 0.03
"""Density of a class outside of its shape: nuclei that find no room in it stand there."""
EMPTY = 1e-4
"""Density in a lumen."""
THROUGH = 0.25
"""Density of the other classes in a band."""
_LEAST_BAND = 5
_LINING_SOFT_UM = 1.8
_EDGE_SOFT_UM = 1.0
_FAR_UM = OUTSIDE_UM + 10 * _EDGE_SOFT_UM
_STREAM = 2
"""Beside the stream of the places, which starts from the same seed."""


def shaped(
    densities: Mapping[str, np.ndarray], prompt: str, counts: Mapping[str, int], um_per_px: float, seed: int
) -> dict[str, np.ndarray]:
    """Densities with the shapes that a prompt names.

    A gland is lined by the most frequent class that may line one, and its lumen
    is empty; a band is of the class that the prompt says. Where there are too
    few nuclei, or no room, the densities stay as they are.

    Parameters
    ----------
    densities
        float (height, width) above 0 by class, of mean 1.
    prompt
        Structure in words.
    counts
        Nuclei of each class on the tile.
    um_per_px
        Pixel size, micrometres.
    seed
        The same seed gives the same shapes.

    Returns
    -------
    As ``densities``; a new mapping.
    """
    made = dict(densities)
    named = structures_in(prompt)
    rng = np.random.default_rng([seed, _STREAM])
    for kind, band in BANDS.items():
        if band in named and counts.get(kind, 0) >= _LEAST_BAND and kind in made:
            made = _with_band(made, kind, counts[kind], um_per_px, rng)
    if GLAND in named or GLANDS in named:
        made = _with_rings(made, counts, um_per_px, rng, least=2 if GLANDS in named else 1)
    return made


def _with_band(
    densities: dict[str, np.ndarray], kind: str, n: int, um_per_px: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    own = densities[kind]
    band = drawn_band(n, _size(own, um_per_px), _likely(own, um_per_px), rng)
    inside = _rising(-band.beyond(_places(own, um_per_px))).reshape(own.shape)
    made = {name: values * (1 - (1 - THROUGH) * inside) for name, values in densities.items()}
    made[kind] = own**LEARNED_IN_BAND * np.maximum(inside, STRAY_BAND)
    return _of_mean_one(made)


def _with_rings(
    densities: dict[str, np.ndarray], counts: Mapping[str, int], um_per_px: float, rng: np.random.Generator, least: int
) -> dict[str, np.ndarray]:
    able = [name for name in LININGS if name in densities and counts.get(name, 0) >= LEAST_LINING]
    if not able:
        return densities
    lining = max(able, key=lambda name: counts[name])
    own = densities[lining]
    rings = drawn_rings(counts[lining], _size(own, um_per_px), _likely(own, um_per_px), rng, least)
    if not rings:
        return densities
    beyond = _beyond(rings, own.shape, um_per_px)
    free = np.maximum(_rising(beyond - OUTSIDE_UM), EMPTY)
    made = {name: values * free for name, values in densities.items()}
    wall = np.exp(-0.5 * ((beyond - LINING_UM) / _LINING_SOFT_UM) ** 2)
    made[lining] = own**LEARNED_IN_LINING * np.maximum(wall, STRAY_LINING * free)
    return _of_mean_one(made)


def _beyond(rings: list[Ring], shape: tuple[int, int], um_per_px: float) -> np.ndarray:
    """float ``shape``: how far pixels lie beyond the nearest lumen, um, as far as it matters."""
    beyond = np.full(shape, _FAR_UM)
    places = _places(beyond, um_per_px).reshape(*shape, 2)
    for ring in rings:
        # Around the ring alone: a large tile has many.
        reach = ring.reach(_FAR_UM) / um_per_px
        near = tuple(slice(max(0, int(at / um_per_px - reach)), int(at / um_per_px + reach) + 2) for at in ring.middle)
        some = places[near]
        beyond[near] = np.minimum(beyond[near], ring.beyond(some.reshape(-1, 2)).reshape(some.shape[:2]))
    return beyond


def _of_mean_one(densities: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values / values.mean() for name, values in densities.items()}


def _rising(distance: np.ndarray) -> np.ndarray:
    """From 0 to 1 about a distance of 0 um."""
    return 0.5 * (1 + np.tanh(distance / (2 * _EDGE_SOFT_UM)))


def _places(density: np.ndarray, um_per_px: float) -> np.ndarray:
    """float (height * width, 2): middles of the pixels, um."""
    rows, cols = (np.arange(side) + 0.5 for side in density.shape)
    return np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=-1).reshape(-1, 2) * um_per_px


def _size(density: np.ndarray, um_per_px: float) -> tuple[float, float]:
    height, width = density.shape
    return height * um_per_px, width * um_per_px


def _likely(density: np.ndarray, um_per_px: float) -> Likely:
    """Reads a density; places outside of the tile count as its nearest ones."""
    root = np.sqrt(density)  # one crowd shall not decide alone
    last = np.array(density.shape) - 1

    def likely(points: np.ndarray) -> np.ndarray:
        rows, cols = np.clip((points / um_per_px).astype(int), 0, last).T
        return root[rows, cols]

    return likely
