"""What goes into a data set, under which name and into which split: decided before anything is written.

Reads the tiles' records, not their pictures, and keeps of each only what the
decision needs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from napari_cosynth.classes import Taxonomy
from napari_cosynth.export import FORMATS
from napari_cosynth.export.class_tables import ClassChange, class_tables
from napari_cosynth.export.exporter import ClassTable, ExportError
from napari_cosynth.export.names import Names
from napari_cosynth.export.splitting import assign_splits
from napari_cosynth.export.variants import Places, layout_groups, layout_key
from napari_cosynth.quality import falls_short, layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import TOO_CLOSE, SyntheticTile, Verdict
from napari_cosynth.tile_files import TileFileError, nuclei_of, read_record, read_tile, tile_records


@dataclass(frozen=True)
class TileRef:
    """A tile that can be exported: its record at once, its pictures when they are needed."""

    name: str
    path: Path
    record: Callable[[], tuple[SynthesisRequest, dict[str, Any]]]
    tile: Callable[[], SyntheticTile]


def folder_tiles(folder: Path) -> list[TileRef]:
    """The tiles of a folder that `synth` wrote, by name.

    Raises
    ------
    TileFileError
        If it is no folder, or holds no tile.
    """
    refs = [TileRef(p.stem, p, partial(read_record, p), partial(read_tile, p)) for p in tile_records(folder)]
    if not refs:
        raise TileFileError(f"{folder}: holds no tiles; give the folder that `synth` wrote tiles to")
    return refs


class ExportOptions(BaseModel):
    """What to export and how.

    Parameters
    ----------
    verdicts
        Tiles with another verdict are left out.
    split
        Shares of train, val and, if three, test; None for one set, "train".
    min_placed
        Tiles that show a smaller share of their points as nuclei are left out.
    leave_out_close
        Tiles that may be copies of training tissue are left out.
    changes
        To the class tables of formats with fixed classes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdicts: tuple[Verdict, ...] = ("accepted", "undecided")
    split: tuple[float, ...] | None = None
    min_placed: float = Field(default=0.0, ge=0, le=1)
    leave_out_close: bool = True
    changes: tuple[ClassChange, ...] = ()

    @field_validator("split")
    @classmethod
    def _shares_make_one(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        # Every comparison with nan is false, so ask for what must hold.
        if value is not None and not (len(value) in (2, 3) and min(value) >= 0 and abs(sum(value) - 1) <= 1e-6):
            raise ValueError(f"split {value}: give two or three shares of 0 to 1 that make 1, such as 0.8,0.1,0.1")
        return value


@dataclass(frozen=True)
class LeftOut:
    """A tile that is not in the data set, and why."""

    name: str
    reason: str


def reason_of(ref: TileRef, error: Exception) -> str:
    """Why a tile cannot be read, without the folder that it lies in: data sets go to other people."""
    return str(error).replace(f"{ref.path.parent}{os.sep}", "")


@dataclass(frozen=True)
class Planned:
    """A tile that will be."""

    name: str
    ref: TileRef
    split: str
    group: str


@dataclass(frozen=True)
class Plan:
    """A data set before it is written.

    ``fingerprint`` is the same if and only if the same files would come out.
    """

    formats: tuple[str, ...]
    options: ExportOptions
    tiles: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...]
    taxonomy: Taxonomy
    tables: Mapping[str, ClassTable]
    fingerprint: str


class Planner:
    """Takes tile after tile, then gives the plan."""

    def __init__(self, formats: Sequence[str], options: ExportOptions) -> None:
        unknown = [key for key in formats if key not in FORMATS]
        if unknown or not formats:
            raise ExportError(f"no format {', '.join(unknown) or 'given'}; there are: {', '.join(FORMATS)}")
        self._formats = tuple(key for key in FORMATS if key in formats)
        self._options = options
        self._names = Names()
        self._tiles: list[Planned] = []
        self._left_out: list[LeftOut] = []
        self._layouts: dict[str, Places] = {}
        self._nuclei: Counter[str] = Counter()
        self._taxonomy: tuple[Taxonomy, str] | None = None
        self._digest = hashlib.sha256()

    def add(self, ref: TileRef) -> None:
        """Take a tile in, or leave it out.

        Raises
        ------
        ExportError
            If one of the formats cannot hold it.
        """
        try:
            request, record = ref.record()
            nuclei = nuclei_of(ref.path, record)
        except TileFileError as error:
            self._left_out.append(LeftOut(ref.name, reason_of(ref, error)))
            return
        layout, report = request.layout, layout_report(request.layout, nuclei)
        verdict = record.get("verdict", "undecided")
        if verdict not in self._options.verdicts:
            self._left_out.append(LeftOut(ref.name, f"verdict {verdict}"))
            return
        if falls_short(report.found, self._options.min_placed, report.placed):
            found = f"{report.found} of {report.placed} points have a nucleus"
            self._left_out.append(LeftOut(ref.name, f"{found}, fewer than {self._options.min_placed:.0%}"))
            return
        distance = record.get("training_distance")
        if self._options.leave_out_close and isinstance(distance, int | float) and distance < TOO_CLOSE:
            why = f"too close to training tissue: distance {distance:.2f}, under {TOO_CLOSE:g}"
            self._left_out.append(LeftOut(ref.name, why))
            return
        self._check(ref.name, layout.height, layout.width, layout.taxonomy)
        places = Places(layout.centroids, layout.height, layout.width)
        key = layout_key(places)
        self._layouts.setdefault(key, places)
        self._nuclei.update(layout.taxonomy.names[n.class_id] for n in nuclei if n.class_id < len(layout.taxonomy))
        self._digest.update(json.dumps([ref.name, record], sort_keys=True).encode())
        self._tiles.append(Planned(self._names.take(ref.name), ref, "train", key))

    def plan(self) -> Plan:
        """The plan of all tiles so far.

        Raises
        ------
        ExportError
            If none is left, they cannot be split as asked, or a format has no class for one of theirs.
        """
        if not self._tiles or self._taxonomy is None:
            reasons = "; ".join(f"{left.name}: {left.reason}" for left in self._left_out[:3])
            raise ExportError(
                f"no tile is left to export: all {len(self._left_out)} were left out ({reasons}). "
                "Choose other verdicts, a lower share of placed nuclei, or take tiles near training tissue too"
            )
        taxonomy = self._taxonomy[0]
        tables = class_tables(self._formats, self._nuclei, taxonomy.names, self._options.changes)
        groups = layout_groups(self._layouts)
        tiles = [replace(t, group=groups[t.group]) for t in self._tiles]
        if self._options.split is not None:
            split_of = assign_splits(Counter(t.group for t in tiles), self._options.split)
            tiles = [replace(t, split=split_of[t.group]) for t in tiles]
        left_out = [left.name for left in self._left_out]
        sets = [(t.split, t.group) for t in tiles]
        facts = [self._formats, self._options.model_dump(mode="json"), left_out, tables, sets]
        self._digest.update(json.dumps(facts, sort_keys=True).encode())
        return Plan(
            self._formats,
            self._options,
            tuple(tiles),
            tuple(self._left_out),
            taxonomy,
            tables,
            self._digest.hexdigest(),
        )

    def _check(self, name: str, height: int, width: int, taxonomy: Taxonomy) -> None:
        if self._taxonomy is None:
            self._taxonomy = (taxonomy, name)
        elif taxonomy.names != self._taxonomy[0].names:
            raise ExportError(
                f"{name} has the classes {', '.join(taxonomy.names)}, but {self._taxonomy[1]} has "
                f"{', '.join(self._taxonomy[0].names)}; export tiles of different models each on their own"
            )
        for key in self._formats:
            size = FORMATS[key].tile_size
            if size not in (None, (height, width)):
                raise ExportError(
                    f"{name} is {height} x {width} px, but {key} holds tiles of {size[0]} x {size[1]} px alone; "
                    f"leave --format {key} out, or make the tiles with --size {size[0]},{size[1]}"
                )
