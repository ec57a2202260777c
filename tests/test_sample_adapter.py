import pytest

from napari_cosynth import _sample_data
from napari_cosynth.layer_data import METADATA, layout_of_points
from napari_cosynth.resources import samples


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_each_sample_opens_with_size_and_prompt(sample):
    ((data, meta, kind),) = getattr(_sample_data, sample.name)()
    facts = meta["metadata"][METADATA]
    assert (kind, meta["name"], facts["opened"], facts["prompt"]) == ("points", sample.name, "layout", sample.prompt)
    layout = layout_of_points(
        data,
        meta["features"]["class"],
        size=(facts["height"], facts["width"]),
        um_per_px=facts["um_per_px"],
    )
    assert layout == sample.layout()


def test_another_name_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'liver'; there are: gland, "):
        _sample_data.open_sample("liver")
