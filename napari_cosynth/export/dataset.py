"""Tiles become a data set: one generator for the command line and the dock.

Reads one tile at a time. Killed at any moment, it goes on where it stopped when
it is called again with the same tiles, formats and options.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from napari_cosynth.export.target import MANIFEST, SUMS, Target
from napari_cosynth.tile_files import TileFileError
from napari_cosynth.tile_png import png_bytes

SHEET, CONTACTS = "DATASHEET.md", "contact-sheet.png"


@dataclass(frozen=True)
class Progress:
    """How far it is. ``done`` counts within the stage; the total of "finishing" is not known before (0).

    The last one has the stage "done" and says what was left out.
    """

    stage: str
    done: int
    total: int
    plan: Plan | None = None
    left_out: tuple[LeftOut, ...] = ()


def export(
    tiles: Sequence[TileRef],
    formats: Sequence[str],
    out: Path,
    options: ExportOptions | None = None,
    *,
    overwrite: bool = False,
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
    target = Target(out, plan.fingerprint, overwrite)
    damaged: dict[str, LeftOut] = {}
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
    yield Progress("done", len(plan.tiles), len(plan.tiles), plan, (*plan.left_out, *damaged.values()))


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
    counts = {split: n for split in SPLITS if (n := sum(s == split for s in target.done.values()))}
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


def _spread(n: int, most: int) -> list[int]:
    """At most ``most`` of the indices below n, evenly."""
    return sorted({i * n // min(n, most) for i in range(min(n, most))})


def _sum_lines(target: Target, sums: dict[str, str]) -> Iterator[bytes]:
    for entry in target.entries():
        yield "".join(f"{digest}  {name}\n" for name, digest in entry["files"].items()).encode()
    yield "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()
