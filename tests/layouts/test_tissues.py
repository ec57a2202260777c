"""Tissues by name."""

from __future__ import annotations

import pytest

from napari_cosynth.layouts.tissues import tissue_named


@pytest.mark.parametrize(
    ("prompt", "tissue"),
    [
        ("Colon adenocarcinoma, H&E", "colon"),
        ("triple negative breast carcinoma", "breast"),
        ("metastatic melanoma", "melanoma-primary"),
        ("dense lymphocytes", None),
        ("", None),
    ],
)
def test_the_plainest_tissue_that_a_prompt_names(prompt, tissue):
    names = ("breast", "breast-triple-negative", "colon", "melanoma-metastatic", "melanoma-primary")
    assert tissue_named(prompt, names) == tissue
