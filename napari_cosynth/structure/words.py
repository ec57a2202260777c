"""What a pathologist would call an arrangement of nuclei, captions made of it, and words found again in a prompt.

The thresholds were looked at on windows of real tiles; they decide only which
words a window gets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.captions import CLASS_WORDS
from napari_cosynth.structure import arrangements as measured
from napari_cosynth.structure.traits import (
    CLOSURE,
    EPITHELIUM,
    EVENNESS,
    LININGS,
    LYMPHOCYTES,
    PAIRS,
    STROMA,
    TUMOUR,
    clumping,
    parting,
    segregation,
    slimness,
    surrounding,
)


@dataclass(frozen=True)
class Structure:
    """A structure that has words.

    Parameters
    ----------
    name
        Of this structure alone.
    ways
        Ways to say it, the plainest first; two structures may share one.
    high, low
        Names of the numbers that are high or low where it stands (`structure.traits`); none for a mere mix of classes.
    """

    name: str
    ways: tuple[str, ...]
    high: tuple[str, ...] = ()
    low: tuple[str, ...] = ()


_NOUNS = {
    TUMOUR: ("tumour", "tumour cells"),
    LYMPHOCYTES: ("lymphocytes", "inflammatory cells", "lymphocytes"),
    STROMA: ("stroma", "connective tissue", "fibroblasts"),
    EPITHELIUM: ("epithelium", "epithelial cells"),
}
_COUNTED = ("aggregate", "band", "border", "cluster", "nest", "rim", "row", "sheet", "strip")
"""What there may be several of; the generator is told the same."""
_DENIED = re.compile(r"\b(no|without)( an?| any)? $")
_CLOSED_RING = 0.8
"""Of 12 sectors 10: with 9, half of what is found in real windows is found by chance too."""
_UNCLASSED_RING = 14
"""Least nuclei of a ring where no class says that they line anything: most that chance closes in glioma have fewer."""
_PLACINGS = 39
"""A ring without a class has more nuclei than any in so many placings by chance."""
_PURE, _MIXED = 0.75, 0.5
_CROWD = 9
_SLIM = 2.7
_PARTED = 0.92
_RIM = 0.55

GLAND = Structure(
    "gland",
    ("gland", "a gland", "gland with a lumen", "glandular lumen", "nuclei in a ring around a lumen"),
    (CLOSURE,),
)
GLANDS = Structure("glands", ("glands", "several glands", "glands with lumina"), (CLOSURE,))
_AGGREGATE = Structure(
    "lymphoid aggregate",
    ("lymphoid aggregate", "dense lymphocytes", "cluster of lymphocytes", "aggregate of lymphocytes"),
    (clumping(LYMPHOCYTES), segregation(LYMPHOCYTES)),
)
_SCATTERED = Structure(
    "scattered lymphocytes",
    ("scattered lymphocytes", "single lymphocytes", "diffuse lymphocytes"),
    low=(clumping(LYMPHOCYTES), segregation(LYMPHOCYTES)),
)
_SOLID = Structure("solid tumour", ("solid tumour", "sheet of tumour cells", "tumour cells side by side"))
_NEST = Structure("tumour nest", ("tumour nest", "nest of tumour cells", "solid tumour nest"), (segregation(TUMOUR),))
_INFILTRATING = Structure(
    "infiltrating lymphocytes",
    ("tumour-infiltrating lymphocytes", "lymphocytes among tumour cells", "infiltrating lymphocytes"),
    low=(segregation(TUMOUR), segregation(LYMPHOCYTES)),
)
_STROMA = Structure("stroma", ("stroma", "fibrous stroma", "connective tissue"))
_SHEET = Structure(
    "sheet of epithelium", ("sheet of epithelium", "epithelial sheet", "epithelial cells side by side"), low=(CLOSURE,)
)
_CLUSTERED = Structure("clustered nuclei", ("clustered nuclei", "nuclei in clusters"), low=(EVENNESS,))


def _rim(inner: str, outer: str) -> Structure:
    a, b = _NOUNS[inner][0], _NOUNS[outer][0]
    nest = "tumour nest" if inner == TUMOUR else "epithelium"
    ways = (f"rim of {b}", f"{nest} with a rim of {b}", f"{a} surrounded by {b}", f"{b} around {a}")
    return Structure(f"rim of {b} around {a}", ways, (surrounding(inner, outer),))


def _border(inner: str, outer: str) -> Structure:
    a, b = _NOUNS[inner][0], _NOUNS[outer][0]
    border = "tumour border" if inner == TUMOUR else "border of the epithelium"
    ways = (border, f"{a} beside {b}", f"{a} on one side, {b} on the other")
    return Structure(f"border of {a} and {b}", ways, (parting(inner, outer),))


_RIMS = {pair: _rim(*pair) for pair in PAIRS}
_BORDERS = {pair: _border(*pair) for pair in PAIRS}
BANDS = {
    kind: Structure(
        f"band of {nouns[0]}",
        (f"band of {nouns[0]}", f"strip of {nouns[0]}", f"row of {nouns[-1]}"),
        (slimness(kind),),
    )
    for kind, nouns in _NOUNS.items()
}
STRUCTURES = (
    *(GLAND, GLANDS, _AGGREGATE, _SCATTERED, _SOLID, _NEST, _INFILTRATING, _STROMA, _SHEET, _CLUSTERED),
    *_RIMS.values(),
    *_BORDERS.values(),
    *BANDS.values(),
)


def structures_of(points: np.ndarray, names: Sequence[str], size: tuple[float, float]) -> list[Structure]:
    """The structures of a window; the most telling first.

    Parameters
    ----------
    points
        float (N, 2): row, col in um from the window's corner.
    names
        Class of each.
    size
        Height and width of the window, um.
    """
    if len(points) < 6:
        return []
    kinds = np.array(names)
    of = {name: points[kinds == name] for name in set(names)}
    share = {name: len(group) / len(points) for name, group in of.items()}
    glands = _glands(of, points, size)
    found = [
        *glands,
        *_lymphocytes(of, points),
        *_tumour(of, share, points),
        *(s for pair, s in _RIMS.items() if of.keys() >= {*pair} and _surrounds(of, *pair)),
        *(s for kind, s in BANDS.items() if _is_band(of, share, kind)),
        *(s for pair, s in _BORDERS.items() if _is_parted(of, *pair)),
    ]
    if share.get(STROMA, 0) > 0.5:
        found.append(_STROMA)
    if share.get(EPITHELIUM, 0) > 0.6 and not glands:
        found.append(_SHEET)
    if measured.evenness(points, size) < 0.95:
        found.append(_CLUSTERED)
    return found


def structures_in(prompt: str) -> list[Structure]:
    """The structures that a prompt names; those named in more words come first.

    Capitals do not matter, nor hyphens, the plural, and whether one writes tumour
    or tumor. What "no" or "without" stands right before is not named.
    """
    text = _plain(prompt)
    said = {}
    for structure in STRUCTURES:
        ways = [way for way in structure.ways if _says(text, _plain(way))]
        if ways:
            said[structure] = max(map(len, ways))
    return sorted(said, key=lambda structure: -said[structure])


def draws_maps(prompt: str, counts: Mapping[str, int]) -> bool:
    """Whether learned maps say more of where nuclei crowd than the tissue's own clustering.

    They do not where no nucleus has a class and the prompt names no structure:
    there is nothing to arrange, and the tissue's clustering was fitted on it.

    Parameters
    ----------
    counts
        Nuclei of each class.
    """
    return any(n for name, n in counts.items() if name != UNSPECIFIED) or bool(structures_in(prompt))


def traits_in(prompt: str, typical: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The traits that a prompt asks for.

    Parameters
    ----------
    typical
        Traits of each structure, by its name.
    """
    values: dict[str, float] = {}
    for structure in structures_in(prompt):
        for trait, value in typical.get(structure.name, {}).items():
            values.setdefault(trait, value)
    return values


def write_structure_caption(
    organ: str, disease: str, names: Sequence[str], structures: Sequence[Structure], rng: np.random.Generator
) -> str:
    """One of many captions for a window.

    Parameters
    ----------
    organ, disease
        In plain words; may be empty.
    names
        Class of each nucleus.
    structures
        Of `structures_of`.
    """
    said = [str(rng.choice(s.ways)) for s in structures if rng.random() < 0.75][:3]
    if len(said) == 2 and rng.random() < 0.3:
        said = [f"{said[0]} with {said[1]}"]
    tissue = " ".join(w for w in (organ, disease if rng.random() < 0.7 else "") if w)
    parts = list(said)
    rng.shuffle(parts)
    if tissue and rng.random() < 0.6:
        parts.insert(0, tissue)
    common = [name for name, _ in Counter(n for n in names if n in CLASS_WORDS).most_common(2)]
    if common and rng.random() < 0.2:
        parts.append(" and ".join(str(rng.choice(CLASS_WORDS[name])) for name in common) + " nuclei")
    # Prompts for tiles say stain and magnification, which mean nothing here.
    parts += [word for word in ("H&E", "40x") if rng.random() < 0.15]
    return ", ".join(parts)


def _plain(text: str) -> str:
    """As one writes it most plainly; "glands" stay, for they are another structure than a gland."""
    text = re.sub(r"\btumou?rs?\b", "tumour", re.sub(r"[\s-]+", " ", text.lower()))
    return re.sub(rf"\b({'|'.join(_COUNTED)})s\b", r"\1", text)


def _says(text: str, way: str) -> bool:
    found = re.finditer(rf"(?<!\w){re.escape(way)}(?!\w)", text)
    return any(not _DENIED.search(text[: match.start()]) for match in found)


def _glands(of: dict[str, np.ndarray], points: np.ndarray, size: tuple[float, float]) -> list[Structure]:
    known = np.concatenate([of.get(name, points[:0]) for name in LININGS if name != UNSPECIFIED])
    closed = len(_closed(known, points, size))
    if UNSPECIFIED in of:
        closed = max(closed, _beyond_chance(np.concatenate([known, of[UNSPECIFIED]]), points, size))
    return [GLANDS if closed > 1 else GLAND] if closed else []


def _closed(lining: np.ndarray, points: np.ndarray, size: tuple[float, float]) -> list[int]:
    """How many nuclei each closed ring has."""
    return [nuclei for share, _, nuclei in measured.rings(lining, points, size) if share >= _CLOSED_RING]


def _beyond_chance(lining: np.ndarray, points: np.ndarray, size: tuple[float, float]) -> int:
    """How many closed rings have more nuclei than chance puts into one, among as many nuclei."""
    rings, rng = [n for n in _closed(lining, points, size) if n >= _UNCLASSED_RING], np.random.default_rng(0)
    for _ in range(_PLACINGS):
        if not rings:
            break
        places = measured.placed_anew(points, size, rng)
        most = max(_closed(places[: len(lining)], places, size), default=0)
        rings = [n for n in rings if n > most]
    return len(rings)


def _lymphocytes(of: dict[str, np.ndarray], points: np.ndarray) -> list[Structure]:
    group = of.get(LYMPHOCYTES, points[:0])
    if measured.aggregated(group, points, _CROWD) >= 8:
        return [_AGGREGATE]
    if len(group) >= 4 and measured.purity(group, points) < 0.35 and len(group) < 0.4 * len(points):
        return [_SCATTERED]
    return []


def _tumour(of: dict[str, np.ndarray], share: dict[str, float], points: np.ndarray) -> list[Structure]:
    group = of.get(TUMOUR, points[:0])
    if len(group) < 10:
        return []
    if share[TUMOUR] > 0.9:
        return [_SOLID]
    pure = measured.purity(group, points)
    if pure > _PURE and share[TUMOUR] < 0.85:
        return [_NEST]
    if share.get(LYMPHOCYTES, 0) > 0.15 and measured.purity(of[LYMPHOCYTES], points) < _MIXED:
        return [_INFILTRATING]
    return []


def _surrounds(of: dict[str, np.ndarray], inner: str, outer: str) -> bool:
    return measured.surrounding(of[inner], of[outer]) > _RIM


def _is_band(of: dict[str, np.ndarray], share: dict[str, float], kind: str) -> bool:
    return len(of.get(kind, ())) >= 8 and 0.1 < share[kind] < 0.75 and measured.slimness(of[kind]) > _SLIM


def _is_parted(of: dict[str, np.ndarray], inner: str, outer: str) -> bool:
    enough = min(len(of.get(inner, ())), len(of.get(outer, ()))) >= 8
    return enough and measured.parted(of[inner], of[outer]) > _PARTED
