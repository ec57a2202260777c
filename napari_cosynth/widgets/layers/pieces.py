"""Masks that an edit left in pieces: most often two nuclei that were painted with one label."""

from __future__ import annotations

import numpy as np


def labels_in_pieces(before: np.ndarray, after: np.ndarray) -> dict[int, int]:
    """How many pieces a label has, for each that an edit left in several, and in more than it had.

    Parameters
    ----------
    before, after
        Integer (H, W): 0 = background, else label id. Pixels that touch by a corner are one piece.
    """
    differs = before != after
    changed = np.unique([before[differs], after[differs]])
    counts = {int(label): _pieces(after == label) for label in changed if label}
    return {label: n for label, n in counts.items() if n > max(1, _pieces(before == label))}


def _pieces(mask: np.ndarray) -> int:
    # Late: it would slow the opening of the dock.
    from scipy.ndimage import label

    return label(mask, np.ones((3, 3)))[1]
