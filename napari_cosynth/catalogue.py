"""Models and devices of this machine, as far as can be told without torch.

For those who show models before any runs: it reads the folder's JSON and its
card, never a weight. Whether the weights are sound is `model.zoo`'s matter, at
the time of loading.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from napari_cosynth.classes import Taxonomy
from napari_cosynth.layout import plain_message
from napari_cosynth.resources import models_dir

_PIPELINE = "CoSynthPipeline"
_WEIGHTS = Path("unet/diffusion_pytorch_model.safetensors")
_TERMS: TypeAdapter[dict[str, int]] = TypeAdapter(dict[str, int])


class CatalogueError(ValueError):
    """A model folder that cannot be used, and why."""


@dataclass(frozen=True)
class ModelInfo:
    """What a model folder tells about itself.

    Parameters
    ----------
    name
        Name of the folder.
    path
        The folder.
    taxonomy
        Its classes.
    card
        Text of the model card, Markdown; empty if it has none.
    prompt_terms
        Words of the training captions with their counts; empty if the folder does not tell.
    """

    name: str
    path: Path
    taxonomy: Taxonomy
    card: str
    prompt_terms: dict[str, int]

    @property
    def ref(self) -> str:
        """How requests name the model: one that ships with the package by its name, any other by its place."""
        path = self.path.resolve()
        try:
            ships = path.parent == models_dir().resolve()
        except FileNotFoundError:
            ships = False
        return self.name if ships else str(path)


def bundled() -> list[ModelInfo]:
    """The models that ship with the package, by name.

    Raises
    ------
    CatalogueError
        If one of them is damaged.
    """
    try:
        folder = models_dir()
    except FileNotFoundError as error:
        raise CatalogueError(str(error)) from None
    indexes = sorted(folder.glob("*/model_index.json"))
    return [_read(index.parent) for index in indexes if _json(index).get("_class_name") == _PIPELINE]


def model_info(ref: str | os.PathLike | None = None) -> ModelInfo:
    """A model by name or folder; without one, the first bundled one.

    Raises
    ------
    CatalogueError
        If there is none, or the folder cannot be used.
    """
    if ref is None:
        found = bundled()
        if not found:
            raise CatalogueError("no model ships with this installation; choose a model folder")
        return found[0]
    path = Path(ref)
    if not path.exists() and len(path.parts) == 1:
        ships = [info for info in bundled() if info.name == str(ref)]
        if ships:
            return ships[0]
    if not path.is_dir():
        names = ", ".join(info.name for info in bundled())
        raise CatalogueError(f"there is no model folder {ref}; bundled models: {names or 'none'}")
    return _read(path)


def likely_devices() -> tuple[str, ...]:
    """Devices that this machine probably has, the fastest first, without asking torch, which takes seconds."""
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return ("mps", "cpu")
    return ("cuda", "cpu") if shutil.which("nvidia-smi") else ("cpu",)


def _read(path: Path) -> ModelInfo:
    index = path / "model_index.json"
    if not index.is_file():
        raise CatalogueError(f"{path} is not a model folder: it has no model_index.json. Choose the folder that has")
    content = _json(index)
    if content.get("_class_name") != _PIPELINE:
        raise CatalogueError(
            f"{path} holds a {content.get('_class_name') or 'nameless pipeline'}, another project's model; "
            f"this program runs {_PIPELINE}"
        )
    try:
        taxonomy = Taxonomy.model_validate(content["taxonomy"])
    except KeyError:
        raise CatalogueError(f"{index} names no classes; fetch the folder anew") from None
    except ValidationError as error:
        raise CatalogueError(f"{index} names no valid classes: {plain_message(error)}. Fetch the folder anew") from None
    if not (path / _WEIGHTS).is_file():
        raise CatalogueError(f"{path / _WEIGHTS} is missing: the model's weights are not there; fetch the folder anew")
    return ModelInfo(path.name, path, taxonomy, _card(path), _terms(path))


def _card(path: Path) -> str:
    card = path / "README.md"
    try:
        return card.read_text(encoding="utf-8") if card.is_file() else ""
    except (OSError, ValueError) as error:
        raise CatalogueError(f"the model's card {card} cannot be read: {error}") from error


def _terms(path: Path) -> dict[str, int]:
    terms = path / "prompt_terms.json"
    if not terms.is_file():
        return {}
    try:
        return _TERMS.validate_python(_json(terms))
    except ValidationError:
        raise CatalogueError(f"{terms} holds no words with their counts; fetch the folder anew") from None


def _json(path: Path) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{path} cannot be read as JSON: {error}; fetch the folder anew") from error
    if not isinstance(value, dict):
        raise CatalogueError(f"{path} holds no JSON object; fetch the folder anew")
    return value
