import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cosynth.jitter import jittered
from napari_cosynth.layout import Layout


@settings(max_examples=40)
@given(st.integers(0, 400), st.floats(0, 200), st.integers(0, 2**32 - 1))
def test_whatever_moves_the_layout_stays_sound(number, move, seed):
    """`Layout` itself refuses points off the tile or closer than 1 px."""
    cells = np.random.default_rng(seed).permutation(64 * 64)[:number]
    layout = Layout(
        centroids=np.stack(np.divmod(cells, 64), axis=1), class_ids=cells % 8, height=64, width=64, um_per_px=0.5
    )
    moved = jittered(layout, np.random.default_rng(seed), move)
    assert moved.names == layout.names
    assert (moved.height, moved.width, moved.um_per_px) == (64, 64, 0.5)
    assert jittered(layout, np.random.default_rng(seed), move) == moved


def test_the_moves_are_as_large_as_said():
    cells = np.stack(np.divmod(np.arange(400), 20), axis=1) * 48 + 20.0
    layout = Layout(centroids=cells, class_ids=np.zeros(400, int), height=1024, width=1024)
    steps = jittered(layout, np.random.default_rng(0), move=3.0).centroids - layout.centroids
    assert abs(steps.std() - 3.0) < 0.2 and abs(steps.mean()) < 0.3


def test_nothing_to_move():
    assert jittered(Layout(), np.random.default_rng(0)) == Layout()


def test_points_that_are_kept_stay():
    layout = Layout(centroids=[(20, 20), (60, 60), (100, 100)], class_ids=[0, 1, 2])
    moved = jittered(layout, np.random.default_rng(0), keep=np.array([False, True, False]))
    assert (moved.centroids == layout.centroids).all(axis=1).tolist() == [False, True, False]
