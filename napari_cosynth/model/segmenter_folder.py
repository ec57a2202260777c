"""The segmenter's folder: configuration and weights, safetensors only.

A card (README.md) that stands there is people's work and stays as it is.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from napari_cosynth.model.segmenter import Segmenter
from napari_cosynth.resources import models_dir
from napari_cosynth.writing import write_together

WEIGHTS = "diffusion_pytorch_model.safetensors"
CONFIG = "config.json"


def bundled_segmenter_folder() -> Path:
    """Where the segmenter lies that ships with the package."""
    return models_dir() / "segmenter"


def segmenter_hash(folder: Path | None = None) -> str:
    """The first 16 hex digits of a sha256 over configuration and weights of a folder; of the bundled one if None.

    Raises
    ------
    FileNotFoundError
        If one of them is not there.
    """
    folder = bundled_segmenter_folder() if folder is None else Path(folder)
    digest = hashlib.sha256()
    for name in (CONFIG, WEIGHTS):
        with open(folder / name, "rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def load_segmenter(folder: Path | None = None) -> Segmenter:
    """The segmenter of a folder, float32 on the CPU, ready to segment; offline.

    Parameters
    ----------
    folder
        Written by `save_segmenter`; the bundled one if None.

    Raises
    ------
    FileNotFoundError
        If configuration or weights are not there.
    ValueError
        If the configuration is of something else.
    """
    folder = bundled_segmenter_folder() if folder is None else Path(folder)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            below = folder / "model"
            run = (below / name).is_file()
            advice = f"the segmenter of this run is {below}" if run else "give the folder of a segmenter, or train one"
            raise FileNotFoundError(f"{folder / name} is not there; {advice}")
    kind = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("_class_name")
    if kind != Segmenter.__name__:
        raise ValueError(f"{folder / CONFIG} describes a {kind}, not a {Segmenter.__name__}; give another folder")
    network = Segmenter.from_pretrained(folder, local_files_only=True, use_safetensors=True, torch_dtype=torch.float32)
    return network.eval()


def save_segmenter(network: Segmenter, folder: Path) -> None:
    """Write configuration and weights in half precision; a killed process leaves the old ones or the new.

    Parameters
    ----------
    network
        Stays as it is.
    folder
        Made if it is not there.
    """
    half = Segmenter.from_config(network.config)
    half.load_state_dict(network.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as draft:
        half.half().save_pretrained(draft, safe_serialization=True)
        write_together({folder / name: (Path(draft) / name).read_bytes() for name in (CONFIG, WEIGHTS)})
