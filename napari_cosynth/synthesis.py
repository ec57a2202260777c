"""Requests become tiles: `run` for the command line, `make` for the dock.

It hides torch: nothing here imports it before a request runs, and every failure
of the model arrives as `SynthesisError` with advice. napari's worker swallows
`RuntimeError`, which is what torch raises; so none may leave this module.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.terms import unknown_words
from napari_cosynth.events import Event, Finished, Loading, Preview, RequestError, Started, SynthesisError
from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.request import Order, SynthesisRequest
from napari_cosynth.resources import models_dir
from napari_cosynth.tile import SyntheticTile

if TYPE_CHECKING:
    from napari_cosynth.model.instances import Labels
    from napari_cosynth.model.pipeline import CoSynthPipeline
    from napari_cosynth.model.zoo import ModelFolder


PREVIEW_SECONDS = 0.2
"""Least time between two previews with labels: more often nobody sees them, and each costs time of the run."""


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
    RequestError
        If the model or the device cannot be used.
    SynthesisError
        If the device fails.
    pydantic.ValidationError
        If a value is outside its range.
    """
    import torch

    from napari_cosynth.model import zoo

    try:
        folder = zoo.find_model(model)
        devices = zoo.available_devices()
        device = device or devices[0]
        if device not in devices:
            raise RequestError(f"no device {device!r} on this machine; choose one of: {', '.join(devices)}")
        chosen = {"steps": steps, "guidance": guidance, "layout_guidance": layout_guidance}
        return SynthesisRequest(
            layout=layout,
            prompt=prompt,
            seed=seed,
            device=device,
            dtype=dtype or zoo.choose_dtype(folder, device),
            threads=threads or torch.get_num_threads(),
            model=_reference(folder),
            model_hash=folder.hash,
            **{name: value for name, value in chosen.items() if value is not None},
        )
    except zoo.ModelError as error:
        raise RequestError(str(error)) from error
    except (RuntimeError, OSError) as error:
        raise SynthesisError(_advice(error, layout, device or "this machine")) from error


def taxonomy_of(model: str | None = None) -> Taxonomy:
    """The classes of a model; ``model`` as in `make_request`.

    Raises
    ------
    RequestError
        If the model cannot be used.
    """
    return _found(model).taxonomy


def unseen_words(request: SynthesisRequest) -> tuple[str, ...]:
    """Words of the prompt that the model's training never showed it; none if its folder does not tell.

    Raises
    ------
    RequestError
        If the model cannot be used.
    """
    terms = _found(request.model).prompt_terms
    return unknown_words(request.prompt, terms) if terms else ()


def make(order: Order) -> Iterator[Event]:
    """Make the tile that a user asks for.

    Closing the generator cancels, at any event.

    Yields
    ------
    Loading, then as `run` does; some previews come with labels.

    Raises
    ------
    RequestError
        If it cannot be made as it is asked for.
    SynthesisError
        Whatever else goes wrong, of any kind, with advice.
    """
    yield Loading()
    try:
        request = make_request(
            order.layout,
            order.prompt,
            seed=order.seed,
            steps=order.steps,
            guidance=order.guidance,
            layout_guidance=order.layout_guidance,
            model=order.model,
            device=order.device,
        )
        yield from run(request, labels=order.preview)
    except SynthesisError:
        raise
    except ValueError as error:
        raise RequestError(plain_message(error) if isinstance(error, ValidationError) else str(error)) from error
    except Exception as error:  # whoever clicked must not be left without an answer
        raise SynthesisError(_advice(error, order.layout, order.device or "this machine")) from error


def run(request: SynthesisRequest, *, labels: bool = False) -> Iterator[Event]:
    """Make a request's tile.

    The same request on the same machine gives the same tile, bit for bit. Closing
    the generator cancels.

    Parameters
    ----------
    labels
        True: a preview comes with the nuclei of the predicted tile, but for the
        last one and those sooner than `PREVIEW_SECONDS` after another.

    Yields
    ------
    Started, then a Preview after each step, then Finished.

    Raises
    ------
    RequestError
        If the request cannot be met as it is.
    SynthesisError
        Whatever else goes wrong, with advice.
    """
    try:
        yield from _run(request, labels)
    except SynthesisError:
        raise
    except ValueError as error:
        # Model, text encoder and pipeline say with it what is wrong with what was asked.
        raise RequestError(str(error)) from error
    except (MemoryError, RuntimeError, OSError) as error:
        raise SynthesisError(_advice(error, request.layout, request.device)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """True if an error says that memory, of the machine or of a device, did not suffice."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _run(request: SynthesisRequest, labels: bool) -> Iterator[Event]:
    import torch

    from napari_cosynth.model.nearest_file import training_check
    from napari_cosynth.model.targets import image_of

    folder = _found(request.model)
    if folder.hash != request.model_hash:
        raise RequestError(
            f"the request was made for the model {request.model} with hash {request.model_hash}; the one found here "
            f"has {folder.hash}, so its tile would differ. Install that version, or make a new request"
        )
    if request.threads:
        torch.set_num_threads(request.threads)
    pipe = _loaded(str(folder.path), folder.hash, request.device, request.dtype)
    check = training_check(folder.path)
    layout = request.layout
    noise = pipe.draw_noise((layout.height, layout.width), [torch.Generator().manual_seed(request.seed)])
    yield Started(request.steps)
    steps = pipe.denoise([layout], [request.prompt], noise, request.steps, request.guidance, request.layout_guidance)
    shown = time.monotonic()
    for step in steps:
        instances = None
        if labels and step.number < step.total and time.monotonic() >= shown + PREVIEW_SECONDS:
            instances = pipe.decode(step.joint, [layout]).labels[0].instances
            shown = time.monotonic()
        yield Preview(step.number, step.total, image_of(step.joint[0].numpy()), instances)
    made = pipe.decode(step.joint, [layout])
    tile = tile_of(request, made.images[0], made.labels[0])
    yield Finished(replace(tile, training_distance=check.distance(tile.image)) if check else tile)


def tile_of(request: SynthesisRequest, image: np.ndarray, labels: Labels) -> SyntheticTile:
    """A tile value from what the pipeline made of a request.

    Parameters
    ----------
    image
        uint8 (H, W, 3) RGB.
    """
    nuclei = produced_nuclei(labels.instances, labels.class_of, len(request.layout))
    report = layout_report(request.layout, nuclei)
    return SyntheticTile(image, labels.semantic, labels.instances, nuclei, request, report=report)


@lru_cache(maxsize=1)
def _loaded(path: str, model_hash: str, device: str, dtype: Any) -> CoSynthPipeline:
    from napari_cosynth.model import zoo

    del model_hash  # part of the cache's key: a folder that changed is loaded anew
    try:
        return zoo.load(zoo.check_folder(Path(path)), device, dtype)
    except (ValueError, RuntimeError, MemoryError):
        raise
    except Exception as error:  # the libraries raise whatever a damaged part of the folder leads to
        raise RequestError(f"the model in {path} cannot be loaded ({error}); fetch the folder anew") from error


def _found(model: str | None) -> ModelFolder:
    from napari_cosynth.model import zoo

    try:
        return zoo.find_model(model)
    except zoo.ModelError as error:
        raise RequestError(str(error)) from error


def _reference(folder: ModelFolder) -> str:
    """How a request names a model: one that ships with the package by its name, any other by its place."""
    path = folder.path.resolve()
    try:
        ships = path.parent == models_dir().resolve()
    except FileNotFoundError:
        ships = False
    return folder.name if ships else str(path)


def _advice(error: Exception, layout: Layout, device: str) -> str:
    if is_out_of_memory(error):
        return (
            f"not enough memory on {device} for a tile of {layout.height} x {layout.width} px. "
            "Choose a smaller tile, close other programs, or choose another device"
        )
    if isinstance(error, OSError):
        return f"a file could not be read: {error}"
    if isinstance(error, ImportError):
        return f"a part of the program is missing: {error}. Install napari-cosynth again"
    # A bare RuntimeError is torch's; the text of other kinds may be no more than a name.
    what = str(error) if type(error) is RuntimeError else f"{type(error).__name__}: {error}"
    return f"the model failed on {device}: {what}. Try again, or on another device"
