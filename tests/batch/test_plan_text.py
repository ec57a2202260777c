"""Plans as TOML: read back they are the same; what they come to is told without a model."""

from __future__ import annotations

import pytest

from napari_cosynth.batch.outlook import Outlook, outlook
from napari_cosynth.batch.plan import Plan, PlanError, read_plan
from napari_cosynth.batch.plan_text import plan_text, write_plan
from napari_cosynth.tile_files import file_names

GROUP = {"name": "nest", "tissue": "colon", "layouts": 3}
PLANS = [
    {"group": [GROUP]},
    {
        "seed": 7,
        "tiles": {"size": (64, 128), "quality": "fine", "guidance": 1.5},
        "gate": {"min_placed": 0.9, "max_extra": 0.0, "attempts": 3},
        "export": {"formats": ("coco", "folder"), "split": (0.8, 0.2), "map": ("coco:other=connective",)},
        "group": [
            GROUP | {"prompts": ("a", 'quotes " and \\ and\ttab', "腺 Drüse \U0001f9ec \x7f \x01"), "variants": 2},
            GROUP | {"name": "rim", "mix": {"neoplastic": 0.6, "a b.c": 1e-7}, "total": 0},
            GROUP | {"name": "exact", "counts": {"neoplastic": 5, "inflammatory": 0}},
            GROUP | {"name": "none", "counts": {}},
            {"name": "own", "files": ("/cases/one.csv", "/cases/two.geojson"), "variants": 3},
        ],
    },
]


@pytest.mark.parametrize("content", PLANS, ids=["least", "all"])
def test_a_plan_that_is_written_is_read_back_as_it_is(content, tmp_path):
    plan = Plan.model_validate(content)
    write_plan(plan, tmp_path / "plan.toml")
    assert read_plan(tmp_path / "plan.toml") == plan
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def test_what_is_usual_is_left_out():
    text = plan_text(Plan.model_validate(PLANS[0]))
    assert text.splitlines()[1:] == ["", "", "[[group]]", 'name = "nest"', 'tissue = "colon"', "layouts = 3"]


def test_what_a_plan_comes_to_and_what_of_it_is_there(write_plan, tmp_path):
    plan, out = write_plan(), tmp_path / "out"
    assert outlook(plan) == outlook(plan, str(out)) == Outlook(1, 2, 8)
    (out / "tiles").mkdir(parents=True)
    for name in file_names("nest-00001-p1-v2").values():
        (out / "tiles" / name).touch()
    (out / "tiles" / "nest-00001-p2-v1.json").touch()  # killed before the others were there
    (out / "tiles" / "another-00001-p1-v1.json").touch()
    assert outlook(plan, str(out)) == Outlook(1, 2, 8, 1) and outlook(plan, str(out)).left == 7


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("layouts = 2", "layouts = -1", r'plan.toml: \[\[group\]\] 1 \("nest"\), key "layouts": .* got -1'),
        ('tissue = "', 'tissue = "moon" # "', r'\[\[group\]\] 1 \("nest"\), key "tissue": no tissue'),
        ('model = "', 'model = "none" # "', r'\[tiles\], key "model": there is no model folder none'),
        ("neoplastic = 3", "other = 3", r'key "counts.other": the tissue made has the classes'),
    ],
)
def test_faults_are_told_with_table_and_key(write_plan, old, new, said):
    plan = write_plan()
    plan.write_text(plan.read_text().replace(old, new))
    with pytest.raises(PlanError, match=said):
        outlook(plan)
