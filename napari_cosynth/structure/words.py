"""What a pathologist would call an arrangement of nuclei, and captions made of it.

The thresholds were looked at on windows of real tiles; they decide only which
words a window gets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.captions import CLASS_WORDS
from napari_cosynth.structure import arrangements as measured

Phrases = tuple[str, ...]
"""Ways to say the same."""

_TUMOUR, _LYMPHOCYTES, _STROMA, _EPITHELIUM = "neoplastic", "inflammatory", "connective", "epithelial"
_LININGS = (_TUMOUR, _EPITHELIUM, UNSPECIFIED)
_NOUNS = {
    _TUMOUR: ("tumour", "tumour cells"),
    _LYMPHOCYTES: ("lymphocytes", "inflammatory cells", "lymphocytes"),
    _STROMA: ("stroma", "connective tissue", "fibroblasts"),
    _EPITHELIUM: ("epithelium", "epithelial cells"),
}
_CLOSED_RING = 0.75
_PURE, _MIXED = 0.75, 0.5
_CROWD = 9
_SLIM = 2.7
_PARTED = 0.92
_RIM = 0.55


def structure_phrases(points: np.ndarray, names: Sequence[str], size: tuple[float, float]) -> list[Phrases]:
    """The structures of a window, each in several ways to say it; the most telling first.

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
    found = [
        *_glands(of, points, size),
        *_lymphocytes(of, points, size),
        *_tumour(of, share, points),
        *_around(of),
        *_bands(of, share),
        *_borders(of),
    ]
    if share.get(_STROMA, 0) > 0.5:
        found.append(("stroma", "fibrous stroma", "connective tissue"))
    if share.get(_EPITHELIUM, 0) > 0.6 and not _glands(of, points, size):
        found.append(("epithelium", "sheet of epithelium"))
    if measured.evenness(points, size) < 0.95:
        found.append(("clustered nuclei", "nuclei in clusters"))
    return found


def write_structure_caption(
    organ: str, disease: str, names: Sequence[str], phrases: Sequence[Phrases], rng: np.random.Generator
) -> str:
    """One of many captions for a window.

    Parameters
    ----------
    organ, disease
        In plain words; may be empty.
    names
        Class of each nucleus.
    phrases
        Of `structure_phrases`.
    """
    said = [str(rng.choice(ways)) for ways in phrases if rng.random() < 0.75][:3]
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


def _glands(of: dict[str, np.ndarray], points: np.ndarray, size: tuple[float, float]) -> list[Phrases]:
    lining = np.concatenate([of.get(name, points[:0]) for name in _LININGS])
    closed = [radius for share, radius in measured.rings(lining, points, size) if share >= _CLOSED_RING]
    if not closed:
        return []
    if len(closed) > 1:
        return [("glands", "several glands", "glands with lumina")]
    return [("gland", "a gland", "gland with a lumen", "glandular lumen", "nuclei in a ring around a lumen")]


def _lymphocytes(of: dict[str, np.ndarray], points: np.ndarray, size: tuple[float, float]) -> list[Phrases]:
    group = of.get(_LYMPHOCYTES, points[:0])
    if measured.aggregated(group, points, _CROWD) >= 8:
        return [("lymphoid aggregate", "dense lymphocytes", "cluster of lymphocytes", "aggregate of lymphocytes")]
    if len(group) >= 4 and measured.purity(group, points) < 0.35 and len(group) < 0.4 * len(points):
        return [("scattered lymphocytes", "single lymphocytes", "diffuse lymphocytes")]
    return []


def _tumour(of: dict[str, np.ndarray], share: dict[str, float], points: np.ndarray) -> list[Phrases]:
    group = of.get(_TUMOUR, points[:0])
    if len(group) < 10:
        return []
    if share[_TUMOUR] > 0.9:
        return [("solid tumour", "sheet of tumour cells", "tumour cells side by side")]
    pure = measured.purity(group, points)
    if pure > _PURE and share[_TUMOUR] < 0.85:
        return [("tumour nest", "nest of tumour cells", "solid tumour nest")]
    if share.get(_LYMPHOCYTES, 0) > 0.15 and measured.purity(of[_LYMPHOCYTES], points) < _MIXED:
        return [("tumour-infiltrating lymphocytes", "lymphocytes among tumour cells", "infiltrating lymphocytes")]
    return []


def _around(of: dict[str, np.ndarray]) -> list[Phrases]:
    phrases = []
    for inner in (_TUMOUR, _EPITHELIUM):
        for outer in (_LYMPHOCYTES, _STROMA):
            if inner in of and outer in of and measured.surrounding(of[inner], of[outer]) > _RIM:
                a, b = _NOUNS[inner][0], _NOUNS[outer][0]
                nest = "tumour nest" if inner == _TUMOUR else "epithelium"
                rim = f"rim of {b}"
                phrases.append((rim, f"{nest} with a {rim}", f"{a} surrounded by {b}", f"{b} around {a}"))
    return phrases


def _bands(of: dict[str, np.ndarray], share: dict[str, float]) -> list[Phrases]:
    phrases = []
    for name, nouns in _NOUNS.items():
        if len(of.get(name, ())) >= 8 and 0.1 < share[name] < 0.75 and measured.slimness(of[name]) > _SLIM:
            phrases.append((f"band of {nouns[0]}", f"strip of {nouns[0]}", f"row of {nouns[-1]}"))
    return phrases


def _borders(of: dict[str, np.ndarray]) -> list[Phrases]:
    phrases = []
    for inner in (_TUMOUR, _EPITHELIUM):
        for outer in (_LYMPHOCYTES, _STROMA):
            if min(len(of.get(inner, ())), len(of.get(outer, ()))) < 8:
                continue
            if measured.parted(of[inner], of[outer]) > _PARTED:
                a, b = _NOUNS[inner][0], _NOUNS[outer][0]
                border = "tumour border" if inner == _TUMOUR else "border of the epithelium"
                phrases.append((border, f"{a} beside {b}", f"{a} on one side, {b} on the other"))
    return phrases
