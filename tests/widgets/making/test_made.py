from dataclasses import replace

import pytest

from napari_cosynth.request import Order
from napari_cosynth.snapshot import Entry
from napari_cosynth.widgets.making.made import MadeTiles


@pytest.fixture
def orders(make_layout):
    return tuple(Order(layout=make_layout(4, 64), prompt="colon", seed=seed) for seed in (1, 2))


@pytest.fixture
def entries(orders, make_made_tile):
    return tuple(Entry(f"k{order.seed}", make_made_tile(order.layout, seed=order.seed)) for order in orders)


@pytest.fixture
def made(orders):
    made = MadeTiles()
    for order in orders:
        made.add(order, f"k{order.seed}")
    return made


def test_the_same_orders_are_the_same_tiles(made, orders, entries, make_layout):
    again = tuple(replace(order, layout=make_layout(4, 64), preview=False) for order in orders)
    assert made.keys(again, entries) == ("k1", "k2")
    assert made.keys(again[1:], entries) == ("k2",)


@pytest.mark.parametrize(
    "change", [{"seed": 3}, {"prompt": "lung"}, {"steps": 99}, {"guidance": 9.0}, {"model": "x"}, {"device": "y"}]
)
def test_whatever_makes_another_tile_is_new(made, orders, entries, change):
    assert made.keys((orders[0], replace(orders[1], **change)), entries) == ("k1", "")


def test_another_layout_is_new(made, orders, entries):
    assert made.keys((replace(orders[0], layout=orders[0].layout.remove([0])),), entries) == ("",)


def test_removed_and_corrected_tiles_are_none(made, orders, entries):
    assert made.keys(orders, entries[:1]) == ("k1", "")
    corrected = Entry("k1", replace(entries[0].tile, edited=True))
    assert made.keys(orders, (corrected, entries[1])) == ("", "k2")
