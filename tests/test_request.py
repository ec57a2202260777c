import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cosynth.layout import Layout
from napari_cosynth.presets import STANDARD
from napari_cosynth.request import Order, SynthesisRequest

LAYOUT = Layout(centroids=[(10, 12.5), (40, 41)], classes=["neoplastic", "unspecified"], height=64, width=80)


def request(**fields):
    return SynthesisRequest(**{"layout": LAYOUT, "model": "nuclei", "model_hash": "abc"} | fields)


def test_defaults():
    made = request()
    assert (made.steps, made.guidance, made.layout_guidance, made.dtype) == (*STANDARD, "float32")
    assert (made.device, made.batch_size, made.schema_version) == ("cpu", 1, 1)


@given(
    prompt=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    seed=st.integers(0, 2**63 - 1),
    steps=st.integers(1, 200),
    guidance=st.floats(0, 20),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    device=st.sampled_from(["cpu", "cuda", "cuda:1", "mps"]),
)
def test_json_round_trip(**fields):
    made = request(**fields)
    again = SynthesisRequest.model_validate_json(made.model_dump_json())
    assert again == made
    assert hash(again) == hash(made)


def test_prompt_is_stripped_and_may_be_empty():
    assert request(prompt="  a gland \n").prompt == "a gland"
    assert request(prompt="   ").prompt == ""
    assert request(prompt=" " * 10 + "x" * 1000).prompt == "x" * 1000


@pytest.mark.parametrize("prompt", ["caf\udce9", "\ud800", "a gland \udfff of"])
def test_a_prompt_that_no_file_could_hold_is_refused(prompt):
    with pytest.raises(ValueError, match="the prompt's character .* is no valid Unicode"):
        request(prompt=prompt)
    assert request(prompt="café 腺 \U0001f52c").prompt == "café 腺 \U0001f52c"


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "x" * 1001},
        {"seed": -1},
        {"seed": 2**63},
        {"steps": 0},
        {"steps": 201},
        {"guidance": -0.1},
        {"guidance": 20.1},
        {"guidance": math.nan},
        {"layout_guidance": math.inf},
        {"dtype": "float16"},
        {"device": ""},
        {"device": "gpu 1"},
        {"threads": -1},
        {"batch_size": 0},
        {"schema_version": 2},
        {"strength": 1},
    ],
)
def test_values_out_of_bounds_are_refused(fields):
    with pytest.raises(ValidationError, match=next(iter(fields))):
        request(**fields)


def test_with_seed_changes_the_seed_only_and_checks_it():
    made = request(seed=1, prompt="stroma")
    other = made.with_seed(7)
    assert other.seed == 7
    assert other.with_seed(1) == made
    assert made.seed == 1
    with pytest.raises(ValidationError):
        made.with_seed(-1)


def test_frozen():
    with pytest.raises(ValidationError):
        request().seed = 3


def test_an_order_leaves_model_and_device_open_and_checks_nothing():
    order = Order(LAYOUT)
    assert (order.prompt, order.seed, order.model, order.device, order.preview) == ("", 0, None, None, True)
    assert (order.steps, order.guidance, order.layout_guidance) == STANDARD
    assert Order(LAYOUT, seed=-1, prompt="x" * 5000).seed == -1
    assert order == Order(LAYOUT) and hash(order) == hash(Order(LAYOUT))
