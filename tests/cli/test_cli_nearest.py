"""`nearest`: an index for a tiny model, and what `synth` makes of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage.io import imsave

from napari_cosynth.model.nearest_file import FILE, read_index, write_index


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Ten random textures without labels, every other one of the split val."""
    folder = tmp_path_factory.mktemp("data") / "textures"
    (folder / "images").mkdir(parents=True)
    rows = ["name,um_per_px,split,annotation"]
    for seed in range(10):
        field = ndi.gaussian_filter(np.random.default_rng(seed).normal(size=(192, 192, 3)), (4, 4, 0))
        image = np.clip(150 + 40 * field / field.std(), 0, 255).astype(np.uint8)
        imsave(folder / "images" / f"t{seed}.png", image, check_contrast=False)
        rows.append(f"t{seed},0.25,{('train', 'val')[seed % 2]},points+classes")
    (folder / "tiles.csv").write_text("\n".join((*rows, "")))
    (folder / "nuclei.csv").write_text("name,id,row,col,class\n")
    return folder


def test_the_index_is_written_measured_and_used(cli, data, model_copy, synth, write_csv, tmp_path):
    before = cli("info", model_copy).stdout.split("hash")[1].split()[0]
    done = cli("nearest", model_copy, "--data", data)
    assert done.exit_code == 0, done.output
    assert f"{FILE}: 45 blocks of 64 px" in done.stdout
    assert "copies of training tissue found: " in done.stdout and " of 5" in done.stdout
    index = read_index(model_copy)
    assert index.grids.tolist() == [[3, 3]] * 5 and index.facts["tiles"] == {"textures": 5}
    assert cli("info", model_copy).stdout.split("hash")[1].split()[0] == before

    layout = write_csv("20,20,neoplastic")
    assert synth(layout, "--out", "with", model=model_copy, size="128,128").exit_code == 0
    assert json.loads((tmp_path / "with/gland-0.json").read_text())["training_distance"] > 0
    # Whatever is made is under a unit that is this large.
    write_index(replace(index, unit=1e6), model_copy)
    done = synth(layout, "--out", "close", model=model_copy, size="128,128")
    assert "TOO CLOSE to training tissue (distance 0.00, under 1)" in done.stdout
    assert synth(layout, "--out", "small", model=model_copy).exit_code == 0
    assert json.loads((tmp_path / "small/gland-0.json").read_text())["training_distance"] is None


def test_a_damaged_index_ends_synth_with_advice(model_copy, synth, write_csv):
    (model_copy / FILE).write_bytes(b"nothing")
    done = synth(write_csv(), model=model_copy)
    assert done.exit_code == 2 and "make it anew with  napari-cosynth nearest" in done.stderr


def test_what_it_cannot_do_is_told(cli, data, model_copy, tmp_path):
    done = cli("nearest", "none", "--data", data)
    assert done.exit_code == 2 and "there is no model folder none" in done.stderr
    only_train = tmp_path / "only"
    only_train.mkdir()
    (only_train / "images").symlink_to(data / "images")
    (only_train / "nuclei.csv").write_text((data / "nuclei.csv").read_text())
    (only_train / "tiles.csv").write_text((data / "tiles.csv").read_text().replace("val", "test"))
    done = cli("nearest", model_copy, "--data", only_train)
    assert done.exit_code == 2 and "no tile of the split val" in done.stderr
    assert not (model_copy / FILE).exists()
