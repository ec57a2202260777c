"""The perceptual distance: nothing between equals, blind to no blur, and its gradient mends the estimate."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.perception import KINDS, TrainedEye, perceptual_distance  # noqa: E402


@pytest.fixture(scope="module")
def eye():
    return TrainedEye()


@pytest.fixture(scope="module")
def distance(eye):
    return lambda made, real: perceptual_distance(eye(made), eye(real))


@pytest.fixture(scope="module")
def images():
    """Two images with structure at several scales, in -1..1."""
    chance = torch.Generator().manual_seed(0)
    coarse = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8, generator=chance), size=64, mode="bicubic")
    return (coarse + 0.3 * torch.rand(2, 3, 64, 64, generator=chance)).clamp(0, 1) * 2 - 1


def blurred(images, side):
    return torch.nn.functional.avg_pool2d(images, side, stride=1, padding=side // 2, count_include_pad=False)


def test_equal_images_are_no_distance_apart(distance, images):
    assert torch.equal(distance(images, images), torch.zeros(2))


def test_more_blur_is_further_away(distance, images):
    near, far = distance(blurred(images, 3), images), distance(blurred(images, 7), images)
    assert (near > 0).all() and (far > near).all()


def test_each_image_is_measured_by_itself(distance, images):
    both = distance(blurred(images, 3), images)
    alone = torch.cat([distance(blurred(images, 3)[i : i + 1], images[i : i + 1]) for i in (0, 1)])
    assert torch.allclose(both, alone, rtol=1e-4)


def test_the_gradient_mends_the_estimate_and_leaves_the_eye(eye, distance, images):
    estimate = blurred(images, 5).requires_grad_()
    before = distance(estimate, images).sum()
    before.backward()
    assert all(p.grad is None for p in eye.parameters())
    with torch.no_grad():
        step = estimate - 0.05 * estimate.grad / estimate.grad.abs().max()
    assert distance(step, images).sum() < before


def test_features_are_unit_vectors_of_four_resolutions(eye, images):
    features = eye(images)
    assert [f.shape[1] for f in features] == list(eye.widths) and [f.shape[2] for f in features] == [32, 16, 8, 4]
    assert all((f.norm(dim=1) <= 1 + 1e-5).all() for f in features)


def test_eyes_of_two_kinds_look_at_the_same_resolutions_and_see_differently(images):
    one, other = (TrainedEye(kind)(images) for kind in KINDS)
    assert [f.shape[2:] for f in one] == [f.shape[2:] for f in other] and one[-1].shape[1] != other[-1].shape[1]
    assert (one[0][:, :16] - other[0][:, :16]).abs().mean() > 1e-2
