"""A plan with a small tissue and the tiny model: tiles of 64 px, two steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_cosynth.layouts.model import PairInteraction, TissueModel

CLASSES = ("neoplastic", "inflammatory")
PLAN = """
seed = 3

[tiles]
size = [64, 64]
steps = 2
model = "{model}"

[[group]]
name = "nest"
tissue = "{tissue}"
layouts = {layouts}
prompts = ["colon, H&E", "breast"]
variants = 2
counts = {{ neoplastic = 3, inflammatory = 2 }}
"""


def small_tissue(name: str = "made") -> TissueModel:
    """Two classes that only keep apart."""
    pairs = [(a, b) for i, a in enumerate(CLASSES) for b in CLASSES[i:]]
    return TissueModel(
        name=name,
        n_tiles=1,
        n_nuclei=10,
        classes=CLASSES,
        total_per_mm2=(20_000.0,) * 11,
        per_mm2=dict.fromkeys(CLASSES, (10_000.0,) * 11),
        mix_mean=(0.5, 0.5),
        mix_concentration=4.0,
        bin_um=1.0,
        interactions=tuple(
            PairInteraction(first=a, second=b, hard_core_um=2.0, log_interaction=(-1.0, 0.0)) for a, b in pairs
        ),
    )


@pytest.fixture(scope="session")
def tissue_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("tissue") / "made.json"
    small_tissue().write(path)
    return path


@pytest.fixture(scope="session")
def plan_text(tissue_file, model_folder):
    """Text of a plan of four tiles a layout; ``more`` stands before the group, pairs are replaced."""

    def text(layouts: int = 2, more: str = "", *pairs: tuple[str, str]) -> str:
        made = PLAN.format(model=model_folder, tissue=tissue_file, layouts=layouts)
        made = made.replace("[[group]]", f"{more}\n[[group]]", 1)
        for old, new in pairs:
            assert old in made
            made = made.replace(old, new)
        return made

    return text


@pytest.fixture
def write_plan(plan_text, tmp_path):
    """Write a plan; arguments of `plan_text`."""

    def write(*arguments, name: str = "plan.toml") -> Path:
        path = tmp_path / name
        path.write_text(plan_text(*arguments), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def contents():
    """Bytes of the files in a folder, by name."""

    def read(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}

    return read


@pytest.fixture(scope="session")
def tissue() -> TissueModel:
    return small_tissue()
