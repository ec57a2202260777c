"""A model folder out of trained weights: what users load, and what training starts from."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.detail import Details
from napari_cosynth.model.labels_first import pipeline_class
from napari_cosynth.model.pipeline import CoSynthPipeline
from napari_cosynth.model.scheduler import flow_scheduler
from napari_cosynth.model.text import TextEncoder
from napari_cosynth.model.unet import JointUNet
from napari_cosynth.training.loop import TrainedState

_KEPT = ("README.md", "grid.png")
"""Files of an older folder that people wrote, not training."""


def export_model(
    state: TrainedState,
    config: dict,
    encoder: TextEncoder,
    taxonomy: Taxonomy,
    folder: Path,
    details: Details | None = None,
) -> CoSynthPipeline:
    """Write a model folder: averaged weights in half precision, scheduler, terms.

    The folder is built beside its place and swapped in; a card that stands there
    is kept.

    Parameters
    ----------
    config
        The network's configuration.
    details
        Of the tiles that it was trained on.

    Returns
    -------
    The pipeline, float32 on the CPU, with the weights as stored.
    """
    # "_name_or_path" says where a run that began from a model found it: a place on this machine.
    network = JointUNet.from_config({key: value for key, value in config.items() if not key.startswith("_")})
    network.load_state_dict(state.weights)
    pipe = pipeline_class(network)(
        network.half().eval(),
        flow_scheduler(),
        encoder,
        taxonomy.model_dump(mode="json"),
        details,
    )
    beside, old = (folder.with_name(f".{folder.name}.{what}") for what in ("part", "old"))
    if old.exists() and not folder.exists():
        # A process that was killed between the two renames below left the model there.
        os.replace(old, folder)
    for leftover in (beside, old):
        shutil.rmtree(leftover, ignore_errors=True)
    pipe.save_pretrained(beside, safe_serialization=True)
    terms = dict(sorted(state.terms.items(), key=lambda item: (-item[1], item[0])))
    (beside / "prompt_terms.json").write_text(json.dumps(terms, indent=0) + "\n", encoding="utf-8")
    facts = {"steps": state.step, "crops": state.crops, "seconds": round(state.seconds)}
    (beside / "training.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for name in _KEPT:
        if (folder / name).is_file():
            shutil.copy2(folder / name, beside / name)
    if folder.exists():
        os.replace(folder, old)
    os.replace(beside, folder)
    shutil.rmtree(old, ignore_errors=True)
    pipe.unet.float()
    return pipe
