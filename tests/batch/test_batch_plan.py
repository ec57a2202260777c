"""Plans: what is read, what is refused and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_cosynth.batch.jobs import jobs_of
from napari_cosynth.batch.plan import ExportTable, GateTable, Group, Plan, PlanError, TilesTable, read_plan
from napari_cosynth.batch.plan_faults import KEYS
from napari_cosynth.batch.work import layouts_of, tissues_of
from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import write_layout
from napari_cosynth.presets import DRAFT, STANDARD
from napari_cosynth.quality import LayoutReport
from napari_cosynth.resources import sample_data_dir

SMALL = """
[[group]]
name = "nest"
tissue = "colon"
layouts = 3
"""
OWN = """
[[group]]
name = "own"
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return read_plan(path)

    return read


def test_the_sample_plan_is_valid_and_its_comments_count_right():
    plan = read_plan(sample_data_dir() / "batch.toml")
    assert [group.tiles for group in plan.group] == [80, 10, 10]
    assert (plan.n_layouts, plan.n_tiles) == (40, 100)
    assert set(tissues_of(plan, BUNDLED)) == {"colon-tumour", "breast-infiltrate", "prostate"}


def test_hints_and_the_page_know_every_key():
    tables = {"": Plan, "tiles": TilesTable, "gate": GateTable, "export": ExportTable, "group": Group}
    page = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
    for name, table in tables.items():
        assert KEYS[name] == tuple(table.model_fields)
        assert all(f"`{key}`" in page or f"[{key}]" in page for key in KEYS[name])


def test_what_is_left_out_has_a_default(read):
    plan = read(SMALL)
    assert plan.tiles.preset == STANDARD and plan.tiles.size == (256, 256)
    assert plan.export is None and plan.group[0].tiles == 3
    assert read('[tiles]\nquality = "draft"\nguidance = 3\n' + SMALL).tiles.preset == DRAFT._replace(guidance=3)


def test_a_plan_of_an_editor_that_writes_a_byte_order_mark_is_read(read):
    assert read("\ufeff" + "seed = 7\n" + SMALL) == read("seed = 7\n" + SMALL)


def test_paths_start_at_the_plans_folder_and_names_stay_names(read, tmp_path):
    plan = read('[tiles]\nmodel = "models/mine"\n' + SMALL.replace('"colon"', '"my/liver.json"'))
    assert plan.group[0].tissue == str(tmp_path / "my/liver.json")
    assert plan.tiles.model == str(tmp_path / "models/mine")
    assert read('[tiles]\nmodel = "mine"\n' + SMALL).tiles.model == "mine"
    assert read('[tiles]\nmodel = "./mine"\n' + SMALL).tiles.model == str(tmp_path / "mine")
    for name in ("mine", "colon"):
        (tmp_path / name).mkdir()
    plan = read('[tiles]\nmodel = "mine"\n' + SMALL)
    assert plan.tiles.model == str(tmp_path / "mine"), "it lies beside the plan"
    assert plan.group[0].tissue == "colon", "a folder of that name is no tissue"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tiles", ["is not TOML", "Expected ']'", "a plan is a TOML file", "choose another"]),
        ("", ["has no key of a plan; a plan is a TOML file"]),
        ("[project]\nname = 'x'\n[tool.ruff]\n", ["has no key of a plan, but project, tool; a plan is a TOML file"]),
        ("seed = 1", ['key "group": is missing', "at least one [[group]]"]),
        ("[group]\nname = 'a'", ['key "group": write [[group]]']),
        ("sede = 1" + SMALL, ['key "sede"', 'Did you mean "seed"?']),
        ("seed = -1" + SMALL, ['key "seed"', "got -1"]),
        ("[tiles]\nsteps = 0" + SMALL, ['[tiles], key "steps"', "got 0"]),
        ("[tiles]\nsize = [100, 256]" + SMALL, ['[tiles], key "size"', "100"]),
        ("[tiles]\nsize = 256" + SMALL, ['[tiles], key "size"', "got 256"]),
        ('[tiles]\nquality = "best"' + SMALL, ['[tiles], key "quality"', "'draft', 'standard' or 'fine'"]),
        ("[gate]\nmin_place = 0.9" + SMALL, ['[gate], key "min_place"', 'Did you mean "min_placed"?']),
        ("[gate]\nmin_placed = 90" + SMALL, ['[gate], key "min_placed"', "got 90"]),
        ('[export]\nformats = ["coco", "voc"]' + SMALL, ['[export], key "formats"', "'voc'", "yolo"]),
        ("[export]\nformats = []" + SMALL, ['[export], key "formats"']),
        ('[export]\nformats = ["coco"]\nsplit = [0.8, 0.1]' + SMALL, ['[export], key "split"', "make 1"]),
        ('[export]\nformats = ["pannuke"]\n[tiles]\nsize = [128, 128]' + SMALL, ["256 x 256 px alone", "[128, 128]"]),
        (SMALL + "counts = {neoplastic = 1.5}", ['[[group]] 1 ("nest"), key "counts.neoplastic"', "got 1.5"]),
        (SMALL + "counts = {neoplastic = 9}\ntotal = 9", ['[[group]] 1 ("nest"): counts say it all']),
        (SMALL + "mix = {neoplastic = 0}", ['[[group]] 1 ("nest")', "give one above 0"]),
        (SMALL + "mix = {neoplastic = -1}", ['[[group]] 1 ("nest"), key "mix.neoplastic"']),
        (SMALL + 'prompts = ["a", " a"]', ['[[group]] 1 ("nest"), key "prompts"', "twice"]),
        (SMALL + "[[group]]\ntissue = 'colon'\nlayouts = 1", ['[[group]] 2, key "name": is missing']),
        (SMALL.replace("nest", "My Nest"), ['[[group]] 1 ("My Nest"), key "name": a group cannot', "such as"]),
        (SMALL + 'prompts = "a"', ['[[group]] 1 ("nest"), key "prompts": a list in square brackets is needed']),
        (SMALL.replace('tissue = "colon"', ""), ['[[group]] 1 ("nest"): give tissue and layouts, or files']),
        (SMALL.replace("layouts = 3", ""), ['[[group]] 1 ("nest"): layouts is missing']),
        (SMALL + 'files = ["a.csv"]', ['[[group]] 1 ("nest"): give tissue and layouts, or files']),
        (OWN + 'files = ["a.csv"]\nlayouts = 2', ['[[group]] 1 ("own"): layouts is for layouts that are drawn']),
        (OWN + 'files = ["a.csv"]\nstructure = "gland"', ['[[group]] 1 ("own"): structure is for layouts']),
        (OWN + 'files = ["A 1.csv", "b/a-1.csv"]', ['[[group]] 1 ("own")', "would have the same names; rename one"]),
        (OWN + "files = [1]", ['[[group]] 1 ("own"), key "files.0"', "got 1"]),
        (OWN + f'files = ["{"a" * 232}.csv"]', ['[[group]] 1 ("own"): ', "256 bytes", "at most 255", "Shorten"]),
        (SMALL + SMALL, ["two [[group]] tables are called 'nest'"]),
        (SMALL.replace("3", "0"), ['[[group]] 1 ("nest"), key "layouts"']),
        (SMALL + "variants = 1000\n[[group]]\nname='b'\ntissue='colon'\nlayouts=10000000", ["make several plans"]),
    ],
)
def test_faults_name_file_table_and_key(read, text, words):
    with pytest.raises(PlanError) as caught:
        read(text)
    assert "plan.toml: " in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


def test_files_start_at_the_plans_folder_and_patterns_find_them_in_order(read, tmp_path):
    (tmp_path / "cases").mkdir()
    layout = Layout(centroids=[(3, 4), (40, 50)], classes=["neoplastic", "inflammatory"], height=64, width=64)
    for name in ("b.csv", "a.geojson", "c.csv"):
        write_layout(layout, tmp_path / "cases" / name)
    size = "[tiles]\nsize = [64, 64]\n"
    plan = read(size + OWN + 'files = ["cases/*.csv", "cases/a.geojson"]')
    assert [Path(file).name for file in plan.group[0].files] == ["b.csv", "c.csv", "a.geojson"]
    assert plan.n_layouts == plan.n_tiles == 3
    assert tissues_of(plan, BUNDLED) == {}
    assert layouts_of(plan, BUNDLED) == {"own": dict.fromkeys(("b", "c", "a"), layout)}


def test_a_folder_and_files_with_brackets_are_found_and_a_file_comes_once(tmp_path):
    folder = tmp_path / "study [1]"
    folder.mkdir()
    for name in ("a.csv", "case [2].csv", "c.csv"):
        (folder / name).write_text("row,col,class\n")
    path = folder / "plan.toml"
    path.write_text(OWN + 'files = ["case [2].csv", "[ab].csv", "*.csv", "./c.csv"]')
    plan = read_plan(path)
    assert [Path(file).name for file in plan.group[0].files] == ["case [2].csv", "a.csv", "c.csv"]
    assert plan.n_layouts == 3 and all(Path(file).parent == folder for file in plan.group[0].files)
    (folder / "more" / "most").mkdir(parents=True)
    (folder / "more" / "most" / "d.csv").touch()
    path.write_text(OWN + 'files = ["**/*.csv"]')
    assert {Path(file).name for file in read_plan(path).group[0].files} == {"a.csv", "c.csv", "case [2].csv", "d.csv"}
    path.write_text(OWN + f'files = ["{tmp_path}/*/a.csv", "c.csv"]')
    assert [Path(file).name for file in read_plan(path).group[0].files] == ["a.csv", "c.csv"]


def test_files_that_are_not_there_or_do_not_fit_are_named(read, tmp_path):
    (tmp_path / "far.csv").write_text("row,col,class\n70,3,neoplastic\n")
    plan = read("[tiles]\nsize = [64, 64]\n" + OWN + 'files = ["none/*.csv", "far.csv"]')
    with pytest.raises(PlanError) as caught:
        layouts_of(plan, BUNDLED)
    none, far = str(caught.value).splitlines()
    assert '[[group]] 1 ("own"), key "files": ' in none and "none/*.csv: cannot be read" in none
    assert "far.csv: line 2, column row" in far


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ('"a"\nfiles = ["b-c.csv"]', '"a-b"\nfiles = ["c.csv"]', ["b-c.csv", "a-b-c-...; rename"]),
        ('"a"\nfiles = ["b-00002.csv"]', '"a-b"\ntissue = "colon"\nlayouts = 2', ["layout 2 and ", "a-b-00002-..."]),
        ('"a"\ntissue = "colon"\nlayouts = 2', '"a-1"\nfiles = ["00001.csv"]', []),
        ('"a"\nfiles = ["b-00003.csv"]', '"a-b"\ntissue = "colon"\nlayouts = 2', []),
        ('"a"\nfiles = ["b-2.csv"]', '"a-b"\ntissue = "colon"\nlayouts = 2', []),
    ],
)
def test_groups_whose_tiles_would_have_the_same_names_are_refused(read, first, second, words):
    def names(*groups):
        plan = read("".join(f"[[group]]\nname = {group}\n" for group in groups))
        return [job.name for job in jobs_of(plan)]

    for groups in ((first, second), (second, first)):
        if not words:
            assert len(set(names(*groups))) == len(names(*groups))
            continue
        with pytest.raises(PlanError) as caught:
            names(*groups)
        assert all(word in str(caught.value) for word in (*words, '[[group]] 1 ("', ' and [[group]] 2 ("'))


def test_all_faults_come_at_once(read):
    with pytest.raises(PlanError) as caught:
        read("seed = -1\n[tiles]\nsteps = 0\n" + SMALL + "variants = 0")
    assert len(str(caught.value).splitlines()) == 3


def test_tissues_and_classes_that_are_not_there_are_named(read):
    with pytest.raises(PlanError) as caught:
        tissues_of(read(SMALL.replace('"colon"', '"colom"')), BUNDLED)
    assert '[[group]] 1 ("nest"), key "tissue": no tissue \'colom\'' in str(caught.value)
    with pytest.raises(PlanError) as caught:
        tissues_of(read(SMALL + "counts = {stroma = 3}"), BUNDLED)
    assert 'key "counts.stroma": the tissue colon has the classes' in str(caught.value)
    few = BUNDLED.model_copy(update={"classes": BUNDLED.classes[5:]})
    with pytest.raises(PlanError, match="the model has no class connective, neoplastic"):
        tissues_of(read(SMALL), few)


@pytest.mark.parametrize(
    ("gate", "passes"),
    [
        ("min_placed = 0.8", True),
        ("min_placed = 0.81", False),
        ("max_extra = 0.2", True),
        ("max_extra = 0.1", False),
        ("min_class = 0.75", True),
        ("min_class = 0.76", False),
        ("", True),
    ],
)
def test_the_gate_looks_at_placed_extra_and_class(read, gate, passes):
    report = LayoutReport(placed=10, found=8, missing=(1, 2), extra=(11, 12), other_class=(3, 4))
    assert read(f"[gate]\n{gate}\n{SMALL}").gate.passes(report) is passes


@pytest.mark.parametrize(("placed", "hundredths"), [(100, 55), (100, 29), (50, 58), (300, 7)])
def test_a_share_that_is_just_met_passes(read, placed, hundredths):
    part = placed * hundredths // 100
    met = LayoutReport(placed=placed, found=part, missing=range(placed - part))
    assert read(f"[gate]\nmin_placed = 0.{hundredths:02}\n{SMALL}").gate.passes(met)
    assert not read(f"[gate]\nmin_placed = {(hundredths + 1) / 100}\n{SMALL}").gate.passes(met)
    crowded = LayoutReport(placed=placed, found=placed, extra=range(part))
    assert read(f"[gate]\nmax_extra = 0.{hundredths:02}\n{SMALL}").gate.passes(crowded)
    assert not read(f"[gate]\nmax_extra = {(hundredths - 1) / 100}\n{SMALL}").gate.passes(crowded)


def test_an_empty_tile_passes_unless_it_has_extra_nuclei(read):
    gate = read(f"[gate]\nmin_placed = 1\nmax_extra = 0.5\nmin_class = 1\n{SMALL}").gate
    assert gate.passes(LayoutReport(placed=0, found=0))
    assert not gate.passes(LayoutReport(placed=0, found=0, extra=(1,)))
