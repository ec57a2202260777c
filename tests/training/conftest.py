"""Crops to train on, and a clean start for every run."""

import pytest

pytest.importorskip("torch")

from accelerate.state import AcceleratorState  # noqa: E402

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.data.crops import CropSampler  # noqa: E402


@pytest.fixture(scope="session")
def sampler(make_tile):
    """Crops of all kinds: complete, partial and with points alone."""
    tiles = [make_tile(0), make_tile(1, coverage="partial"), make_tile(2, masks=False, source="points")]
    return CropSampler(tiles, BUNDLED, size=64)


@pytest.fixture(autouse=True)
def _fresh_accelerator():
    """`accelerate` keeps the first precision of a process; each test may choose its own."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)
