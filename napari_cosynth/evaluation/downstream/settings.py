"""What decides a downstream experiment: how many real tiles, which arms, how long each is trained."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_cosynth.evaluation.making import MakingSettings
from napari_cosynth.evaluation.segmenter_training import SegmenterSettings

Arm = Literal["real", "longer", "copy-paste", "synthetic"]
ARMS: tuple[Arm, ...] = ("real", "longer", "copy-paste", "synthetic")
"""N real tiles; the same for longer; the same and nuclei pasted; the same and made tiles.

The last three are trained for as many steps as each other, so that a gain over
"longer" is not one of computing time.
"""

Size = int | Literal["all"]


class DownstreamSettings(BaseModel):
    """Everything apart from the tiles.

    Parameters
    ----------
    real
        Numbers N of real windows; "all" means all there are, `most` at most.
    seeds
        Repetitions: each has windows, first weights and noise of its own. The
        windows of a smaller N are among those of a larger one.
    steps
        Training steps of the arm "real". With few of them every arm is limited by time, not by tiles
        (docs/evaluation.md).
    longer
        Factor on the steps of the other arms.
    added_per_real, most_added
        Tiles that are made, or pasted, for each real one, and in all.
    added_share
        Share of the crops that come from added tiles.
    chosen_classes
        Whether tiles that the model makes teach the classes that it chose, of nuclei whose points state none or that
        have no point. Most real sources state none, and taught they cost inflammatory nuclei (docs/evaluation.md).
    tiles
        Held-out windows that the segmenters are measured on.
    channels, batch_size, crop, learning_rate
        Of the segmenter.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    real: tuple[Size, ...] = (8, 32, "all")
    seeds: int = Field(3, ge=1)
    steps: int = Field(1000, ge=1)
    longer: float = Field(2.0, ge=1)
    most: int = Field(128, ge=1)
    added_per_real: int = Field(3, ge=1)
    most_added: int = Field(48, ge=1)
    added_share: float = Field(0.5, gt=0, lt=1)
    chosen_classes: bool = False
    tiles: int = Field(96, ge=2)
    channels: tuple[int, ...] = (16, 32, 64, 64)
    batch_size: int = Field(4, ge=1)
    crop: int = Field(128, ge=16)
    learning_rate: float = Field(1.5e-3, gt=0)
    making: MakingSettings = MakingSettings()

    def training(self, arm: Arm, seed: int) -> SegmenterSettings:
        """How the segmenter of an arm is trained."""
        steps = self.steps if arm == "real" else round(self.steps * self.longer)
        return SegmenterSettings(
            steps=steps,
            batch_size=self.batch_size,
            crop=self.crop,
            learning_rate=self.learning_rate,
            warmup=min(100, steps // 4),
            # An average over a fifth of a short run: a longer memory would hold its beginning.
            ema_decay=min(0.995, max(0.0, 1 - 5 / steps)),
            seed=seed,
            precision="float32",
        )

    def added(self, n: int) -> int:
        """Tiles added to n real ones."""
        return min(n * self.added_per_real, self.most_added)
