"""Which cards of a gallery are shown: by verdict and by the share of points that became nuclei. Knows no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from napari_cosynth.snapshot import Entry
from napari_cosynth.tile import Verdict
from napari_cosynth.widgets.tile_facts import share_placed

Placed = Literal["any", "all", "most", "fewer"]
ENOUGH = 0.9
"""Share of the points from which a tile counts as having most of them."""

PLACED_WORDS: dict[Placed, str] = {
    "any": "Any share of points placed",
    "all": "All points placed",
    "most": f"{ENOUGH:.0%} or more placed",
    "fewer": f"Fewer than {ENOUGH:.0%} placed",
}
_TAKES: dict[Placed, Callable[[float], bool]] = {
    "any": lambda share: True,
    "all": lambda share: share == 1,
    "most": lambda share: share >= ENOUGH,
    "fewer": lambda share: share < ENOUGH,
}


@dataclass(frozen=True)
class CardFilter:
    """Cards of one verdict (None: of any) and of one range of quality."""

    verdict: Verdict | None = None
    placed: Placed = "any"

    def takes(self, entry: Entry) -> bool:
        """Whether the card is shown."""
        return self.verdict in (None, entry.tile.verdict) and _TAKES[self.placed](share_placed(entry.tile))


def verdict_counts(entries: Iterable[Entry], chosen: CardFilter) -> dict[Verdict | None, int]:
    """Cards that each verdict would show, the quality left as it is chosen."""
    open_to_all = replace(chosen, verdict=None)
    counts = Counter(entry.tile.verdict for entry in entries if open_to_all.takes(entry))
    return {None: counts.total()} | {verdict: counts[verdict] for verdict in get_args(Verdict)}


def placed_counts(entries: Iterable[Entry], chosen: CardFilter) -> dict[Placed, int]:
    """Cards that each range of quality would show, the verdict left as it is chosen."""
    shares = [share_placed(entry.tile) for entry in entries if chosen.verdict in (None, entry.tile.verdict)]
    return {placed: sum(map(takes, shares)) for placed, takes in _TAKES.items()}
