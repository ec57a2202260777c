import runpy

import numpy as np
import pytest

from napari_cosynth.catalogue import model_info
from napari_cosynth.data.terms import unknown_words
from napari_cosynth.layout_io import write_layout
from napari_cosynth.resources import sample_data_dir, samples

ASKED = {
    "gland",
    "dense_lymphocytes",
    "spindle_stroma",
    "tumour_nest_with_infiltrate",
    "sparse",
    "touching_cluster",
    "ki67_ihc",
}


def nearest(layout):
    """Distance of each nucleus to its nearest neighbour, px."""
    offset = layout.centroids[:, None] - layout.centroids[None]
    distance = np.hypot(*np.moveaxis(offset, -1, 0))
    np.fill_diagonal(distance, np.inf)
    return distance.min(axis=1)


@pytest.fixture(scope="module")
def layouts():
    return {sample.name: sample.layout() for sample in samples()}


def test_all_are_there_with_prompt_and_description():
    assert {sample.name for sample in samples()} >= ASKED
    for sample in samples():
        assert sample.prompt and sample.description
        assert (sample.height, sample.width, sample.um_per_px) == (256, 256, 0.25)


def test_the_bundled_model_knows_every_word_of_the_prompts():
    terms = model_info().prompt_terms
    assert {sample.name: unknown_words(sample.prompt, terms) for sample in samples()} == {s.name: () for s in samples()}


def test_the_script_writes_the_same_bytes_again(tmp_path):
    runpy.run_path(str(sample_data_dir() / "make_samples.py"))["main"](tmp_path)
    made = sorted(p.name for p in tmp_path.iterdir())
    assert made == sorted(["samples.json", *(sample.file for sample in samples())])
    for name in made:
        assert (tmp_path / name).read_bytes() == (sample_data_dir() / name).read_bytes()


def test_files_are_as_our_writer_writes_them(layouts, tmp_path):
    for name, layout in layouts.items():
        write_layout(layout, tmp_path / f"{name}.csv")
        assert (tmp_path / f"{name}.csv").read_bytes() == (sample_data_dir() / f"{name}.csv").read_bytes()


def test_nuclei_keep_the_distance_of_real_ones(layouts):
    for layout in layouts.values():
        assert nearest(layout).min() > 18
    assert np.median(nearest(layouts["dense_lymphocytes"])) < 28
    cluster = layouts["touching_cluster"]
    tumour = cluster.class_ids == cluster.taxonomy.id_of("neoplastic")
    assert np.median(nearest(cluster)[tumour]) < 35


def test_each_shows_what_it_is_called(layouts):
    def share(name, kind):
        return layouts[name].counts()[kind] / len(layouts[name])

    assert share("dense_lymphocytes", "inflammatory") > 0.9
    assert share("spindle_stroma", "connective") > 0.8
    assert len(layouts["sparse"]) < 15 < 60 < len(layouts["dense_lymphocytes"])
    assert {name for name, n in layouts["ki67_ihc"].counts().items() if n} == {"positive", "negative"}
    assert min(layouts["ki67_ihc"].counts()[name] for name in ("positive", "negative")) >= 10
    nest = layouts["tumour_nest_with_infiltrate"].counts()
    assert nest["neoplastic"] >= 15 and nest["inflammatory"] >= 15


def test_the_gland_is_a_ring_around_an_empty_lumen(layouts):
    gland = layouts["gland"]
    ring = gland.centroids[gland.class_ids == gland.taxonomy.id_of("epithelial")]
    centre = ring.mean(axis=0)
    assert np.hypot(*(gland.centroids - centre).T).min() > 50
    angles = np.sort(np.arctan2(*(ring - centre).T))
    assert np.diff(np.append(angles, angles[0] + 2 * np.pi)).max() < np.radians(50)
