import json
import os
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.classes import UNSPECIFIED, NucleusClass, Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import LayoutFileError, read_layout, write_layout

LAYOUT = Layout(centroids=[(1 / 3, 0.1), (200.7, 5), (-0.5, 255.49)], classes=["neoplastic", "unspecified", "negative"])


def refusal(path, **how):
    with pytest.raises(LayoutFileError) as caught:
        read_layout(path, **how)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def file(tmp_path, content, name="points.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_round_trip_is_exact(tmp_path):
    write_layout(LAYOUT, tmp_path / "a.csv")
    assert read_layout(tmp_path / "a.csv") == LAYOUT
    assert (tmp_path / "a.csv").read_bytes().startswith(b"row,col,class\n0.3333333333333333,0.1,neoplastic\n")


def test_geojson_round_trip(tmp_path):
    write_layout(LAYOUT, str(tmp_path / "a.GeoJSON"))
    again = read_layout(str(tmp_path / "a.GeoJSON"))
    np.testing.assert_allclose(again.centroids, LAYOUT.centroids, atol=1e-12)
    assert again.names == LAYOUT.names


def test_size_and_scale_come_from_the_caller_alone(tmp_path):
    path = file(tmp_path, "row,col,class\n1,2,other\n")
    assert (read_layout(path).height, read_layout(path).width, read_layout(path).um_per_px) == (256, 256, 0.25)
    layout = read_layout(path, size=(64, 512), um_per_px=0.5)
    assert (layout.height, layout.width, layout.um_per_px) == (64, 512, 0.5)


@pytest.mark.parametrize("content", [b"row,col,class", b"row,col,class\n", b"\xef\xbb\xbfrow,col,class\r\n"])
def test_header_alone_is_an_empty_layout(tmp_path, content):
    assert read_layout(file(tmp_path, content)) == Layout()


def test_bom_and_crlf(tmp_path):
    path = file(tmp_path, b"\xef\xbb\xbfrow,col,class\r\n1,2,Other\r\n")
    assert read_layout(path) == Layout(centroids=[(1, 2)], classes=["other"])


def test_own_taxonomy(tmp_path):
    own = Taxonomy(
        classes=(
            NucleusClass(name=UNSPECIFIED, color="#808080", key="U"),
            NucleusClass(name="mitosis", color="#ff0000", key="M"),
        )
    )
    path = file(tmp_path, "row,col,class\n1,2,mitosis\n")
    assert read_layout(path, taxonomy=own).class_ids.tolist() == [1]
    assert "line 2, column class: unknown class 'mitosis'" in refusal(path)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("1,2,other\n\n300,2,other", r"line 4, column row: point 2 \(row 300, col 2\): outside the tile of 256 x 256"),
        ("1,-3,other", "line 2, column col: point 1"),
        ("1,2,other\nnan,2,other", "line 3, column row: point 2.*must be a number"),
        ("1,2,other\n2,inf,other", "line 3, column col: point 2.*must be a number"),
        ("9,9,other\n1,2,other\n9,9.5,other", "line 4.*point 1 .*point 3 .*same nucleus"),
        ("1,2,lymphocyt", "line 2, column class: unknown class 'lymphocyt'; known classes: neoplastic"),
        ("1,2,", "line 2, column class: unknown class ''"),
        ("1,2,other\n3,other", "line 3: 2 fields"),
        ("1,abc,other", "line 2, column col: 'abc' is not a number"),
    ],
)
def test_bad_point_is_named_by_line_and_column(tmp_path, rows, words):
    assert re.match(words, refusal(file(tmp_path, f"row,col,class\n{rows}\n")))


def test_bad_point_of_a_geojson_is_named_by_feature(tmp_path):
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, 9]}, "properties": {}} for x in (9, 900)
    ]
    path = file(tmp_path, json.dumps(features), "points.geojson")
    assert refusal(path).startswith("feature 2: point 2 (row 8.5, col 899.5): outside")
    features[0]["properties"] = {"classification": {"name": "CD3"}}
    path.write_text(json.dumps(features))
    assert refusal(path).startswith("feature 1: its classification 'CD3' is no class of nuclei here; allowed are neopl")


def test_default_classes_of_qupath_are_read_as_ours_and_what_is_written_of_them_reads_back(tmp_path):
    names = ("Tumor", "Immune cells", "Stroma", "Necrosis", "Other", "Positive", "Tumor: Negative", "epithelial")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [10.5 * i + 1, 9]},
            "properties": {"objectType": "annotation", "classification": {"name": name, "color": [200, 0, 0]}},
        }
        for i, name in enumerate(names)
    ]
    layout = read_layout(file(tmp_path, json.dumps(features), "qupath.geojson"))
    ours = ("neoplastic", "inflammatory", "connective", "other", "other", "positive", "negative", "epithelial")
    assert layout.names == ours
    write_layout(layout, tmp_path / "again.geojson")
    assert read_layout(tmp_path / "again.geojson") == layout


@pytest.mark.parametrize("name", ["a.csv", "a.geojson"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "line 1 is not UTF-8 text"),
        (b"row,col,class\n1,2,other\n\xff\xfe", "line 3 is not UTF-8 text"),
        (b"row,col,class\n1,\x002,other\n", "line 2 holds binary data"),
    ],
)
def test_junk_is_refused(tmp_path, name, content, words):
    assert words in refusal(file(tmp_path, content, name))


@given(content=st.binary(max_size=80), header=st.booleans(), name=st.sampled_from(["junk.csv", "junk.geojson"]))
def test_whatever_a_file_holds_it_is_a_layout_or_a_layout_file_error(tmp_path_factory, content, header, name):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(b"row,col,class\n" * header + content)
    try:
        assert isinstance(read_layout(path), Layout)
    except LayoutFileError as error:
        assert str(error).startswith(str(path))


def test_missing_file_folder_and_unknown_suffix(tmp_path):
    assert "No such file" in refusal(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refusal(tmp_path / "folder.csv")
    assert ".csv and .geojson" in refusal(tmp_path / "points.xlsx")
    with pytest.raises(LayoutFileError, match=r"points\.txt: .*\.csv and \.geojson"):
        write_layout(LAYOUT, tmp_path / "points.txt")


def test_bad_size_names_the_file_too(tmp_path):
    assert "height of 250 px" in refusal(file(tmp_path, "row,col,class\n"), size=(250, 256))


def test_two_thousand_points(tmp_path):
    grid = np.stack(np.meshgrid(np.arange(40), np.arange(50), indexing="ij"), axis=-1).reshape(-1, 2) * 5.0
    layout = Layout(centroids=grid, class_ids=np.arange(2000) % 8)
    for name in ("a.csv", "a.geojson"):
        write_layout(layout, tmp_path / name)
        assert read_layout(tmp_path / name) == layout


def test_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    write_layout(LAYOUT, path)
    before = path.read_bytes()

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_layout(LAYOUT.without_points(), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.csv"]
