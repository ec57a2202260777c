"""A second witness without any training: haematoxylin, a threshold, a watershed.

It finds fewer nuclei than the trained segmenter, but nothing that it finds can
come from having learnt the same tissue as the joint model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from skimage.color import rgb2hed
from skimage.filters import threshold_otsu
from skimage.morphology import disk, opening, remove_small_holes

from napari_cosynth.evaluation.sample import Segmentation
from napari_cosynth.model.watershed import split_nuclei


@dataclass(frozen=True)
class ClassicalSegmenter:
    """Nuclei by their haematoxylin.

    Parameters
    ----------
    sigma
        Gaussian smoothing of the stain before the threshold, px.
    faintest
        Least haematoxylin (Ruifrok and Johnston 2001, scikit-image's unit) of a
        nucleus. Otsu's threshold parts every tile in two, an empty one as well.
    depth
        Fall of the distance to the border between two nuclei, px.
    smallest
        Least area, px.
    """

    sigma: float = 1.5
    faintest: float = 0.02
    depth: float = 0.75
    smallest: int = 60

    def segment(self, images: Sequence[np.ndarray]) -> list[Segmentation]:
        """Nuclei of uint8 (H, W, 3) images at 0.25 um/px, none with a class."""
        return [(self._instances(image), {}) for image in images]

    def _instances(self, image: np.ndarray) -> np.ndarray:
        stain = ndi.gaussian_filter(rgb2hed(image)[..., 0], self.sigma)
        level = threshold_otsu(stain) if np.ptp(stain) > 0 else np.inf
        mask = opening(stain > max(level, self.faintest), disk(2))
        mask = remove_small_holes(mask, max_size=self.smallest)
        return split_nuclei(mask, ndi.distance_transform_edt(mask), depth=self.depth, smallest=self.smallest)
