"""Draws layouts that look like a tissue, with exact counts.

Pixels and class names on this side, micrometres and indices in `simulate`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.layout import Layout, plain_message
from napari_cosynth.layouts.intensity import Grid, from_density, grid_over
from napari_cosynth.layouts.model import Process
from napari_cosynth.layouts.simulate import CrowdedError, simulate
from napari_cosynth.points import MAX_POINTS, MAX_SIDE, MIN_DISTANCE

Density = np.ndarray | Mapping[str, np.ndarray]


def sample_layout(
    tissue: Process,
    counts: Mapping[str, int],
    *,
    seed: int,
    height: int = 256,
    width: int = 256,
    um_per_px: float = 0.25,
    density: Density | None = None,
    locked: Layout | None = None,
    taxonomy: Taxonomy = BUNDLED,
) -> Layout:
    """Layout with exact counts whose nuclei stand as in the tissue.

    Parameters
    ----------
    tissue
        The fitted model.
    counts
        Nuclei of each class, locked ones included.
    seed
        The same seed gives the same layout.
    height, width
        Of the tile, px.
    um_per_px
        Pixel size, micrometres.
    density
        Where nuclei shall stand: float (height, width), at least 0, for all
        classes, or one such map by class name. It takes the place of the
        model's own large-scale clustering; its scale does not matter, and where
        it is 0 no nucleus stands.
    locked
        Points that stay; they come first in the layout, in their order. They
        must be of the same tile size and scale.
    taxonomy
        Of the layout; it needs the tissue's classes.

    Raises
    ------
    ValueError
        If a class is unknown, a count is no whole number of 0 or more or less
        than the locked points of its class, a density or the locked points do
        not fit the tile, or that many nuclei do not fit the tile.
    """
    # An empty layout checks the size, in the words that all layouts use.
    try:
        tile = Layout(height=height, width=width, um_per_px=um_per_px, taxonomy=taxonomy)
    except ValidationError as error:
        raise ValueError(plain_message(error)) from error
    wanted = _wanted(tissue, counts)
    # A tissue may have classes that this taxonomy has not, as long as none of their nuclei is asked for.
    id_of = {name: taxonomy.id_of(name) for name, n in zip(tissue.classes, wanted, strict=True) if n}
    fixed = _fixed(tissue, tile, locked)
    to_place = wanted - np.bincount(fixed[1], minlength=len(wanted))
    if (to_place < 0).any():
        index = int(np.argmax(to_place < 0))
        raise ValueError(
            f"{wanted[index]} {tissue.classes[index]} nuclei, but {wanted[index] - to_place[index]} are locked; "
            "ask for at least as many, or unlock some"
        )
    grid = grid_over(um_per_px, tissue.range_um, (height, width))
    given = _given(tissue, tile, grid, density, to_place)
    try:
        points, marks = simulate(
            tissue,
            to_place,
            grid,
            np.random.default_rng(seed),
            given=given,
            fixed=fixed,
            # A hair more than allowed, for what is lost on the way from micrometres to pixels.
            least_um=MIN_DISTANCE * um_per_px * (1 + 1e-9),
        )
    except CrowdedError as error:
        largest = min(height, width) == MAX_SIDE
        raise ValueError(
            f"{error} on {height} x {width} px at {um_per_px:g} um/px"
            f"{' where the density lets them' if given else ''}, at the distances that nuclei keep in this tissue; "
            f"ask for fewer{'' if largest else ', or choose a larger tile'}"
        ) from error
    kept = np.zeros((0, 2)) if locked is None else locked.centroids
    # What rounding puts on the far edge belongs just inside of it.
    last = np.nextafter(np.array([height, width]) - 0.5, 0.0)
    centroids = np.concatenate([kept, np.minimum(points / um_per_px - 0.5, last)])
    ids = np.array([id_of.get(name, -1) for name in tissue.classes])[np.concatenate([fixed[1], marks])]
    return Layout(
        centroids=centroids, class_ids=ids, height=height, width=width, um_per_px=um_per_px, taxonomy=taxonomy
    )


def _wanted(tissue: Process, counts: Mapping[str, int]) -> np.ndarray:
    wanted = np.zeros(len(tissue.classes), np.int64)
    for name, count in counts.items():
        if int(count) != count or count < 0:
            raise ValueError(f"{count} {name} nuclei; give a whole number of 0 or more")
        wanted[tissue.id_of(name)] = count
    if wanted.sum() > MAX_POINTS:
        raise ValueError(f"{wanted.sum()} nuclei; at most {MAX_POINTS} are allowed: make several smaller tiles")
    return wanted


def _fixed(tissue: Process, tile: Layout, locked: Layout | None) -> tuple[np.ndarray, np.ndarray]:
    if locked is None:
        return np.zeros((0, 2)), np.zeros(0, np.int64)
    if (locked.height, locked.width, locked.um_per_px) != (tile.height, tile.width, tile.um_per_px):
        raise ValueError(
            f"the locked points stand on a tile of {locked.height} x {locked.width} px at {locked.um_per_px:g} um/px, "
            f"the layout is {tile.height} x {tile.width} at {tile.um_per_px:g}; make them the same"
        )
    marks = np.array([tissue.id_of(name) for name in locked.names], np.int64)
    return (locked.centroids + 0.5) * tile.um_per_px, marks


def _given(
    tissue: Process, tile: Layout, grid: Grid, density: Density | None, to_place: np.ndarray
) -> dict[int, np.ndarray]:
    if density is None:
        return {}
    by_name = dict(density) if isinstance(density, Mapping) else dict.fromkeys(tissue.classes, density)
    given = {}
    for name, values in by_name.items():
        index, values = tissue.id_of(name), np.asarray(values, float)
        if values.shape != (tile.height, tile.width):
            raise ValueError(
                f"a density of shape {values.shape} for {name}; it must be ({tile.height}, {tile.width}), as the tile"
            )
        if not np.isfinite(values).all() or values.min() < 0:
            raise ValueError(f"the density for {name} holds values below 0, NaN or infinity; allowed is 0 or more")
        if not values.any() and to_place[index]:
            raise ValueError(f"the density for {name} is 0 everywhere, but {to_place[index]} are to be placed")
        given[index] = from_density(grid, values)
    return given
