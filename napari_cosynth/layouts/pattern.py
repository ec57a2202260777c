"""Pattern: a marked point pattern in micrometres, cut out of any labelled tile or layout.

The value that statistics, fit and measurement share. It knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile
    from napari_cosynth.layout import Layout


@dataclass(frozen=True)
class Pattern:
    """Nuclei in a window.

    Parameters
    ----------
    points
        float64 (N, 2): row, col in um from the window's upper left corner.
    marks
        int64 (N,): index of the class.
    size
        Height and width of the window, um.
    group
        What is never parted between two sides of a comparison: a patient or slide.
    """

    points: np.ndarray
    marks: np.ndarray
    size: tuple[float, float]
    group: str = ""

    def __len__(self) -> int:
        return len(self.points)

    @property
    def area(self) -> float:
        """Area of the window, um^2."""
        return self.size[0] * self.size[1]

    def counts(self, n_marks: int) -> np.ndarray:
        """int64 (n_marks,): points of each mark."""
        return np.bincount(self.marks, minlength=n_marks)

    def unmarked(self) -> Pattern:
        """The same points, all of mark 0."""
        return Pattern(self.points, np.zeros(len(self), np.int64), self.size, self.group)


def pattern_of_tile(tile: LabelledTile, classes: Sequence[str]) -> Pattern:
    """Nuclei of a labelled tile, whole; those of other ``classes`` are left out."""
    index = {name: i for i, name in enumerate(classes)}
    known = np.array([name in index for name in tile.classes], bool)
    marks = np.array([index[name] for name in tile.classes if name in index], np.int64)
    size = (tile.shape[0] * tile.um_per_px, tile.shape[1] * tile.um_per_px)
    # Pixel 0 reaches from -0.5 to 0.5.
    points = (tile.centroids[known] + 0.5) * tile.um_per_px
    return Pattern(points, marks, size, f"{tile.source}/{tile.group or tile.name}")


def pattern_of_layout(layout: Layout, classes: Sequence[str], group: str = "") -> Pattern:
    """Nuclei of a layout.

    Raises
    ------
    ValueError
        If the layout has a class that is not among ``classes``.
    """
    absent = sorted(set(layout.names) - set(classes))
    if absent:
        raise ValueError(f"the layout has the class {absent[0]}, known are {', '.join(classes)}; leave its points out")
    marks = np.array([classes.index(name) for name in layout.names], np.int64)
    size = (layout.height * layout.um_per_px, layout.width * layout.um_per_px)
    return Pattern((layout.centroids + 0.5) * layout.um_per_px, marks, size, group)


def windows(patterns: Iterable[Pattern], side: float, least: int) -> Iterator[Pattern]:
    """Square windows side by side in each pattern.

    Parameters
    ----------
    side
        Side of the windows, um; a pattern that is smaller gives none.
    least
        Windows with fewer points are left out.
    """
    for pattern in patterns:
        for top in np.arange(int(pattern.size[0] // side)) * side:
            for left in np.arange(int(pattern.size[1] // side)) * side:
                local = pattern.points - (top, left)
                inside = ((local >= 0) & (local < side)).all(axis=1)
                if inside.sum() >= least:
                    yield Pattern(local[inside], pattern.marks[inside], (side, side), pattern.group)
