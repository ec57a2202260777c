"""The folder of a training run: which network it trains, where it stands, what is exported from it.

``run.json`` says how the run was begun (`run_facts`), ``checkpoint.pt`` where it stands,
``model/`` is what users load, ``preview-STEP.png`` is to look at. It knows no
command line: options arrive as values.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.crops import CropSampler
from napari_cosynth.model import zoo
from napari_cosynth.model.detail import Details
from napari_cosynth.model.text import TextEncoder
from napari_cosynth.model.unet import JointUNet
from napari_cosynth.training.checkpoint import NAME as CHECKPOINT
from napari_cosynth.training.checkpoint import load_checkpoint
from napari_cosynth.training.deepen import deepened
from napari_cosynth.training.export import export_model
from napari_cosynth.training.loop import TrainingSettings, trained_state
from napari_cosynth.training.preview import preview_grid
from napari_cosynth.training.run_facts import FACTS, read_facts
from napari_cosynth.writing import write_together

MODEL = "model"


def check_run(folder: Path, resume: bool) -> None:
    """See that a run can begin in a folder, or go on there.

    Raises
    ------
    ValueError
        If there is no run to resume, or one that would be overwritten.
    """
    if resume and not (folder / FACTS).is_file():
        raise ValueError(f"{folder} holds no run to resume; leave --resume out to begin one")
    if not resume and (folder / CHECKPOINT).exists():
        raise ValueError(f"{folder} holds a run already; give --resume to go on with it, or another --out")


def network_of(
    folder: Path,
    resume: bool,
    init: str | None,
    channels: Sequence[int],
    blocks: int,
    encoder: TextEncoder,
    taxonomy: Taxonomy,
    process: str = "joint",
    distance: str = "interior",
    attention_blocks: int | None = None,
    refinements: Sequence[int] | None = None,
) -> JointUNet:
    """The network that a run trains; it is told of each crop's detail.

    Parameters
    ----------
    resume
        Take the configuration of the folder's run; its checkpoint holds the
        weights. A run that was killed before its first checkpoint begins anew.
    init
        A model whose network and weights to start from.
    channels, blocks, process, distance
        Of a new network, see `JointUNet`.
    attention_blocks, refinements
        Of a new network, or as many as the one to start from shall have; None
        leaves it at what is usual or what it has.

    Raises
    ------
    ModelError, ValueError
        If the model to start from cannot be used, or goes with another text
        encoder or other classes, or has more blocks.
    """
    if resume and (folder / CHECKPOINT).is_file():
        return JointUNet.from_config(read_facts(folder)["network"])
    if init is not None:
        found = zoo.find_model(init)
        if found.taxonomy.names != taxonomy.names:
            raise ValueError(
                f"--init {init}: its classes are {', '.join(found.taxonomy.names)}; training needs "
                f"{', '.join(taxonomy.names)}. Start from another model, or without --init"
            )
        pipe = zoo.load(found)
        if pipe.text_encoder.sha256 != encoder.sha256:
            raise ValueError(f"--init {init}: was trained with another text encoder; give the same --text-encoder")
        return deepened(pipe.unet, attention_blocks, tuple(refinements or ()) or None, told_detail=True)
    torch.manual_seed(0)
    return JointUNet(
        n_classes=len(taxonomy.stated),
        condition_channels=len(taxonomy) + 1,
        text_channels=encoder.channels,
        channels=tuple(channels),
        blocks=blocks,
        process=process,
        distance=distance,
        attention_blocks=attention_blocks or 1,
        refinements=tuple(refinements or ()),
        told_detail=True,
    )


def finished_steps(folder: Path) -> int:
    """Steps that the folder's checkpoint has behind it; 0 without one.

    Raises
    ------
    ValueError
        If the checkpoint is damaged.
    """
    try:
        state = load_checkpoint(folder)
        return int(state["step"]) if state else 0
    except Exception as error:  # torch raises whatever the damaged bytes lead to
        raise ValueError(
            f"{folder / CHECKPOINT}: is no checkpoint of a run, or damaged; begin the run anew in another --out"
        ) from error


def with_decay(settings: TrainingSettings, step: int, decay: int | None) -> TrainingSettings:
    """The settings of a start at ``step``, with the fall of the learning rate that is due.

    A run that stopped on a fall goes on with it, also if its checkpoint is of before
    the fall, unless one of other length is asked for; that begins at ``step``, as the
    first does.

    Parameters
    ----------
    settings
        Those that the run had so far.
    decay
        Steps of the fall that is asked for, if one is.
    """
    end = settings.falls_until
    if end is not None and step < end and decay in (None, settings.decay_steps):
        return settings
    return settings.plateau() if decay is None else settings.falling(step, decay)


def export_run(
    folder: Path,
    network: JointUNet,
    encoder: TextEncoder,
    taxonomy: Taxonomy,
    details: Details | None = None,
    preview_of: CropSampler | None = None,
) -> Path:
    """Make the model folder of a run's checkpoint, and a preview if there is a sampler for its crops.

    Parameters
    ----------
    details
        Of the tiles that it is trained on.

    Returns
    -------
    The model folder.

    Raises
    ------
    FileNotFoundError
        If the run has no checkpoint yet.
    """
    state = trained_state(folder)
    pipe = export_model(state, network.config, encoder, taxonomy, folder / MODEL, details)
    if preview_of is not None:
        chance = torch.get_rng_state()
        stream = io.BytesIO()
        Image.fromarray(preview_grid(pipe, preview_of)).save(stream, "PNG")
        write_together({folder / f"preview-{state.step:07d}.png": stream.getvalue()})
        torch.set_rng_state(chance)
    return folder / MODEL
