"""Made counterparts of real samples: the same layout and caption, other noise.

Made tiles are kept in a folder as they come, so an evaluation that was stopped
goes on where it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.layout import Layout
from napari_cosynth.synthesis import Finished, make_request, run
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


def made_samples(real: Sequence[Sample], settings: MakingSettings, folder: Path) -> Iterator[Sample]:
    """The made counterpart of each real sample, in order.

    Parameters
    ----------
    real
        Layouts and captions; the images are not looked at.
    folder
        Where made tiles are kept, one file for each request.

    Yields
    ------
    Samples with the names, groups, points and captions of the real ones; the
    image and the labels are the model's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chosen = settings.model_dump(exclude={"seed"})
    for sample in real:
        layout = _layout(sample)
        # A noise of its own for each tile, whatever else is evaluated.
        seed = zlib.crc32(f"{settings.seed}/{sample.name}".encode())
        request = make_request(layout, sample.caption, seed=seed, **chosen)
        key = hashlib.sha256(request.model_dump_json().encode()).hexdigest()[:24]
        file = folder / f"{key}.npz"
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
        yield replace(
            sample, image=image, instances=instances, class_of={int(k): v for k, v in classes.items()}, masked=True
        )


def _layout(sample: Sample) -> Layout:
    """The sample's points as a layout; of two less than a pixel apart the first stays."""
    kept: list[int] = []
    for i, point in enumerate(sample.points):
        if all(np.hypot(*(point - sample.points[k])) >= 1 for k in kept):
            kept.append(i)
    height, width = sample.image.shape[:2]
    return Layout(centroids=sample.points[kept], class_ids=sample.point_classes[kept], height=height, width=width)
