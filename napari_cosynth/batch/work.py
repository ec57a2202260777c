"""Work: a plan with everything decided, as all workers read it.

It stands beside the tiles as ``batch.json``: a worker on another machine gets it
from there, and a later run compares itself with it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_cosynth.batch.jobs import Job, jobs_of
from napari_cosynth.batch.plan import UM_PER_PX, Plan, PlanError
from napari_cosynth.batch.plan_faults import group_place
from napari_cosynth.batch.storage import Storage
from napari_cosynth.batch.tile_names import layout_name
from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.layout_io import LayoutFileError, read_layout
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.tissues import find_tissue

STATE = "batch.json"
KIND = "napari-cosynth batch"


class Work(BaseModel):
    """What a worker needs to make any tile of a plan.

    Parameters
    ----------
    tissues
        Of each group that names one, by the group's name.
    layouts
        Of each group that has its own, by the group's and by `tile_names.layout_name`.
    model, model_hash, taxonomy
        The model, and what it must be.
    device, dtype
        None: each worker takes its fastest.
    threads
        Of the CPU, of each worker process.
    batch_size
        Tiles that go through the network together.
    deterministic
        Batches of one with fixed threads: each tile depends on its request alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["napari-cosynth batch"] = KIND
    schema_version: Literal[1] = 1
    plan: Plan
    tissues: dict[str, TissueModel]
    layouts: dict[str, dict[str, Layout]] = {}
    model: str
    model_hash: str
    taxonomy: Taxonomy
    device: str | None = None
    dtype: Literal["float32", "bfloat16"] | None = None
    threads: int = Field(default=1, ge=1)
    batch_size: int = Field(default=1, ge=1)
    deterministic: bool = False

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All tiles, finished or not."""
        return tuple(jobs_of(self.plan))

    @cached_property
    def fingerprint(self) -> str:
        """Another one for any other work."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def set_up(self, **changes: Any) -> Work:
        """The same work with other ``threads``, ``batch_size``, ..."""
        return Work(**{name: getattr(self, name) for name in Work.model_fields} | changes)

    def how(self) -> str:
        """What besides the plan decides the last bits of a tile."""
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.device or 'fastest device'}, {self.dtype or 'fastest dtype'}, {threads}, batch {self.batch_size}"


def tissues_of(plan: Plan, taxonomy: Taxonomy) -> dict[str, TissueModel]:
    """The tissue of each group that names one, with what it needs.

    Raises
    ------
    PlanError
        Naming the groups whose tissue is not there or lacks a class, and those
        with classes that the model does not know.
    """
    found, faults = {}, []
    for number, group in enumerate(plan.group, start=1):
        if group.files:
            continue
        place = group_place(number, group.name)
        try:
            tissue = find_tissue(group.tissue)
        except ValueError as error:
            faults.append(f'{place}, key "tissue": {error}')
            continue
        found[group.name] = tissue
        for key in ("counts", "mix"):
            for name in getattr(group, key) or {}:
                if name not in tissue.classes:
                    classes = ", ".join(tissue.classes)
                    faults.append(f'{place}, key "{key}.{name}": the tissue {tissue.name} has the classes {classes}')
        lacking = [name for name in tissue.classes if name not in taxonomy.names]
        if lacking:
            known = ", ".join(taxonomy.names)
            faults.append(f'{place}, key "tissue": the model has no class {", ".join(lacking)}; it has {known}')
    if faults:
        raise PlanError("\n".join(faults))
    return found


def layouts_of(plan: Plan, taxonomy: Taxonomy) -> dict[str, dict[str, Layout]]:
    """The layouts of each group that has its own, by `tile_names.layout_name`.

    Raises
    ------
    PlanError
        Naming the groups, and the files that cannot be read, do not fit the
        tiles' size, or have classes that the model does not know.
    """
    found: dict[str, dict[str, Layout]] = {}
    faults = []
    for number, group in enumerate(plan.group, start=1):
        for file in group.files:
            try:
                layout = read_layout(file, plan.tiles.size, UM_PER_PX, taxonomy)
            except LayoutFileError as error:
                faults.append(f'{group_place(number, group.name)}, key "files": {error}')
            else:
                found.setdefault(group.name, {})[layout_name(file)] = layout
    if faults:
        raise PlanError("\n".join(faults))
    return found


def former_work(storage: Storage) -> Work | None:
    """The work of an earlier run in that place; None if there was none.

    Raises
    ------
    PlanError
        If its ``batch.json`` cannot be read.
    """
    try:
        return Work.model_validate_json(storage.read(STATE))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise PlanError(
            f"{storage.url}/{STATE} is not of this program version: {plain_message(error)}\nGive another --out"
        ) from error


def write_work(storage: Storage, work: Work) -> None:
    """Leave the work beside the tiles."""
    storage.write({STATE: (json.dumps(work.model_dump(mode="json"), indent=1) + "\n").encode()})
