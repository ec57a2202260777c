"""Made tiles without a model: labels of ellipses or of awkward shapes, with a layout that fits them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.export.exporter import Item
from napari_cosynth.interior import interior_points
from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_files import write_tile


def awkward() -> np.ndarray:
    """int32 (64, 96): a ring, two parts that touch by a corner, a pinched ring, neighbours, 1 px, cut by the edge."""
    labels = np.zeros((64, 96), np.int32)
    rows, cols = np.mgrid[:64, :96]
    distance = np.hypot(rows - 14, cols - 16)
    labels[(distance <= 9) & (distance >= 4)] = 1
    labels[30:36, 5:11] = 2
    labels[36:42, 11:17] = 2
    labels[30:40, 30:40] = 3
    labels[32:39, 32:39] = 0
    labels[39, 39] = 0
    labels[50:60, 20:30] = 4
    labels[50:60, 30:40] = 5
    labels[20, 50] = 6
    labels[0:7, 60:72] = 7
    labels[30:60, 60:90] = 8
    labels[30:50, 68:82] = 0
    return labels


def made_tile(instances: np.ndarray, *, seed: int = 0, shift: float = 0.0, prompt: str = "colon, H&E", **facts):
    """A tile of labels numbered 1..N, all of them asked for; classes by turns. ``shift`` moves the layout's points."""
    ids, points = interior_points(instances)
    class_ids = np.arange(len(ids)) % 5
    layout = Layout(centroids=points + shift, class_ids=class_ids, height=instances.shape[0], width=instances.shape[1])
    table = np.zeros(int(instances.max(initial=0)) + 1, np.uint8)
    table[ids] = class_ids + 1
    nuclei = []
    for label, class_id in zip(ids.tolist(), class_ids.tolist(), strict=True):
        at = np.argwhere(instances == label)
        row, col = at.mean(0).round(2).tolist()
        nuclei.append(ProducedNucleus(id=label, class_id=class_id, row=row, col=col, area_px=len(at), requested=True))
    request = SynthesisRequest(layout=layout, prompt=prompt, seed=seed, model="none", model_hash="0" * 16)
    image = np.random.default_rng(seed).integers(0, 256, (*instances.shape, 3), dtype=np.uint8)
    report = layout_report(layout, nuclei)
    return SyntheticTile(
        **{
            "image": image,
            "semantic": table[instances],
            "instances": instances,
            "nuclei": tuple(nuclei),
            "request": request,
            "report": report,
            **facts,
        }
    )


@pytest.fixture(scope="session")
def make_synthetic():
    return made_tile


@pytest.fixture(scope="session")
def awkward_tile() -> SyntheticTile:
    return made_tile(awkward(), prompt="breast carcinoma, H&E")


@pytest.fixture(scope="session")
def empty_tile() -> SyntheticTile:
    return made_tile(np.zeros((64, 64), np.int32))


@pytest.fixture(scope="session")
def make_item():
    def make(tile: SyntheticTile, name: str = "Drüse 1", split: str = "train") -> Item:
        return Item(name, split, "group", tile)

    return make


@pytest.fixture(scope="session")
def identity():
    """The table that a format with its own class numbers would get by default."""

    def table(classes) -> dict[str, str]:
        return {name: classes.defaults[name] for name in BUNDLED.names if name in classes.defaults}

    return table


@pytest.fixture(scope="session")
def five_layouts(make_ellipses, tmp_path_factory) -> Path:
    """Ten tiles of 64 px as `synth` writes them: five layouts, two seeds each. Read only."""
    folder = tmp_path_factory.mktemp("five") / "Drüsen tiles"
    folder.mkdir()
    for layout in range(5):
        for seed in range(2):
            tile = made_tile(make_ellipses((64, 64), layout, 40), seed=10 * layout + seed, prompt="colon, H&E")
            write_tile(tile, folder, f"gland {layout}-{seed}", source=f"gland {layout}.csv")
    return folder


@pytest.fixture(scope="session")
def content():
    """Bytes of every file below a folder, by relative path."""

    def read(folder: Path) -> dict[str, bytes]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    return read
