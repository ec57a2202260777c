"""The tiles of a session or of a saved project, for export."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari_cosynth.export.plan import TileRef
from napari_cosynth.project import ProjectError, open_members, tile_name
from napari_cosynth.project_reading import read_document
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.snapshot import Snapshot
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.tile_files import read_record, read_tile, tile_record


def snapshot_tiles(snapshot: Snapshot) -> list[TileRef]:
    """The tiles of a session as they are now, in its order: "tile-001", "tile-002", ...

    Nothing is read from the disk, and a tile that was edited comes as it is seen.
    """

    def ref(number: int, tile: SyntheticTile) -> TileRef:
        def record() -> tuple[SynthesisRequest, dict[str, Any]]:
            return tile.request, tile_record(tile)

        return TileRef(tile_name(number), Path(tile_name(number)), record, lambda: tile)

    return [ref(number, entry.tile) for number, entry in enumerate(snapshot.entries, start=1)]


def project_tiles(path: Path) -> list[TileRef]:
    """The tiles of a ``.cosynth`` file, named as `snapshot_tiles` does; each is read when it is needed.

    The file stays open for as long as the tiles are there. A tile that is damaged
    says so when it is read.

    Raises
    ------
    ProjectError
        If it is no project, its ``project.json`` is damaged, or it has no tiles.
    """
    path = Path(path)

    def refuse(what: str) -> None:
        raise ProjectError(f"{path}: {what}. Recover the project in napari first, and save it anew")

    members = open_members(path)
    document, _ = read_document(path, members, refuse)
    if not document.tiles:
        raise ProjectError(f"{path}: the project holds no tiles; generate some in napari and save it again")
    return [
        TileRef(
            tile_name(number),
            path / stored.record,
            partial(read_record, path / stored.record, members.read),
            partial(read_tile, path / stored.record, members.read),
        )
        for number, stored in enumerate(document.tiles, start=1)
    ]
