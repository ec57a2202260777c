"""The average of the weights."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.training.ema import WeightAverage  # noqa: E402


def network(value, dtype=torch.float32):
    layer = torch.nn.Linear(2, 2).to(dtype)
    for weight in layer.parameters():
        torch.nn.init.constant_(weight, value)
    return layer


def test_it_starts_as_a_copy():
    layer = network(3)
    average = WeightAverage(layer)
    layer.weight.data += 1
    assert (average.weights["weight"] == 3).all()


def test_weights_that_stay_are_their_own_average():
    layer = network(0.1)
    average = WeightAverage(layer)
    for step in range(50):
        average.update(layer, step)
    assert torch.allclose(average.weights["weight"], layer.weight)


def test_early_weights_are_forgotten_soon():
    average = WeightAverage(network(0))
    average.update(network(1), 0)
    assert average.weights["weight"][0, 0].item() == pytest.approx(0.9)


def test_late_steps_move_by_the_decay():
    average = WeightAverage(network(0), decay=0.99)
    average.update(network(1), 10**6)
    assert average.weights["weight"][0, 0].item() == pytest.approx(0.01)


def test_half_precision_is_averaged_in_full():
    average = WeightAverage(network(1, torch.bfloat16), decay=0.9999)
    for step in range(10**5, 10**5 + 10):
        average.update(network(2, torch.bfloat16), step)
    assert average.weights["weight"].dtype == torch.float32
    assert average.weights["weight"][0, 0].item() == pytest.approx(2 - 0.9999**10, rel=1e-5)
