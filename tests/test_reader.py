import pytest

from napari_cosynth._reader import get_layout_reader, get_project_reader, read_layouts, read_projects
from napari_cosynth.layer_data import METADATA, layout_of_points
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import LayoutFileError, write_layout
from napari_cosynth.project import ProjectError, save_project
from napari_cosynth.snapshot import Snapshot

LAYOUT = Layout(centroids=[(1, 2), (300, 500.5)], class_ids=[0, 4], height=304, width=512)


@pytest.mark.parametrize("suffix", [".csv", ".geojson"])
def test_layouts_become_points_layers_to_be_taken_in(tmp_path, suffix):
    path = tmp_path / f"gland{suffix}"
    write_layout(LAYOUT, path)
    read = get_layout_reader(str(path))
    ((data, meta, kind),) = read(str(path))
    assert (kind, meta["name"], meta["metadata"][METADATA]) == ("points", "gland", {"opened": "layout"})
    again = layout_of_points(data, meta["features"]["class"], size=(304, 512))
    assert again.names == LAYOUT.names
    assert again.centroids == pytest.approx(LAYOUT.centroids)


def test_several_files_are_several_layers(tmp_path):
    for name in "ab":
        write_layout(LAYOUT, tmp_path / f"{name}.csv")
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    assert [meta["name"] for _, meta, _ in get_layout_reader(paths)(paths)] == ["a", "b"]


def test_an_empty_layout_is_an_empty_layer(tmp_path):
    (tmp_path / "none.csv").write_text("row,col,class\n", encoding="utf-8")
    ((data, _, _),) = read_layouts(str(tmp_path / "none.csv"))
    assert data.shape == (0, 2)


@pytest.mark.parametrize("text", ["", "index,axis-0,axis-1\n0,1,2\n", "row;col;class\n"])
def test_a_csv_of_another_kind_is_left_to_others(tmp_path, text):
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="utf-8")
    assert get_layout_reader(str(path)) is None
    assert get_layout_reader(str(tmp_path / "not-there.csv")) is None
    assert get_layout_reader(str(tmp_path / "not-there.geojson")) is None


def test_excel_writes_a_byte_order_mark_and_quotes(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_text('"row","col","class"\n1,2,other\n', encoding="utf-8-sig")
    assert len(get_layout_reader(str(path))(str(path))[0][0]) == 1


def test_a_fault_names_file_line_and_remedy(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("row,col,class\n1,2,martian\n", encoding="utf-8")
    with pytest.raises(LayoutFileError, match=r"bad\.csv: line 2, column class: unknown class 'martian'"):
        get_layout_reader(str(path))(str(path))


def test_an_empty_project_is_its_layout(tmp_path):
    path = tmp_path / "mine.cosynth"
    save_project(Snapshot(layout=LAYOUT, prompt="colon"), path)
    ((data, meta, kind),) = get_project_reader(str(path))(str(path))
    facts = meta["metadata"][METADATA]
    assert (kind, len(data)) == ("points", 2)
    assert (facts["opened"], facts["path"], facts["height"], facts["prompt"]) == ("project", str(path), 304, "colon")


def test_what_is_no_project_is_refused_with_its_reason(tmp_path):
    path = tmp_path / "bad.cosynth"
    path.write_bytes(b"nothing of ours")
    with pytest.raises(ProjectError, match=r"bad\.cosynth"):
        read_projects(str(path))
    assert get_project_reader(str(tmp_path / "not-there.cosynth")) is None
