"""Small stand-ins that many tests share: labelled tiles, a network, an encoder, a pipeline, a model folder.

Nothing heavy is imported before a test asks for it.
"""

from __future__ import annotations

import gc
import shutil
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from scipy import ndimage as ndi

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.data.labelled import LabelledTile
from napari_cosynth.interior import interior_points
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.locked import Locked
from napari_cosynth.produced import produced_nuclei
from napari_cosynth.quality import layout_report
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.run_settings import RunSettings
from napari_cosynth.snapshot import Entry, Snapshot
from napari_cosynth.tile import SyntheticTile

# The same examples in every run, however slow the machine: a change fails for what it is. New examples are looked for
# with `pytest --hypothesis-profile=default`.
settings.load_profile("ci")

CLASSES = ("neoplastic", "inflammatory", "connective", "epithelial", "unspecified")


def ellipses(size: tuple[int, int] = (128, 128), seed: int = 0, tries: int = 90) -> np.ndarray:
    """int32 (H, W): nuclei as filled ellipses, many of them touching, some cut by the edge, each in one piece."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[: size[0], : size[1]]
    instances = np.zeros(size, np.int32)
    for _ in range(tries):
        row, col, angle = *rng.uniform(0, size), rng.uniform(0, np.pi)
        along = (rows - row) * np.cos(angle) + (cols - col) * np.sin(angle)
        across = (cols - col) * np.cos(angle) - (rows - row) * np.sin(angle)
        ellipse = (along / rng.uniform(6, 9)) ** 2 + (across / rng.uniform(4, 6)) ** 2 <= 1
        free = ellipse & (instances == 0)
        # A nucleus may press into its neighbour, but does not lie under it.
        if free.sum() > max(40, 0.8 * ellipse.sum()) and ndi.label(free)[1] == 1:
            instances[free] = instances.max() + 1
    return instances


def stained(instances: np.ndarray, seed: int = 0) -> np.ndarray:
    """uint8 (H, W, 3): purple nuclei on pink, with grain."""
    grain = np.random.default_rng(seed).normal(0, 8, (*instances.shape, 1))
    color = np.where((instances > 0)[..., None], (110, 70, 150), (225, 170, 200))
    return np.clip(color + grain, 0, 255).astype(np.uint8)


def labelled_tile(seed: int = 0, size: tuple[int, int] = (128, 128), masks: bool = True, **facts) -> LabelledTile:
    """A tile of `ellipses`; without masks, of their points alone."""
    instances = ellipses(size, seed)
    ids, centroids = interior_points(instances)
    classes = tuple(np.random.default_rng(seed).choice(CLASSES, len(ids)).tolist())
    return LabelledTile(
        **{
            "name": f"tile-{seed}",
            "image": stained(instances, seed),
            "instances": instances if masks else None,
            "ids": ids,
            "centroids": centroids.astype(float),
            "classes": classes,
            "source": "made",
            "organ": "colon",
            **facts,
        }
    )


@pytest.fixture(autouse=True, scope="module")
def _imports_are_no_garbage():
    """napari looks for garbage whenever a layer goes: not among the million objects of what is imported by now."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _one_thread():
    """A batch tells torch how many threads to take, for good; two test processes of two each wait for each other."""
    yield
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_ellipses():
    return ellipses


@pytest.fixture(scope="session")
def make_tile():
    return labelled_tile


def synthetic_tile(seed: int = 0, size: tuple[int, int] = (64, 80), taxonomy: Taxonomy = BUNDLED, **facts):
    """A `SyntheticTile` of `ellipses`, without a model; the last nucleus has no point."""
    instances = ellipses(size, seed, 20)
    ids, centroids = interior_points(instances)
    class_ids = (np.arange(len(ids)) + seed) % len(taxonomy)
    layout = Layout(
        centroids=centroids[:-1], class_ids=class_ids[:-1], height=size[0], width=size[1], taxonomy=taxonomy
    )
    nuclei = produced_nuclei(instances, dict(zip(ids.tolist(), class_ids.tolist(), strict=True)), len(layout))
    request = SynthesisRequest(layout=layout, prompt="Drüse, 腺", seed=seed, model="none", model_hash="0" * 16)
    return SyntheticTile(
        **{
            "image": stained(instances, seed),
            "semantic": np.array([0, *(class_ids + 1)], np.uint8)[instances],
            "instances": instances,
            "nuclei": nuclei,
            "request": request,
            "report": layout_report(layout, nuclei),
            **facts,
        }
    )


def snapshot_of(count: int = 3, **facts) -> Snapshot:
    """A session of so many tiles, the second of which is shown."""
    entries = tuple(Entry(f"{i:032x}", synthetic_tile(i)) for i in range(count))
    layout = synthetic_tile(99).request.layout
    return Snapshot(
        **{
            "layout": layout,
            "prompt": "colon, Drüse 腺 \U0001f52c",
            "settings": RunSettings(seed=7, variants=4, quality="fine"),
            "entries": entries,
            "current": entries[1].key if count > 1 else None,
            "active_class": 2,
            "locked": Locked().with_points(layout, [0]),
            **facts,
        }
    )


def same_snapshot(one: Snapshot, other: Snapshot) -> bool:
    """Whether two sessions are the same to the last bit."""
    fields = ("layout", "prompt", "settings", "current", "active_class", "locked")
    if any(getattr(one, name) != getattr(other, name) for name in fields):
        return False
    return [e.key for e in one.entries] == [e.key for e in other.entries] and all(
        same_tile(a.tile, b.tile) for a, b in zip(one.entries, other.entries, strict=True)
    )


def same_tile(one: SyntheticTile, other: SyntheticTile) -> bool:
    """Whether two tiles are the same to the last bit."""
    arrays = all(
        getattr(one, name).dtype == getattr(other, name).dtype
        and np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("image", "semantic", "instances")
    )
    values = ("nuclei", "request", "verdict", "edited", "report", "training_distance")
    return arrays and all(getattr(one, name) == getattr(other, name) for name in values)


@pytest.fixture(scope="session")
def make_synthetic_tile():
    return synthetic_tile


@pytest.fixture(scope="session")
def make_snapshot():
    return snapshot_of


@pytest.fixture(scope="session")
def same():
    return same_snapshot


@pytest.fixture(scope="session")
def make_unet():
    """Tiny networks whose weights are all random, so that no input is ignored by an initial zero."""
    import torch

    from napari_cosynth.model.unet import JointUNet

    def make(seed: int = 0, text_channels: int = 16, **config) -> JointUNet:
        network = JointUNet(text_channels=text_channels, **({"channels": (32, 32), "attention_blocks": 1} | config))
        generator = torch.Generator().manual_seed(seed)
        for name, weight in network.named_parameters():
            if "norm" not in name:
                fan_in = weight[0].numel() if weight.ndim > 1 else 100
                weight.data = torch.randn(weight.shape, generator=generator) / fan_in**0.5
        return network.eval()

    return make


@pytest.fixture(scope="session")
def make_encoder():
    """Encoders of 16 channels that take a word's state from its letters, without weights."""
    import torch

    class FakeEncoder(torch.nn.Module):
        def encode(self, prompts: list[str]):
            words = [p.split() for p in prompts]
            states = torch.zeros(len(prompts), max(1, *map(len, words)), 16)
            mask = torch.zeros(states.shape[:2], dtype=torch.bool)
            for i, row in enumerate(words):
                for j, word in enumerate(row):
                    generator = torch.Generator().manual_seed(zlib.crc32(word.encode()))
                    states[i, j] = torch.randn(16, generator=generator)
                    mask[i, j] = True
            return states, mask

    return FakeEncoder


@pytest.fixture
def pipe(make_unet, make_encoder):
    """A pipeline of the bundled taxonomy with a tiny network and the fake encoder."""
    from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

    from napari_cosynth.model.pipeline import CoSynthPipeline

    return CoSynthPipeline(make_unet(), FlowMatchEulerDiscreteScheduler(), make_encoder())


@pytest.fixture(scope="session")
def minilm():
    """The real text encoder."""
    from napari_cosynth.model.text import TextEncoder

    return TextEncoder.default()


@pytest.fixture(scope="session")
def model_folder(make_unet, minilm, tmp_path_factory) -> Path:
    """A tiny model as training writes it. Read only: take `model_copy` to tamper with it."""
    from napari_cosynth.training.export import export_model
    from napari_cosynth.training.loop import TrainedState

    network = make_unet(text_channels=minilm.channels)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    state = TrainedState(network.state_dict(), 3, 24, 1.5, {"dense": 2, "colon": 5, "breast": 2})
    export_model(state, dict(network.config), minilm, BUNDLED, folder)
    return folder


@pytest.fixture(scope="session")
def make_training_index():
    """Indexes of 16 blocks of two tiles that mean nothing, for the bundled segmenter or another one."""
    from napari_cosynth.model.fingerprint import GRID, Projection
    from napari_cosynth.model.nearest import TrainingIndex
    from napari_cosynth.model.segmenter_folder import segmenter_hash

    def make(segmenter: str | None = None) -> TrainingIndex:
        rng = np.random.default_rng(0)
        features, a, d, n = 192, 3, 4, 16
        shapes = ((features,), (features, a), (GRID**2 * a,), (GRID**2 * a, d))
        return TrainingIndex(
            projection=Projection(*(rng.normal(size=shape).astype(np.float32) for shape in shapes)),
            codes=rng.integers(-127, 128, (n, d)).astype(np.int8),
            scale=rng.uniform(0.1, 1, d).astype(np.float32),
            usual=rng.uniform(1, 2, n).astype(np.float16),
            grids=np.array([[2, 3], [5, 2]], np.int32),
            unit=0.123456789,
            segmenter=segmenter or segmenter_hash(),
            facts={"blocks": str(n)},
        )

    return make


@pytest.fixture
def model_copy(model_folder, tmp_path) -> Path:
    return Path(shutil.copytree(model_folder, tmp_path / "model"))
