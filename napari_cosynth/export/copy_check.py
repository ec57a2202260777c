"""How near the tiles of a data set are to the tissue that their model was trained on."""

from __future__ import annotations

from typing import Any


class CopyCheck:
    """Takes the distance of tile after tile, then gives the facts for the manifest."""

    def __init__(self) -> None:
        self._compared = self._not_compared = 0
        self._nearest: float | None = None
        self._too_close: list[tuple[float, str]] = []

    def add(self, name: str, distance: float | None, too_close: bool) -> None:
        """Take a tile in.

        Parameters
        ----------
        distance, too_close
            `SyntheticTile.training_distance` and `SyntheticTile.too_close`.
        """
        if distance is None:
            self._not_compared += 1
            return
        self._compared += 1
        self._nearest = distance if self._nearest is None else min(self._nearest, distance)
        if too_close:
            self._too_close.append((distance, name))

    def facts(self) -> dict[str, Any]:
        """How many tiles were compared and how many not, the least distance, and the tiles that are too close."""
        return {
            "compared": self._compared,
            "not_compared": self._not_compared,
            "nearest": self._nearest,
            "too_close": [{"name": name, "distance": distance} for distance, name in sorted(self._too_close)],
        }
