"""What a report draws of an evaluation: scores with their intervals, and made tiles beside real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.agreement_table import AgreementTable
from napari_cosynth.evaluation.bootstrap import Estimate
from napari_cosynth.evaluation.evaluate import Evaluation
from napari_cosynth.evaluation.nucleus_shapes import nucleus_shapes
from napari_cosynth.evaluation.plots import Panel, curve_plot, histogram, interval_plot
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.evaluation.sections import AGREEMENT_NAMES
from napari_cosynth.evaluation.tile_statistics import radial_power, stain_densities

_DENSITIES = np.linspace(-0.3, 3, 100)
_FREQUENCIES = (0.02, 0.05, 0.1, 0.2, 0.5)
_SHAPES = {
    "area_px": ("area, px", np.linspace(0, 1500, 31)),
    "eccentricity": ("eccentricity", np.linspace(0, 1, 26)),
    "neighbour_px": ("nearest neighbour, px", np.linspace(0, 75, 26)),
}


def agreement_plot(table: AgreementTable) -> str:
    """Scores of made tiles, of real ones and of shuffled pairs, SVG."""
    scores = {"made": table.made.scores(), "real": table.ceiling.scores(), "floor": table.floor.scores()}
    measured = [name for name, score in scores["made"].items() if score.value is not None]
    return interval_plot(
        [AGREEMENT_NAMES[name] for name in measured],
        {kind: [of[name] for name in measured] for kind, of in scores.items()},
        "score, with 95 % intervals over groups",
    )


def told_plot(evaluation: Evaluation) -> str:
    """How well made tiles are told from real ones, SVG; the line is where they cannot be told."""
    told: dict[str, Estimate] = {
        "features and statistics": evaluation.likeness.discriminator.auc,
        "statistics alone": evaluation.likeness.statistics_discriminator.auc,
    }
    if (complete := evaluation.complete) is not None:
        told["both, layouts of every nucleus"] = complete.discriminator.auc
        told["statistics, layouts of every nucleus"] = complete.statistics_discriminator.auc
    return interval_plot(list(told), {"made": list(told.values())}, "area under the curve; 0.5: cannot tell", 0.5)


def look_plot(real: Sequence[np.ndarray], made: Sequence[np.ndarray]) -> str:
    """Distribution of both stains, and energy by spatial frequency, SVG.

    Parameters
    ----------
    real, made
        uint8 (H, W, 3) RGB, each list of one size.
    """
    kinds = {"made": made, "real": real}
    stains = {kind: np.concatenate([_stain_sample(image) for image in images]) for kind, images in kinds.items()}
    panels = [
        Panel(
            f"{name}, optical density",
            "share of pixels",
            {kind: histogram(densities[:, column], _DENSITIES) for kind, densities in stains.items()},
        )
        for column, name in enumerate(("haematoxylin", "eosin"))
    ]
    spectra = {kind: _mean_power(images) for kind, images in kinds.items()}
    panels.append(Panel("cycles a pixel", "power of the luma", spectra, _FREQUENCIES))
    return curve_plot(panels)


def _stain_sample(image: np.ndarray) -> np.ndarray:
    """Haematoxylin and eosin of every fourth pixel: float32 (n, 2)."""
    return stain_densities(image[::2, ::2])[..., :2].reshape(-1, 2)


def _mean_power(images: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Geometric mean over tiles: one stark tile does not decide."""
    powers = [radial_power(image) for image in images]
    return powers[0][0], np.exp(np.mean([np.log(power) for _, power in powers], axis=0))


def shape_plot(real: Sequence[Sample], made: Sequence[Sample]) -> str:
    """Distributions of area, eccentricity and distance to the nearest nucleus, SVG.

    Parameters
    ----------
    real, made
        Samples of which each nucleus has a mask, see `evaluate.shaped`.
    """
    kinds = {"made": made, "real": real}
    shapes = {
        kind: [nucleus_shapes(s.instances, s.class_of, BUNDLED.unspecified) for s in samples]
        for kind, samples in kinds.items()
    }
    return curve_plot(
        [
            Panel(
                title,
                "share of nuclei",
                {kind: histogram(np.concatenate([getattr(s, name) for s in of]), edges) for kind, of in shapes.items()},
            )
            for name, (title, edges) in _SHAPES.items()
        ]
    )
