"""StructureGenerator: a prompt and counts -> density maps for the point process.

Class names, pixels and seeds on this side; the network and its coarse maps stay
inside. It knows no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from napari_cosynth.classes import Taxonomy
from napari_cosynth.model.text import TextEncoder
from napari_cosynth.points import allowed_side
from napari_cosynth.structure.density_net import DensityNet
from napari_cosynth.structure.density_targets import CELL_UM, density_of
from napari_cosynth.structure.shaped import shaped
from napari_cosynth.structure.traits import told
from napari_cosynth.structure.words import traits_in

WINDOW_UM = 64.0
"""Side of the area that counts are told the network for."""
STEPS, GUIDANCE = 8, 3.0
CONTRAST = 0.7
"""Power of the densities: below 1, as the kernel makes a lone nucleus look like a crowd."""
FLOOR = 2e-3
"""Least density, over its mean: nuclei that find no room in a crowd find it elsewhere."""
_LEAST_CELLS = 16


class StructureGenerator:
    """Draws where nuclei of each class shall stand.

    Parameters
    ----------
    network
        Trained, on the CPU.
    encoder
        The text encoder that it was trained with.
    taxonomy
        The classes of its maps, in their order.
    terms
        Words of the training captions, with counts.
    typical
        Traits of each structure in the training windows, by its name
        (`words.Structure`): what the network is told where a prompt names it.
    """

    def __init__(
        self,
        network: DensityNet,
        encoder: TextEncoder,
        taxonomy: Taxonomy,
        terms: Mapping[str, int] | None = None,
        typical: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        self.network, self.encoder, self.taxonomy = network.float().eval(), encoder, taxonomy
        self.terms = dict(terms or {})
        self.typical = {name: dict(traits) for name, traits in (typical or {}).items()}

    @torch.inference_mode()
    def densities(
        self,
        prompt: str,
        counts: Mapping[str, int],
        *,
        seed: int,
        height: int = 256,
        width: int = 256,
        um_per_px: float = 0.25,
        steps: int = STEPS,
        guidance: float = GUIDANCE,
        contrast: float = CONTRAST,
    ) -> dict[str, np.ndarray]:
        """Density of each class, as `layouts.sample.sample_layout` takes it.

        Where the prompt names glands or a band, their shape is drawn into the
        learned maps (`shaped`), which hardly show them.

        Parameters
        ----------
        prompt
            Structure in words; may be empty.
        counts
            Nuclei of each class on the tile: how much of each the maps show.
        seed
            The same seed gives the same maps.
        height, width
            Of the tile, px, multiples of 16 from 64 to 1024.
        um_per_px
            Pixel size, micrometres.
        steps
            Of the flow.
        guidance
            How much more than it is used to the network follows the prompt
            (Ho and Salimans 2022, arXiv 2207.12598); 1 for as it is, 0 for not at all.
        contrast
            Power of the learned densities; 0 makes all places alike.

        Returns
        -------
        float64 (height, width), above 0, for each class whose count is above 0; the mean is 1.

        Raises
        ------
        ValueError
            If the generator has no such class, or the size is none of a tile.
        """
        size = allowed_side("height", height), allowed_side("width", width)
        if steps < 1:
            raise ValueError(f"{steps} steps; give at least 1")
        wanted = {name: n for name, n in counts.items() if n > 0}
        ids = {name: self.taxonomy.id_of(name) for name in wanted}
        cells = [self._cells(side * um_per_px) for side in size]
        area = size[0] * size[1] * um_per_px**2
        per_area = torch.zeros(1, len(self.taxonomy))
        for name, n in wanted.items():
            per_area[0, ids[name]] = n * WINDOW_UM**2 / area
        traits = torch.from_numpy(told(traits_in(prompt, self.typical), set(wanted)))
        maps = self._flow(prompt, per_area, traits, cells, seed, steps, guidance)
        learned = densities_of(maps, ids, size, um_per_px, contrast)
        return shaped(learned, prompt, wanted, um_per_px, seed) if guidance else learned

    def _cells(self, length_um: float) -> int:
        """Cells of the canvas along a side: at least the tile, and what the network is used to."""
        multiple = self.network.multiple
        return max(_LEAST_CELLS, int(-(-length_um // (CELL_UM * multiple))) * multiple)

    def _flow(
        self,
        prompt: str,
        per_area: Tensor,
        traits: Tensor,
        cells: Sequence[int],
        seed: int,
        steps: int,
        guidance: float,
    ) -> Tensor:
        """Euler's method from noise to maps: float32 (1, C, rows, cols)."""
        random = torch.Generator().manual_seed(seed)
        z = torch.randn(1, len(self.taxonomy), *cells, generator=random)
        text = mean_states(self.encoder, [prompt])
        guided = bool(prompt.strip()) and guidance != 1
        has_text = torch.tensor([bool(prompt.strip()), False][: 1 + guided])
        told = torch.stack([traits, torch.full_like(traits, torch.nan)]) if self.network.config.n_traits else None
        times = flow_times(steps)
        for now, then in zip(times, times[1:], strict=False):
            n = len(has_text)
            velocity = self.network(
                z.expand(n, -1, -1, -1),
                torch.full((n,), now),
                per_area.expand(n, -1),
                text.expand(n, -1),
                has_text,
                None if told is None else told[:n],
            )
            if guided:
                velocity = velocity[1:] + guidance * (velocity[:1] - velocity[1:])
            z = z + (then - now) * velocity
        return z


def densities_of(
    maps: Tensor, ids: Mapping[str, int], size: tuple[int, int], um_per_px: float, contrast: float = CONTRAST
) -> dict[str, np.ndarray]:
    """Densities on a tile that lies in the middle of coarse maps.

    Parameters
    ----------
    maps
        (1, C, rows, cols) as `density_targets.maps_of` makes them.
    ids
        Index of the map of each class that is wanted.
    size
        Height and width of the tile, px.

    Returns
    -------
    float64 (height, width) by class, above 0 and of mean 1.
    """
    # Bicubic between the cells' middles, at the middles of the pixels.
    rows, cols = (
        torch.from_numpy(2 * (np.arange(side) + 0.5 - side / 2) * um_per_px / (n * CELL_UM)).float()
        for side, n in zip(size, maps.shape[2:], strict=True)
    )
    at = torch.stack([cols.expand(size[0], -1), rows[:, None].expand(-1, size[1])], dim=-1)
    fine = F.grid_sample(maps, at[None], mode="bicubic", padding_mode="border", align_corners=False)[0].numpy()
    return {name: _usable(density_of(fine[index]), contrast) for name, index in ids.items()}


def flow_times(steps: int) -> list[float]:
    """``steps`` + 1 times from 0 to 1, closer at the start: smooth maps are decided on early."""
    return [(i / steps) ** 1.5 for i in range(steps + 1)]


def mean_states(encoder: TextEncoder, prompts: Sequence[str]) -> Tensor:
    """float32 (B, channels): mean over the token states of each prompt; 0 for an empty one."""
    states, mask = encoder.encode(list(prompts))
    weight = mask[..., None].to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)


def _usable(density: np.ndarray, contrast: float) -> np.ndarray:
    """With a floor and a mean of 1; even where the network drew nothing at all."""
    sharpened = density**contrast
    mean = sharpened.mean()
    return (sharpened / mean + FLOOR) / (1 + FLOOR) if mean > 0 else np.ones_like(density)
