"""The fitted tissue models that ship with the package, found by name.

Knows where they lie; what is in them is `model`'s matter.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from napari_cosynth.layouts.model import TissueModel, read_tissue
from napari_cosynth.resources import models_dir


def tissue_files() -> dict[str, Path]:
    """File of each tissue model that ships, by name, in alphabetical order."""
    return {path.stem: path for path in sorted((models_dir() / "layouts").glob("*.json"))}


def find_tissue(name: str | Path) -> TissueModel:
    """Tissue model by the name of one that ships, or by the path of a JSON file.

    Raises
    ------
    ValueError
        If there is neither; the message lists the tissues and names the closest one. Or if the file is no tissue model.
    """
    files = tissue_files()
    text = str(name)
    if text in files:
        return read_tissue(files[text])
    if text.lower().endswith(".json") or Path(name).is_file():
        return read_tissue(name)
    close = difflib.get_close_matches(text, files, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    known = ", ".join(files) or "none ships with this installation"
    raise ValueError(f"no tissue {text!r}; known are: {known}.{hint} Or give a JSON file of  napari-cosynth layout fit")


def tissue_named(prompt: str, names: Iterable[str]) -> str | None:
    """That of several tissues which a prompt names, the plainest where it fits more than one; None if it fits none."""
    text = prompt.lower()
    return min((name for name in names if name.split("-")[0] in text), key=len, default=None)
