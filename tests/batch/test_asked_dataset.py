"""What is known of a data set before its tiles: classes without a counterpart, too few layouts."""

from __future__ import annotations

import pytest

from napari_cosynth.batch.asked_dataset import refuse_dataset
from napari_cosynth.batch.plan import Plan, PlanError
from napari_cosynth.batch.work import layouts_of, tissues_of
from napari_cosynth.classes import BUNDLED

DRAWN = {"name": "drawn", "tissue": "colon", "layouts": 2}


@pytest.fixture
def own(tmp_path):
    """A group of one layout with a nucleus of each of some classes."""

    def group(*classes):
        (tmp_path / "a.csv").write_text("row,col,class\n" + "".join(f"{9 + i},9,{c}\n" for i, c in enumerate(classes)))
        return {"name": "own", "files": [str(tmp_path / "a.csv")]}

    return group


def look(export, *groups):
    plan = Plan.model_validate({"export": export, "group": groups})
    refuse_dataset(plan, tissues_of(plan, BUNDLED), layouts_of(plan, BUNDLED), BUNDLED)


@pytest.mark.parametrize(
    ("export", "words"),
    [
        ({"formats": ["coco"], "map": ["pannuke:foo=bar"]}, ["key \"map\": the tiles have no class 'foo'"]),
        ({"formats": ["coco"], "map": ["other=dead"]}, ['key "map"', "leave the mapping out"]),
        ({"formats": ["coco"], "split": [0.8, 0.1, 0.1]}, ['key "split": 2 layouts cannot fill 3 sets']),
        ({"formats": ["coco"], "split": [0.8, 0.1, 0.1], "map": ["a=b"]}, ['key "map"', 'key "split"']),
        ({"formats": ["coco", "pannuke"], "split": [0.5, 0.5], "map": ["other=connective"]}, []),
        ({"formats": ["coco"], "split": [0.5, 0.5, 0]}, []),
    ],
)
def test_faults_of_the_export_name_its_keys(export, words):
    if not words:
        look(export, DRAWN)
        return
    with pytest.raises(PlanError) as caught:
        look(export, DRAWN)
    assert all(word in str(caught.value) for word in ("[export], ", *words)), caught.value


def test_a_class_of_a_layout_without_a_counterpart_is_named_with_the_key_of_the_plan(own):
    group = own("neoplastic", "positive")
    with pytest.raises(PlanError) as caught:
        look({"formats": ["coco", "hovernet", "pannuke"]}, DRAWN, group)
    of_hovernet, of_pannuke = str(caught.value).splitlines()
    assert of_hovernet.startswith('[export], key "map": hovernet has no class for positive; say which')
    assert 'For example map = ["hovernet:positive=' in of_hovernet and "--map" not in of_hovernet
    assert "pannuke has no class for positive" in of_pannuke
    given = [of.partition("map = [")[2].strip('"]') for of in (of_hovernet, of_pannuke)]
    look({"formats": ["coco", "hovernet", "pannuke"], "map": given}, DRAWN, group)
    look({"formats": ["coco"]}, DRAWN, group)


def test_nuclei_without_a_stated_class_need_no_counterpart(own):
    look({"formats": ["pannuke"]}, own("unspecified"), DRAWN | {"tissue": "prostate"})


def test_without_an_export_nothing_is_asked(own):
    look(None, own("positive"))
