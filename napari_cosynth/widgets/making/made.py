"""Which orders have become which tiles since the dock was opened. Knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_cosynth.request import Order
from napari_cosynth.snapshot import Entry


class MadeTiles:
    """Remembers orders, since the same order makes the same tile again on the same machine."""

    def __init__(self) -> None:
        self._keys: dict[Order, str] = {}

    def add(self, order: Order, key: str) -> None:
        """An order has become the tile of an entry."""
        self._keys[_asked(order)] = key

    def keys(self, orders: Sequence[Order], entries: Sequence[Entry]) -> tuple[str, ...]:
        """Key of the entry that each order would make again; empty for a new one.

        An entry that was removed, or whose tile was corrected by hand, is not what its order makes.
        """
        there = {entry.key for entry in entries if not entry.tile.edited}
        keys = (self._keys.get(_asked(order), "") for order in orders)
        return tuple(key if key in there else "" for key in keys)


def _asked(order: Order) -> Order:
    # Previews are the same tile's.
    return replace(order, preview=True)
