"""What the export panel runs in its thread: the machinery of the command line on the session's tiles.

Everything heavy is imported there.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from napari_cosynth.snapshot import Snapshot
from napari_cosynth.widgets.export.choice import ExportChoice

if TYPE_CHECKING:
    from napari_cosynth.export.dataset import Progress
    from napari_cosynth.export.plan import Plan, TileRef

_MACHINERY = ("napari_cosynth.export", "napari_cosynth.export.dataset", "napari_cosynth.widgets.export.words")
Tiles = Callable[[Snapshot], "Sequence[TileRef]"]


def formats_are_there() -> bool:
    """Whether the machinery of export is imported already."""
    return all(name in sys.modules for name in _MACHINERY)


def import_formats() -> Iterator[None]:
    """Import it, one module after the other."""
    for name in _MACHINERY:
        importlib.import_module(name)
        yield


def session_tiles(snapshot: Snapshot) -> Sequence[TileRef]:
    """The tiles of a session."""
    from napari_cosynth.export.session_tiles import snapshot_tiles

    return snapshot_tiles(snapshot)


def planning(snapshot: Snapshot, choice: ExportChoice, tiles: Tiles = session_tiles) -> Iterator[Plan | None]:
    """Look at each tile, then yield what would be written; None before that.

    Raises
    ------
    ExportError
        If it cannot be exported as chosen.
    """
    from napari_cosynth.export.plan import Planner

    planner = Planner(choice.formats, choice.options())
    for ref in tiles(snapshot):
        planner.add(ref)
        yield None
    yield planner.plan()


def exporting(
    snapshot: Snapshot, choice: ExportChoice, tiles: Tiles = session_tiles, *, overwrite: bool = False
) -> Iterator[Progress]:
    """Write the data set; see `export.dataset.export` for what is yielded and raised."""
    from napari_cosynth.export.dataset import export

    return export(tiles(snapshot), choice.formats, choice.place(), choice.options(), overwrite=overwrite)
