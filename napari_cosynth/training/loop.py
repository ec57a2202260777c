"""The training loop, a generator: progress, pictures and cancelling stay outside.

Step n draws its crops, times and noise from n alone, so a run that was killed
goes on from its checkpoint with the same losses as if nothing had happened.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from pydantic import BaseModel, ConfigDict, Field
from torch.nn.functional import pad

from napari_cosynth.data.crops import CropSampler
from napari_cosynth.data.terms import count_terms
from napari_cosynth.model.detail import detail_of
from napari_cosynth.model.targets import DISTANCES
from napari_cosynth.model.text import MAX_TOKENS, TextEncoder
from napari_cosynth.model.unet import CleanTile, JointUNet
from napari_cosynth.training.batches import Batch, batches
from napari_cosynth.training.checkpoint import load_checkpoint, save_checkpoint
from napari_cosynth.training.continuation import Predict
from napari_cosynth.training.ema import WeightAverage
from napari_cosynth.training.looks import looks
from napari_cosynth.training.losses import PERCEPTUAL_WEIGHT, draw_times
from napari_cosynth.training.perception import TrainedEye
from napari_cosynth.training.process import PROCESSES
from napari_cosynth.training.rehearsal import Rehearsal
from napari_cosynth.training.reuse import reused
from napari_cosynth.training.rival import Rival


class TrainingSettings(BaseModel):
    """What decides the course of a run, apart from data and network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(8, ge=1)
    learning_rate: float = Field(5e-4, gt=0)
    warmup: int = Field(400, ge=0)
    decay_from: int | None = None
    """Step from which the learning rate falls to 0, in a straight line over ``decay_steps``."""
    decay_steps: int = Field(1, ge=1)
    clip: float = Field(1.0, gt=0)
    perceptual: float = Field(PERCEPTUAL_WEIGHT, ge=0)
    """Weight of the perceptual loss; 0 leaves it out."""
    persuasion: float = Field(0.0, ge=0)
    """Weight of persuading a critic that learns beside the network; 0 leaves it out."""
    rehearsal: float = Field(0.0, ge=0)
    """Length of what rehearsals add to the gradient, over that of all other losses; 0 leaves them out."""
    critic_learning_rate: float = Field(5e-4, gt=0)
    judge_learning_rate: float = Field(1e-3, gt=0)
    """Of the critics of rehearsals."""
    ema_decay: float = Field(0.999, ge=0, lt=1)
    seed: int = 0
    precision: str = "bf16"
    compiled: bool = False
    """Compile the network first: a minute or two at the start, worth it on a GPU."""
    workers: int = Field(0, ge=0)
    uses: int = Field(1, ge=1)
    """Steps that learn from each batch, turned and with other noise, see `reuse`."""
    checkpoint_every_s: float = Field(300, gt=0)

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of a step: warm-up, plateau, and a straight fall if asked for."""
        rate = self.learning_rate * min(1.0, (step + 1) / max(1, self.warmup))
        if self.decay_from is not None and step >= self.decay_from:
            rate *= max(0.0, 1 - (step - self.decay_from) / self.decay_steps)
        return rate

    @property
    def falls_until(self) -> int | None:
        """Step at which the learning rate gets to 0; None if it does not fall."""
        return None if self.decay_from is None else self.decay_from + self.decay_steps

    def falling(self, step: int, steps: int) -> TrainingSettings:
        """The same with a fall from ``step`` on, over so many steps."""
        return self.model_copy(update={"decay_from": step, "decay_steps": steps})

    def plateau(self) -> TrainingSettings:
        """The same without a fall."""
        return self.model_copy(update={"decay_from": None, "decay_steps": 1})


def _loss(place: int, meaning: str) -> property:
    """One of `Progress.measured` as a number."""
    return property(lambda progress: progress.measured[place].item(), doc=meaning)


@dataclass(frozen=True)
class Progress:
    """One finished step.

    Reading ``measured`` waits for a GPU to get there; whoever reads it at every
    step lets it run dry between them.
    """

    step: int
    crops: int
    seconds: float
    measured: torch.Tensor
    """(6,) the losses that the properties below name."""
    learning_rate: float
    saved: bool

    image = _loss(0, "Squared error of RGB.")
    distance = _loss(1, "Squared error of the distance map.")
    classes = _loss(2, "Cross-entropy of the class maps.")
    perceptual = _loss(3, "Perceptual distance; 0 if it is left out.")
    critic = _loss(4, "Hinge loss of the critic: 2 if it cannot tell, 0 if it always can, or if there is none.")
    rehearsal = _loss(5, "Loss of the critics of rehearsals: log 2 if they cannot tell; 0 if they can, or without any.")


@dataclass(frozen=True)
class TrainedState:
    """What a checkpoint gives to whoever makes a model folder of it."""

    weights: dict[str, torch.Tensor]
    step: int
    crops: int
    seconds: float
    terms: dict[str, int]


def trained_state(folder: Path) -> TrainedState:
    """The averaged weights of a run, and how it was trained so far.

    Raises
    ------
    FileNotFoundError
        If the folder holds no checkpoint.
    """
    state = load_checkpoint(folder)
    if state is None:
        raise FileNotFoundError(f"{folder} holds no checkpoint; give the --out folder of a training run")
    return TrainedState(state["average"], state["step"], state["crops"], state["seconds"], state["terms"])


def train(
    network: JointUNet,
    encoder: TextEncoder,
    sampler: CropSampler,
    settings: TrainingSettings,
    folder: Path,
    resume: bool = False,
    cpu: bool = False,
) -> Generator[Progress, TrainingSettings | None, None]:
    """Train until the caller stops asking; closing the generator saves a checkpoint.

    Settings that are sent to it stand for the learning rate from then on: a fall
    that is due when time runs short begins without a new start.

    Parameters
    ----------
    network
        Trained in place, by the process and for the distance map of its configuration.
    encoder
        Frozen.
    folder
        Where the checkpoint lives.
    resume
        Go on from the folder's checkpoint if there is one.
    cpu
        Stay on the CPU even if there is a GPU.

    Raises
    ------
    ValueError
        On the first step, if rehearsals are asked for where there can be none.
    """
    process, distance = PROCESSES[network.config.process], DISTANCES[network.config.distance]
    accelerator = Accelerator(mixed_precision=settings.precision, cpu=cpu)
    if settings.rehearsal:
        _check_rehearsal(network, accelerator)
    torch.manual_seed(settings.seed)
    network = network.to(accelerator.device, memory_format=torch.channels_last).train()
    encoder = encoder.to(accelerator.device)
    eye = TrainedEye().to(accelerator.device) if settings.perceptual or settings.persuasion else None
    # Less momentum where critics move as well: what persuaded them some steps ago may not any more.
    betas = (0.5 if settings.rehearsal else 0.9, 0.99)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, betas=betas, weight_decay=0.01, fused=True
    )
    average = WeightAverage(network, settings.ema_decay)
    rival = Rival(eye.widths, settings.critic_learning_rate, accelerator) if settings.persuasion else None
    # In full precision on processors: there the eyes' depthwise convolutions are slow in bf16.
    looking = accelerator.autocast if accelerator.device.type == "cuda" else nullcontext
    rehearsal = Rehearsal(settings.judge_learning_rate, accelerator, looking) if settings.rehearsal else None
    step, crops, seconds, terms = 0, 0, 0.0, Counter()
    state = load_checkpoint(folder) if resume else None
    if state is not None:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        average.weights = {k: v.to(accelerator.device) for k, v in state["average"].items()}
        # A run that had no critics so far may get some.
        for judge, name in ((rival, "rival"), (rehearsal, "rehearsal")):
            if judge and state.get(name):
                judge.load_state(state[name])
        step, crops, seconds, terms = state["step"], state["crops"], state["seconds"], Counter(state["terms"])
    model, optimizer = accelerator.prepare(network, optimizer)
    forward = torch.compile(model) if settings.compiled else model
    world, device = accelerator.num_processes, accelerator.device

    def save() -> None:
        if accelerator.is_main_process:
            save_checkpoint(
                folder,
                {
                    "network": network.state_dict(),
                    "average": average.weights,
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                    "crops": crops,
                    "seconds": seconds,
                    "terms": dict(terms),
                    "rival": rival.state() if rival else None,
                    "rehearsal": rehearsal.state() if rehearsal else None,
                },
            )

    started, saved_at = time.monotonic() - seconds, time.monotonic()
    saved = whole = True
    share = (accelerator.process_index, world, settings.workers)
    on_gpu = device.type == "cuda"

    def fresh(number: int) -> Iterator[Batch]:
        made = batches(sampler, settings.batch_size, number, *share, distance=distance, pin=on_gpu)
        # Where they are learned from, so that those that come back need not travel again.
        return (batch.to(device) for batch in made)

    source = reused(fresh, settings.uses, step)
    try:
        for batch, way in source:
            batch = batch.turned(way).whole()
            # From the step alone: the same after any restart.
            numbers = (settings.seed, step, accelerator.process_index)
            times = draw_times(len(batch.captions), _chance(*numbers))
            noise = torch.randn(batch.clean.shape, generator=_chance(*numbers, 1, device=device), device=device)
            t = times.to(device, non_blocking=True)
            z, places = process.shown(batch, noise, t)
            detail = detail_of(batch.clean[:, :3]) if network.config.told_detail else None
            with accelerator.autocast():
                text, mask = encoder.encode(list(batch.captions))
                if settings.compiled:
                    text, mask = _of_one_length(text, mask)
                    # As in a rehearsal: its passes need not be compiled for themselves then.
                    z.requires_grad_(rehearsal is not None)
                told = batch.condition, batch.known, batch.layout_state, text, mask, detail
                estimate = forward(z, places, *told)
            losses = process.losses(estimate, batch, t)
            with looking():
                seen = looks(eye, estimate, batch, process.image_times(times)) if eye else None
            perceived = persuaded = torch.zeros((), device=device)
            if seen:
                perceived = seen.perceptual_loss()
                persuaded = rival.persuasion_loss(seen) if rival else persuaded
            rate = settings.learning_rate_at(step)
            for group in optimizer.param_groups:
                group["lr"] = rate
            accelerator.backward(losses.total + settings.perceptual * perceived + settings.persuasion * persuaded)
            if rehearsal:
                noise = torch.randn(batch.clean.shape, generator=_chance(*numbers, 3, device=device), device=device)
                predict = _predictor(forward, told, accelerator)
                rehearsed = rehearsal.perform(predict, batch, noise, _chance(*numbers, 2))
                rehearsal.teach(list(model.parameters()), rehearsed, settings.rehearsal)
            accelerator.clip_grad_norm_(model.parameters(), settings.clip)
            # Between these lines the state belongs to no step: an interrupt here must not save it.
            whole = False
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            none = torch.zeros((), device=device)
            doubt = rival.learn(seen) if rival and seen else none
            doubts = rehearsal.learn(rehearsed) if rehearsal else none
            average.update(network, step)
            for caption in batch.captions:
                terms.update(count_terms(caption))
            step, crops = step + 1, crops + settings.batch_size * world
            seconds, saved, whole = time.monotonic() - started, False, True
            if time.monotonic() - saved_at > settings.checkpoint_every_s:
                save()
                saved, saved_at = True, time.monotonic()
            measured = torch.stack([losses.image, losses.distance, losses.classes, perceived, doubt, doubts]).detach()
            sent = yield Progress(step, crops, seconds, measured, rate, saved)
            settings = sent or settings
    finally:
        if whole and not saved:
            save()


def _check_rehearsal(network: JointUNet, accelerator: Accelerator) -> None:
    if network.config.process != "joint":
        raise ValueError("rehearsals go along the joint path; a labels-first network is trained without: --rehearsal 0")
    if accelerator.num_processes > 1:
        raise ValueError(
            f"rehearsals go through the network several times a step, which {accelerator.num_processes} processes "
            "cannot do together; start one, or leave them out: --rehearsal 0"
        )


def _predictor(
    forward: Callable[..., CleanTile], told: tuple[torch.Tensor | None, ...], accelerator: Accelerator
) -> Predict:
    """A network that has been told of a batch's layouts, prompts and details."""

    def predict(z: torch.Tensor, t: float) -> torch.Tensor:
        with accelerator.autocast():
            return forward(z, torch.full((len(z),), t, device=z.device), *told).joint

    return predict


def _chance(*numbers: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that depends on the numbers alone."""
    state = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator(device).manual_seed(int(state[0]) % 2**63)


def _of_one_length(text: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Token states (B, L, D) and mask (B, L) with L = `MAX_TOKENS`: compiled code goes with one shape."""
    missing = MAX_TOKENS - mask.shape[1]
    return pad(text, (0, 0, 0, missing)), pad(mask, (0, missing))
