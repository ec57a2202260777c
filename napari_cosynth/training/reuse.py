"""Each batch several times, turned: for where making crops takes longer than learning from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from napari_cosynth.training.batches import Batch

WINDOW = 32
"""Batches that are gone through before the first of them comes back; so many are held, on the GPU if there is one."""


def reused(fresh: Callable[[int], Iterable[Batch]], uses: int, first_step: int) -> Iterator[tuple[Batch, int]]:
    """Batches from a step on, the same whether or not earlier ones were asked for.

    Parameters
    ----------
    fresh
        Endless batches from the batch of a number on.
    uses
        How many steps learn from each batch; 1 leaves all as they are.
    first_step
        From 0.

    Returns
    -------
    Batches, and which way to turn each (`Batch.turned`): rounds of `WINDOW` batches as
    they are made, then ``uses - 1`` times more, each time another of the eight ways.
    """
    if uses == 1:
        return ((batch, 0) for batch in fresh(first_step))
    rounds, within = divmod(first_step, WINDOW * uses)
    return islice(_rounds(fresh(rounds * WINDOW), uses), within, None)


def _rounds(source: Iterable[Batch], uses: int) -> Iterator[tuple[Batch, int]]:
    kept = []
    for batch in source:
        kept.append(batch)
        yield batch, 0
        if len(kept) == WINDOW:
            for way in range(1, uses):
                yield from ((old, way) for old in kept)
            kept.clear()
