import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_cosynth
from napari_cosynth.resources import samples

PATH = Path(napari_cosynth.__file__).parent / "napari.yaml"


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(PATH)


def test_napari_finds_it():
    (entry,) = [e for e in entry_points(group="napari.manifest") if e.name == "napari-cosynth"]
    assert entry.value == "napari_cosynth:napari.yaml"


def test_npe2_finds_no_fault_and_every_command_is_there():
    done = subprocess.run(
        [sys.executable, "-m", "npe2", "validate", "--imports", str(PATH)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "valid" in done.stdout


def test_one_dock_two_readers_one_writer_and_an_icon(manifest):
    found = manifest.contributions
    assert (manifest.display_name, [w.display_name for w in found.widgets]) == ("CoSynth", ["CoSynth"])
    assert {p for reader in found.readers for p in reader.filename_patterns} == {"*.csv", "*.geojson", "*.cosynth"}
    assert found.writers[0].filename_extensions == [".csv", ".geojson"]
    package, _, icon = manifest.icon.partition(":")
    assert package == "napari_cosynth"
    assert (PATH.parent / icon).read_text(encoding="utf-8").startswith("<svg")


def test_every_sample_of_the_index_is_offered(manifest):
    assert [sample.key for sample in manifest.contributions.sample_data] == [sample.name for sample in samples()]


def test_importing_the_dock_and_the_adapters_loads_no_model_library():
    modules = "widgets.dock, _reader, _writer, _sample_data"
    code = (
        "import sys;"
        + ";".join(f"import napari_cosynth.{name.strip()}" for name in modules.split(","))
        + ";print(sorted({'torch','diffusers','transformers','accelerate'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
