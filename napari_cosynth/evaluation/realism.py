"""How near made tiles come to real ones in a named feature space.

Every figure stands beside the same figure of real against real tiles (see
`split_half`) and carries the name of its feature space: none of them is the
FID or KID of the Inception network. Knows no labels; texture and nuclei are
measured in `texture`, a classifier's view in `discriminator`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.features import EfficientNetLite0, FeatureSpace
from napari_cosynth.evaluation.set_distances import frechet_distance, kernel_distance, manifold
from napari_cosynth.evaluation.split_half import Compared, compare, random_halves


class RealismReport(BaseModel):
    """Distances of made to real tiles in one feature space."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_space: str
    n_real: int
    n_made: int
    n_groups: int
    n_halves: int
    seed: int
    kernel_distance: Compared
    """Unbiased squared MMD, cubic kernel (KID): lower is better, may be negative."""
    frechet_distance: Compared
    """Lower is better. Its bias depends on the number of tiles: read ``made`` against
    ``floor``, which have the same number; ``all_tiles`` is not comparable with them."""
    precision: Compared
    recall: Compared
    density: Compared
    coverage: Compared

    def rows(self) -> list[tuple[str, Compared]]:
        """(name with the feature space, figure) for tables."""
        names = {
            "kernel_distance": "kernel distance (KID estimator)",
            "frechet_distance": "Frechet distance",
            "precision": "precision",
            "recall": "recall",
            "density": "density",
            "coverage": "coverage",
        }
        return [(f"{title} [{self.feature_space}]", getattr(self, key)) for key, title in names.items()]


def realism(
    real_images: Sequence[np.ndarray],
    made_images: Sequence[np.ndarray],
    real_groups: Sequence[str],
    seed: int = 0,
    *,
    made_groups: Sequence[str] | None = None,
    real_strata: Sequence[str] | None = None,
    space: FeatureSpace | None = None,
    n_halves: int = 10,
) -> RealismReport:
    """Compare made with real tiles.

    Parameters
    ----------
    real_images, made_images
        uint8 (H, W, 3) RGB, all at one pixel size.
    real_groups
        Group (patient, slide) of each real tile.
    seed
        Draws the halves.
    made_groups
        Group that each made tile has its layout from, if it has one: see `random_halves`.
    real_strata
        Tissue or source of each real tile, if both halves shall have the same
        mix of them: without it the floor is mostly the difference between tissues.
    space
        The feature space; None for `EfficientNetLite0`.
    n_halves
        Number of partings of the real tiles.

    Raises
    ------
    ValueError
        If tiles and groups differ in number, or there are too few of either.
    """
    space = EfficientNetLite0() if space is None else space
    return realism_of_features(
        space.features(real_images),
        space.features(made_images),
        real_groups,
        seed,
        feature_space=space.name,
        made_groups=made_groups,
        real_strata=real_strata,
        n_halves=n_halves,
    )


def realism_of_features(
    real: np.ndarray,
    made: np.ndarray,
    real_groups: Sequence[str],
    seed: int = 0,
    *,
    feature_space: str,
    made_groups: Sequence[str] | None = None,
    real_strata: Sequence[str] | None = None,
    n_halves: int = 10,
) -> RealismReport:
    """`realism` for features that are known already: float (n, d) and (m, d)."""
    halves = random_halves(real_groups, len(made), made_groups, strata=real_strata, n_halves=n_halves, seed=seed)
    return RealismReport(
        feature_space=feature_space,
        n_real=len(real),
        n_made=len(made),
        n_groups=len({str(g) for g in real_groups}),
        n_halves=n_halves,
        seed=seed,
        **compare(_figures, real, made, halves),
    )


def _figures(real: np.ndarray, other: np.ndarray) -> dict[str, float]:
    return {
        "kernel_distance": kernel_distance(real, other),
        "frechet_distance": frechet_distance(real, other),
        **manifold(real, other)._asdict(),
    }
