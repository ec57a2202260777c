"""What a plan comes to, without a model: for whoever asks before starting it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_cosynth.batch.asked_dataset import refuse_dataset
from napari_cosynth.batch.jobs import jobs_of
from napari_cosynth.batch.plan import PlanError, read_plan
from napari_cosynth.batch.storage import finished, open_storage
from napari_cosynth.batch.work import layouts_of, tissues_of
from napari_cosynth.catalogue import CatalogueError, model_info


@dataclass(frozen=True)
class Outlook:
    """Groups, layouts and tiles of a plan; ``there`` of the tiles are finished."""

    groups: int
    layouts: int
    tiles: int
    there: int = 0

    @property
    def left(self) -> int:
        """Tiles to be made."""
        return self.tiles - self.there


def outlook(plan_file: Path, out: str = "") -> Outlook:
    """Read a plan and see that its tissues, layouts, classes and model are there, and that its data set can be.

    Parameters
    ----------
    out
        Where its tiles go; nothing counts as finished if empty.

    Raises
    ------
    PlanError, StorageError
        A line for each fault, with table and key.
    OSError
        If the file or the folder cannot be read.
    """
    plan = read_plan(plan_file)
    try:
        taxonomy = model_info(plan.tiles.model).taxonomy
    except CatalogueError as error:
        raise PlanError(f'{plan_file}: [tiles], key "model": {error}') from error
    refuse_dataset(plan, tissues_of(plan, taxonomy), layouts_of(plan, taxonomy), taxonomy)
    names = open_storage(out).names() if out else set()
    there = sum(finished(names, job.name) for job in jobs_of(plan)) if names else 0
    return Outlook(len(plan.group), plan.n_layouts, plan.n_tiles, there)
