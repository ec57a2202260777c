"""What a training set tells of how its tiles were recorded."""

import json
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.detail import detail_of  # noqa: E402
from napari_cosynth.training.recorded import MOST_ROWS, recorded_details  # noqa: E402


@pytest.fixture
def tile(sampler):
    return replace(sampler.tiles[0], source="one", organ="Colon", disease="adenocarcinoma", stain="H&E")


def test_rows_stand_by_source_and_tissue(tile):
    stained = replace(tile, stain="IHC Ki-67", source="other")
    details = recorded_details([tile, stained])
    assert list(details) == ["one", "other"]
    assert list(details["one"]) == ["colon, adenocarcinoma, H&E"]
    (row,) = details["one"]["colon, adenocarcinoma, H&E"]
    image = torch.tensor(tile.image).permute(2, 0, 1)[None] / 127.5 - 1
    assert row == pytest.approx(detail_of(image)[0].tolist(), abs=0.006)


def test_a_large_source_says_no_more_than_others(tile):
    tiles = [replace(tile, image=(tile.image * (0.5 + i / 60)).astype("uint8")) for i in range(30)]
    (rows,) = recorded_details(tiles)["one"].values()
    assert len(rows) == MOST_ROWS
    assert len(recorded_details(tiles[:2])["one"]["colon, adenocarcinoma, H&E"]) == 2


def test_they_are_numbers_that_a_file_keeps(tile):
    details = recorded_details([tile])
    assert json.loads(json.dumps(details)) == details
