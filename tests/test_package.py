from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

import pytest

import napari_cosynth

HEAVY = ("torch", "diffusers", "transformers", "accelerate", "napari", "qtpy")


@pytest.fixture(scope="module")
def installed() -> str:
    """Version of the installed distribution."""
    try:
        return version("napari-cosynth")
    except PackageNotFoundError:
        pytest.skip("napari-cosynth is not installed; `make test` installs it")


def _heavy_after(statement: str) -> list[str]:
    code = f"{statement}\nimport sys\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_version_is_that_of_the_distribution_and_of_pyproject(installed: str) -> None:
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    stated = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"]
    assert napari_cosynth.__version__ == installed == stated


def test_the_command_is_installed_and_loads(installed: str) -> None:
    (command,) = entry_points(group="console_scripts", name="napari-cosynth")
    assert callable(command.load())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert _heavy_after("import napari_cosynth") == []


def test_values_and_layout_files_load_nothing_heavy() -> None:
    names = ", ".join(name for name in napari_cosynth.__all__ if name != "CoSynthPipeline")
    assert _heavy_after(f"from napari_cosynth import {names}") == []


@pytest.mark.parametrize("name", napari_cosynth.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(napari_cosynth, name) is not None
    assert name in dir(napari_cosynth)


def test_an_unknown_name_is_an_attribute_error_that_lists_the_public_ones() -> None:
    with pytest.raises(AttributeError, match="Layuot.*Layout"):
        _ = napari_cosynth.Layuot


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(napari_cosynth.__file__).parent / "py.typed").is_file()
