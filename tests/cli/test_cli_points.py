"""`points`: layouts out of labelled tiles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import read_layout
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.synthesis import taxonomy_of
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_files import write_tile


def save(path, array):
    imsave(path, array, check_contrast=False)
    return path


@pytest.fixture
def made(make_tile, tmp_path):
    """A tile as it would be if each point had got its nucleus, and its layout."""
    tile = make_tile(size=(96, 128))
    class_ids = np.array([BUNDLED.id_of(name) for name in tile.classes])
    layout = Layout(centroids=tile.centroids, class_ids=class_ids, height=96, width=128)
    semantic = np.append(0, class_ids + 1)[tile.instances].astype(np.uint8)
    nuclei = tuple(
        ProducedNucleus(id=i, class_id=c, row=r, col=k, area_px=int((tile.instances == i).sum()), requested=True)
        for i, c, (r, k) in zip(tile.ids.tolist(), class_ids.tolist(), tile.centroids, strict=True)
    )
    request = SynthesisRequest(layout=layout, model="tiny", model_hash="0" * 16)
    return write_tile(SyntheticTile(tile.image, semantic, tile.instances, nuclei, request), tmp_path, "a-0"), layout


@pytest.mark.parametrize("name", ["again.csv", "again.geojson"])
def test_a_made_tile_gives_back_its_layout(cli, made, name):
    paths, layout = made
    done = cli("points", paths["instances"], "--semantic", paths["semantic"], "--out", name)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{name}: {len(layout)} points; make tiles of them with --size 96,128\n"
    again = read_layout(name, size=(96, 128))
    assert again.counts() == layout.counts()
    assert again == layout


def test_a_tile_of_a_model_with_other_classes_gives_back_their_names(cli, synth, write_csv, model_copy):
    index = model_copy / "model_index.json"
    facts = json.loads(index.read_text())
    facts["taxonomy"]["classes"][0]["name"] = "tumour"
    index.write_text(json.dumps(facts))
    own = taxonomy_of(str(model_copy))
    assert synth(write_csv("20,20,tumour", "40,44,connective"), size="64,80", model=model_copy).exit_code == 0
    tile = ("out/gland-0-instances.png", "--semantic", "out/gland-0-semantic.png")
    done = cli("points", *tile, "--model", model_copy, "--out", "again.csv")
    assert done.exit_code == 0, done.output
    nuclei = json.loads(Path("out/gland-0.json").read_text())["nuclei"]
    counts = read_layout("again.csv", size=(64, 80), taxonomy=own).counts()
    assert counts == {name: sum(n["class"] == name for n in nuclei) for name in own.names}
    done = cli("points", tile[0], "--class", "tumour", "--model", model_copy, "--out", "one.csv")
    assert done.exit_code == 0 and set(read_layout("one.csv", (64, 80), taxonomy=own).class_ids) == {0}
    done = cli("points", tile[0], "--model", "nowhere", "--out", "no.csv")
    assert done.exit_code == 2 and "no model folder nowhere" in done.stderr


def test_what_synth_wrote_is_what_points_counts(cli, synth, write_csv, tmp_path):
    assert synth(write_csv("20,20,neoplastic", "40,44,connective"), size="64,80").exit_code == 0
    tile = tmp_path / "out"
    done = cli(
        "points", tile / "gland-0-instances.png", "--semantic", tile / "gland-0-semantic.png", "--out", "again.csv"
    )
    assert done.exit_code == 0, done.output
    nuclei = json.loads((tile / "gland-0.json").read_text())["nuclei"]
    counts = read_layout("again.csv", size=(64, 80)).counts()
    assert counts == {name: sum(n["class"] == name for n in nuclei) for name in BUNDLED.names}


def test_without_a_semantic_image_all_nuclei_have_one_class(cli, made):
    paths, layout = made
    assert cli("points", paths["instances"], "--out", "a.csv").exit_code == 0
    assert read_layout("a.csv").counts()["unspecified"] == len(layout)
    assert cli("points", paths["instances"], "--out", "a.csv", "--class", "Neoplastic").exit_code == 0
    assert read_layout("a.csv").counts()["neoplastic"] == len(layout)


def test_a_part_of_a_tile_of_any_size(cli, tmp_path):
    labels = np.zeros((100, 150), np.int32)
    labels[10:21, 10:21], labels[70:81, 90:101], labels[30:41, 60:81] = 5, 900_000, 7
    save(tmp_path / "a.tif", labels)
    done = cli("points", "a.tif", "--out", "a.csv")
    assert done.exit_code == 2
    assert "a.tif: a tile height of 100 px" in done.stderr and "--size 256,256 --at 0,0" in done.stderr
    assert cli("points", "a.tif", "--out", "a.csv", "--size", "64,64", "--at", "30,70").exit_code == 0
    layout = read_layout("a.csv", size=(64, 64))
    # The first lies outside; of the third the visible half counts; the ids' order stays.
    assert layout.centroids.tolist() == [[5, 5], [45, 25]]
    done = cli("points", "a.tif", "--out", "b.csv", "--at", "30,70")
    assert done.exit_code == 2 and "add --size HEIGHT,WIDTH" in done.stderr
    assert not (tmp_path / "b.csv").exists()
    done = cli("points", "a.tif", "--out", "a.csv", "--size", "64,64", "--at", "40,0")
    assert done.exit_code == 2 and "reaches beyond the image of 100 x 150 px" in done.stderr


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b"junk"), "cannot be read as an image"),
        (lambda path: path.write_bytes(b""), "cannot be read as an image"),
        (lambda path: None, "there is no such file"),
        (lambda path: save(path, np.zeros((64, 64, 3), np.uint8)), r"uint8 \(64, 64, 3\); labels have one channel"),
    ],
)
def test_what_is_no_label_image(cli, tmp_path, write, reason):
    import re

    write(tmp_path / "a.png")
    done = cli("points", "a.png", "--out", "a.csv")
    assert done.exit_code == 2
    assert re.search(rf"^Error: a\.png: .*{reason}", done.stderr)
    assert not (tmp_path / "a.csv").exists()


def test_a_truncated_label_image(cli, made, tmp_path):
    paths, _ = made
    (tmp_path / "half.png").write_bytes(paths["instances"].read_bytes()[:-500])
    done = cli("points", "half.png", "--out", "a.csv")
    assert done.exit_code == 2 and "half.png: cannot be read as an image" in done.stderr


def test_semantic_images_that_do_not_fit(cli, made, tmp_path):
    paths, _ = made
    save(tmp_path / "small.png", np.zeros((64, 64), np.uint8))
    save(tmp_path / "high.png", np.full((96, 128), 99, np.uint8))
    for name, reason in (("small.png", "the instances are (96, 128)"), ("high.png", "holds 99; allowed are 0 backgr")):
        done = cli("points", paths["instances"], "--semantic", name, "--out", "a.csv")
        assert done.exit_code == 2 and f"{name}: " in done.stderr and reason in done.stderr


def test_other_wrong_input(cli, made):
    paths, _ = made
    done = cli("points", paths["instances"], "--out", "a.csv", "--class", "gland")
    assert done.exit_code == 2 and "unknown class 'gland'" in done.stderr
    done = cli("points", paths["instances"], "--out", "a.txt")
    assert done.exit_code == 2 and "a.txt: the suffix '.txt'" in done.stderr
    done = cli("points", paths["instances"], "--out", "none/a.csv")
    assert done.exit_code == 2 and "none/a.csv: No such file or directory; check the name" in done.stderr
