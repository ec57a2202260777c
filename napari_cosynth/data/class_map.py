"""Class of each nucleus out of a map that states it pixel by pixel.

Knows arrays alone: no files, no class names.
"""

from __future__ import annotations

import numpy as np


def majority_class(instances: np.ndarray, class_map: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Most frequent class inside each nucleus.

    Pixels of class 0 do not vote, since class maps often leave a rim of
    background inside the mask. The smaller class wins a tie.

    Parameters
    ----------
    instances
        Integer (H, W), 0 = background.
    class_map
        Integer (H, W), 0 = background.
    ids
        (N,): the ids in ``instances``, ascending.

    Returns
    -------
    np.ndarray
        int64 (N,): class of each nucleus, 0 where no pixel of it has one.
    """
    votes = (instances > 0) & (class_map > 0)
    classes, column = np.unique(class_map[votes], return_inverse=True)
    if not len(classes):
        return np.zeros(len(ids), np.int64)
    row = np.searchsorted(ids, instances[votes])
    counts = np.bincount(row * len(classes) + column, minlength=len(ids) * len(classes)).reshape(len(ids), -1)
    return np.where(counts.any(axis=1), classes[counts.argmax(axis=1)], 0).astype(np.int64)
