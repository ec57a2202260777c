import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.points import PointError, allowed_side, check_apart, check_classes, check_inside


def test_errors_carry_index_and_column():
    points = np.array([[1.0, 1.0], [1.0, 99.0], [1.2, 1.2]])
    with pytest.raises(PointError) as outside:
        check_inside(points, 64, 64)
    assert (outside.value.index, outside.value.column) == (1, "col")
    with pytest.raises(PointError) as unknown:
        check_classes(points, np.array([0, 1, 99]), BUNDLED)
    assert (unknown.value.index, unknown.value.column) == (2, "class")
    with pytest.raises(PointError) as twice:
        check_apart(points)
    assert twice.value.index == 2


@pytest.mark.parametrize("side", range(64, 1025, 16))
def test_every_multiple_of_16_is_a_side(side):
    assert allowed_side("height", side) == side
