"""Pictures of the report; the page as a whole is tested with the evaluation."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from napari_cosynth.evaluation.locality import Edit
from napari_cosynth.evaluation.report import comparison_grid, edit_grid, prompt_grid


def grey(value):
    return np.full((64, 64, 3), value, np.uint8)


def test_prompt_grid_shows_every_tile_with_its_words():
    sheet = prompt_grid([(f"prompt {i}", grey(10 + 20 * i)) for i in range(6)])
    for i in range(6):
        assert (sheet == 10 + 20 * i).all(2).sum() >= 64 * 64
    wordless = prompt_grid([("", grey(10 + 20 * i)) for i in range(6)])
    assert sheet.shape == wordless.shape and (sheet != wordless).any()


def test_edit_grid_shows_where_the_tile_changed():
    change = np.zeros((64, 64))
    change[30:34, 30:34] = 64
    sheet = edit_grid([Edit("added", 32, 32, grey(100), grey(101), change)])
    brightest, darkest = (252, 253, 191), (10, 8, 22)
    assert (sheet == brightest).all(2).sum() == 16 and (sheet == darkest).all(2).sum() == 64 * 64 - 16


def test_comparison_grid_takes_samples_without_masks(make_sample):
    real = [make_sample(0), make_sample(1)]
    assert comparison_grid(real, real).shape[2] == 3
