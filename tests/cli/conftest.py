"""The program as a user starts it, in a folder of its own, and layouts to give it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave
from typer.testing import CliRunner


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Run a command line; the working directory is ``tmp_path``."""
    from napari_cosynth.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAPARI_COSYNTH_CACHE", str(tmp_path / ".cache"))

    def run(*arguments):
        return CliRunner().invoke(app, [str(a) for a in arguments])

    return run


@pytest.fixture
def write_csv(tmp_path):
    """Write a layout; each row is a line without its end."""

    def write(*rows: str, name: str = "gland.csv", header: str = "row,col,class") -> Path:
        path = tmp_path / name
        path.write_text("\n".join((header, *rows, "")), encoding="utf-8")
        return path

    return write


@pytest.fixture
def synth(cli, model_folder):
    """`synth` with the tiny model, as small and short as can be; later options win."""

    def run(*arguments, model=model_folder, size="64,64", steps=1):
        fixed = ("--model", model, "--size", size, "--steps", steps, "--device", "cpu", "--dtype", "float32")
        return cli("synth", *fixed, "--threads", 1, *arguments)

    return run


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@pytest.fixture(name="names")
def _names():
    return names


@pytest.fixture(scope="session")
def write_points():
    """Writes points-only tiles of 64 um in the folder format, their nuclei of two classes by turns."""

    def write(parent: Path, train: int, val: int, classes: tuple[str, str]) -> Path:
        folder = parent / "points"
        folder.mkdir()
        tiles, nuclei = [], []
        rng = np.random.default_rng(0)
        for t in range(train + val):
            split = "train" if t < train else "val"
            tiles.append(f"t{t},liver,,H&E,0.25,256,256,40,{split},p{t},points+classes no image")
            at = rng.permutation(64)[:40]
            for i, (row, col) in enumerate(zip(at // 8 * 32 + 16, at % 8 * 32 + 16, strict=True)):
                nuclei.append(f"t{t},{i + 1},{row},{col},{classes[i % 2]},,")
        head = "name,organ,disease,stain,um_per_px,height,width,n_nuclei,split,group,annotation"
        (folder / "tiles.csv").write_text("\n".join([head, *tiles, ""]))
        (folder / "nuclei.csv").write_text("\n".join(["name,id,row,col,class,source_class,area_px", *nuclei, ""]))
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_data(make_tile, tmp_path_factory):
    """Two tiles of 128 px with masks in the folder format."""
    folder = tmp_path_factory.mktemp("data") / "tiny"
    tiles, nuclei = [], []
    for sub in ("images", "instances"):
        (folder / sub).mkdir(parents=True)
    for seed in range(2):
        tile = make_tile(seed, size=(128, 128))
        imsave(folder / "images" / f"{tile.name}.png", tile.image, check_contrast=False)
        imsave(folder / "instances" / f"{tile.name}.png", tile.instances.astype(np.uint16), check_contrast=False)
        facts = {"organ": "colon", "stain": "H&E", "um_per_px": 0.25, "split": "train", "annotation": "masks+classes"}
        tiles.append({"name": tile.name} | facts)
        nuclei += [
            {"name": tile.name, "id": i, "row": row, "col": col, "class": c}
            for i, (row, col), c in zip(tile.ids, tile.centroids, tile.classes, strict=True)
        ]
    for name, rows in (("tiles.csv", tiles), ("nuclei.csv", nuclei)):
        with open(folder / name, "w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return folder
