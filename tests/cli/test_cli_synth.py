"""`synth`: what it writes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from napari_cosynth.presets import DRAFT

POINTS = ("20,20,neoplastic", "40.5,44.25,connective", "50,10,unspecified")
ENDINGS = (".png", "-instances.png", "-semantic.png", "-overlay.png", ".json")


def test_each_layout_and_seed_gives_five_files_with_the_promised_names(synth, write_csv, names, tmp_path):
    layouts = write_csv(*POINTS), write_csv(name="empty.csv")
    done = synth(*layouts, "--out", "tiles", "--seed", 7, "--count", 2, "--prompt", "colon")
    assert done.exit_code == 0, done.output
    stems = [f"{name}-{seed}" for name in ("gland", "empty") for seed in (7, 8)]
    assert names(tmp_path / "tiles") == sorted(f"{stem}{ending}" for stem in stems for ending in ENDINGS)
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [f"tiles/{stem}.png" for stem in stems]
    for stem in stems:
        record = json.loads((tmp_path / "tiles" / f"{stem}.json").read_text())
        assert record["request"]["seed"] == int(stem[-1])
        assert record["source"] == f"{stem[:-2]}.csv"
        assert record["report"]["placed"] == (3 if "gland" in stem else 0)


def test_labels_have_their_size_and_depth(synth, write_csv, tmp_path):
    assert synth(write_csv(*POINTS), size="64,80").exit_code == 0
    assert imread(tmp_path / "out/gland-0.png").shape == (64, 80, 3)
    instances, semantic = (imread(tmp_path / f"out/gland-0-{kind}.png") for kind in ("instances", "semantic"))
    assert instances.dtype == np.uint16 and semantic.dtype == np.uint8
    assert instances.shape == semantic.shape == (64, 80)
    assert np.array_equal(instances > 0, semantic > 0)
    with Image.open(tmp_path / "out/gland-0.png") as picture:
        assert json.loads(picture.text["napari-cosynth"])["layout"]["classes"] == [p.split(",")[2] for p in POINTS]


def test_settings_travel_into_the_record(synth, write_csv, tmp_path):
    options = ("--prompt", "breast", "--guidance", 3, "--layout-guidance", 1.25)
    assert synth(write_csv(*POINTS), *options, steps=2).exit_code == 0
    request = json.loads((tmp_path / "out/gland-0.json").read_text())["request"]
    assert (request["prompt"], request["steps"], request["guidance"]) == ("breast", 2, 3)
    assert (request["layout_guidance"], request["threads"], request["dtype"]) == (1.25, 1, "float32")


def test_fast_means_fewer_steps_and_no_guidance(cli, write_csv, model_folder, tmp_path):

    done = cli("synth", write_csv(*POINTS), "--fast", "--size", "64,64", "--model", model_folder, "--threads", 1)
    assert done.exit_code == 0, done.output
    request = json.loads((tmp_path / "out/gland-0.json").read_text())["request"]
    assert (request["steps"], request["guidance"], request["layout_guidance"]) == DRAFT


def test_two_thousand_points(synth, write_csv, tmp_path):
    rows = [f"{2.8 * (i // 45)},{2.8 * (i % 45)},neoplastic" for i in range(2000)]
    done = synth(write_csv(*rows), size="128,128")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out/gland-0.json").read_text())["report"]["placed"] == 2000


def test_words_that_the_model_never_saw_are_told_on_standard_error(synth, write_csv):
    done = synth(write_csv(*POINTS), "--prompt", "colon with zebra stripes")
    assert done.exit_code == 0
    assert "Note: the model was never shown 'zebra', 'stripes'" in done.stderr
    assert "zebra" not in done.stdout


@pytest.mark.parametrize("name", ["a [b] :smile: [red].csv", "häßlich µ.csv"])
def test_names_are_printed_as_they_are(synth, write_csv, name, tmp_path):
    done = synth(write_csv(*POINTS, name=name))
    assert done.exit_code == 0, done.output
    stem = name.removesuffix(".csv")
    assert done.stdout.startswith(f"out/{stem}-0.png  ")
    assert (tmp_path / "out" / f"{stem}-0.png").is_file()
    broken = synth(write_csv("1,2", name=name))
    assert broken.exit_code == 2 and name in broken.stderr


def test_long_lines_are_not_broken(synth, write_csv):
    name = "a" * 120 + ".csv"
    assert len(synth(write_csv(*POINTS, name=name)).stdout.splitlines()) == 1
    assert len(synth(write_csv("1,2,x", name=name)).stderr.splitlines()) == 1


def test_a_geojson_layout(synth, tmp_path):
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [10.5, 20.5]}, "properties": {}}
    (tmp_path / "qupath.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [point]}))
    assert synth("qupath.geojson").exit_code == 0
    request = json.loads((tmp_path / "out/qupath-0.json").read_text())["request"]
    assert request["layout"]["centroids"] == [[20, 10]]


def test_interrupted_in_the_middle_keeps_finished_tiles_and_no_more(synth, write_csv, names, tmp_path, monkeypatch):
    from napari_cosynth.cli import tile_steps
    from napari_cosynth.synthesis import Preview, run

    previews = []

    def interrupted(request):
        for event in run(request):
            previews.append(isinstance(event, Preview))
            if sum(previews) == 4:
                raise KeyboardInterrupt
            yield event

    monkeypatch.setattr(tile_steps, "run", interrupted)
    done = synth(write_csv(*POINTS), "--count", 3, steps=2)
    assert done.exit_code == 1
    assert "stopped; finished tiles are kept" in done.stderr
    assert names(tmp_path / "out") == sorted(f"gland-0{ending}" for ending in ENDINGS)
