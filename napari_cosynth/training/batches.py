"""Crops as tensors: batch number n holds crops n*B .. n*B + B - 1, always."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from napari_cosynth.classes import Taxonomy
from napari_cosynth.data.crops import Crop, CropSampler
from napari_cosynth.model.conditioning import COMPLETE, DROPPED, PARTIAL, layout_condition
from napari_cosynth.model.targets import DistanceTarget, class_target, distance_target, joint_tile

TEXT_DROPOUT = 0.1
LAYOUT_DROPOUT = 0.1


@dataclass(frozen=True)
class Batch:
    """Crops of one step.

    ``clean`` (B, C, H, W), the joint tile; ``classes`` (B, H, W), see
    `targets.class_target`; ``known`` and ``class_weight`` (B, 1, H, W), see `Crop`;
    ``condition`` (B, classes + 1, H, W); ``layout_state`` int64 (B,); ``captions`` B
    strings, empty where the prompt was dropped.

    On its way from the process that made it a batch is small, for the way to a GPU may
    take longer than a step there: the tile, the condition and what is known are told in
    256 steps (uint8), the weight is float16, classes are int8. `whole` makes float32 and
    int64 of them.
    """

    clean: Tensor
    classes: Tensor
    known: Tensor
    class_weight: Tensor
    condition: Tensor
    layout_state: Tensor
    captions: tuple[str, ...]

    def to(self, device: torch.device) -> Batch:
        """The batch on a device, as small as it is."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def whole(self) -> Batch:
        """The batch in full precision, once it has arrived."""
        return replace(
            self,
            clean=self.clean.float() / 127.5 - 1,
            classes=self.classes.long(),
            known=self.known.float() / 255,
            class_weight=self.class_weight.float(),
            condition=self.condition.float() / 255,
        )

    def pin_memory(self) -> Batch:
        """The batch in memory that a GPU reads by itself; a data loader calls it."""
        return self._each(Tensor.pin_memory)

    def turned(self, way: int) -> Batch:
        """The same crops, turned by ``way`` quarters; from 4 on mirrored as well, from 8 on as from 0."""

        def turned(tensor: Tensor) -> Tensor:
            if tensor.ndim < 3:
                return tensor
            # Laid out as before: a compiled network would be compiled once more for another order in memory.
            return torch.rot90(tensor.flip(-1) if way % 8 >= 4 else tensor, way % 4, (-2, -1)).contiguous()

        return self._each(turned)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "captions"}
        return replace(self, **{name: change(tensor) for name, tensor in tensors.items()})


class CropDataset(Dataset):
    """Crop number i as tensors.

    The prompt and the layout are left out independently, one crop in ten each,
    so that both can be guided (Ho and Salimans 2022, arXiv 2207.12598).
    """

    def __init__(self, sampler: CropSampler, dropout: bool = True, distance: DistanceTarget = distance_target) -> None:
        self.sampler, self.dropout, self.distance = sampler, dropout, distance

    def __getitem__(self, index: int) -> tuple:
        crop = self.sampler.crop(index)
        rng = np.random.default_rng([self.sampler.seed, index, 1])
        without_text, without_layout = rng.random(2) < (TEXT_DROPOUT, LAYOUT_DROPOUT)
        dropped = (self.dropout and without_text, self.dropout and without_layout)
        return crop_tensors(crop, self.sampler.taxonomy, *dropped, self.distance)


def crop_tensors(
    crop: Crop,
    taxonomy: Taxonomy,
    without_text: bool = False,
    without_layout: bool = False,
    distance_of: DistanceTarget = distance_target,
) -> tuple:
    """One row of a `Batch`, in its order of fields."""
    distance = distance_of(crop.instances, crop.distance)
    classes = class_target(crop.instances, crop.fragment_class, taxonomy)
    size = crop.image.shape[:2]
    condition = layout_condition(crop.points, crop.point_classes, len(taxonomy), size)
    if without_layout:
        condition = np.zeros_like(condition)
    return (
        torch.from_numpy(joint_tile(crop.image, distance, classes, taxonomy)),
        torch.from_numpy(classes),
        torch.from_numpy(crop.known[None].astype(np.float32)),
        torch.from_numpy(crop.class_weight[None]),
        torch.from_numpy(condition),
        DROPPED if without_layout else COMPLETE if crop.complete else PARTIAL,
        "" if without_text else crop.caption,
    )


def collate(rows: list[tuple]) -> Batch:
    """Stack rows of `crop_tensors`, small for the way."""
    clean, classes, known, class_weight, condition, state, captions = zip(*rows, strict=True)

    def in_steps(tensors: Iterable[Tensor], low: float, high: float) -> Tensor:
        """uint8: 0 for ``low``, 255 for ``high``."""
        steps = (torch.stack(list(tensors)) - low) * (255 / (high - low))
        # Discs of points without masks have a distance below what any nucleus has; it is not learned from.
        return steps.round().clamp(0, 255).to(torch.uint8)

    return Batch(
        in_steps(clean, -1, 1),
        torch.stack([tensor.to(torch.int8) for tensor in classes]),
        in_steps(known, 0, 1),
        torch.stack([tensor.half() for tensor in class_weight]),
        in_steps(condition, 0, 1),
        torch.tensor(state),
        captions,
    )


def batches(
    sampler: CropSampler,
    batch_size: int,
    first_step: int,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    distance: DistanceTarget = distance_target,
    pin: bool = False,
) -> DataLoader:
    """Endless batches from ``first_step`` on; each process reads its own share.

    Parameters
    ----------
    rank, world
        Number of this process, and of all that train together.
    workers
        Processes that make crops; 0 makes them here.
    pin
        Hand batches over in memory that a GPU reads by itself.
    """

    class Steps:
        def __iter__(self):
            step = first_step
            while True:
                start = (step * world + rank) * batch_size
                yield list(range(start, start + batch_size))
                step += 1

    return DataLoader(
        CropDataset(sampler, distance=distance),
        batch_sampler=Steps(),
        collate_fn=collate,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=pin,
    )
