"""LabelledTile: one real tile with whatever labels its source gives.

The common value of all readers. It knows no file format and no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

WORKING_UM_PER_PX = 0.25
"""Pixel size that the model works at (40x)."""

Coverage = Literal["complete", "partial"]


@dataclass(frozen=True)
class LabelledTile:
    """A tile, its nuclei, and how much its labels say.

    Parameters
    ----------
    name
        Unique within its source.
    image
        uint8 (H, W, 3) RGB, or None for a source of layouts only.
    instances
        int32 (H, W), 0 = background, or None where only points are known.
    ids
        int64 (N,): value of each nucleus in ``instances``; with points only, 1..N.
    centroids
        float64 (N, 2): row, col in px, pixel centres at integers. For a masked
        nucleus the pixel that is farthest from its border.
    classes
        Name of each nucleus' class in the source's unified words, length N;
        ``"unspecified"`` where the source has none.
    um_per_px
        Pixel size in micrometres.
    native_um_per_px
        Pixel size at which the tile was scanned; None if that is ``um_per_px``.
    coverage
        "complete" if every nucleus of the tile is annotated, else "partial":
        unannotated pixels may then hold nuclei too.
    """

    name: str
    image: np.ndarray | None
    instances: np.ndarray | None
    ids: np.ndarray
    centroids: np.ndarray
    classes: tuple[str, ...]
    um_per_px: float = WORKING_UM_PER_PX
    native_um_per_px: float | None = None
    source: str = ""
    organ: str = ""
    disease: str = ""
    stain: str = "H&E"
    split: str = "train"
    group: str = ""
    coverage: Coverage = "complete"
    shape: tuple[int, int] = field(default=(0, 0))

    def __post_init__(self) -> None:
        known = self.image if self.image is not None else self.instances
        if known is not None:
            object.__setattr__(self, "shape", tuple(known.shape[:2]))
        if self.image is not None and self.instances is not None and self.image.shape[:2] != self.instances.shape:
            raise ValueError(
                f"tile {self.name!r}: image {self.image.shape[:2]} and instances {self.instances.shape} differ in size"
            )
        if not len(self.ids) == len(self.centroids) == len(self.classes):
            raise ValueError(
                f"tile {self.name!r}: {len(self.ids)} ids, {len(self.centroids)} centroids and "
                f"{len(self.classes)} classes; they must be as many"
            )

    @property
    def is_ihc(self) -> bool:
        """True for immunohistochemistry."""
        return "ihc" in self.stain.lower()

    @property
    def magnification(self) -> str:
        """Magnification of the scan as pathologists name it, "40x" or "20x"."""
        return "40x" if (self.native_um_per_px or self.um_per_px) < 0.4 else "20x"

    def at_um_per_px(self, um_per_px: float) -> LabelledTile:
        """The tile resampled to another pixel size.

        Images with Lanczos, instances with nearest neighbours; centroids keep the
        place that they have in the tissue.
        """
        factor = self.um_per_px / um_per_px
        if abs(factor - 1) < 0.02:
            return self
        from PIL import Image

        height, width = (round(side * factor) for side in self.shape)

        def resized(array: np.ndarray, how: Image.Resampling) -> np.ndarray:
            return np.asarray(Image.fromarray(array).resize((width, height), how))

        # Pixel centres at integers: 0 px lies half a pixel inside the edge in both grids.
        scale = np.array([height / self.shape[0], width / self.shape[1]])
        return replace(
            self,
            image=None if self.image is None else resized(self.image, Image.Resampling.LANCZOS),
            instances=None
            if self.instances is None
            else resized(self.instances.astype(np.int32), Image.Resampling.NEAREST),
            centroids=(self.centroids + 0.5) * scale - 0.5,
            um_per_px=um_per_px,
            native_um_per_px=self.native_um_per_px or self.um_per_px,
            shape=(height, width),
        )
