"""Requests become tiles: one generator for the command line and the dock.

It hides torch: nothing here imports it before a request runs, and every failure
of the model arrives as `SynthesisError` with advice. napari's worker swallows
`RuntimeError`, which is what torch raises; so none may leave this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cosynth.layout import Layout
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile

if TYPE_CHECKING:
    from napari_cosynth.model.instances import Labels
    from napari_cosynth.model.pipeline import CoSynthPipeline


class SynthesisError(Exception):
    """A tile could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class Started:
    """The model is loaded, the first step begins."""

    steps: int


@dataclass(frozen=True)
class Preview:
    """The tile as predicted after a step: uint8 (H, W, 3) RGB."""

    step: int
    steps: int
    image: np.ndarray


@dataclass(frozen=True)
class Finished:
    """The tile."""

    tile: SyntheticTile


Event = Started | Preview | Finished


def make_request(
    layout: Layout,
    prompt: str = "",
    *,
    seed: int = 0,
    steps: int | None = None,
    guidance: float | None = None,
    layout_guidance: float | None = None,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    threads: int | None = None,
) -> SynthesisRequest:
    """A request with everything that was left open decided for this machine.

    Parameters
    ----------
    model
        Name of a bundled model or path of a folder; the first bundled one if None.
    device
        The fastest there is if None.
    dtype
        What a remembered measurement found faster if None.
    threads
        As many as torch would take if None.

    Raises
    ------
    SynthesisError
        If the model or the device cannot be used.
    pydantic.ValidationError
        If a value is outside its range.
    """
    import torch

    from napari_cosynth.model import zoo

    try:
        folder = zoo.find_model(model)
        device = device or zoo.available_devices()[0]
        chosen = {"steps": steps, "guidance": guidance, "layout_guidance": layout_guidance}
        return SynthesisRequest(
            layout=layout,
            prompt=prompt,
            seed=seed,
            device=device,
            dtype=dtype or zoo.choose_dtype(folder, device),
            threads=threads or torch.get_num_threads(),
            model=folder.name if model is None or "/" not in str(model) else str(folder.path.resolve()),
            model_hash=folder.hash,
            **{name: value for name, value in chosen.items() if value is not None},
        )
    except (zoo.ModelError, RuntimeError) as error:
        raise SynthesisError(str(error)) from error


def run(request: SynthesisRequest) -> Iterator[Event]:
    """Make a request's tile.

    The same request on the same machine gives the same tile, bit for bit. Closing
    the generator cancels.

    Yields
    ------
    Started, then a Preview after each step, then Finished.

    Raises
    ------
    SynthesisError
        Whatever goes wrong, with advice.
    """
    try:
        yield from _run(request)
    except SynthesisError:
        raise
    except MemoryError as error:
        raise SynthesisError(_out_of_memory(request)) from error
    except RuntimeError as error:
        text = str(error)
        if "out of memory" in text.lower() or "can't allocate memory" in text.lower():
            raise SynthesisError(_out_of_memory(request)) from error
        raise SynthesisError(f"the model failed: {text}") from error
    except ValueError as error:
        raise SynthesisError(str(error)) from error


def _run(request: SynthesisRequest) -> Iterator[Event]:
    import torch

    from napari_cosynth.model import zoo
    from napari_cosynth.model.targets import image_of

    folder = zoo.find_model(request.model)
    if folder.hash != request.model_hash:
        raise SynthesisError(
            f"the request was made for the model {request.model} with hash {request.model_hash}; the one found here "
            f"has {folder.hash}, so its tile would differ. Install that version, or make a new request"
        )
    if request.threads:
        torch.set_num_threads(request.threads)
    pipe = _loaded(str(folder.path), folder.hash, request.device, request.dtype)
    layout = request.layout
    noise = pipe.draw_noise((layout.height, layout.width), [torch.Generator().manual_seed(request.seed)])
    yield Started(request.steps)
    steps = pipe.denoise([layout], [request.prompt], noise, request.steps, request.guidance, request.layout_guidance)
    for step in steps:
        yield Preview(step.number, step.total, image_of(step.joint[0].numpy()))
    made = pipe.decode(step.joint, [layout])
    yield Finished(tile_of(request, made.images[0], made.labels[0]))


def tile_of(request: SynthesisRequest, image: np.ndarray, labels: Labels) -> SyntheticTile:
    """A tile value from what the pipeline made of a request.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    """
    n = len(request.layout)
    # One pass over the map for all nuclei at once.
    rows, cols = np.nonzero(labels.instances)
    ids = labels.instances[rows, cols]
    area = np.bincount(ids)
    row, col = np.bincount(ids, rows), np.bincount(ids, cols)
    nuclei = tuple(
        ProducedNucleus(
            id=i,
            class_id=class_id,
            row=round(row[i] / area[i], 2),
            col=round(col[i] / area[i], 2),
            area_px=int(area[i]),
            requested=i <= n,
        )
        for i, class_id in sorted(labels.class_of.items())
    )
    report = layout_report(request.layout, nuclei)
    return SyntheticTile(image, labels.semantic, labels.instances, nuclei, request, report=report)


@lru_cache(maxsize=1)
def _loaded(path: str, model_hash: str, device: str, dtype: Any) -> CoSynthPipeline:
    from pathlib import Path

    from napari_cosynth.model import zoo

    del model_hash  # part of the cache's key: a folder that changed is loaded anew
    return zoo.load(zoo.check_folder(Path(path)), device, dtype)


def _out_of_memory(request: SynthesisRequest) -> str:
    layout = request.layout
    return (
        f"not enough memory on {request.device} for a tile of {layout.height} x {layout.width} px. "
        "Choose a smaller tile, close other programs, or choose another device"
    )
