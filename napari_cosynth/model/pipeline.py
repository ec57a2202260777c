"""CoSynthPipeline: layouts and prompts -> tiles with their labels.

`denoise` is the one loop; `__call__`, the command line and the dock all run it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from diffusers.utils import BaseOutput
from torch import Tensor

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.data.labelled import WORKING_UM_PER_PX
from napari_cosynth.layout import Layout
from napari_cosynth.model.conditioning import COMPLETE, DROPPED, layout_condition
from napari_cosynth.model.detail import Details, drawn_detail
from napari_cosynth.model.holding import HELD_UNTIL, held
from napari_cosynth.model.instances import Labels, decode
from napari_cosynth.model.path import noise_levels
from napari_cosynth.model.recording import recorded
from napari_cosynth.model.surround import MARGIN, SURROUNDED_FROM, Surround, inner, mirrored
from napari_cosynth.model.targets import image_of
from napari_cosynth.model.text import TextEncoder
from napari_cosynth.model.unet import IMAGE_CHANNELS, JointUNet
from napari_cosynth.presets import STANDARD

GUIDED_UNTIL = 0.9
"""Noise level down to which guidance is strengthened: by then it is settled what stands where, and each step more costs
a pass (docs/training.md, eighth run)."""
_GRAIN = slice(IMAGE_CHANNELS, IMAGE_CHANNELS + 1)
"""Of the noise, what becomes the finished tile's grain: the distance map's, of which the image shows nothing."""
SCALE_TOLERANCE = 1.25
"""Factor by which a layout's um/px may miss that of the model: scans called 40x have 0.22 to 0.28."""


@dataclass(frozen=True)
class DenoisingStep:
    """One step of `CoSynthPipeline.denoise`.

    ``joint`` float32 (B, C, H, W) on the CPU: the clean tile as predicted at
    step ``number`` (from 1) of ``total``; after the last step the tile itself.
    """

    number: int
    total: int
    timestep: float
    joint: Tensor


@dataclass
class CoSynthOutput(BaseOutput):
    """Tiles in the order of the layouts.

    ``images`` uint8 (H, W, 3) RGB; ``labels`` their `Labels`.
    """

    images: list[np.ndarray]
    labels: list[Labels]


class CoSynthPipeline(DiffusionPipeline):
    """Co-synthesis of image, distance and class maps from points and a prompt.

    Parameters
    ----------
    unet, scheduler, text_encoder
        The parts; ``from_pretrained(folder)`` loads them. The scheduler is one for flows; one that cannot be told its
        noise levels (``set_timesteps(sigmas=...)``) gives way to `UniPCMultistepScheduler` with its settings.
    taxonomy
        The model's classes, as ``Taxonomy.model_dump(mode="json")``; the bundled ones if None.
    details
        Details of training tiles, see `detail.Details`: each made tile gets that of one. None leaves tiles as the
        network makes them.

    Examples
    --------
    >>> pipe = CoSynthPipeline.from_pretrained("models/cosynth-nuclei")  # doctest: +SKIP
    >>> out = pipe(layout, "colon, H&E, 40x", generator=torch.Generator().manual_seed(7))  # doctest: +SKIP
    >>> out.images[0].shape, out.labels[0].instances.max()  # doctest: +SKIP
    """

    stages: tuple[slice, ...] = (slice(None),)
    """Channels of the joint tile that go along the path together, one group after the other."""

    def __init__(
        self,
        unet: JointUNet,
        scheduler: SchedulerMixin,
        text_encoder: TextEncoder,
        taxonomy: dict | None = None,
        details: Details | None = None,
    ) -> None:
        super().__init__()
        if "sigmas" not in inspect.signature(scheduler.set_timesteps).parameters:
            # Folders that training wrote before name DPM-Solver++, which spaces its steps evenly.
            scheduler = UniPCMultistepScheduler.from_config(scheduler.config)
        self.register_modules(unet=unet, scheduler=scheduler, text_encoder=text_encoder)
        self.register_to_config(taxonomy=taxonomy or BUNDLED.model_dump(mode="json"), details=details)
        self._progress_bar_config = {"disable": True}

    @property
    def taxonomy(self) -> Taxonomy:
        """The model's classes."""
        return Taxonomy.model_validate(self.config.taxonomy)

    @torch.inference_mode()
    def denoise(
        self,
        layouts: Sequence[Layout],
        prompts: Sequence[str],
        noise: Tensor,
        num_inference_steps: int = STANDARD.steps,
        guidance_scale: float = STANDARD.guidance,
        layout_guidance_scale: float = STANDARD.layout_guidance,
        guided_until: float = GUIDED_UNTIL,
        held_until: float = HELD_UNTIL,
    ) -> Iterator[DenoisingStep]:
        """From noise to tiles, step by step.

        Guidance follows Ho and Salimans 2022 (arXiv 2207.12598), with a term for
        the prompt p and one for the layout l:
        x = x(p, l) + (g - 1) (x(p, l) - x(-, l)) + (h - 1) (x(p, l) - x(-, -)).
        The second leaves out both, since against x(p, -) it would weaken the
        prompt; only with h < 1, which mutes the layout, it is x(p, -). With g < 1,
        which mutes the prompt, the second strengthens the muted tile: against x(p, l)
        it would let the prompt be heard again. With g = 0 there is no prompt. Scales above 1
        guide the image alone: a guided probability is none any more, and pixels that
        are nucleus a little more often than elsewhere would all become it. Nuclei came
        out too large and too round; `held` labels keep to the layout without it.

        Parameters
        ----------
        layouts
            B layouts of one size and of this model's taxonomy.
        prompts
            B prompts; an empty one counts as absent.
        noise
            Standard normal, from `draw_noise`.
        guidance_scale, layout_guidance_scale
            g and h; 1 leaves the term out, and saves its share of the time.
        guided_until
            Noise level, 0 to 1, below which nothing is guided any more
            (Kynkaanniemi et al. 2024, arXiv 2404.07724): by then the nuclei
            stand, and guidance would only harden the colours.
        held_until
            Noise level below which labels are not `held` to the layout any more;
            above 1 they never are, nor with h < 1.

        Raises
        ------
        ValueError
            If layouts differ in size, are of another taxonomy or magnification, or do not go with prompts and noise.
        """
        size = self._checked(layouts, prompts, noise)
        if num_inference_steps < 1:
            raise ValueError(f"num_inference_steps is {num_inference_steps}; at least 1 is needed")
        device, dtype = self.unet.device, self.unet.dtype
        n_classes, b = len(self.taxonomy), len(layouts)
        condition = np.stack([layout_condition(x.centroids, x.class_ids, n_classes, size) for x in layouts])
        condition = torch.from_numpy(condition).to(device, dtype)
        state = torch.full((b,), COMPLETE, device=device)
        heard = list(prompts) if guidance_scale > 0 else [""] * b
        text, mask = self.text_encoder.encode(heard)
        text, mask = text.to(device, dtype), mask.to(device)

        # (weight, condition, state, mask) of the full term, the unprompted one and the layout-free one.
        terms = [(1.0, condition, state, mask)]
        if guidance_scale != 1 and mask.any():
            terms.append((guidance_scale - 1, condition, state, torch.zeros_like(mask)))
        if layout_guidance_scale != 1:
            terms.append(
                (
                    layout_guidance_scale - 1,
                    torch.zeros_like(condition),
                    torch.full_like(state, DROPPED),
                    mask if layout_guidance_scale < 1 else torch.zeros_like(mask),
                )
            )
        # A weight below 0 mutes prompt or layout; muted they stay to the end.
        early, late = _stacked(terms), _stacked([terms[0], *(t for t in terms[1:] if t[0] < 0)])

        noise = noise.to(device)
        detail = drawn_detail(self.config.details, heard, noise) if self.config.details else None
        z = self._begun(noise)
        shares = [max(1, len(part)) for part in np.array_split(range(num_inference_steps), len(self.stages))]
        number, tile = 0, None
        for part, steps in zip(self.stages, shares, strict=True):
            scheduler = self._scheduler(steps)
            surround = None
            for timestep, sigma in zip(scheduler.timesteps, scheduler.sigmas, strict=False):
                weights, condition, state, mask = early if sigma >= guided_until else late
                n = len(weights)
                canvas = z
                if tile is not None and sigma < SURROUNDED_FROM:
                    surround = surround or Surround(tile, noise)
                    canvas, condition = surround.around(z, sigma, part), mirrored(condition)
                t, known = self._places(1 - sigma, part, n * b), torch.ones_like(condition[:, :1])
                inputs = (canvas.repeat(n, 1, 1, 1).to(dtype), t, condition, known, state, text.repeat(n, 1, 1), mask)
                told = None if detail is None else detail.repeat(n, 1)
                full, *others = self.unet(*inputs, told).joint.chunk(n)
                clean = _guided(full, zip(weights[1:], others, strict=True)).clamp(-1, 1)
                if surround is not None:
                    clean = surround.keep(clean, part)
                if sigma >= held_until and layout_guidance_scale >= 1:
                    clean = held(clean, layouts, self.taxonomy)
                clean, moving = clean[:, part], z[:, part]
                # The path's velocity along sigma, d z / d sigma = e - x = (z - x) / sigma.
                moved = scheduler.step((moving - clean) / sigma, timestep, moving, return_dict=False)[0]
                tile = _with_channels(z, part, clean)
                z = _with_channels(z, part, moved)
                number += 1
                if detail is not None and number == sum(shares):
                    image = recorded(tile[:, :IMAGE_CHANNELS], detail, inner(noise)[:, _GRAIN])
                    tile = _with_channels(tile, slice(IMAGE_CHANNELS), image)
                yield DenoisingStep(number, sum(shares), float(timestep), tile.float().cpu().contiguous())

    def _begun(self, noise: Tensor) -> Tensor:
        """(B, C, H, W) where the path begins, of the noise of tiles and surroundings."""
        return inner(noise)

    def _places(self, t: Tensor, part: slice, n: int) -> Tensor:
        """(n,) place of the tile on the path, while the channels of ``part`` are at ``t``."""
        return t.expand(n).to(self.unet.device)

    def _scheduler(self, steps: int) -> SchedulerMixin:
        """A fresh scheduler, set to so many steps."""
        scheduler = self.scheduler.from_config(self.scheduler.config)
        scheduler.set_timesteps(sigmas=noise_levels(steps), device=self.unet.device)
        # The first steps lie nearer to each other than a thousandth, by which they would be looked up.
        scheduler.set_begin_index(0)
        return scheduler

    def draw_noise(self, size: tuple[int, int], generators: Sequence[torch.Generator | None]) -> Tensor:
        """Noise for tiles of ``size``, drawn on the CPU, so that all devices start alike.

        Returns
        -------
        float32 (B, C, H + 2 `MARGIN`, W + 2 `MARGIN`)
        """
        shape = (5 + self.unet.config.n_classes, size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
        return torch.stack([torch.randn(shape, generator=g) for g in generators])

    def decode(self, joint: Tensor, layouts: Sequence[Layout]) -> CoSynthOutput:
        """Images and labels of joint tiles (B, C, H, W)."""
        arrays = joint.float().cpu().numpy()
        labels = [decode(x, layout.centroids, self.taxonomy) for x, layout in zip(arrays, layouts, strict=True)]
        return CoSynthOutput(images=[image_of(x) for x in arrays], labels=labels)

    def __call__(
        self,
        layout: Layout | Sequence[Layout],
        prompt: str | Sequence[str] = "",
        num_inference_steps: int = STANDARD.steps,
        guidance_scale: float = STANDARD.guidance,
        layout_guidance_scale: float = STANDARD.layout_guidance,
        generator: torch.Generator | Sequence[torch.Generator] | None = None,
        callback_on_step_end: Callable[[CoSynthPipeline, int, float, dict], dict] | None = None,
    ) -> CoSynthOutput:
        """Make tiles.

        Parameters
        ----------
        layout
            One layout or several of one size.
        prompt
            One for all, or one for each.
        generator
            On the CPU; one for each layout, or one from which all are drawn in turn.
        callback_on_step_end
            Called with the pipeline, the step's index, its timestep and
            ``{"joint": (B, C, H, W)}``.
        """
        layouts = [layout] if isinstance(layout, Layout) else list(layout)
        prompts = [prompt] * len(layouts) if isinstance(prompt, str) else list(prompt)
        one = generator is None or isinstance(generator, torch.Generator)
        generators = [generator] * len(layouts) if one else list(generator)
        if not layouts or len(generators) != len(layouts):
            raise ValueError(
                f"got {len(layouts)} layouts and {len(generators)} generators; give at least one layout, and one "
                "generator for each or one for all"
            )
        noise = self.draw_noise((layouts[0].height, layouts[0].width), generators)
        for step in self.denoise(layouts, prompts, noise, num_inference_steps, guidance_scale, layout_guidance_scale):
            if callback_on_step_end is not None:
                callback_on_step_end(self, step.number - 1, step.timestep, {"joint": step.joint})
        return self.decode(step.joint, layouts)

    def _checked(self, layouts: Sequence[Layout], prompts: Sequence[str], noise: Tensor) -> tuple[int, int]:
        sizes = sorted({(x.height, x.width) for x in layouts})
        if len(sizes) != 1:
            raise ValueError(f"layouts of {len(sizes)} sizes ({sizes}) in one batch; run each size by itself")
        canvas = (sizes[0][0] + 2 * MARGIN, sizes[0][1] + 2 * MARGIN)
        if len(prompts) != len(layouts) or noise.shape[:1] != (len(layouts),) or noise.shape[2:] != canvas:
            raise ValueError(
                f"{len(layouts)} layouts of {sizes[0]} px need as many prompts and noise of that size; "
                f"got {len(prompts)} prompts and noise {tuple(noise.shape)}"
            )
        for x in layouts:
            if x.taxonomy.names != self.taxonomy.names:
                raise ValueError(
                    f"the layout's classes are {', '.join(x.taxonomy.names)}; this model knows "
                    f"{', '.join(self.taxonomy.names)}. Choose a model of that taxonomy, or re-class the points"
                )
            factor = x.um_per_px / WORKING_UM_PER_PX
            if not 1 / SCALE_TOLERANCE <= factor <= SCALE_TOLERANCE:
                raise ValueError(
                    f"the layout is at {x.um_per_px:g} um/px, and tiles are made at {WORKING_UM_PER_PX} (40x): its "
                    f"nuclei would have {factor:.2g} times their size. Set the scale to {WORKING_UM_PER_PX}, and "
                    "the points to their places at that scale"
                )
        return sizes[0]


def _with_channels(z: Tensor, part: slice, values: Tensor) -> Tensor:
    """``z`` with other values in the channels of ``part``."""
    z = z.clone()
    z[:, part] = values
    return z


def _guided(full: Tensor, others: Iterable[tuple[float, Tensor]]) -> Tensor:
    """What the network predicts, moved away from what it predicts when it is told less: (weight, tile) each.

    A weight below 0 moves it towards that, and the labels with it, and what follows
    begins from there; above 0 they stay.
    """
    told = full
    clean = full.clone()
    for weight, other in others:
        if weight < 0:
            clean += weight * (full - other)
            told = clean.clone()
        else:
            clean[:, :IMAGE_CHANNELS] += weight * (told - other)[:, :IMAGE_CHANNELS]
    return clean


def _stacked(terms: Sequence[tuple[float, Tensor, Tensor, Tensor]]) -> tuple[tuple[float, ...], Tensor, Tensor, Tensor]:
    """The weights of the terms, and their conditions, states and masks as one batch."""
    weights, *parts = zip(*terms, strict=True)
    condition, state, mask = (torch.cat(part) for part in parts)
    return weights, condition, state, mask
