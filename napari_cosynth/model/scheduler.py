"""The sampler's scheduler: the one that model folders name, and that rehearsals in training step with."""

from __future__ import annotations

from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler


def flow_scheduler() -> UniPCMultistepScheduler:
    """UniPC along the straight path (Zhao et al. 2023, arXiv 2302.04867).

    Second order, with a corrector that costs no pass: sharp at 12 steps.
    """
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=1.0)
