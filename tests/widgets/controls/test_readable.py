"""Errors become sentences with advice."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_cosynth.layout import Layout
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.widgets.controls.readable import readable, sentence


def test_values_that_pydantic_refuses_become_plain_sentences():
    with pytest.raises(ValidationError) as caught:
        SynthesisRequest(layout=Layout(), steps=0, model="m", model_hash="h")
    text = readable(caught.value)
    assert text.startswith("Steps") and "pydantic" not in text and "validation error" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("no model", "No model."), ("What now?", "What now?"), ("Done.", "Done."), (" x\n", "X."), ("", "")],
)
def test_a_sentence_begins_with_a_capital_and_ends_with_a_stop(text, shown):
    assert sentence(text) == shown
