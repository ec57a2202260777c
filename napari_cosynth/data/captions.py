"""Captions: what a crop shows, in words.

`describe` reads facts off metadata, points and pixels; `write_caption` puts
them into one of many phrasings, so that no word stands for the whole caption;
`write_plain_caption` says the tissue and how it is stained, no more.
Thresholds are quantiles measured over crops of ten public sources; they decide
only which word a crop gets.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

from napari_cosynth.classes import UNSPECIFIED
from napari_cosynth.data.labelled import LabelledTile

DENSITY = ((1000, "very few"), (3500, "sparse"), (7500, "moderately dense"), (12500, "dense"), (np.inf, "crowded"))
"""Nuclei per square millimetre up to which a word holds."""
PALE, STRONG = 0.25, 0.70
"""Mean optical density below and above which staining is called pale or strong."""
SOFT, SHARP = 0.24, 0.45
"""Laplacian over intensity spread, below and above which focus is called soft or sharp."""
WHITE = 0.12
"""Optical density below which a pixel is empty glass."""

_SPECIES = ("human", "mouse")

CLASS_WORDS = {
    "neoplastic": ("neoplastic", "neoplastic", "tumour", "malignant"),
    "inflammatory": ("inflammatory", "inflammatory", "lymphoid", "immune"),
    "connective": ("connective", "connective", "stromal", "spindle-shaped"),
    "epithelial": ("epithelial", "epithelial", "benign epithelial"),
    "positive": ("positive", "Ki-67 positive", "brown"),
    "negative": ("negative", "Ki-67 negative", "blue"),
}
"""What pathologists call nuclei of a class; the class' own name most often."""
_GLANDULAR = ("epithelial", "neoplastic")
_LUMEN_PX, _EPITHELIUM_PX = 18.0, 30.0
"""Least radius of a lumen, and how far beyond it the first row of nuclei may stand."""


@dataclass(frozen=True)
class Facts:
    """What a caption may say; empty where nothing is known."""

    organ: str = ""
    disease: str = ""
    species: str = ""
    stain: str = "H&E"
    magnification: str = "40x"
    density: str = ""
    classes: tuple[str, ...] = ()
    arrangement: str = ""
    staining: str = ""
    focus: str = ""
    space: str = ""
    structure: tuple[str, ...] = ()
    """Alternative phrases for the one structure that fills the crop."""


def tissue_of(tile: LabelledTile) -> tuple[str, str, str]:
    """(organ, disease, species) in plain words, from a tile's metadata.

    Sources write "colon (colorectal adenocarcinoma)", "human brain (cerebrum)",
    "Bile-duct"; what is "not stated" stays empty.
    """
    text = tile.organ.strip().replace("-", " ").lower()
    organ, _, inner = text.partition("(")
    inner = re.sub(r",?\s*ki 67 ihc", "", inner.rstrip(")")).strip()
    species = next((s for s in _SPECIES if organ.startswith(s + " ")), "")
    organ = organ.removeprefix(species).strip()
    disease = tile.disease.strip().lower()
    if "not stated" in inner or " or " in organ:
        return "", disease, species
    if species:
        organ = f"{organ} {inner}".strip()
    elif inner and not disease:
        disease = inner
    return organ, disease.removeprefix(organ + " ") if organ else disease, species


def describe(tile: LabelledTile, image: np.ndarray, centroids: np.ndarray, classes: tuple[str, ...]) -> Facts:
    """Facts of a crop.

    Parameters
    ----------
    tile
        The tile that it was cut from.
    image
        uint8 (h, w, 3), the crop at the working pixel size of 0.25 um.
    centroids
        float (N, 2) px, the crop's nuclei.
    classes
        Their class names, length N.
    """
    organ, disease, species = tissue_of(tile)
    grey = image.mean(2, dtype=np.float32)
    density = -np.log((grey + 1) / 256)
    crispness = ndi.laplace(grey).std() / (grey.std() + 5)
    white = float((density < WHITE).mean())
    strength = float(density.mean())
    counts = Counter(c for c in classes if c != UNSPECIFIED)
    word = _density(len(centroids), image.shape[:2])
    names = tuple(name for name, n in counts.most_common() if n >= 0.1 * counts.total())
    return Facts(
        organ=organ,
        disease=disease,
        species=species,
        stain="Ki-67 IHC" if tile.is_ihc else tile.stain,
        magnification=tile.magnification,
        # Partial labels count too few nuclei.
        density=word if tile.coverage == "complete" else "",
        classes=names,
        arrangement=_arrangement(centroids, image.shape[:2]),
        staining="pale" if strength < PALE else "strong" if strength > STRONG else "",
        focus="soft focus" if crispness < SOFT else "sharp focus" if crispness > SHARP else "",
        space="wide white space" if white > 0.4 else "white lumina" if white > 0.15 else "",
        # Where nuclei are missing from the labels, an unlabelled nest would pass for a lumen.
        structure=_structure(names, word, centroids, classes, image.shape[:2]) if tile.coverage == "complete" else (),
    )


def _density(n: int, size: tuple[int, int]) -> str:
    per_mm2 = n / (size[0] * size[1] * (0.25e-3) ** 2)
    return next(word for limit, word in DENSITY if per_mm2 <= limit)


def _structure(
    names: tuple[str, ...], density: str, centroids: np.ndarray, classes: tuple[str, ...], size: tuple[int, int]
) -> tuple[str, ...]:
    """What a pathologist would call the crop, as far as its points tell."""
    crowded = density in ("dense", "crowded")
    if _is_gland(centroids[[c in _GLANDULAR for c in classes]], centroids, size):
        return ("a gland", "gland", "glandular lumen")
    match names[:2]:
        case ("inflammatory", *_) if crowded:
            return ("dense lymphocytes", "lymphocytic infiltrate", "lymphoid aggregate")
        case ("neoplastic", "inflammatory"):
            return (
                "tumour with lymphocytes",
                "tumour-infiltrating lymphocytes",
                "tumour nest with lymphocytes around it",
            )
        case ("neoplastic", *_) if crowded:
            return ("tumour nest", "solid tumour", "tumour cells side by side")
        case ("connective", "inflammatory") | ("inflammatory", "connective"):
            return ("stroma with lymphocytes", "inflamed stroma")
        case ("connective", *_):
            return ("stroma", "fibrous stroma", "connective tissue")
        case ("epithelial", *_):
            return ("epithelium", "normal epithelium")
        case _:
            return ()


def _is_gland(lining: np.ndarray, centroids: np.ndarray, size: tuple[int, int]) -> bool:
    """True if nuclei of a lining stand around a place without nuclei, on six of eight sides."""
    if len(lining) < 6:
        return False
    rows, cols = (np.arange(_LUMEN_PX, side - _LUMEN_PX, 8) for side in size)
    places = np.stack(np.meshgrid(rows, cols, indexing="ij"), -1).reshape(-1, 2)
    radius = cKDTree(centroids).query(places)[0]
    for place, r in zip(places[radius >= _LUMEN_PX], radius[radius >= _LUMEN_PX], strict=True):
        offset = lining - place
        near = offset[np.hypot(*offset.T) <= r + _EPITHELIUM_PX]
        octants = np.floor(np.arctan2(near[:, 0], near[:, 1]) / (np.pi / 4)).astype(int) % 8
        if len(np.unique(octants)) >= 6:
            return True
    return False


def _arrangement(centroids: np.ndarray, size: tuple[int, int]) -> str:
    """Clark and Evans 1954: mean nearest-neighbour distance over that of a random pattern."""
    if len(centroids) < 6:
        return ""
    nearest = cKDTree(centroids).query(centroids, k=2)[0][:, 1].mean()
    ratio = nearest / (0.5 * np.sqrt(size[0] * size[1] / len(centroids)))
    return "clustered" if ratio < 0.95 else "evenly spaced" if ratio > 1.35 else ""


def write_caption(facts: Facts, rng: np.random.Generator) -> str:
    """One of many captions for the same facts."""
    form = rng.choice(["keywords", "sentence", "paper"], p=[0.5, 0.35, 0.15])
    return {"keywords": _keywords, "sentence": _sentence, "paper": _paper}[form](facts, rng)


def write_plain_caption(facts: Facts, rng: np.random.Generator) -> str:
    """Organ and stain, at times magnification and strength of staining: the shortest prompts that people write."""
    parts = [
        facts.organ or facts.disease,
        facts.stain,
        facts.magnification if rng.random() < 0.6 else "",
        _staining(facts, rng) if rng.random() < 0.6 else "",
    ]
    return ", ".join(p for p in parts if p)


def _pick(rng: np.random.Generator, *phrases: str) -> str:
    return str(rng.choice(phrases))


def _tissue(facts: Facts, rng: np.random.Generator) -> str:
    words = [facts.species if rng.random() < 0.7 else "", facts.organ]
    if facts.disease and (rng.random() < 0.8 or not facts.organ):
        words.append(facts.disease)
    return " ".join(w for w in words if w)


def _nuclei(facts: Facts, rng: np.random.Generator) -> str:
    """For example "dense neoplastic and inflammatory nuclei"."""
    classes = facts.classes if rng.random() < 0.5 else facts.classes[:1]
    words = [facts.density, " and ".join(_pick(rng, *CLASS_WORDS.get(c, (c,))) for c in classes)]
    text = " ".join(w for w in words if w)
    return f"{text} {_pick(rng, 'nuclei', 'cells')}" if text else ""


def _staining(facts: Facts, rng: np.random.Generator) -> str:
    phrases = {"pale": ("pale staining", "weak staining"), "strong": ("strong staining", "dark staining")}
    return _pick(rng, *phrases[facts.staining]) if facts.staining else ""


def _details(facts: Facts, rng: np.random.Generator) -> list[str]:
    """Phrases that may stand in any caption, each left out one time in three."""
    phrases = [
        _pick(rng, *facts.structure) if facts.structure else "",
        _staining(facts, rng),
        facts.focus,
        facts.space,
        f"{facts.arrangement} nuclei" if facts.arrangement else "",
    ]
    return [p for p in phrases if p and rng.random() < 0.67]


def _keywords(facts: Facts, rng: np.random.Generator) -> str:
    parts = [_tissue(facts, rng), facts.stain, facts.magnification if rng.random() < 0.6 else "", _nuclei(facts, rng)]
    parts = [p for p in (*parts, *_details(facts, rng)) if p]
    head, tail = parts[:1], parts[1:]
    rng.shuffle(tail)
    return ", ".join(head + tail)


def _sentence(facts: Facts, rng: np.random.Generator) -> str:
    tissue = _tissue(facts, rng) or "tissue"
    text = _pick(
        rng,
        f"{facts.stain} stained tile of {tissue}",
        f"{tissue} in {facts.stain}",
        f"a {facts.stain} image of {tissue}",
        f"{facts.stain} histology of {tissue}",
    )
    if rng.random() < 0.5:
        text += f" at {facts.magnification}"
    if nuclei := _nuclei(facts, rng):
        text += f" {_pick(rng, 'with', 'showing')} {nuclei}"
    return ", ".join([text, *_details(facts, rng)])


def _paper(facts: Facts, rng: np.random.Generator) -> str:
    """The sentence of Min, Oh, Jeong (arXiv 2407.14434), sec. 4.1."""
    del rng
    text = f"high quality histopathology {facts.organ or facts.disease} tissue image".replace("  ", " ")
    names = list(facts.classes)
    if not names:
        return text
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    return f"{text} including nuclei types of {listed}"
