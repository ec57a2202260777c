"""A stand-in for the model that hears prompts, a judge that counts what it drew, and real samples."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_cosynth.evaluation.making import MadeTile
from napari_cosynth.evaluation.sample import Sample

ORGANS = {"colon": (0, 0, 0), "brain": (-40, 20, 20), "breast": (20, -40, 20)}


class Painter:
    """Draws a disc at each point, on ground whose look follows the prompt; remembers what it was asked."""

    def __init__(self, deaf: bool = False, restless: bool = False) -> None:
        self.deaf, self.restless = deaf, restless
        self.asked = []

    def __call__(self, layout, prompt, seed, *, guidance=None, layout_guidance=None) -> MadeTile:
        self.asked.append((layout, prompt, seed, guidance, layout_guidance))
        heard = "" if self.deaf else prompt
        # A restless painter begins anew whenever anything is edited.
        rng = np.random.default_rng([seed, len(layout)] if self.restless else seed)
        size = (layout.height, layout.width)
        image = np.full((*size, 3), 170.0) + rng.normal(0, 8 if "sharp" in heard else 3, (*size, 1))
        image += next((tint for organ, tint in ORGANS.items() if organ in heard), (0, 0, 0))
        image += 30 * ("pale" in heard) - 30 * ("strong" in heard)
        if "white" in heard:
            image[: size[0] // 2] = 250
        points = layout.centroids
        if layout_guidance == 0:
            points = np.mgrid[8:88:20, 8:88:20].reshape(2, -1).T[: 16 if "crowded" in heard else 2]
        instances = np.zeros(size, np.int32)
        rows, cols = np.ogrid[: size[0], : size[1]]
        for i, (row, col) in enumerate(points, start=1):
            instances[np.hypot(rows - row, cols - col) <= 4] = i
        image[instances > 0] = (120, 70, 30) if "IHC" in heard else (90, 40, 110)
        class_of = dict(enumerate(layout.class_ids.tolist(), start=1)) if layout_guidance != 0 else {}
        return MadeTile(np.clip(image, 0, 255).astype(np.uint8), instances, class_of)


class Counter:
    """A segmenter of the painter's discs."""

    def segment(self, images):
        return [(ndi.label(image[..., 1] < 80)[0].astype(np.int32), {}) for image in images]


class MeanColours:
    """A feature space: mean and spread of each channel."""

    name = "mean colours"

    def features(self, images):
        rows = [[*image.mean((0, 1)), *image.std((0, 1))] for image in images]
        return np.array(rows, np.float32).reshape(-1, 6)


def sample(number: int = 0, tissue: str = "colon", size: int = 96, n: int = 9, **facts) -> Sample:
    """Points on a grid, each in another place for another number; the image is of its organ."""
    rng = np.random.default_rng(number)
    places = np.mgrid[16 : size - 8 : 24, 16 : size - 8 : 24].reshape(2, -1).T[:n].astype(float)
    tint = next((t for organ, t in ORGANS.items() if organ in tissue), (0, 0, 0))
    image = np.full((size, size, 3), 170.0) + rng.normal(0, 3, (size, size, 1)) + tint
    return Sample(
        **{
            "name": f"s{number}",
            "group": f"g{number // 2}",
            "source": "made",
            "image": np.clip(image, 0, 255).astype(np.uint8),
            "instances": np.zeros((size, size), np.int32),
            "class_of": {},
            "points": places + rng.integers(-3, 4, places.shape),
            "point_classes": rng.integers(0, 4, len(places)),
            "caption": f"{tissue}, H&E",
            "masked": False,
            "tissue": tissue,
            **facts,
        }
    )


def finished(request):
    """Events of `synthesis.run` for a request, by the painter."""
    from napari_cosynth.model.instances import Labels
    from napari_cosynth.synthesis import Finished, Started, tile_of

    tile = Painter()(request.layout, request.prompt, zlib.crc32(str(request.seed).encode()))
    classes = np.array([0, *(c + 1 for c in tile.class_of.values())], np.uint8)
    found = {i for i in np.unique(tile.instances).tolist() if i}
    labels = Labels(
        instances=tile.instances,
        semantic=classes[tile.instances],
        class_of={i: c for i, c in tile.class_of.items() if i in found},
    )
    yield Started(request.steps)
    yield Finished(tile_of(request, tile.image, labels))


@pytest.fixture
def make_painter():
    return Painter


@pytest.fixture
def counter():
    return Counter()


@pytest.fixture
def mean_colours():
    return MeanColours()


@pytest.fixture
def make_sample():
    return sample


@pytest.fixture
def paint_request():
    return finished
