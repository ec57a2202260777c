"""Surroundings: as noisy as the tile they stand around, mirrored at first, and then as predicted."""

import pytest

torch = pytest.importorskip("torch")

from napari_cosynth.model.surround import MARGIN, Surround, inner, mirrored  # noqa: E402

ALL = slice(None)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def wide(height, width):
    return height + 2 * MARGIN, width + 2 * MARGIN


def outside(canvas):
    """The pixels of the margin."""
    edge = torch.ones(canvas.shape[-2:], dtype=torch.bool)
    inner(edge)[:] = False
    return canvas[..., edge]


def test_mirrored_keeps_the_tile_and_repeats_it_backwards_at_each_edge():
    tile = drawn(2, 3, 32, 48)
    canvas = mirrored(tile)
    assert canvas.shape == (2, 3, *wide(32, 48)) and torch.equal(inner(canvas), tile)
    for axis, size in ((-2, 32), (-1, 48)):
        for k in range(1, MARGIN + 1):
            assert torch.equal(canvas.select(axis, MARGIN - k), canvas.select(axis, MARGIN + k))
            last = MARGIN + size - 1
            assert torch.equal(canvas.select(axis, last + k), canvas.select(axis, last - k))


@pytest.mark.parametrize("sigma", [0.4, 0.1])
def test_the_tile_is_as_given_and_what_is_around_it_as_noisy(sigma):
    tile, z, noise = drawn(2, 5, 32, 32), drawn(2, 5, 32, 32, seed=1), drawn(2, 5, *wide(32, 32), seed=2)
    canvas = Surround(tile, noise).around(z, torch.tensor(sigma), ALL)
    assert torch.equal(inner(canvas), z)
    torch.testing.assert_close(outside(canvas), outside((1 - sigma) * mirrored(tile) + sigma * noise))


def test_surroundings_go_on_as_they_were_predicted():
    tile, z, noise = drawn(1, 5, 32, 32), drawn(1, 5, 32, 32, seed=1), drawn(1, 5, *wide(32, 32), seed=2)
    predicted = drawn(1, 5, *wide(32, 32), seed=3)
    surround = Surround(tile, noise)
    assert torch.equal(surround.keep(predicted, ALL), inner(predicted))
    canvas = surround.around(z, torch.tensor(0.25), ALL)
    torch.testing.assert_close(outside(canvas), outside(0.75 * predicted + 0.25 * noise))


def test_channels_that_stand_still_stay_clean_and_as_they_were():
    tile, z, noise = drawn(1, 5, 32, 32), drawn(1, 5, 32, 32, seed=1), drawn(1, 5, *wide(32, 32), seed=2)
    surround, moving = Surround(tile, noise), slice(0, 3)
    surround.keep(drawn(1, 5, *wide(32, 32), seed=3), moving)
    canvas = surround.around(z, torch.tensor(0.25), moving)
    assert torch.equal(outside(canvas[:, 3:]), outside(mirrored(tile)[:, 3:]))
    assert not torch.equal(outside(canvas[:, :3]), outside(mirrored(tile)[:, :3]))


def test_neither_tile_nor_noise_is_changed():
    tile, noise = drawn(1, 5, 32, 32), drawn(1, 5, *wide(32, 32), seed=2)
    before = tile.clone(), noise.clone()
    surround = Surround(tile, noise)
    surround.around(drawn(1, 5, 32, 32, seed=1), torch.tensor(0.4), ALL)
    surround.keep(drawn(1, 5, *wide(32, 32), seed=3), ALL)
    assert torch.equal(tile, before[0]) and torch.equal(noise, before[1])
