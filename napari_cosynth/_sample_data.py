"""The sample layouts for napari's File > Open Sample, each with the prompt that goes with it."""

from __future__ import annotations

from functools import partial

from napari_cosynth.layer_data import LayerData, layout_layer
from napari_cosynth.resources import samples


def open_sample(name: str) -> list[LayerData]:
    """A sample layout as a points layer, with its size and prompt.

    Raises
    ------
    ValueError
        If there is no such sample.
    """
    found = {sample.name: sample for sample in samples()}
    if name not in found:
        raise ValueError(f"no sample layout {name!r}; there are: {', '.join(found)}")
    sample = found[name]
    facts = sample.model_dump(include={"height", "width", "um_per_px", "prompt"})
    return [layout_layer(sample.layout(), sample.name, opened="layout", **facts)]


# The manifest names each by its attribute; a test holds it against samples.json.
gland = partial(open_sample, "gland")
tumour_gland = partial(open_sample, "tumour_gland")
dense_lymphocytes = partial(open_sample, "dense_lymphocytes")
spindle_stroma = partial(open_sample, "spindle_stroma")
tumour_nest_with_infiltrate = partial(open_sample, "tumour_nest_with_infiltrate")
sparse = partial(open_sample, "sparse")
touching_cluster = partial(open_sample, "touching_cluster")
ki67_ihc = partial(open_sample, "ki67_ihc")
