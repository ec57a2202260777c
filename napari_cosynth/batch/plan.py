"""The plan of a batch: a TOML file, checked before anything is made.

It says what shall come out, and nothing of the machines that make it: the same
plan gives tiles of the same names and seeds everywhere.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from napari_cosynth.batch.plan_faults import KEYS, plan_faults
from napari_cosynth.batch.plan_paths import with_paths
from napari_cosynth.batch.tile_names import layout_name, refuse_equal_names, refuse_long_names
from napari_cosynth.export import FORMATS
from napari_cosynth.export.class_tables import ClassChange
from napari_cosynth.export.plan import ExportOptions
from napari_cosynth.layout import plain_message
from napari_cosynth.layouts.model import checked_name
from napari_cosynth.points import MAX_POINTS, allowed_side
from napari_cosynth.presets import QUALITIES, Preset, Quality
from napari_cosynth.quality import LayoutReport, exceeds, falls_short
from napari_cosynth.request import MAX_PROMPT, MAX_SEED

MAX_TILES = 10_000_000
UM_PER_PX = 0.25
"""The scale that tissues and models are made for."""

Count = Annotated[int, Field(ge=0, le=MAX_POINTS)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_A_PLAN = (
    "a plan is a TOML file whose tables [tiles] and [[group]] say what is made (docs/batch.md); correct this one, or "
    "choose another"
)


class PlanError(ValueError):
    """A plan that cannot be carried out; the message names the file, the table and the key."""


class NoPlanError(PlanError):
    """A file that is no plan at all; the message names it and says what a plan is."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TilesTable(_Table):
    """``[tiles]``: what all tiles have in common.

    Parameters
    ----------
    size
        Height and width, px, multiples of 16 from 64 to 1024.
    quality
        Steps and guidance that go together.
    steps, guidance, layout_guidance
        In place of the quality's own.
    model
        Name of a bundled model or path of a folder; the first bundled one if None.
    """

    size: tuple[int, int] = (256, 256)
    quality: Quality = "standard"
    steps: int | None = Field(default=None, ge=1, le=200)
    guidance: float | None = Field(default=None, ge=0, le=20, allow_inf_nan=False)
    layout_guidance: float | None = Field(default=None, ge=0, le=20, allow_inf_nan=False)
    model: str | None = None

    @field_validator("size")
    @classmethod
    def _size_is_allowed(cls, value: tuple[int, int]) -> tuple[int, int]:
        return allowed_side("height", value[0]), allowed_side("width", value[1])

    @property
    def preset(self) -> Preset:
        """Steps and guidance."""
        preset = QUALITIES[self.quality]
        chosen = {key: getattr(self, key) for key in Preset._fields}
        return preset._replace(**{key: value for key, value in chosen.items() if value is not None})


class GateTable(_Table):
    """``[gate]``: which tiles are good enough. Those that are not get the verdict "rejected".

    Parameters
    ----------
    min_placed
        Share of the points that must have a nucleus.
    max_extra
        Nuclei without a point that may be, as a share of the points.
    min_class
        Share of the points with a nucleus whose nucleus must be of the class asked for.
    attempts
        How often a tile is made, each time from other noise, until it passes; of
        those that do not pass the best is kept.
    """

    min_placed: float = Field(default=0, ge=0, le=1)
    max_extra: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    min_class: float = Field(default=0, ge=0, le=1)
    attempts: int = Field(default=1, ge=1, le=20)

    def passes(self, report: LayoutReport) -> bool:
        """True if a tile with that report is good enough."""
        return not (
            falls_short(report.found, self.min_placed, report.placed)
            or (self.max_extra is not None and exceeds(len(report.extra), self.max_extra, max(report.placed, 1)))
            or falls_short(report.found - len(report.other_class), self.min_class, report.found)
        )


class ExportTable(_Table):
    """``[export]``: the data set that is written from the finished tiles.

    Parameters
    ----------
    formats
        Keys of `napari_cosynth.export.FORMATS`.
    split
        Shares of train, val and, if three, test.
    map
        Changes of class tables, ``"CLASS=CLASS"`` or ``"FORMAT:CLASS=CLASS"``.
    """

    formats: tuple[str, ...] = Field(min_length=1)
    split: tuple[float, ...] | None = None
    map: tuple[str, ...] = ()

    @field_validator("formats")
    @classmethod
    def _formats_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [key for key in value if key not in FORMATS]
        if unknown:
            raise ValueError(f"no format {', '.join(map(repr, unknown))}; there are: {', '.join(FORMATS)}")
        return value

    @field_validator("split")
    @classmethod
    def _split_is_allowed(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        try:
            ExportOptions(split=value)
        except ValidationError as error:
            raise ValueError(plain_message(error)) from None
        return value

    @field_validator("map")
    @classmethod
    def _map_is_readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ClassChange.parse(text)
        return value

    @property
    def options(self) -> ExportOptions:
        """As `export` takes them. Tiles below the gate are rejected ones, which stay out, like what may be a copy."""
        return ExportOptions(split=self.split, changes=tuple(ClassChange.parse(text) for text in self.map))


class Group(_Table):
    """``[[group]]``: layouts of one kind. Each is made with each prompt, ``variants`` times.

    Parameters
    ----------
    name
        First part of its tiles' names.
    tissue
        Name of a tissue that ships, or a JSON file of ``layout fit`` (from the plan's folder on).
    layouts
        How many are drawn of the tissue.
    files
        Or layouts of one's own, ``.csv`` or ``.geojson`` (from the plan's folder on), all of the tiles' size.
    prompts
        One or several.
    variants
        Tiles of each layout and prompt, from different noise.
    counts
        Nuclei of each class in every layout.
    mix, total
        Or shares of the classes, in any unit, and the number of nuclei; what is
        left out is drawn from the tissue for each layout.
    structure
        What the layouts show, in words; without it the tissue's own clustering.
    """

    name: str
    tissue: str = ""
    layouts: int | None = Field(default=None, ge=1, le=MAX_TILES)
    files: tuple[str, ...] = Field(default=(), max_length=MAX_TILES)
    prompts: tuple[str, ...] = Field(default=("",), min_length=1)
    variants: int = Field(default=1, ge=1, le=1000)
    counts: dict[str, Count] | None = None
    mix: dict[str, Share] | None = None
    total: Count | None = None
    structure: str = Field(default="", max_length=MAX_PROMPT)

    @field_validator("name")
    @classmethod
    def _name_is_a_file_stem(cls, value: str) -> str:
        return checked_name(value, "group")

    @field_validator("prompts")
    @classmethod
    def _prompts_fit(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        prompts = tuple(prompt.strip() for prompt in value)
        for prompt in prompts:
            if len(prompt) > MAX_PROMPT:
                raise ValueError(f"a prompt of {len(prompt)} characters; at most {MAX_PROMPT} are allowed: shorten it")
            if prompts.count(prompt) > 1:
                raise ValueError(f"the prompt {prompt!r} stands there twice; for more tiles of it raise variants")
        return prompts

    @field_validator("files")
    @classmethod
    def _files_come_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # Two patterns may fit the same file.
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _tissue_or_files(self) -> Self:
        if bool(self.tissue) == bool(self.files):
            raise ValueError("give tissue and layouts, or files with layouts of your own; one of the two")
        if self.tissue and self.layouts is None:
            raise ValueError("layouts is missing; say how many are drawn of the tissue")
        for key in ("layouts", "counts", "mix", "total", "structure") if self.files else ():
            if getattr(self, key):
                raise ValueError(f"{key} is for layouts that are drawn; leave it out beside files")
        first: dict[str, str] = {}
        for file in self.files:
            other = first.setdefault(layout_name(file), file)
            if other is not file:
                raise ValueError(f"the tiles of {file} and {other} would have the same names; rename one")
        return self

    @model_validator(mode="after")
    def _counts_or_mix(self) -> Self:
        if self.counts is not None and (self.mix is not None or self.total is not None):
            raise ValueError("counts say it all; leave out mix and total, or counts")
        if self.counts is not None and sum(self.counts.values()) > MAX_POINTS:
            raise ValueError(f"counts of {sum(self.counts.values())} nuclei; at most {MAX_POINTS} are allowed")
        if self.mix is not None and not sum(self.mix.values()):
            raise ValueError("all shares of mix are 0; give one above 0")
        return self

    @property
    def tiles(self) -> int:
        """How many come of it."""
        return self.n_layouts * len(self.prompts) * self.variants

    @property
    def n_layouts(self) -> int:
        """Layouts drawn or read."""
        return len(self.files) or self.layouts or 0


class Plan(_Table):
    """A whole plan; the fields are the tables of its file.

    Parameters
    ----------
    seed
        Layouts and noise follow from it and from the tiles' names.
    """

    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    tiles: TilesTable = TilesTable()
    gate: GateTable = GateTable()
    export: ExportTable | None = None
    group: tuple[Group, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        names = [group.name for group in self.group]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"two [[group]] tables are called {twice!r}; their tiles would have the same names")
        refuse_equal_names(self.group)
        refuse_long_names(self.group)
        if self.n_tiles > MAX_TILES:
            raise ValueError(f"{self.n_tiles:,} tiles; at most {MAX_TILES:,} are allowed: make several plans")
        for key in self.export.formats if self.export else ():
            size = FORMATS[key].tile_size
            if size not in (None, self.tiles.size):
                raise ValueError(
                    f'[export], key "formats": {key} holds tiles of {size[0]} x {size[1]} px alone, but [tiles] has '
                    f"size {list(self.tiles.size)}; leave {key} out or change the size"
                )
        return self

    @property
    def n_layouts(self) -> int:
        """Layouts of all groups."""
        return sum(group.n_layouts for group in self.group)

    @property
    def n_tiles(self) -> int:
        """Tiles of all groups."""
        return sum(group.tiles for group in self.group)


def read_plan(path: Path) -> Plan:
    """The plan of a TOML file. Paths in it start at its folder.

    Raises
    ------
    NoPlanError
        If it is no TOML, or TOML for something else.
    PlanError
        If it is a plan with faults; a line for each, with file, table and key.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NoPlanError(f"{path}: is not TOML: {error}; {_A_PLAN}") from error
    if not data.keys() & KEYS[""]:
        listed = ", ".join(list(data)[:3]) + (", ..." if len(data) > 3 else "")
        raise NoPlanError(f"{path}: has no key of a plan{f', but {listed}' if data else ''}; {_A_PLAN}")
    try:
        return Plan.model_validate(with_paths(data, path.resolve().parent))
    except ValidationError as error:
        raise PlanError("\n".join(f"{path}: {fault}" for fault in plan_faults(error, data))) from error
