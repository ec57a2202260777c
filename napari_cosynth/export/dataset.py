"""Tiles become a data set: one generator for the command line and the dock.

Reads one tile at a time. Killed at any moment, it goes on where it stopped when
it is called again with the same tiles, formats and options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from napari_cosynth.export import FORMATS
from napari_cosynth.export.contact_sheet import MAX_TILES, contact_sheet
from napari_cosynth.export.datasheet import datasheet
from napari_cosynth.export.exporter import ExportError, Finishing, Item
from napari_cosynth.export.manifest import about_tile, manifest_chunks, manifest_head
from napari_cosynth.export.plan import ExportOptions, LeftOut, Plan, Planned, Planner, TileRef, reason_of
from napari_cosynth.export.splitting import SPLITS
from napari_cosynth.export.target import MANIFEST, SUMS, Target, alone_in
from napari_cosynth.tile_files import TileFileError
from napari_cosynth.tile_png import png_bytes

SHEET, CONTACTS = "DATASHEET.md", "contact-sheet.png"


@dataclass(frozen=True)
class Progress:
    """How far it is. ``done`` counts within the stage; the total of "finishing" is not known before (0).

    The last one has the stage "done" and says how many tiles of each split are in the data set, and what was left out.
    """

    stage: str
    done: int
    total: int
    plan: Plan | None = None
    left_out: tuple[LeftOut, ...] = ()
    written: Mapping[str, int] = field(default_factory=dict)


def export(
    tiles: Sequence[TileRef],
    formats: Sequence[str],
    out: Path,
    options: ExportOptions | None = None,
    *,
    overwrite: bool = False,
    anew: bool = False,
) -> Iterator[Progress]:
    """Write a data set.

    ``out`` gets a folder for each format, ``dataset.json``, ``DATASHEET.md``,
    ``contact-sheet.png`` and ``SHA256SUMS``. Closing the generator cancels: what
    is there is whole, and the same call goes on.

    Parameters
    ----------
    tiles
        `plan.folder_tiles`, or others.
    formats
        Keys of `FORMATS`.
    out
        A new or empty folder, or one with this export unfinished.
    overwrite
        Replace files of the same names, and a former export as a whole; other
        files always stay.
    anew
        Write the very same export again, too. Else it stays as it is, unless files
        are gone or tiles were damaged then.

    Yields
    ------
    Progress of "reading", "tiles" and "finishing", then "done".

    Raises
    ------
    ExportError
        If it cannot be done as asked; nothing is written then.
    OSError
        If the disk is full or the folder refuses; it names the file. What was
        written stays, and the same call goes on.
    """
    planner = Planner(formats, options or ExportOptions())
    for i, ref in enumerate(tiles):
        yield Progress("reading", i, len(tiles))
        planner.add(ref)
    plan = planner.plan()
    with alone_in(Path(out)):
        yield from _written(plan, Target(out, plan.fingerprint, len(plan.tiles), overwrite=overwrite, anew=anew))


def _written(plan: Plan, target: Target) -> Iterator[Progress]:
    """Write what is not there yet."""
    damaged: dict[str, LeftOut] = {}
    splits: Iterable[str] = [tile.split for tile in plan.tiles]
    if not target.complete:
        for i, planned in enumerate(plan.tiles):
            yield Progress("tiles", i, len(plan.tiles), plan)
            if planned.name not in target.done:
                _write_tile(planned, plan, target, damaged)
        if not target.done:
            raise ExportError(f"no tile could be read; the first one: {next(iter(damaged.values())).reason}")
        for i, _ in enumerate(_finish(plan, target, tuple(damaged.values()))):
            yield Progress("finishing", i, 0, plan)
        target.close()
        splits = target.done.values()
    left_out = (*plan.left_out, *damaged.values())
    yield Progress("done", len(plan.tiles), len(plan.tiles), plan, left_out, _by_split(splits))


def _write_tile(planned: Planned, plan: Plan, target: Target, damaged: dict[str, LeftOut]) -> None:
    try:
        item = _item(planned)
        encoded = {key: FORMATS[key].encode(item, plan.tables.get(key, {})) for key in plan.formats}
        about = about_tile(item, planned.ref.record()[1])
    except (TileFileError, ExportError) as error:
        damaged[planned.name] = LeftOut(planned.ref.name, reason_of(planned.ref, error))
        return
    files = target.write({f"{key}/{name}": content for key, e in encoded.items() for name, content in e.files.items()})
    rows = {key: e.rows for key, e in encoded.items()}
    target.note({"tile": item.name, "split": item.split, "files": files, "about": about, "rows": rows})


def _finish(plan: Plan, target: Target, damaged: tuple[LeftOut, ...]) -> Iterator[None]:
    """Write what tells of all tiles at once; `dataset.json` last, so that it says that all else is there."""

    def about() -> Iterator[dict[str, Any]]:
        return (entry["about"] for entry in target.entries())

    def items(split: str) -> Iterator[Item]:
        # In the journal's order, which is that of the rows.
        planned = {tile.name: tile for tile in plan.tiles}
        return (_item(planned[entry["tile"]]) for entry in target.entries(split))

    def rows(key: str, split: str) -> Iterator[Any]:
        return (entry["rows"][key] for entry in target.entries(split))

    head = manifest_head(plan, about(), (*plan.left_out, *damaged))
    counts = _by_split(target.done.values())
    licence = "; ".join(dict.fromkeys(model["licence"] for model in head["models"]))
    sums: dict[str, str] = {}
    for key in plan.formats:
        finishing = Finishing(plan.taxonomy, plan.tables.get(key, {}), counts, licence, partial(rows, key), items)
        for name, chunks in FORMATS[key].finish(finishing):
            yield from target.stream(f"{key}/{name}", chunks, sums)
    shown = [plan.tiles[i] for i in _spread(len(plan.tiles), MAX_TILES) if plan.tiles[i].name in target.done]
    sheet = png_bytes(contact_sheet(_item(planned).tile for planned in shown))
    sums |= target.write({CONTACTS: sheet, SHEET: datasheet(head).encode()})
    yield from target.stream(SUMS, _sum_lines(target, sums), {})
    yield from target.stream(MANIFEST, manifest_chunks(head, about()), {})


def _item(planned: Planned) -> Item:
    return Item(planned.name, planned.split, planned.group, planned.ref.tile())


def _by_split(splits: Iterable[str]) -> dict[str, int]:
    """Number of each split that occurs, "train" first."""
    counted = Counter(splits)
    return {split: counted[split] for split in SPLITS if counted[split]}


def _spread(n: int, most: int) -> list[int]:
    """At most ``most`` of the indices below n, evenly."""
    return sorted({i * n // min(n, most) for i in range(min(n, most))})


def _sum_lines(target: Target, sums: dict[str, str]) -> Iterator[bytes]:
    for entry in target.entries():
        yield "".join(f"{digest}  {name}\n" for name, digest in entry["files"].items()).encode()
    yield "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
