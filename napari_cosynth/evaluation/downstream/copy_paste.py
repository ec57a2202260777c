"""Copy-paste: nuclei of some tiles set into others, with their masks.

The plain augmentation that made tiles have to beat (Ghiasi et al. 2021, arXiv
2012.07177): a nucleus is cut out with a soft edge, turned, and set where it
covers no other. It needs no model. Numpy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage as ndi

from napari_cosynth.evaluation.sample import Sample

PASTED_SHARE = 0.5
"""Nuclei pasted into a tile, over the mean number that the tiles hold."""
_EDGE = 1.0
"""Standard deviation of the blurred edge, px: nuclei end within two or three pixels."""
_MARGIN = 3
"""Surroundings cut out with a nucleus, px: where the soft edge ends."""
_GAP = 2
"""Background left between a pasted nucleus and any other, px."""
_TRIES = 20


@dataclass(frozen=True, eq=False)
class Cutting:
    """A nucleus with its surroundings.

    ``image`` uint8 (h, w, 3); ``mask`` bool (h, w); ``class_id`` None where nobody stated it.
    """

    image: np.ndarray
    mask: np.ndarray
    class_id: int | None

    def turned(self, flip: bool, turns: int) -> Cutting:
        """Mirrored or not, and turned by so many quarters."""
        image, mask = (np.rot90(a[:, ::-1] if flip else a, turns) for a in (self.image, self.mask))
        return Cutting(image, mask, self.class_id)


def cuttings(sample: Sample) -> list[Cutting]:
    """The nuclei of a sample that lie whole within it, the margin included."""
    found = []
    height, width = sample.instances.shape
    for number, box in enumerate(ndi.find_objects(sample.instances), start=1):
        if box is None:
            continue
        rows, cols = (slice(s.start - _MARGIN, s.stop + _MARGIN) for s in box)
        if rows.start >= 0 and cols.start >= 0 and rows.stop <= height and cols.stop <= width:
            mask = sample.instances[rows, cols] == number
            found.append(Cutting(sample.image[rows, cols], mask, sample.class_of.get(number)))
    return found


def pasted_tiles(samples: Sequence[Sample], n: int, seed: int = 0) -> list[Sample]:
    """Copies of samples with nuclei of the other samples in them.

    Parameters
    ----------
    samples
        At least one, with complete masks. A single one gives its own nuclei.
    n
        How many copies; the samples take turns.
    seed
        Of all choices.

    Returns
    -------
    Named ``NAME-pasted-NUMBER``. Each sample's own nuclei keep their ids and
    places, and none is covered.
    """
    shelves = [cuttings(s) for s in samples]
    mean = float(np.mean([len(s.points) for s in samples]))
    made = []
    for number in range(n):
        which = number % len(samples)
        others = [c for i, shelf in enumerate(shelves) if i != which or len(samples) == 1 for c in shelf]
        rng = np.random.default_rng([seed, number])
        tile = with_pasted(samples[which], others, max(1, round(PASTED_SHARE * mean)), rng)
        made.append(replace(tile, name=f"{tile.name}-pasted-{number}"))
    return made


def with_pasted(sample: Sample, donors: Sequence[Cutting], n: int, rng: np.random.Generator) -> Sample:
    """A sample with up to n nuclei more; fewer where there is no room or no donor.

    Its points are those of the sample: the layout says nothing of what was pasted.
    """
    image, instances = sample.image.astype(np.float32), sample.instances.copy()
    class_of = dict(sample.class_of)
    number = int(instances.max(initial=0))
    for _ in range(n if donors else 0):
        cutting = donors[rng.integers(len(donors))].turned(bool(rng.integers(2)), int(rng.integers(4)))
        window = _place(instances, cutting.mask, rng)
        if window is None:
            continue
        number += 1
        alpha = ndi.gaussian_filter(cutting.mask.astype(np.float32), _EDGE)[..., None]
        image[window] = alpha * cutting.image + (1 - alpha) * image[window]
        instances[window][cutting.mask] = number
        if cutting.class_id is not None:
            class_of[number] = cutting.class_id
    return replace(sample, image=np.rint(image).astype(np.uint8), instances=instances, class_of=class_of)


def _place(instances: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[slice, slice] | None:
    """A window where the mask keeps clear of every nucleus, or None after some tries."""
    room = np.array(instances.shape) - mask.shape
    if (room < 0).any():
        return None
    wide = ndi.binary_dilation(mask, iterations=_GAP)
    for _ in range(_TRIES):
        row, col = rng.integers(0, room + 1)
        window = slice(row, row + mask.shape[0]), slice(col, col + mask.shape[1])
        if not instances[window][wide].any():
            return window
    return None
