"""Which tiles are asked of the model, given N real ones.

Layouts and prompts hold nothing that is not in the N tiles: their points, their
points moved a little, or their counts set anew by a fitted tissue. The model and
the tissues are fixed, and saw other tiles when they were made.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_cosynth.evaluation.making import layout_of
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.jitter import jittered
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.model import TissueModel
from napari_cosynth.layouts.sample import sample_layout

KINDS = ("own", "moved", "drawn")
"""The real points; each moved a little; as many of each class, placed as in a tissue."""


@dataclass(frozen=True, eq=False)
class Ask:
    """A tile to be made: its name, the real window it follows, layout and prompt."""

    name: str
    follows: Sample
    layout: Layout
    prompt: str


def asks(samples: Sequence[Sample], n: int, tissues: Sequence[TissueModel], seed: int = 0) -> list[Ask]:
    """n tiles to ask for: all samples with their own layouts first, then moved, then drawn, then anew.

    Parameters
    ----------
    samples
        The N real windows; their images are not looked at.
    tissues
        Where drawn layouts come from. A window whose classes no tissue has, or
        that holds more nuclei than a tissue lets in, gives a moved layout.
    seed
        Of moves and draws. A tile depends on its window, its kind and the seed
        alone, not on N.
    """
    made = []
    for number in range(n):
        sample, turn = samples[number % len(samples)], number // len(samples)
        name = f"{sample.name}-{KINDS[turn % len(KINDS)]}-{turn // len(KINDS)}"
        draw = zlib.crc32(f"{seed}/{name}".encode())
        layout = layout_of(sample)
        kind = KINDS[turn % len(KINDS)]
        drawn = _drawn(sample, layout, tissues, draw) if kind == "drawn" else None
        if drawn is not None:
            layout = drawn
        elif kind != "own":
            layout = jittered(layout, np.random.default_rng(draw))
        made.append(Ask(name, sample, layout, sample.caption))
    return made


def asked_classes(layout: Layout, class_of: Mapping[int, int]) -> dict[int, int]:
    """The classes of a made tile that were asked for; those that the model chose are left out.

    Parameters
    ----------
    class_of
        Class id of each nucleus. Nucleus i is that of point i - 1; those beyond
        the points have none.
    """
    stated = layout.class_ids != layout.taxonomy.unspecified
    return {i: class_id for i, class_id in class_of.items() if i <= len(layout) and stated[i - 1]}


def _drawn(sample: Sample, layout: Layout, tissues: Sequence[TissueModel], draw: int) -> Layout | None:
    counts = {name: n for name, n in layout.counts().items() if n}
    able = [t for t in tissues if set(counts) <= set(t.classes)]
    # The tissue of the same organ where there is one: "colon" for colon, "kidney" for human kidney.
    alike = [t for t in able if t.name.partition("-")[0] in sample.tissue.split()] or able
    if not alike or not counts:
        return None
    tissue = alike[draw % len(alike)]
    try:
        return sample_layout(tissue, counts, seed=draw, height=layout.height, width=layout.width)
    except ValueError:  # too crowded for the distances that this tissue keeps
        return None
