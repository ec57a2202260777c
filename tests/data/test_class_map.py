from __future__ import annotations

import numpy as np

from napari_cosynth.data.class_map import majority_class


def test_majority_without_background_votes():
    instances = np.array([[3, 3, 3, 3, 3], [8, 8, 8, 0, 0], [9, 9, 0, 0, 0]])
    class_map = np.array([[0, 0, 0, 6, 6], [1, 2, 2, 5, 5], [0, 0, 0, 0, 0]])
    assert majority_class(instances, class_map, np.array([3, 8, 9])).tolist() == [6, 2, 0]


def test_ties_go_to_the_smaller_class():
    assert majority_class(np.array([[1, 1]]), np.array([[5, 2]]), np.array([1])).tolist() == [2]


def test_empty_maps():
    nothing = np.zeros((3, 3), int)
    assert majority_class(nothing, nothing, np.array([], int)).tolist() == []
    assert majority_class(nothing + 4, nothing, np.array([4])).tolist() == [0]
    assert majority_class(nothing, nothing + 2, np.array([], int)).tolist() == []
