"""What comes after the tiles: the list of failures and the data set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from napari_cosynth.batch.jobs import Job
from napari_cosynth.batch.making import Outcome
from napari_cosynth.batch.plan import ExportTable
from napari_cosynth.batch.storage import TILES, Storage, finished
from napari_cosynth.export.dataset import Progress, export
from napari_cosynth.export.plan import TileRef
from napari_cosynth.tile_files import read_record, read_tile

FAILURES = "failures.json"


def write_failures(storage: Storage, failed: Sequence[Outcome]) -> None:
    """List the tiles that failed in this run; they are tried again in the next."""
    listed = [{"tile": outcome.name, "reason": outcome.reason} for outcome in failed]
    storage.write({FAILURES: (json.dumps({"failed": listed}, indent=1) + "\n").encode()})


def export_tiles(storage: Storage, jobs: Sequence[Job], table: ExportTable) -> Iterator[Progress]:
    """Write the data set of a batch's finished tiles in the plan's order; one that is there is brought up to date.

    Yields
    ------
    As `napari_cosynth.export.dataset.export` does.

    Raises
    ------
    ExportError, OSError
        As `export` does.
    """
    names = storage.names()
    refs = [_ref(storage, job.name) for job in jobs if finished(names, job.name)]
    with storage.dataset() as folder:
        yield from export(refs, table.formats, folder, table.options, overwrite=True)


def _ref(storage: Storage, stem: str) -> TileRef:
    def read(path: Path) -> bytes:
        return storage.read(path.as_posix())

    path = Path(TILES, f"{stem}.json")
    return TileRef(stem, path, partial(read_record, path, read), partial(read_tile, path, read))
