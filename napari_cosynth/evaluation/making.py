"""Tiles made for an evaluation, each request once.

Made tiles are kept in a folder as they come, so an evaluation that was stopped
goes on where it was, and two experiments that ask for the same tile share it.
It knows no metric.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.layout import Layout
from napari_cosynth.model.sampler import sampler_fingerprint
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.synthesis import Finished, RequestError, make_request, run, taxonomy_of
from napari_cosynth.writing import write_together


class MakingSettings(BaseModel):
    """What decides the made tiles, apart from layouts and captions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str | None = None
    steps: int | None = Field(None, ge=1, le=200)
    guidance: float | None = Field(None, ge=0, le=20)
    layout_guidance: float | None = Field(None, ge=0, le=20)
    device: str | None = None
    dtype: str | None = None
    threads: int | None = None
    seed: int = Field(0, ge=0)


@dataclass(frozen=True, eq=False)
class MadeTile:
    """A made tile as far as the evaluation looks at it.

    ``image`` uint8 (H, W, 3) RGB; ``instances`` int32 (H, W), 0 = background;
    ``class_of`` the class id of each instance id.
    """

    image: np.ndarray
    instances: np.ndarray
    class_of: dict[int, int]


class TileMaker(Protocol):
    """Makes a tile of a layout, a prompt and a seed; the same three give the same tile."""

    def __call__(
        self,
        layout: Layout,
        prompt: str,
        seed: int,
        *,
        guidance: float | None = None,
        layout_guidance: float | None = None,
    ) -> MadeTile:
        """Guidance: the evaluation's own if None."""
        ...


class KeptTiles:
    """Makes tiles with one model and keeps them, one file for each request and sampler.

    Parameters
    ----------
    settings
        Which model, and how.
    folder
        Where the tiles are kept; made if it is not there.
    """

    def __init__(self, settings: MakingSettings, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._folder = folder
        self._first: SynthesisRequest | None = None

    def request(
        self,
        layout: Layout,
        prompt: str,
        seed: int,
        *,
        guidance: float | None = None,
        layout_guidance: float | None = None,
    ) -> SynthesisRequest:
        """The request of a tile; arguments as in `TileMaker`.

        Raises
        ------
        SynthesisError
            If the model or the device cannot be used, or the model has other classes.
        """
        if self._first is None:
            # Finding the model reads its weights, so it is done once.
            first = make_request(layout, prompt, seed=seed, **self._settings.model_dump(exclude={"seed"}))
            known = taxonomy_of(first.model).names
            if known != layout.taxonomy.names:
                raise RequestError(
                    f"the model's classes are {', '.join(known)}; real tiles are compared in the classes "
                    f"{', '.join(layout.taxonomy.names)}: choose a model that has these"
                )
            self._first = first
        changes = {"layout": layout, "prompt": prompt, "seed": seed}
        chosen = {"guidance": guidance, "layout_guidance": layout_guidance}
        changes |= {name: value for name, value in chosen.items() if value is not None}
        return SynthesisRequest(**dict(self._first) | changes)

    def __call__(
        self,
        layout: Layout,
        prompt: str,
        seed: int,
        *,
        guidance: float | None = None,
        layout_guidance: float | None = None,
    ) -> MadeTile:
        request = self.request(layout, prompt, seed, guidance=guidance, layout_guidance=layout_guidance)
        asked = f"{sampler_fingerprint()} {request.model_dump_json()}"
        key = hashlib.sha256(asked.encode()).hexdigest()[:24]
        file = self._folder / f"{key}.npz"
        if not file.is_file():
            tile = next(event.tile for event in run(request) if isinstance(event, Finished))
            classes = {n.id: n.class_id for n in tile.nuclei}
            stream = io.BytesIO()
            np.savez_compressed(
                stream, image=tile.image, instances=tile.instances, classes=np.array(json.dumps(classes))
            )
            write_together({file: stream.getvalue()})
        with np.load(file, allow_pickle=False) as kept:
            image, instances, classes = kept["image"], kept["instances"], json.loads(str(kept["classes"]))
        return MadeTile(image, instances, {int(i): c for i, c in classes.items()})


def made_samples(real: Sequence[Sample], make: TileMaker, seed: int = 0) -> Iterator[Sample]:
    """The made counterpart of each real sample, in order: its layout and caption, other noise.

    Parameters
    ----------
    real
        Layouts and captions; the images are not looked at.
    seed
        Of the evaluation.

    Yields
    ------
    Samples with the names, groups, points and captions of the real ones; the
    image and the labels are the model's.
    """
    for sample in real:
        tile = make(layout_of(sample), sample.caption, noise_seed(seed, sample.name))
        yield replace(sample, image=tile.image, instances=tile.instances, class_of=tile.class_of, masked=True)


def noise_seed(seed: int, name: str) -> int:
    """Seed of the noise of a named tile: one of its own, whatever else is evaluated."""
    return zlib.crc32(f"{seed}/{name}".encode())


def layout_of(sample: Sample) -> Layout:
    """The sample's points as a layout; of two less than a pixel apart the first stays."""
    kept: list[int] = []
    for i, point in enumerate(sample.points):
        if all(np.hypot(*(point - sample.points[k])) >= 1 for k in kept):
            kept.append(i)
    height, width = sample.image.shape[:2]
    return Layout(centroids=sample.points[kept], class_ids=sample.point_classes[kept], height=height, width=width)
