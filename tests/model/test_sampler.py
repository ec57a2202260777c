"""What makes a tile, in a word."""

import ast
from importlib.resources import files

import pytest

from napari_cosynth.model.sampler import _MODULES, fingerprint_of, sampler_fingerprint

DECIDE_NOTHING = {
    "classes": "what a class id means was settled when the network was trained; names and order are the model's data",
    "data/labelled": "of it the working scale alone, at which other layouts are refused",
    "layout": "a value: what it holds stands in the request",
    "presets": "defaults, which stand in the request once it is made",
}
"""Modules of the package that the sampler's import, and why they do not count."""

SOURCE = '''
HELD_UNTIL = 0.5
"""Noise level."""

def held(tile, margin=0):
    """Predicted tiles."""
    return tile  # as it is
'''


def test_it_is_the_same_each_time():
    assert sampler_fingerprint() == sampler_fingerprint() and len(sampler_fingerprint()) == 16


@pytest.mark.parametrize(("before", "now"), [("Noise", "The noise"), ("Predicted", "The"), ("  # as it is", "\n")])
def test_words_about_the_code_do_not_count(before, now):
    assert before in SOURCE and fingerprint_of([SOURCE.replace(before, now)]) == fingerprint_of([SOURCE])


@pytest.mark.parametrize(("before", "now"), [("0.5", "0.6"), ("margin=0", "margin=1"), ("return tile", "return -tile")])
def test_code_and_constants_count(before, now):
    assert before in SOURCE and fingerprint_of([SOURCE.replace(before, now)]) != fingerprint_of([SOURCE])


def imported_by(module):
    """The package's modules that a module takes something from, written as the sampler lists them."""
    tree = ast.parse((files("napari_cosynth") / f"{module}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("napari_cosynth"):
            place = "/".join(node.module.split(".")[1:])
            if (files("napari_cosynth") / f"{place}.py").is_file():
                yield place
            else:  # from a package: its modules
                yield from (f"{place}/{alias.name}".lstrip("/") for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            yield from ("/".join(parts[1:]) for parts in names if parts[0] == "napari_cosynth")


def test_all_that_the_sampler_imports_counts_or_has_a_reason_not_to():
    imported = {name for module in _MODULES for name in imported_by(module)}
    assert imported - set(_MODULES) == set(DECIDE_NOTHING)
    assert "model/labels_first" in _MODULES and "model/pipeline" in imported
