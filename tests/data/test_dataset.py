from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat
from skimage.io import imsave

from napari_cosynth.data.dataset import FORMATS, mark_partial, read_dataset


def _folder(path, image, instances):
    (path / "images").mkdir(parents=True)
    (path / "instances").mkdir()
    imsave(path / "images/t.png", image, check_contrast=False)
    imsave(path / "instances/t.png", (instances == 4).astype(np.uint16), check_contrast=False)
    (path / "tiles.csv").write_text("name,um_per_px,split,annotation\nt,0.25,val,masks\n")
    (path / "nuclei.csv").write_text("name,id,row,col,class\nt,1,10,12,unspecified\n")


def _pannuke(path, image, instances):
    path.mkdir(parents=True)
    masks = np.zeros((1, *instances.shape, 6))
    masks[0, ..., 0] = instances
    np.save(path / "images.npy", image[None])
    np.save(path / "masks.npy", masks)
    np.save(path / "types.npy", np.array(["Colon"]))


def _conic(path, image, instances):
    path.mkdir(parents=True)
    np.save(path / "images.npy", image[None])
    np.save(path / "labels.npy", np.stack([instances, instances > 0], axis=-1)[None])


def _hovernet(path, image, instances):
    (path / "Images").mkdir(parents=True)
    (path / "Labels").mkdir()
    imsave(path / "Images/t.png", image, check_contrast=False)
    savemat(path / "Labels/t.mat", {"inst_map": instances})


WRITERS = {"folder": _folder, "PanNuke": _pannuke, "CoNIC": _conic, "HoVer-Net": _hovernet}


def test_every_format_is_tested():
    assert [f.name for f in FORMATS] == list(WRITERS)


@pytest.mark.parametrize("name", WRITERS)
def test_each_format_is_told_by_its_files_alone(tmp_path, name, image, instances, check_tile):
    WRITERS[name](tmp_path / "set", image, instances)
    assert [f.name for f in FORMATS if f.matches(tmp_path / "set")] == [name]
    (tile,) = read_dataset(tmp_path / "set")
    check_tile(tile)
    assert tile.source == "set"


def test_folder_of_sources_is_read_in_order(tmp_path, image, instances):
    for source, name in zip("dbca", WRITERS, strict=True):
        WRITERS[name](tmp_path / source, image, instances)
    _pannuke(tmp_path / "e" / "Fold 3", image, instances)
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("sources")
    _folder(tmp_path / ".trash", image, instances)
    assert [t.source for t in read_dataset(tmp_path)] == ["a", "b", "c", "d", "Fold 3"]
    assert [t.source for t in read_dataset(tmp_path, "val")] == ["d", "Fold 3"]
    assert [t.source for t in read_dataset(str(tmp_path), "train")] == ["a", "b", "c"]


def test_nothing_fits(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        read_dataset(tmp_path)
    for dataset_format in FORMATS:
        assert f"{dataset_format.name}: {dataset_format.needs}" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        read_dataset(tmp_path / "absent")


def test_sources_that_leave_nuclei_out_are_marked(make_tile):
    tiles = [make_tile(i, (64, 64), source="ab"[i % 2]) for i in range(4)]
    marked = mark_partial(iter(tiles), ["b"])
    assert [t.coverage for t in marked] == ["complete", "partial"] * 2
    assert [t.name for t in marked] == [t.name for t in tiles]
    assert all(t.coverage == "complete" for t in tiles) and mark_partial(tiles, ()) == tiles


def test_a_source_that_is_not_there_is_named(make_tile):
    with pytest.raises(ValueError, match="no tile is of the source 'crchist'; sources here: crchisto"):
        mark_partial([make_tile(0, (64, 64), source="crchisto")], ["crchist"])
