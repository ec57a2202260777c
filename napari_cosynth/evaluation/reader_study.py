"""A blinded reading: can a person tell made tiles from real ones?

Writes numbered pictures with a sheet to fill in, and the key in a folder apart.
The pictures tell nothing but their pixels: one encoder, one size, no metadata,
no order. `reader_score` reads the sheets.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.writing import write_together

KIND = "napari-cosynth reader study"
READERS, KEY = "readers", Path("key/key.json")
"""Within a study's folder: what readers get, and what they must not see."""
SHEET = "sheet.csv"
COLUMNS = ("number", "answer", "confidence", "remark")
ANSWERS = ("real", "made")
CONFIDENCE = range(1, 6)

_INSTRUCTIONS = f"""\
Some of these tiles are photographs of real tissue, the others were made by a model.

1. Copy {SHEET} to sheet-YOURNAME.csv in this folder, one copy for each reader.
2. Look at each tile, in any order, and fill in its line:
   answer      real or made
   confidence  1 (a guess) to 5 (certain)
   remark      what gave it away, if you like; may stay empty
3. Answer every tile, also where you can only guess.

For research, not for diagnosis. The tiles may hold real tissue under the licences
of its sources: do not pass them on.
"""


def write_study(real: Sequence[Sample], made: Sequence[Sample], folder: Path, seed: int = 0) -> int:
    """Write pictures, sheet, instructions and key.

    Parameters
    ----------
    real, made
        Tiles of one size, at least one of each. Best of different layouts: a
        reader who finds the same arrangement twice has found a pair.
    folder
        Gets `READERS` (pictures, sheet, instructions) and `KEY`.
    seed
        Of the order.

    Returns
    -------
    Number of pictures.

    Raises
    ------
    ValueError
        If there are none of either kind, sizes differ, or the folder holds a study already.
    OSError
        If the folder cannot be written.
    """
    tiles = [*(("real", s) for s in real), *(("made", s) for s in made)]
    if not real or not made:
        raise ValueError(f"{len(real)} real and {len(made)} made tiles; a study needs at least one of each")
    sizes = sorted({s.image.shape for _, s in tiles})
    if len(sizes) > 1:
        raise ValueError(f"tiles of {len(sizes)} sizes {sizes}; their size would tell them apart: give one size")
    refuse_taken(folder)
    order = np.random.default_rng(seed).permutation(len(tiles))
    digits = max(3, len(str(len(tiles))))
    files: dict[Path, bytes] = {}
    entries, rows = [], []
    for number, index in enumerate(order.tolist(), start=1):
        answer, sample = tiles[index]
        name = f"{number:0{digits}d}"
        picture = plain_png(sample.image)
        files[folder / READERS / f"{name}.png"] = picture
        digest = hashlib.sha256(picture).hexdigest()
        entries.append({"number": name, "answer": answer, "sample": sample.name, "sha256": digest})
        rows.append((name, "", "", ""))
    files[folder / READERS / "instructions.txt"] = _INSTRUCTIONS.encode()
    files[folder / READERS / SHEET] = _csv(rows)
    key = {"kind": KIND, "schema_version": 1, "seed": seed, "tiles": entries}
    files[folder / KEY] = (json.dumps(key, indent=2) + "\n").encode()
    for place in {path.parent for path in files}:
        place.mkdir(parents=True, exist_ok=True)
    write_together(files)
    return len(tiles)


def unpaired(real: Sequence[Sample], made: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Real and made samples such that each layout is there once, and each source on both sides alike.

    Two tiles of one arrangement would give each other away.
    """
    order = sorted(range(len(real)), key=lambda i: real[i].source)
    return [real[i] for i in order[::2]], [made[i] for i in order[1::2]]


def refuse_taken(folder: Path) -> None:
    """Refuse a folder that holds a study already: readers may have worked on its sheets.

    Raises
    ------
    ValueError
        If it does.
    """
    if (folder / READERS).exists() or (folder / KEY).exists():
        raise ValueError(f"{folder} holds a reader study already; score it, or name another folder")


def plain_png(image: np.ndarray) -> bytes:
    """A PNG of pixels alone: uint8 (H, W, 3) RGB, no chunk that says where it came from."""
    stream = io.BytesIO()
    # From bare bytes: an image that PIL has read would carry its metadata along.
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    return stream.getvalue().encode()
