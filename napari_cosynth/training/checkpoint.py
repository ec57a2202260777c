"""Checkpoints that survive being killed: written beside, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

import torch

NAME = "checkpoint.pt"


def save_checkpoint(folder: Path, state: dict) -> None:
    """Replace the folder's checkpoint; a killed process leaves the old or the new one.

    Raises
    ------
    ValueError
        If the state's averaged weights, ``average``, are no numbers any more: nothing
        comes of them, and the checkpoint of before stays.
    """
    if not all(bool(value.isfinite().all()) for value in state.get("average", {}).values()):
        raise ValueError(
            f"training came apart: at step {state['step']} the weights hold something else than numbers, and are not "
            f"saved. What {folder} held before is still there; go on from it with a lower learning rate"
        )
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{NAME}.part"
    with open(beside, "wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(beside, folder / NAME)


def load_checkpoint(folder: Path) -> dict | None:
    """The folder's checkpoint, or None if there is none.

    Only tensors and plain values are read (``weights_only``): a checkpoint is
    never a way to run foreign code.
    """
    path = folder / NAME
    return torch.load(path, map_location="cpu", weights_only=True) if path.is_file() else None
