"""The segmenter as a network, and what it makes of its maps."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.classes import BUNDLED  # noqa: E402
from napari_cosynth.model.segmenter import Segmenter, image_tensor  # noqa: E402


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Segmenter(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 8, 16)).eval()


def test_shapes(network):
    distance, logits = network(torch.zeros(2, 3, 32, 48))
    assert distance.shape == (2, 32, 48) and logits.shape == (2, 1 + len(BUNDLED.stated), 32, 48)


def test_any_image_size(network):
    image = np.random.default_rng(0).integers(0, 256, (37, 50, 3), dtype=np.uint8)
    ((instances, class_of),) = network.segment([image])
    assert instances.shape == (37, 50) and instances.dtype == np.int32
    assert sorted(class_of) == list(range(1, instances.max() + 1))


def test_a_nucleus_takes_the_class_that_its_pixels_believe_in(network):
    wanted = BUNDLED.stated[2]

    class Believes(Segmenter):
        def forward(self, image):
            inside = torch.zeros(1, *image.shape[-2:])
            inside[:, 8:20, 8:20] = 1
            logits = torch.zeros(1, 1 + len(BUNDLED.stated), *image.shape[-2:])
            logits[:, 0] = 6 - 12 * inside
            logits[:, 3] = 1
            return inside, logits

    judge = Believes(taxonomy=BUNDLED.model_dump(mode="json"), channels=(8, 8))
    ((instances, class_of),) = judge.segment([np.zeros((32, 32, 3), np.uint8)])
    assert class_of == {1: wanted} and (instances[8:20, 8:20] == 1).all() and (instances > 0).sum() == 144


def test_saved_and_loaded_it_says_the_same(network, tmp_path):
    network.register_to_config(threshold=0.4, depth=0.2)
    network.save_pretrained(tmp_path)
    again = Segmenter.from_pretrained(tmp_path)
    assert again.taxonomy == BUNDLED and again.config.threshold == 0.4
    image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for before, after in zip(network(image), again(image), strict=True):
        torch.testing.assert_close(before, after)
    assert list(tmp_path.glob("*.safetensors")) and not list(tmp_path.glob("*.bin"))


def test_image_tensor_spans_minus_one_to_one():
    tensor = image_tensor(np.array([[[0, 127, 255]]], np.uint8))
    assert tensor.shape == (3, 1, 1) and tensor.min() == -1 and tensor.max() == 1
