"""Tissue models as values and files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_cosynth.layouts import tissues
from napari_cosynth.layouts.abundance import draw_counts
from napari_cosynth.layouts.model import read_tissue
from napari_cosynth.layouts.tissues import find_tissue, tissue_files


def test_a_tissue_reads_back_from_its_file(make_tissue, tmp_path):
    made = make_tissue()
    made.write(tmp_path / "made.json")
    assert read_tissue(tmp_path / "made.json") == made
    assert json.loads((tmp_path / "made.json").read_text())["schema_version"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"interactions": []}, "one interaction for each pair"),
        ({"mix_mean": [1.0]}, "one entry for each"),
        ({"clustering": [{"scale_um": 9, "covariance": [[1, 0]]}]}, "symmetric"),
        ({"clustering": [{"scale_um": 9, "covariance": [[1, 2], [2, 1]]}]}, "negative eigenvalue"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(make_tissue, tmp_path, change, words):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(make_tissue().model_dump(mode="json") | change))
    with pytest.raises(ValueError) as caught:
        read_tissue(path)
    assert str(caught.value).startswith(str(path)) and words in str(caught.value)


def test_every_tissue_that_ships_is_sound_and_says_where_it_is_from():
    for name, path in tissue_files().items():
        model = find_tissue(name)
        assert model.name == name and model.source and model.licence
        assert path.stat().st_size < 100_000


def test_tissues_are_found_by_name_and_by_file(make_tissue, tmp_path, monkeypatch):
    monkeypatch.setattr(tissues, "models_dir", lambda: tmp_path)
    assert tissue_files() == {}
    (tmp_path / "layouts").mkdir()
    make_tissue().write(tmp_path / "layouts" / "made.json")
    assert find_tissue("made") == find_tissue(tmp_path / "layouts" / "made.json") == make_tissue()
    with pytest.raises(ValueError, match="Did you mean 'made'"):
        find_tissue("mad")
    with pytest.raises(ValueError, match="check the name"):
        find_tissue("there/is/none.json")


def test_drawn_counts_have_the_total_and_the_mix(make_tissue):
    rng = np.random.default_rng(0)
    mix = {"neoplastic": 60, "inflammatory": 40}
    assert draw_counts(make_tissue(), 4096, rng, total=101, mix=mix) == {"neoplastic": 61, "inflammatory": 40}
    for _ in range(20):
        assert sum(draw_counts(make_tissue(), 4096, rng, total=37).values()) == 37
    totals = [sum(draw_counts(make_tissue(), 1e6, rng).values()) for _ in range(50)]
    assert 1000 <= min(totals) < max(totals) <= 11000


@pytest.mark.parametrize(
    ("total", "mix"),
    [(-1, None), (5, {"stroma": 1}), (5, {"neoplastic": 0}), (5, {"neoplastic": -1}), (5, {"neoplastic": np.nan})],
)
def test_senseless_mixes_are_refused(make_tissue, total, mix):
    with pytest.raises(ValueError):
        draw_counts(make_tissue(), 4096, np.random.default_rng(0), total=total, mix=mix)
