"""Model folders: find, check, load; choose device and dtype.

Everything up to `load` reads JSON and safetensors headers alone, so a wrong
folder is refused with its reason before any weight is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError, safe_open

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.labels_first import PIPELINES
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.speed import fastest_dtype
from napari_cosynth.model.unet import JointUNet
from napari_cosynth.resources import models_dir

Dtype = Literal["float32", "bfloat16"]
WEIGHTS = Path("unet/diffusion_pytorch_model.safetensors")
_RUNNABLE = {pipeline.__name__: pipeline for pipeline in PIPELINES.values()}
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".npy")


class ModelError(ValueError):
    """A model folder that cannot be used, and why."""


@dataclass(frozen=True)
class ModelFolder:
    """A checked model folder.

    ``hash`` is the first 16 hex digits of a sha256 over configuration and
    weights; it stands in every file that the model makes.
    """

    path: Path
    taxonomy: Taxonomy
    hash: str

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def card(self) -> str:
        """Text of the model card; empty if it has none."""
        readme = self.path / "README.md"
        return readme.read_text(encoding="utf-8") if readme.is_file() else ""

    @property
    def prompt_terms(self) -> dict[str, int]:
        """Words of the training captions with their counts; empty if the folder does not tell."""
        terms = self.path / "prompt_terms.json"
        return _json(terms) if terms.is_file() else {}


def bundled_models() -> list[ModelFolder]:
    """The models that ship with the package, by name."""
    folders = sorted(p.parent for p in models_dir().glob("*/model_index.json"))
    return [check_folder(p) for p in folders if _class_name(p) in _RUNNABLE]


def find_model(model: str | os.PathLike | None = None) -> ModelFolder:
    """A model by name or folder; without one, the first bundled one.

    Raises
    ------
    ModelError
        If there is none, or the folder cannot be used.
    """
    if model is None:
        found = bundled_models()
        if not found:
            raise ModelError(f"no model is bundled in {models_dir()}; give a model folder")
        return found[0]
    path = Path(model)
    if not path.exists() and len(path.parts) == 1:
        path = models_dir() / path
    if not path.is_dir():
        names = ", ".join(m.name for m in bundled_models())
        raise ModelError(f"there is no model folder {model}; bundled models: {names or 'none'}")
    return check_folder(path)


def check_folder(path: Path) -> ModelFolder:
    """Check a model folder without loading it.

    Raises
    ------
    ModelError
        If it holds a pickle, is another project's, lacks weights, or its weights are
        truncated or do not match its configuration.
    """
    path = Path(path)
    if not (path / "model_index.json").is_file():
        # What a run writes lies beside its checkpoint, which is no model and must not be taken away for one.
        below = path / "model"
        there = f"; the model of this run is {below}" if (below / "model_index.json").is_file() else ""
        raise ModelError(f"{path} is not a model folder: it has no model_index.json{there}")
    for file in sorted(path.rglob("*")):
        if file.suffix.lower() in _PICKLES:
            raise ModelError(
                f"{file} may run foreign code when it is opened, so the folder is refused; "
                "models are read from safetensors alone. Remove the file or get the model as safetensors"
            )
    if _class_name(path) not in _RUNNABLE:
        raise ModelError(
            f"{path} holds a {_class_name(path) or 'nameless pipeline'}, another project's model; "
            f"this program runs {CoSynthPipeline.__name__}"
        )
    try:
        taxonomy = Taxonomy.model_validate(_json(path / "model_index.json")["taxonomy"])
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path / 'model_index.json'} names no valid taxonomy: {error}") from error
    _check_weights(path)
    _check_classes(path, taxonomy)
    return ModelFolder(path, taxonomy, _hash(path))


def load(folder: ModelFolder, device: str = "cpu", dtype: Dtype = "float32") -> CoSynthPipeline:
    """Load a checked folder, offline.

    Raises
    ------
    ModelError
        If the device is not there.
    TextEncoderError
        If the text encoder is not the one that the model was trained with.
    """
    if device not in available_devices():
        raise ModelError(f"no device {device!r} on this machine; there are {', '.join(available_devices())}")
    _be_quiet()
    pipe = _RUNNABLE[_class_name(folder.path)].from_pretrained(folder.path, local_files_only=True)
    pipe.unet.to(device=device, dtype=getattr(torch, dtype), memory_format=torch.channels_last).eval()
    pipe.text_encoder.to(device)
    return pipe


def available_devices() -> tuple[str, ...]:
    """Devices of this machine, the fastest first."""
    devices = ["cpu"]
    if torch.backends.mps.is_available():
        devices.insert(0, "mps")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cuda",) * bool(count) + tuple(f"cuda:{i}" for i in range(count)) + tuple(devices)


def choose_dtype(folder: ModelFolder, device: str) -> Dtype:
    """bfloat16 where a quick measurement on this machine found it faster, else float32.

    The measurement takes about a second and is remembered for each processor, device and network.
    """
    config = _json(folder.path / "unet" / "config.json")
    _be_quiet()
    return fastest_dtype(lambda: JointUNet.from_config(config), device, f"{platform.processor()}|{config}")


def _be_quiet() -> None:
    """No bars and hints of the libraries: the program shows progress of its own."""
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()


def _check_weights(path: Path) -> None:
    file = path / WEIGHTS
    if not file.is_file():
        raise ModelError(f"{file} is missing: the model's weights are not there; fetch the folder anew")
    try:
        with safe_open(file, framework="pt") as weights:
            shapes = {key: tuple(weights.get_slice(key).get_shape()) for key in weights.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} is truncated or damaged ({error}); fetch the folder anew") from error
    try:
        with torch.device("meta"):
            wanted = JointUNet.from_config(_json(path / "unet" / "config.json")).state_dict()
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{path / 'unet' / 'config.json'} describes no network: {error}") from error
    expected = {key: tuple(value.shape) for key, value in wanted.items()}
    if shapes != expected:
        odd = sorted(key for key in shapes.keys() | expected.keys() if shapes.get(key) != expected.get(key))
        key = odd[0]
        raise ModelError(
            f"{file} does not match {path / 'unet' / 'config.json'}: {len(odd)} tensors differ, the first is {key}: "
            f"in the file {shapes.get(key, 'missing')}, by the configuration {expected.get(key, 'not there')}"
        )


def _check_classes(path: Path, taxonomy: Taxonomy) -> None:
    config = _json(path / "unet" / "config.json")
    maps, channels = config.get("n_classes"), config.get("condition_channels")
    if (maps, channels) != (len(taxonomy.stated), len(taxonomy) + 1):
        raise ModelError(
            f"{path} does not fit together: model_index.json names {len(taxonomy)} classes, which needs n_classes "
            f"{len(taxonomy.stated)} and condition_channels {len(taxonomy) + 1}; unet/config.json has {maps} and "
            f"{channels}. Fetch the folder anew"
        )


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    # The scheduler too: other steps of the same network make other tiles.
    about = (file for folder in ("scheduler", "text_encoder") for file in sorted((path / folder).glob("*.json")))
    for part in (path / "model_index.json", path / "unet/config.json", path / WEIGHTS, *about):
        with open(part, "rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def _class_name(path: Path) -> str:
    return _json(path / "model_index.json").get("_class_name", "")


def _json(path: Path) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} holds no JSON object")
    return value
