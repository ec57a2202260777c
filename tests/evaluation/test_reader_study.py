"""The blinded reading as readers get it: nothing but pixels."""

import csv
import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from napari_cosynth.evaluation.reader_study import COLUMNS, KEY, READERS, SHEET, plain_png, unpaired, write_study


@pytest.fixture
def study(make_sample, tmp_path):
    real, made = [make_sample(i) for i in range(5)], [make_sample(i, "brain") for i in range(5, 9)]
    assert write_study(real, made, tmp_path / "study", seed=1) == 9
    return tmp_path / "study", real, made


def tiles_of(folder):
    return json.loads((folder / KEY).read_text())["tiles"]


def test_key_and_pictures_go_together(study):
    folder, real, made = study
    images = {s.name: (s.image, answer) for answer, group in (("real", real), ("made", made)) for s in group}
    tiles = tiles_of(folder)
    assert {t["sample"] for t in tiles} == set(images)
    for tile in tiles:
        file = folder / READERS / f"{tile['number']}.png"
        image, answer = images[tile["sample"]]
        assert (np.asarray(Image.open(file)) == image).all() and tile["answer"] == answer
        assert hashlib.sha256(file.read_bytes()).hexdigest() == tile["sha256"]


def test_readers_get_no_hint(study):
    folder, *_ = study
    files = sorted(p.name for p in (folder / READERS).iterdir())
    assert files == [*(f"{i:03d}.png" for i in range(1, 10)), "instructions.txt", SHEET]
    for number in range(1, 10):
        data = (folder / READERS / f"{number:03d}.png").read_bytes()
        with Image.open(folder / READERS / f"{number:03d}.png") as picture:
            picture.load()
            assert not picture.info and picture.size == (96, 96) and picture.mode == "RGB"
        assert all(chunk not in data for chunk in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME", b"pHYs"))
    with open(folder / READERS / SHEET, newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == list(COLUMNS) and [r[0] for r in rows] == [f"{i:03d}" for i in range(1, 10)]
    assert all(not any(r[1:]) for r in rows)


def test_metadata_of_an_opened_picture_does_not_come_along(tmp_path, make_sample):
    image = Image.fromarray(make_sample().image)
    image.save(tmp_path / "x.jpg", comment=b"slide 12", dpi=(72, 72))
    assert b"slide" not in plain_png(np.asarray(Image.open(tmp_path / "x.jpg")))


def test_order_is_shuffled_and_decided_by_the_seed(make_sample, tmp_path):
    real, made = [make_sample(i) for i in range(8)], [make_sample(i) for i in range(8, 16)]
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_study(real, made, tmp_path / name, seed)
    a, b, c = ([t["sample"] for t in tiles_of(tmp_path / name)] for name in "abc")
    assert a == b != c and a != [s.name for s in (*real, *made)]


def test_no_layout_is_shown_twice_and_sources_are_on_both_sides(make_sample):
    real = [make_sample(i, source="xy"[i % 2]) for i in range(8)]
    made = [make_sample(i, "brain", source="xy"[i % 2]) for i in range(8)]
    a, b = unpaired(real, made)
    assert {s.name for s in a} | {s.name for s in b} == {s.name for s in real}
    assert not {s.name for s in a} & {s.name for s in b}
    assert sorted(s.source for s in a) == sorted(s.source for s in b) == list("xxyy")
    assert all(s.tissue == "colon" for s in a) and all(s.tissue == "brain" for s in b)


def test_what_would_give_tiles_away_is_refused(make_sample, tmp_path, study):
    with pytest.raises(ValueError, match="0 real and 1 made"):
        write_study([], [make_sample()], tmp_path / "x")
    with pytest.raises(ValueError, match="2 sizes"):
        write_study([make_sample()], [make_sample(size=64)], tmp_path / "x")
    assert not (tmp_path / "x").exists()
    with pytest.raises(ValueError, match="holds a reader study already"):
        write_study([make_sample()], [make_sample()], study[0])
