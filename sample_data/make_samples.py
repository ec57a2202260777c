"""Makes the sample layouts: ``python sample_data/make_samples.py [FOLDER]``.

Each layout is drawn by hand-written rules of tissue architecture and a seed, so
that nothing in it is copied from a patient. It writes the same bytes every
time, and needs numpy only: coordinates are rounded to 0.1 px, because the last
bits of a sine differ between machines.

Distances are those of real tissue at 0.25 um/px, measured as the distance to the
nearest neighbour: lymphocytes stand 22-26 px apart, glandular epithelium 28 px,
tumour nuclei 35 px; fibroblasts are about 14 x 50 px and lie along the fibres.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

SIDE = 256
UM_PER_PX = 0.25
CORE = {"inflammatory": 22, "epithelial": 30, "neoplastic": 36, "connective": 24, "other": 26}
"""Least distance in px between two nuclei of the class."""
CORE |= {"positive": CORE["neoplastic"], "negative": CORE["neoplastic"]}

Chance = Callable[[float, float], float]  # (row, col) -> probability 0..1
Nucleus = tuple[float, float, str]


class Scene:
    """A tile that fills with nuclei, none closer to another than both allow."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nuclei: list[tuple[float, float, str, float]] = []

    def place(self, row: float, col: float, name: str, core: float | None = None) -> bool:
        """Put a nucleus there if the tile reaches so far and the neighbours leave room."""
        core = CORE[name] if core is None else core
        row, col = round(row, 1), round(col, 1)
        free = all(math.hypot(row - r, col - c) >= (core + k) / 2 for r, c, _, k in self.nuclei)
        if free and 0 <= row <= SIDE - 1 and 0 <= col <= SIDE - 1:
            self.nuclei.append((row, col, name, core))
            return True
        return False

    def scatter(self, name: str, where: Chance, most: int = 999, core: float | None = None, tries: int = 6000) -> None:
        """Hard-core process: throw points, keep those with room, until ``most`` stand."""
        placed = 0
        for row, col, chance in self.rng.random((tries, 3)).tolist():
            row, col = row * (SIDE - 1), col * (SIDE - 1)
            if placed < most and chance < where(row, col):
                placed += self.place(row, col, name, core)

    def ring(self, name: str, outline: Outline, spacing: float, inset: float = 0.0, jitter: float = 3.0) -> None:
        """Nuclei along an outline, ``inset`` px inside it, about ``spacing`` apart."""
        angles = np.linspace(0, 2 * math.pi, 721)
        places = np.array([outline.at(a, inset) for a in angles.tolist()])
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
        count = int(length[-1] // spacing)
        for step in range(count):
            along = (step + 0.25 * (self.rng.random() - 0.5)) * length[-1] / count
            row, col = (float(np.interp(along % length[-1], length, places[:, i])) for i in (0, 1))
            off_row, off_col = (jitter * (2 * self.rng.random(2) - 1)).tolist()
            self.place(row + off_row, col + off_col, name, core=spacing * 0.72)

    def fibres(self, name: str, spacing: float, pitch: float, where: Chance, slope: float = 0.35) -> None:
        """Spindle nuclei along wavy, roughly parallel fibres: ``pitch`` along, ``spacing`` across."""
        phase = 2 * math.pi * self.rng.random()
        for base in np.arange(-SIDE, 2 * SIDE, spacing).tolist():
            along = -pitch * self.rng.random()
            while along < SIDE:
                wave = 12 * math.sin(along / 45 + phase + base / 150)
                row = base + slope * along + wave + 5 * (self.rng.random() - 0.5)
                if self.rng.random() < where(row, along):
                    self.place(row, along, name, core=spacing * 0.8)
                along += pitch * (0.75 + 0.6 * self.rng.random())

    def listed(self) -> list[Nucleus]:
        """The nuclei in reading order."""
        return sorted((row, col, name) for row, col, name, _ in self.nuclei)


class Outline:
    """A wobbly ellipse: centre and half axes in px, the wobble a share of them."""

    def __init__(self, row: float, col: float, half_rows: float, half_cols: float, wobble: float = 0.06) -> None:
        self.centre, self.half, self.wobble = (row, col), (half_rows, half_cols), wobble

    def at(self, angle: float, inset: float = 0.0) -> tuple[float, float]:
        """Row and col of the outline in that direction."""
        radius = 1 + self.wobble * (math.sin(3 * angle + 0.7) + 0.6 * math.sin(5 * angle + 2.0))
        return (
            self.centre[0] + (self.half[0] * radius - inset) * math.sin(angle),
            self.centre[1] + (self.half[1] * radius - inset) * math.cos(angle),
        )

    def depth(self, row: float, col: float) -> float:
        """Px inside the outline (negative: outside), along the ray from the centre."""
        offset = row - self.centre[0], col - self.centre[1]
        edge = self.at(math.atan2(offset[0] / self.half[0], offset[1] / self.half[1]))
        return math.hypot(edge[0] - self.centre[0], edge[1] - self.centre[1]) - math.hypot(*offset)


def gland() -> Scene:
    """One benign gland, cut across, in loose stroma."""
    scene, outline = Scene(11), Outline(126, 130, 84, 76)
    scene.ring("epithelial", outline, spacing=29)
    scene.fibres("connective", 34, 62, lambda r, c: 0.8 * (outline.depth(r, c) < -20))
    scene.scatter("inflammatory", lambda r, c: float(outline.depth(r, c) < -24), most=12)
    return scene


def tumour_gland() -> Scene:
    """A malignant gland with stratified nuclei, lymphocytes crowding around it."""
    scene, outline = Scene(12), Outline(132, 122, 92, 84, wobble=0.09)
    scene.ring("neoplastic", outline, spacing=34)
    scene.ring("neoplastic", outline, spacing=36, inset=32)
    scene.scatter("other", lambda r, c: float(outline.depth(r, c) > 66), most=2)
    scene.scatter("inflammatory", lambda r, c: 0.9 * (outline.depth(r, c) < -26), most=46)
    scene.scatter("connective", lambda r, c: float(outline.depth(r, c) < -22), most=8)
    return scene


def dense_lymphocytes() -> Scene:
    """A lymphoid aggregate that fills the tile."""
    scene = Scene(13)
    scene.scatter("connective", lambda r, c: 1.0, most=4)
    scene.scatter("inflammatory", lambda r, c: 1.0)
    return scene


def spindle_stroma() -> Scene:
    """Fibrous stroma: spindle nuclei along wavy fibres."""
    scene = Scene(14)
    scene.fibres("connective", 24, 54, lambda r, c: 0.9)
    scene.scatter("inflammatory", lambda r, c: 1.0, most=4)
    return scene


def tumour_nest_with_infiltrate() -> Scene:
    """A solid tumour nest; lymphocytes stand around it and a few enter."""
    scene, outline = Scene(15), Outline(140, 104, 92, 86, wobble=0.08)
    scene.scatter("neoplastic", lambda r, c: float(outline.depth(r, c) > 0))
    scene.scatter("other", lambda r, c: float(outline.depth(r, c) > 10), most=2)
    scene.scatter("inflammatory", lambda r, c: float(outline.depth(r, c) > 0), most=4)
    scene.scatter("connective", lambda r, c: float(-44 < outline.depth(r, c) < -16), most=9)
    scene.scatter(
        "inflammatory", lambda r, c: math.exp(min(0, outline.depth(r, c) + 22) / 60) * (outline.depth(r, c) < -18)
    )
    return scene


def sparse() -> Scene:
    """A few nuclei in plenty of empty stroma."""
    scene = Scene(16)
    scene.scatter("connective", lambda r, c: 1.0, most=7, core=60)
    scene.scatter("inflammatory", lambda r, c: 1.0, most=4, core=50)
    return scene


def touching_cluster() -> Scene:
    """Crowded tumour nuclei that touch and overlap: the hard case of any segmentation."""
    scene, outline = Scene(17), Outline(124, 130, 74, 80, wobble=0.1)
    scene.scatter("neoplastic", lambda r, c: float(outline.depth(r, c) > 0), core=27)
    scene.scatter("connective", lambda r, c: float(outline.depth(r, c) < -30), most=9, core=40)
    scene.scatter("inflammatory", lambda r, c: float(outline.depth(r, c) < -25), most=6)
    return scene


def ki67_ihc() -> Scene:
    """Immunohistochemistry of Ki-67: positive tumour nuclei in a hot spot, negative ones around it."""
    scene = Scene(18)

    def hot(row: float, col: float) -> float:
        return 0.12 + 0.8 * math.exp(-((row - 90) ** 2 + (col - 165) ** 2) / (2 * 75**2))

    for row, col, chance in scene.rng.random((6000, 3)).tolist():
        row, col = row * (SIDE - 1), col * (SIDE - 1)
        # A band of stroma runs across the lower left; its few cells are negative.
        if row - 0.6 * col < 150:
            scene.place(row, col, "positive" if chance < hot(row, col) else "negative")
    scene.scatter("negative", lambda r, c: float(r - 0.6 * c > 160), most=6, core=30)
    return scene


SAMPLES: dict[str, tuple[Callable[[], Scene], str]] = {
    "gland": (gland, "normal colon, H&E, 40x, a gland in sparse stroma"),
    "tumour_gland": (
        tumour_gland,
        "colon adenocarcinoma, H&E, 40x, gland with dense lymphocytes in the stroma",
    ),
    "dense_lymphocytes": (dense_lymphocytes, "colon, H&E, 40x, dense lymphocytes"),
    "spindle_stroma": (spindle_stroma, "colon adenocarcinoma, H&E, 40x, fibrous stroma with spindle-shaped nuclei"),
    "tumour_nest_with_infiltrate": (
        tumour_nest_with_infiltrate,
        "breast invasive carcinoma, H&E, 40x, tumour nest with lymphocytes around it",
    ),
    "sparse": (sparse, "breast, H&E, 40x, sparse connective tissue"),
    "touching_cluster": (touching_cluster, "breast invasive carcinoma, H&E, 40x, crowded tumour nuclei"),
    "ki67_ihc": (ki67_ihc, "breast invasive carcinoma, Ki-67 IHC, 40x, positive and negative nuclei"),
}


def main(folder: Path) -> None:
    """Write all layouts and their index into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    index = []
    for name, (make, prompt) in SAMPLES.items():
        lines = ["row,col,class", *(f"{row},{col},{kind}" for row, col, kind in make().listed())]
        (folder / f"{name}.csv").write_bytes(("\n".join(lines) + "\n").encode())
        index.append(
            {
                "name": name,
                "file": f"{name}.csv",
                "prompt": prompt,
                "height": SIDE,
                "width": SIDE,
                "um_per_px": UM_PER_PX,
                "description": (make.__doc__ or "").strip(),
            }
        )
    (folder / "samples.json").write_bytes((json.dumps(index, indent=2) + "\n").encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
