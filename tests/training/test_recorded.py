"""What a training set tells of how its tiles were recorded."""

import json
from dataclasses import replace

import pytest
from scipy import ndimage as ndi

torch = pytest.importorskip("torch")

from napari_cosynth.model.detail import detail_of  # noqa: E402
from napari_cosynth.training.recorded import MOST_ROWS, recorded_details  # noqa: E402


@pytest.fixture
def tile(sampler):
    """Neither soft nor sharp."""
    image = ndi.gaussian_filter(sampler.tiles[0].image, (1, 1, 0))
    return replace(sampler.tiles[0], image=image, source="one", organ="Colon", disease="adenocarcinoma", stain="H&E")


def test_rows_stand_by_source_and_tissue(tile):
    stained = replace(tile, stain="IHC Ki-67", source="other")
    details = recorded_details([tile, stained])
    assert {source: list(tissues) for source, tissues in details.items()} == {
        "one": ["colon, adenocarcinoma, H&E"],
        "other": ["colon, adenocarcinoma, Ki-67 IHC"],
    }
    (row,) = details["one"]["colon, adenocarcinoma, H&E"]
    image = torch.tensor(tile.image).permute(2, 0, 1)[None] / 127.5 - 1
    assert row == pytest.approx(detail_of(image)[0].tolist(), abs=0.006)


def test_what_a_caption_calls_soft_or_sharp_stands_apart(tile, sampler):
    soft = replace(tile, image=ndi.gaussian_filter(sampler.tiles[0].image, (4, 4, 0)))
    sharp = replace(tile, image=sampler.tiles[0].image)
    details = recorded_details([sharp, soft])["one"]
    assert len(details) == 2
    (low,), (high,) = (details[f"colon, adenocarcinoma, H&E, {word} focus"] for word in ("soft", "sharp"))
    assert low[0] < high[0]


def test_a_large_source_says_no_more_than_others(tile):
    tiles = [replace(tile, image=(tile.image * (0.9 + i / 300)).astype("uint8")) for i in range(30)]
    (rows,) = recorded_details(tiles)["one"].values()
    assert len(rows) == MOST_ROWS
    assert len(recorded_details(tiles[:2])["one"]["colon, adenocarcinoma, H&E"]) == 2


def test_they_are_numbers_that_a_file_keeps(tile):
    details = recorded_details([tile])
    assert json.loads(json.dumps(details)) == details
