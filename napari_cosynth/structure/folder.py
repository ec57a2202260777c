"""The folder of a generator of structure: network, classes, words; safetensors only.

A card (README.md) that stands there is people's work and stays as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from safetensors import SafetensorError

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.text import CONFIG_NAME as TEXT_ENCODER
from napari_cosynth.model.text import TextEncoder
from napari_cosynth.resources import models_dir
from napari_cosynth.structure.density_net import DensityNet
from napari_cosynth.structure.generator import StructureGenerator
from napari_cosynth.structure.traits import TRAITS
from napari_cosynth.writing import write_together

WEIGHTS, CONFIG, FACTS = "diffusion_pytorch_model.safetensors", "config.json", "structure.json"


def bundled_structure_folder() -> Path:
    """Where the generator lies that ships with the package."""
    return models_dir() / "structure"


def load_structure(folder: Path | None = None) -> StructureGenerator:
    """The generator of a folder, float32 on the CPU; offline.

    Parameters
    ----------
    folder
        Written by `save_structure`; the bundled one if None.

    Raises
    ------
    ValueError
        If the folder holds no generator of structure, or a damaged one.
    TextEncoderError
        If the text encoder is not the one that it was trained with.
    """
    folder = bundled_structure_folder() if folder is None else Path(folder)
    for name in (CONFIG, FACTS, TEXT_ENCODER, WEIGHTS):
        if not (folder / name).is_file():
            raise ValueError(
                f"{folder} holds no generator of structure: {name} is not there; give the folder that "
                "napari-cosynth layout train-structure wrote"
            )
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        taxonomy, terms = Taxonomy.model_validate(facts["taxonomy"]), facts["terms"]
        # Folders of before traits have none of the two, and go on as they did.
        traits, typical = facts.get("traits", []), facts.get("typical", {})
        kind = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["_class_name"]
        if kind != DensityNet.__name__:
            raise ValueError(f"{CONFIG} describes a {kind}")
        diffusers_logging.disable_progress_bar()
        network = DensityNet.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, torch_dtype=torch.float32
        )
        if network.config.n_classes != len(taxonomy):
            raise ValueError(f"{network.config.n_classes} maps for {len(taxonomy)} classes")
        if network.config.n_traits != len(traits) or (traits and traits != list(TRAITS)):
            raise ValueError(f"it was told {', '.join(traits) or 'no traits'}; this version tells {', '.join(TRAITS)}")
    except (KeyError, TypeError, ValueError, OSError, RuntimeError, SafetensorError) as error:
        raise ValueError(f"{folder} holds no sound generator of structure ({error}); fetch or train it anew") from error
    return StructureGenerator(network, TextEncoder.from_pretrained(folder), taxonomy, terms, typical)


def save_structure(generator: StructureGenerator, folder: Path, training: dict[str, Any] | None = None) -> None:
    """Write a generator, its weights in half precision; a killed process leaves the old files or the new.

    Parameters
    ----------
    generator
        Stays as it is.
    folder
        Made if it is not there.
    training
        How it was trained, to be kept with it.
    """
    half = DensityNet.from_config(generator.network.config)
    half.load_state_dict(generator.network.state_dict())
    facts = {
        "taxonomy": generator.taxonomy.model_dump(mode="json"),
        "terms": dict(sorted(generator.terms.items(), key=lambda item: (-item[1], item[0]))),
        "traits": list(TRAITS) if half.config.n_traits else [],
        "typical": generator.typical,
        "training": training or {},
    }
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as draft:
        half.half().save_pretrained(draft, safe_serialization=True)
        generator.encoder.save_pretrained(draft)
        (Path(draft) / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        names = (FACTS, TEXT_ENCODER, CONFIG, WEIGHTS)
        write_together({folder / name: (Path(draft) / name).read_bytes() for name in names})
