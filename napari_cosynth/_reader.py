"""Layouts and projects for napari's File > Open, and for files dropped on its canvas.

An open CoSynth dock takes in what is read here; without one it stays what it is, layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_cosynth.layer_data import METADATA, LayerData, layout_layer, taxonomy_in
from napari_cosynth.layout_csv import HEADER
from napari_cosynth.layout_io import read_layout
from napari_cosynth.points import MAX_SIDE

Reader = Callable[[str | Sequence[str]], list[LayerData]]


def get_layout_reader(path: str | Sequence[str]) -> Reader | None:
    """The reader of layouts; None for a CSV file of another kind, which napari then reads itself."""
    if all(_is_layout(Path(one)) for one in _paths(path)):
        return read_layouts
    return None


def get_project_reader(path: str | Sequence[str]) -> Reader | None:
    """The reader of projects."""
    return read_projects if all(Path(one).is_file() for one in _paths(path)) else None


def read_layouts(path: str | Sequence[str]) -> list[LayerData]:
    """One points layer for each file.

    Raises
    ------
    LayoutFileError
        Naming the file, the line or feature, and the remedy.
    """
    import napari

    viewer = napari.current_viewer()
    taxonomy = taxonomy_in(viewer.layers if viewer else ())
    # A file does not say how large its tile is: whoever takes the layer in decides.
    read = {Path(one): read_layout(one, size=(MAX_SIDE, MAX_SIDE), taxonomy=taxonomy) for one in _paths(path)}
    return [layout_layer(layout, file.stem, opened="layout") for file, layout in read.items()]


def read_projects(path: str | Sequence[str]) -> list[LayerData]:
    """The layout of each project, and the tile that was shown in it with its labels.

    Raises
    ------
    ProjectError
        If a file is damaged so that nothing of it can be read.
    """
    from napari_cosynth.project import ProjectError, open_project, recover_project

    layers: list[LayerData] = []
    for one in _paths(path):
        file = Path(one)
        try:
            snapshot = open_project(file).snapshot
        except ProjectError:
            # The dock opens it again and says what is lost.
            snapshot = recover_project(file).snapshot
        facts = {"opened": "project", "path": str(file)}
        layout = snapshot.layout
        size = {"height": layout.height, "width": layout.width, "um_per_px": layout.um_per_px}
        metadata = {"metadata": {METADATA: facts}}
        for entry in snapshot.entries:
            if entry.key == snapshot.current:
                layers.append((entry.tile.image, {"name": f"{file.stem} tile", "rgb": True, **metadata}, "image"))
                layers.append((entry.tile.instances, {"name": f"{file.stem} instances", **metadata}, "labels"))
        layers.append(layout_layer(layout, f"{file.stem} nuclei", **facts, **size, prompt=snapshot.prompt))
    return layers


def _is_layout(path: Path) -> bool:
    if path.suffix.lower() != ".csv":
        return path.is_file()
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            first = stream.readline(200).strip()
    except OSError:
        return False
    return first.replace('"', "") == ",".join(HEADER)


def _paths(path: str | Sequence[str]) -> list[str]:
    return [path] if isinstance(path, str) else list(path)
