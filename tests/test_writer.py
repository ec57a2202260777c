import numpy as np
import pytest

from napari_cosynth._writer import write_points
from napari_cosynth.classes import UNSPECIFIED, NucleusClass, Taxonomy
from napari_cosynth.layer_data import METADATA, layout_layer
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import read_layout

LAYOUT = Layout(centroids=[(1, 2), (300, 500.5)], class_ids=[0, 4], height=304, width=512)


@pytest.mark.parametrize("suffix", [".csv", ".geojson"])
def test_a_layer_is_written_as_a_layout_that_reads_back(tmp_path, suffix):
    data, meta, _ = layout_layer(LAYOUT, "nuclei")
    path = str(tmp_path / f"out{suffix}")
    assert write_points(path, data, meta) == [path]
    assert read_layout(path, size=(304, 512)) == LAYOUT


def test_any_points_will_do_without_classes(tmp_path):
    path = str(tmp_path / "out.csv")
    write_points(path, [(3, 4)], {})
    assert read_layout(path).names == ("unspecified",)
    write_points(path, np.empty((0, 2)), {"features": {"class": []}})
    assert len(read_layout(path)) == 0


def test_classes_of_another_model(tmp_path):
    own = Taxonomy(
        classes=(
            NucleusClass(name="mitosis", color="#ff00ff", key="M"),
            NucleusClass(name=UNSPECIFIED, color="#808080", key="U"),
        )
    )
    path = str(tmp_path / "out.csv")
    meta = {"features": {"class": ["mitosis"]}, "metadata": {METADATA: {"taxonomy": own}}}
    write_points(path, [(3, 4)], meta)
    assert read_layout(path, taxonomy=own).names == ("mitosis",)


@pytest.mark.parametrize(
    ("data", "classes"), [(np.zeros((1, 3)), ["other"]), ([(1, 1)], ["martian"]), ([(1, 1), (1, 1)], ["other"] * 2)]
)
def test_what_is_no_layout_is_refused_and_nothing_written(tmp_path, data, classes):
    with pytest.raises(ValueError, match="row and col|unknown class|same nucleus"):
        write_points(str(tmp_path / "out.csv"), data, {"features": {"class": classes}})
    assert list(tmp_path.iterdir()) == []
