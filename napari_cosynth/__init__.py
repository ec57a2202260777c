"""Labelled nuclei tiles from points and a prompt.

The public names, each imported when it is first asked for: importing the
package must load neither torch nor diffusers.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_cosynth.classes import NucleusClass, Taxonomy
    from napari_cosynth.layout import Layout
    from napari_cosynth.layout_io import read_layout, write_layout
    from napari_cosynth.model.pipeline import CoSynthPipeline
    from napari_cosynth.request import SynthesisRequest
    from napari_cosynth.tile import SyntheticTile

try:
    __version__ = version("napari-cosynth")
except PackageNotFoundError:
    # A checkout on the path that nobody installed.
    __version__ = "0+uninstalled"

__all__ = [
    "CoSynthPipeline",
    "Layout",
    "NucleusClass",
    "SyntheticTile",
    "SynthesisRequest",
    "Taxonomy",
    "__version__",
    "read_layout",
    "write_layout",
]

_HOME = {
    "CoSynthPipeline": "napari_cosynth.model.pipeline",
    "Layout": "napari_cosynth.layout",
    "NucleusClass": "napari_cosynth.classes",
    "SyntheticTile": "napari_cosynth.tile",
    "SynthesisRequest": "napari_cosynth.request",
    "Taxonomy": "napari_cosynth.classes",
    "read_layout": "napari_cosynth.layout_io",
    "write_layout": "napari_cosynth.layout_io",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; public names: {', '.join(__all__)}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
