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


@pytest.mark.parametrize(
    ("size", "point", "words"),
    [
        ((256, 256), (400, 20), "outside the tile of 256 x 256 px .*or choose a larger tile$"),
        ((256, 256), (20, -1), "outside the tile of 256 x 256 px .*; move or remove the point$"),
        ((256, 256), (20, 1120), "outside the tile of 256 x 256 px .*1024 px is the largest side: .*split it"),
        (
            (1024, 1024),
            (400, 1120),
            r"outside of any tile \(allowed: .* < 1023.5\); 1024 px is the largest side",
        ),
        ((256, 1024), (300, 20), "outside the tile of 256 x 1024 px .*or choose a larger tile$"),
    ],
)
def test_a_larger_tile_is_advised_only_where_there_can_be_one(size, point, words):
    with pytest.raises(PointError, match=words):
        check_inside(np.array([point], float), *size)
