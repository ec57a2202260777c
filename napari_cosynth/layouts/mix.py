"""A class mix in whole per cent that always sum to 100, while one share after the other is set.

Values only: `widgets` draws sliders over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from napari_cosynth.layouts.abundance import apportioned


@dataclass(frozen=True)
class Mix:
    """Shares of classes.

    Parameters
    ----------
    shares
        Per cent of each class, not rounded; they sum to 100.
    locked
        Classes whose shares stay while another one is set.
    memory
        Shares as they were when they were last above 0: a class that was pushed to 0
        comes back in its old proportion.
    """

    shares: Mapping[str, float]
    locked: frozenset[str] = frozenset()
    memory: Mapping[str, float] | None = None

    @classmethod
    def of(cls, shares: Mapping[str, float]) -> Mix:
        """A mix out of shares in any unit.

        Raises
        ------
        ValueError
            If there is no class, a share is below 0, or all are 0.
        """
        values = np.array(list(shares.values()), float)
        if not len(values) or not np.isfinite(values).all() or values.min() < 0 or not values.sum():
            raise ValueError(f"shares {dict(shares)}; give numbers of 0 or more, one of them above 0")
        return cls(dict(zip(shares, (100 * values / values.sum()).tolist(), strict=True)))

    @property
    def percent(self) -> dict[str, int]:
        """Whole per cent of each class; they sum to 100 exactly."""
        shares = np.array(list(self.shares.values()))
        return dict(zip(self.shares, apportioned(shares / shares.sum(), 100), strict=True))

    def most(self, name: str) -> float:
        """Largest share that a class can get: what the locked ones leave."""
        return 100 - sum(self.shares[other] for other in self.locked if other != name)

    def free(self, name: str) -> bool:
        """Whether a class can get another share: it is not locked, and another one can give or take."""
        return name not in self.locked and any(other not in self.locked for other in self.shares if other != name)

    def with_share(self, name: str, percent: float) -> Mix:
        """With another share of a class; the others that are not locked keep their proportions to each other."""
        if not self.free(name):
            return self
        share = float(np.clip(percent, 0, self.most(name)))
        others = [other for other in self.shares if other != name and other not in self.locked]
        rest = self.most(name) - share
        memory = dict(self.memory or self.shares)
        memory[name] = share or memory[name]
        weights = np.array([self.shares[other] for other in others])
        if not weights.sum():
            weights = np.array([memory[other] for other in others])
        if not weights.sum():
            weights = np.ones(len(others))
        given = dict(zip(others, (rest * weights / weights.sum()).tolist(), strict=True))
        memory |= {other: value for other, value in given.items() if value}
        return replace(self, shares={**self.shares, name: share, **given}, memory=memory)

    def with_lock(self, name: str, locked: bool) -> Mix:
        """With the share of a class locked, at the whole per cent that it shows, or free."""
        if not locked:
            return replace(self, locked=self.locked - {name})
        return replace(self.with_share(name, self.percent[name]), locked=self.locked | {name})
