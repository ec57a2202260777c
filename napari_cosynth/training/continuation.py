"""A noisy tile brought to its end by the network's own steps, as a sampler brings it there."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from napari_cosynth.model.path import noise_levels
from napari_cosynth.model.scheduler import flow_scheduler
from napari_cosynth.presets import STANDARD

STEPS = STANDARD.steps
"""Of the whole path: the setting for which tiles are to look right."""

Predict = Callable[[Tensor, float], Tensor]
"""The clean tile (B, C, H, W) that a network sees in a noisy one (B, C, H, W) at a place t on the path."""


def place_before(step: int) -> float:
    """How clean, 0 to 1, a tile is before a step (from 0) of `STEPS`."""
    return 1 - float(noise_levels(STEPS)[step])


def continued(predict: Predict, z: Tensor, first: int, sloped: int) -> Tensor:
    """The tile that a noisy one becomes.

    Parameters
    ----------
    z
        (B, C, H, W) as noisy as before step ``first``.
    first
        Number of the first step that is taken, from 0.
    sloped
        Number of steps at the end through which slopes are kept; what is before
        them counts as given.

    Returns
    -------
    (B, C, H, W) in -1..1.
    """
    scheduler = flow_scheduler()
    scheduler.set_timesteps(sigmas=noise_levels(STEPS))
    scheduler.set_begin_index(first)
    slopes_from = STEPS - sloped
    for step in range(first, STEPS):
        sigma = float(scheduler.sigmas[step])
        # Always with slopes, and of one layout in memory: for passes without any, and for those of a tile that has
        # none, a compiled network would be compiled again (once in place of three times).
        z = (z.detach() if step <= slopes_from else z).contiguous().requires_grad_()
        clean = predict(z, 1 - sigma).clamp(-1, 1)
        if step < slopes_from:
            z, clean = z.detach(), clean.detach()
        z = scheduler.step((z - clean) / sigma, scheduler.timesteps[step], z, return_dict=False)[0]
    return clean
