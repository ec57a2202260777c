from __future__ import annotations

import csv

import numpy as np
import pytest
from skimage.io import imsave

from napari_cosynth.data.folder import is_folder, read_folder
from napari_cosynth.interior import interior_points

TILE_COLUMNS = "name organ disease stain um_per_px height width n_nuclei split group annotation".split()
NUCLEUS_COLUMNS = "name id row col class source_class area_px".split()


def _table(path, columns, rows, encoding="utf-8"):
    with open(path, "w", newline="", encoding=encoding) as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", restval="")
        writer.writeheader()
        writer.writerows(rows)


def _tile_row(name, **more):
    row = {"name": name, "organ": "colon", "stain": "H&E", "um_per_px": 0.25, "height": 48, "width": 64}
    return {**row, "split": "train", "group": "g", "annotation": "masks+classes", **more}


def _nuclei(name, instances):
    ids, points = interior_points(instances)
    return [
        {"name": name, "id": i, "row": r, "col": c, "class": "neoplastic" if i % 2 else "connective"}
        for i, (r, c) in zip(ids.tolist(), points.tolist(), strict=True)
    ]


@pytest.fixture
def folder(tmp_path, image, instances):
    """A tile with masks, one of a later split with points only, and one without nuclei."""
    instances[instances == 70000] = 60000  # ids are uint16 in this format
    folder = tmp_path / "source"
    for sub in ("images", "instances"):
        (folder / sub).mkdir(parents=True)
    for name in ("masked", "points", "empty"):
        imsave(folder / "images" / f"{name}.png", image, check_contrast=False)
    imsave(folder / "instances" / "masked.png", instances.astype(np.uint16), check_contrast=False)
    imsave(folder / "instances" / "empty.tif", np.zeros(image.shape[:2], np.uint16), check_contrast=False)
    tiles = [
        _tile_row("masked"),
        _tile_row("points", split="val", annotation="points+classes, partial", stain="IHC Ki-67", um_per_px=0.5),
        _tile_row("empty", annotation="masks"),
    ]
    points = [{"name": "points", "id": 1, "row": 3.5, "col": 60.25, "class": "positive"}]
    _table(folder / "tiles.csv", TILE_COLUMNS, tiles)
    _table(folder / "nuclei.csv", NUCLEUS_COLUMNS, [*points, *_nuclei("masked", instances)])
    return folder


def test_round_trip(folder, image, instances, check_tile):
    assert is_folder(folder)
    masked, points, empty = read_folder(folder)
    for tile in (masked, empty):
        check_tile(tile)
        assert np.array_equal(tile.image, image)
    assert np.array_equal(masked.instances, instances)
    assert masked.ids.tolist() == [4, 7, 9, 12, 301, 60000]
    assert masked.classes == ("connective", "neoplastic", "neoplastic", "connective", "neoplastic", "connective")
    assert masked.centroids[0].tolist() == [10, 12]
    assert (masked.source, masked.organ, masked.group, masked.coverage) == ("source", "colon", "g", "complete")
    assert points.instances is None
    assert points.centroids.tolist() == [[3.5, 60.25]]
    assert (points.coverage, points.is_ihc, points.um_per_px, points.shape) == ("partial", True, 0.5, (48, 64))
    assert empty.centroids.shape == (0, 2)


def test_capitals_and_spaces_of_a_class_do_not_count(folder):
    table = folder / "nuclei.csv"
    table.write_text(table.read_text().replace("neoplastic", " Neoplastic ").replace("positive", ""))
    masked, points, _ = read_folder(folder)
    assert masked.classes == ("connective", "neoplastic", "neoplastic", "connective", "neoplastic", "connective")
    assert points.classes == ("unspecified",)


def test_split(folder):
    assert [t.name for t in read_folder(folder, "val")] == ["points"]
    assert [t.name for t in read_folder(folder, "train")] == ["masked", "empty"]
    assert list(read_folder(folder, "test")) == []


def test_more_than_255_nuclei(folder, many_instances, check_tile):
    imsave(folder / "images/many.png", np.full((*many_instances.shape, 3), 7, np.uint8), check_contrast=False)
    imsave(folder / "instances/many.png", many_instances.astype(np.uint16), check_contrast=False)
    _table(folder / "tiles.csv", TILE_COLUMNS, [_tile_row("many")])
    _table(folder / "nuclei.csv", NUCLEUS_COLUMNS, _nuclei("many", many_instances))
    (tile,) = read_folder(folder)
    check_tile(tile)
    assert tile.ids.tolist() == list(range(1, 301))


def test_layout_without_image(folder):
    _table(folder / "tiles.csv", TILE_COLUMNS, [_tile_row("points", annotation="points+classes, no image")])
    (tile,) = read_folder(folder)
    assert tile.image is None and tile.instances is None
    assert tile.shape == (48, 64)


def test_tables_saved_by_a_spreadsheet(folder):
    _table(folder / "tiles.csv", TILE_COLUMNS, [_tile_row("masked")], encoding="utf-8-sig")
    assert [t.name for t in read_folder(folder)] == ["masked"]


@pytest.mark.parametrize(("table", "column"), [("tiles.csv", "um_per_px"), ("nuclei.csv", "class")])
def test_missing_column(folder, table, column):
    path = folder / table
    path.write_text(path.read_text().replace(column, "something", 1))
    with pytest.raises(ValueError, match=rf"{table}: no column {column}; found .*something"):
        list(read_folder(folder))


@pytest.mark.parametrize("file", ["images/masked.png", "instances/masked.png"])
def test_missing_file(folder, file):
    (folder / file).unlink()
    with pytest.raises(FileNotFoundError, match=f"{file}.*tiles.csv"):
        list(read_folder(folder))


@pytest.mark.parametrize("table", ["tiles.csv", "nuclei.csv"])
def test_needs_both_tables(folder, table):
    (folder / table).unlink()
    assert not is_folder(folder)


def test_source_is_the_folder_s_own_name_however_it_was_reached(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert {t.source for t in read_folder(".")} == {"source"}


def test_a_nucleus_that_the_mask_lacks(folder):
    with open(folder / "nuclei.csv", "a") as stream:
        stream.write("masked,5,1,1,neoplastic,,\n")
    with pytest.raises(ValueError, match=r"masked\.png: no pixel has the id 5, .*nuclei\.csv lists it .*'masked'"):
        list(read_folder(folder))


@pytest.mark.parametrize("column", ["id", "row", "col"])
def test_a_nucleus_without_a_number(folder, column):
    row = {"name": "masked", "id": 4, "row": 10, "col": 12, "class": "neoplastic"} | {column: "?"}
    _table(folder / "nuclei.csv", NUCLEUS_COLUMNS, [row])
    with pytest.raises(ValueError, match=rf"nuclei\.csv: line 2, column {column}: '\?' is not a"):
        list(read_folder(folder))


@pytest.mark.parametrize("file", ["images/masked.png", "instances/masked.png"])
def test_a_damaged_image(folder, file):
    path = folder / file
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{file}: cannot be read as an image"):
        list(read_folder(folder))


def test_an_image_without_colours(folder, instances):
    imsave(folder / "images/masked.png", instances.astype(np.uint8), check_contrast=False)
    with pytest.raises(ValueError, match=r"images/masked\.png: is uint8 \(48, 64\); .* 8-bit RGB"):
        list(read_folder(folder))


@pytest.mark.parametrize(("table", "column"), [("tiles.csv", "split"), ("nuclei.csv", "col")])
def test_a_line_that_is_cut_short(folder, table, column):
    lines = (folder / table).read_text().splitlines()
    at = lines[0].split(",").index(column)
    lines[2] = ",".join(lines[2].split(",")[:at])
    (folder / table).write_text("\n".join(lines) + "\n")
    for split in (None, "train"):
        with pytest.raises(ValueError, match=rf"{table}: line 3 ends before the column {column}; complete or remove"):
            list(read_folder(folder, split))


def test_a_side_that_is_no_number(folder):
    table = folder / "tiles.csv"
    table.write_text(table.read_text().replace(",48,64,", ",48,wide,", 1))
    with pytest.raises(ValueError, match=r"tiles\.csv: line 2, column width: 'wide' is not a whole number"):
        list(read_folder(folder))


@pytest.mark.parametrize("annotation", ["mask", "instances", ""])
def test_an_annotation_that_names_neither_masks_nor_points(folder, annotation):
    _table(folder / "tiles.csv", TILE_COLUMNS, [_tile_row("masked", annotation=annotation)])
    with pytest.raises(ValueError, match=rf"tiles\.csv: line 2, column annotation: '{annotation}' .*write masks if"):
        list(read_folder(folder))


def test_capitals_of_an_annotation_do_not_count(folder):
    table = folder / "tiles.csv"
    table.write_text(table.read_text().replace("masks+classes", "Masks"))
    assert next(read_folder(folder)).instances is not None
