"""The tiles of a plan: names, seeds and layouts, which follow from the plan alone.

A tile's seeds come from its name, not from its place in a list: groups, layouts,
prompts and variants can be added to a plan, and the tiles that it had stay the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_cosynth.batch.plan import UM_PER_PX, Group, Plan
from napari_cosynth.batch.tile_names import layout_name, layout_number, layout_stem, tile_name
from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.abundance import draw_counts
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.suggest import suggest_layout


@dataclass(frozen=True)
class Job:
    """One tile to be made.

    Parameters
    ----------
    name
        Stem of its files, such as "nest-00012-p1-v3": group, layout, prompt, variant.
    group
        Name of its group.
    layout
        Number of the layout in its group, from 1, or the name of its file.
    prompt
        Of the tile.
    layout_seed, seed
        Of the layout and of the noise.
    """

    name: str
    group: str
    layout: str
    prompt: str
    layout_seed: int
    seed: int

    @property
    def source(self) -> str:
        """Where its layout came from, for the record."""
        return f"{self.group}, layout {self.layout}"


def jobs_of(plan: Plan) -> Iterator[Job]:
    """The tiles of a plan in a fixed order; those of one layout follow each other."""
    for group in plan.group:
        for layout, in_names in _layouts_of(group):
            stem = layout_stem(group.name, in_names)
            layout_seed = seed_of(plan.seed, stem)
            for p, prompt in enumerate(group.prompts, start=1):
                for variant in range(1, group.variants + 1):
                    name = tile_name(stem, p, variant)
                    yield Job(name, group.name, layout, prompt, layout_seed, seed_of(plan.seed, name))


def _layouts_of(group: Group) -> Iterator[tuple[str, str]]:
    """Each layout, and what it is called in the names of its tiles."""
    if group.files:
        yield from ((layout_name(file), layout_name(file)) for file in group.files)
    else:
        yield from ((str(number), layout_number(number)) for number in range(1, group.n_layouts + 1))


def seed_of(seed: int, name: str) -> int:
    """A seed of 48 bits for a name; another for any other name or plan seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:6], "big")


def attempt_seed(job: Job, attempt: int) -> int:
    """Seed of the noise of an attempt, counted from 1."""
    return job.seed if attempt == 1 else seed_of(job.seed, f"attempt {attempt}")


def draw_layout(group: Group, tissue: TissueModel, size: tuple[int, int], seed: int, taxonomy: Taxonomy) -> Layout:
    """A layout of a group that names a tissue.

    Raises
    ------
    ValueError
        If so many nuclei do not fit, or the tissue has not the classes.
    """
    height, width = size
    counts = group.counts
    if counts is None:
        # Beside the stream of the places, so that neither depends on the other.
        rng = np.random.default_rng([seed, 1])
        counts = draw_counts(tissue, height * width * UM_PER_PX**2, rng, total=group.total, mix=group.mix)
    return suggest_layout(
        tissue,
        counts,
        prompt=group.structure,
        seed=seed,
        height=height,
        width=width,
        um_per_px=UM_PER_PX,
        taxonomy=taxonomy,
    )
