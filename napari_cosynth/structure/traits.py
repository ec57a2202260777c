"""Traits: the numbers of an arrangement by name, as the network is told them.

A word such as "tumour border" stands in few windows, its number in every window
that holds both classes: so each of them teaches what the number means.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.structure import arrangements as measured

TUMOUR, LYMPHOCYTES, STROMA, EPITHELIUM = "neoplastic", "inflammatory", "connective", "epithelial"
LININGS = (TUMOUR, EPITHELIUM, UNSPECIFIED)
"""Classes that may line a gland."""
KINDS = (TUMOUR, LYMPHOCYTES, STROMA, EPITHELIUM)
PAIRS = tuple((inner, outer) for inner in (TUMOUR, EPITHELIUM) for outer in (LYMPHOCYTES, STROMA))
CLOSURE, EVENNESS = "closure", "evenness"
_FEW = 4
_SOME = 6


def clumping(kind: str) -> str:
    """Name of the trait: log of how many of its own stand near one, over what chance would give."""
    return f"clumping of {kind}"


def segregation(kind: str) -> str:
    """Name of the trait: share of its own among its neighbours beyond its share of all, 1 for all of them."""
    return f"segregation of {kind}"


def slimness(kind: str) -> str:
    """Name of the trait: log of the length over the width."""
    return f"slimness of {kind}"


def surrounding(inner: str, outer: str) -> str:
    """Name of the trait: `arrangements.surrounding`."""
    return f"{outer} around {inner}"


def parting(inner: str, outer: str) -> str:
    """Name of the trait: `arrangements.parted`."""
    return f"{outer} parted from {inner}"


TRAITS: Mapping[str, tuple[str, ...]] = {
    CLOSURE: (),
    EVENNESS: (),
    **{name(kind): (kind,) for name in (clumping, segregation, slimness) for kind in KINDS},
    **{name(*pair): pair for name in (surrounding, parting) for pair in PAIRS},
}
"""Each trait and the classes that it needs, in the order in which the network is told them."""


def traits_of(points: np.ndarray, names: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    """Traits of a window.

    Parameters
    ----------
    points
        float (N, 2): row, col in um from the window's corner.
    names
        str (N,): class of each.
    size
        Height and width of the window, um.

    Returns
    -------
    float32 (len(TRAITS),), NaN where there are too few nuclei to tell.
    """
    names = np.asarray(names, dtype=object)
    of = {kind: points[names == kind] for kind in KINDS}
    found = {EVENNESS: measured.evenness(points, size)}
    lining = points[np.isin(names.astype(str), LININGS)]
    if len(lining) >= _SOME:
        found[CLOSURE] = measured.ring_likeness(lining, points, size)
    for kind, group in of.items():
        share = len(group) / max(len(points), 1)
        if len(group) >= _FEW and share < 1:
            # By chance, so many of the others would stand within the radius.
            chance = (len(group) - 1) * np.pi * measured.CROWD_UM**2 / (size[0] * size[1])
            found[clumping(kind)] = np.log((measured.crowding(group) + 0.5) / (chance + 0.5))
            found[segregation(kind)] = (measured.purity(group, points) - share) / (1 - share)
        if len(group) >= _SOME and share < 1:
            found[slimness(kind)] = np.log(measured.slimness(group))
    for inner, outer in PAIRS:
        if min(len(of[inner]), len(of[outer])) >= _FEW:
            found[surrounding(inner, outer)] = measured.surrounding(of[inner], of[outer])
            found[parting(inner, outer)] = measured.parted(of[inner], of[outer])
    return np.array([found.get(name, np.nan) for name in TRAITS], np.float32)


def told(values: Mapping[str, float], classes: set[str]) -> np.ndarray:
    """Traits as `traits_of` returns them, out of single ones by name.

    Parameters
    ----------
    values
        Some traits; the others are NaN.
    classes
        Those that are there: what needs another one is left out, unless no class is known.
    """
    every = UNSPECIFIED in classes
    return np.array(
        [
            values.get(name, np.nan) if every or classes.issuperset(needed) else np.nan
            for name, needed in TRAITS.items()
        ],
        np.float32,
    )
