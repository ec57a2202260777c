"""The README and the pages in docs/: their links, commands and code hold."""

from __future__ import annotations

import ast
import re
import shlex
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import typer.main
from skimage.io import imsave

from napari_cosynth.cli import app
from napari_cosynth.data.dataset import read_dataset
from napari_cosynth.export import FORMATS
from napari_cosynth.export.class_tables import ClassChange
from napari_cosynth.export.dataset import export
from napari_cosynth.export.plan import ExportOptions, folder_tiles
from napari_cosynth.tile_files import write_tile

ROOT = Path(__file__).parents[1]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(page):
    """Those that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL)


def command_lines():
    """(page, words) of each `napari-cosynth` line that stands in a block of code."""
    for page in PAGES:
        text = re.sub(r"\\\n *", "", text_of(page))
        blocks = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
        indented = "\n".join(line.strip() for line in text.splitlines() if line.startswith("    napari-cosynth "))
        for line in f"{blocks}\n{indented}".splitlines():
            if line.startswith("napari-cosynth "):
                yield page, shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        place = (ROOT / page).parent / file if file else ROOT / page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place.relative_to(ROOT).as_posix()), target


def test_every_page_is_linked_from_the_readme():
    readme = text_of("README.md")
    assert [page for page in PAGES if page != "README.md" and f"({page})" not in readme] == []


def test_commands_and_their_options_are_there():
    checked = set()
    for page, words in command_lines():
        command, place = typer.main.get_command(app), f"{page}: {' '.join(words)}"
        while getattr(command, "commands", None):
            name = words.pop(0)
            assert name in command.commands, place
            command = command.commands[name]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, place
        checked.add(command.name)
    assert {"synth", "batch", "export", "train", "evaluate", "downstream", "fit"} <= checked


def test_the_layouts_of_the_readme_are_enough_for_the_sets_of_its_export():
    lines = [words for page, words in command_lines() if page == "README.md"]
    split = next(words for words in lines if words[0] == "export" and "--split" in words)
    synth = next(words for words in lines if words[0] == "synth" and words[-1] == split[1])
    make = next(words for words in lines if words[:2] == ["layout", "make"] and words[-1] == Path(synth[1]).parent.name)
    assert int(make[make.index("--count") + 1]) >= len(split[split.index("--split") + 1].split(","))
    assert ["reproduce", f"{split[-1]}/dataset.json"] in lines


@pytest.mark.parametrize("page", PAGES)
def test_names_that_its_python_imports_are_there(page):
    for block in python_blocks(page):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("napari_cosynth"):
                assert all(hasattr(import_module(node.module), name.name) for name in node.names)


def test_the_formats_are_described():
    described = re.findall(r"^\| `(\w+)` \| .* \| .* \|$", text_of("docs/data.md").split("## What")[1], re.MULTILINE)
    assert described == list(FORMATS)


def test_own_images_and_labels_become_a_data_set(make_tile, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    real = {f"t{seed}": make_tile(seed) for seed in range(6)}
    for name, tile in real.items():
        for folder, pixels in (("my_images", tile.image), ("my_labels", tile.instances.astype(np.uint16))):
            Path(folder).mkdir(exist_ok=True)
            imsave(f"{folder}/{name}.png", pixels, check_contrast=False)
    exec(python_blocks("docs/data.md")[0], {})
    read = {tile.name: tile for tile in read_dataset(Path("my_tiles"))}
    assert read.keys() == real.keys()
    for name, tile in read.items():
        assert np.array_equal(tile.image, real[name].image)
        assert np.array_equal(tile.instances, real[name].instances)
        assert tile.ids.tolist() == real[name].ids.tolist()
    assert [tile.split for tile in read.values()] == ["val", "train", "train", "train", "train", "val"]


def test_exports_load_as_shown(make_synthetic_tile, tmp_path, monkeypatch):
    tile = make_synthetic_tile(size=(256, 256))
    (tmp_path / "tiles").mkdir()
    write_tile(tile, tmp_path / "tiles", "gland-1")
    changes = [ClassChange(ours=name, theirs="inflammatory") for name in ("unspecified", "positive", "negative")]
    list(export(folder_tiles(tmp_path / "tiles"), list(FORMATS), tmp_path / "set", ExportOptions(changes=changes)))
    monkeypatch.chdir(tmp_path / "set")
    found = {}
    exec(python_blocks("docs/data.md")[1], found)
    assert np.array_equal(found["image"], tile.image)
    assert np.array_equal(found["instances"], tile.instances)
    assert np.array_equal(found["semantic"], tile.semantic)
    assert np.array_equal(found["images"][0], tile.image)
    assert np.array_equal(found["masks"][0, ..., :5].sum(-1), tile.instances)
    assert np.array_equal(found["types"] > 0, tile.instances > 0)
    assert np.array_equal(found["mask"] > 0, tile.instances == found["nucleus"]["nucleus"])
