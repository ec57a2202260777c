from __future__ import annotations

import numpy as np
import pytest

from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.data.pannuke import read_pannuke
from napari_cosynth.export.dataset import export
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.tile_files import write_tile

CHANNELS = ("neoplastic", "inflammatory", "connective", "other", "epithelial")


@pytest.fixture(scope="module")
def large(make_ellipses, make_synthetic):
    return [
        make_synthetic(make_ellipses((256, 256), seed, 60), seed=seed, prompt=prompt)
        for seed, prompt in enumerate(["tongue, H&E", "brain, H&E"])
    ]


@pytest.fixture
def folder(large, tmp_path):
    (tmp_path / "in").mkdir()
    for i, tile in enumerate(large):
        write_tile(tile, tmp_path / "in", f"t{i}")
    return tmp_path / "in"


def _per_class(masks: np.ndarray) -> dict[int, list[np.ndarray]]:
    """Every nucleus as a mask, as PanNuke's own metrics take them out of a channel."""
    return {c: [masks[..., c] == i for i in np.unique(masks[..., c]) if i] for c in range(5)}


def test_arrays_are_in_the_published_layout(folder, large, tmp_path):
    list(export(folder_tiles(folder), ["pannuke"], tmp_path / "out"))
    place = tmp_path / "out/pannuke/train"
    images, masks, types = (np.load(place / f"{n}.npy", allow_pickle=False) for n in ("images", "masks", "types"))
    assert images.shape == (2, 256, 256, 3)
    assert masks.shape == (2, 256, 256, 6)
    assert types.tolist() == ["HeadNeck", "Unknown"]
    for tile, image, mask in zip(large, images, masks, strict=True):
        assert np.array_equal(image, tile.image)
        assert np.array_equal(mask[..., 5] == 1, tile.instances == 0)
        assert np.array_equal(mask[..., :5].sum(-1), tile.instances)
        names = tile.request.layout.taxonomy.names
        for c, nuclei in _per_class(mask).items():
            wanted = [n for n in tile.nuclei if names[n.class_id] == CHANNELS[c]]
            assert [m.sum() for m in nuclei] == [n.area_px for n in wanted]


def test_our_reader_gets_the_nuclei_back(folder, large, tmp_path):
    list(export(folder_tiles(folder), ["pannuke"], tmp_path / "out"))
    for read, tile in zip(read_pannuke(tmp_path / "out/pannuke/train"), large, strict=True):
        names = tile.request.layout.taxonomy.names
        assert np.array_equal(read.image, tile.image)
        got = {(read.instances == i).tobytes(): c for i, c in zip(read.ids, read.classes, strict=True)}
        assert got == {(tile.instances == n.id).tobytes(): names[n.class_id] for n in tile.nuclei}


def test_a_class_without_counterpart_must_be_mapped(folder, large, make_synthetic, tmp_path):
    odd = make_synthetic(large[0].instances, seed=9)
    nuclei = tuple(n.model_copy(update={"class_id": 6}) if n.class_id == 0 else n for n in odd.nuclei)
    write_tile(type(odd)(odd.image, odd.semantic, odd.instances, nuclei, odd.request), folder, "odd")
    count = sum(n.class_id == 6 for n in nuclei)
    with pytest.raises(ExportError, match=rf"no class for positive \({count} nuclei\).*--map pannuke:positive="):
        list(export(folder_tiles(folder), ["pannuke"], tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    options = ExportOptions(changes=({"ours": "positive", "theirs": "dead"},))
    list(export(folder_tiles(folder), ["pannuke"], tmp_path / "out", options))
    masks = np.load(tmp_path / "out/pannuke/train/masks.npy")
    assert sum(len(v) for v in _per_class(masks[0]).values()) == len(nuclei)
    assert np.array_equal(np.unique(masks[0][..., 3])[1:], [n.id for n in nuclei if n.class_id in (4, 6)])


def test_other_sizes_are_refused_before_anything_is_written(five_layouts, tmp_path):
    with pytest.raises(ExportError, match=r"gland 0-0 is 64 x 64 px, but pannuke.*--size 256,256"):
        list(export(folder_tiles(five_layouts), ["coco", "pannuke"], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_our_reader_gets_the_splits_back(make_ellipses, make_synthetic, tmp_path):
    (tmp_path / "in").mkdir()
    for seed in range(3):
        write_tile(make_synthetic(make_ellipses((256, 256), seed, 20), seed=seed), tmp_path / "in", f"t{seed}")
    options = ExportOptions(split=(0.4, 0.3, 0.3))
    list(export(folder_tiles(tmp_path / "in"), ["folder", "pannuke"], tmp_path / "out", options))
    written = {t.split: t for t in read_dataset(tmp_path / "out/folder")}
    for tiles in (list(read_dataset(tmp_path / "out/pannuke")), list(read_pannuke(tmp_path / "out/pannuke"))):
        assert {tile.split for tile in tiles} == {"train", "val", "test"}
        assert {tile.source for tile in tiles} == {"pannuke"}
        assert len({tile.name for tile in tiles}) == 3
        for tile in tiles:
            assert np.array_equal(tile.image, written[tile.split].image)
    (tile,) = read_pannuke(tmp_path / "out/pannuke/test")
    assert (tile.split, tile.source) == ("test", "test")
