"""The licence of a model, from the card in its folder. Opens no weights."""

from __future__ import annotations

import re
from pathlib import Path

from napari_cosynth.resources import models_dir

UNKNOWN = "not stated (no model card was found)"


def licence_of(model: str) -> tuple[str, str]:
    """Name of the licence, and what the card says about it.

    Parameters
    ----------
    model
        As a request names it: a bundled model, or the path of a folder.

    Returns
    -------
    `UNKNOWN` and an empty text where there is no card or it names none.
    """
    try:
        card = next(c for c in (Path(model) / "README.md", models_dir() / model / "README.md") if c.is_file())
        text = card.read_text(encoding="utf-8")
    except (StopIteration, OSError, UnicodeDecodeError):
        return UNKNOWN, ""
    front = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    fields = dict(re.findall(r"^(license|license_name):[ \t]*(.+)$", front[1] if front else "", re.MULTILINE))
    name = fields.get("license_name") or fields.get("license") or UNKNOWN
    section = re.search(r"^#+[^\n]*\blicen[cs]e[^\n]*\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return name.strip().strip("\"'"), section[1].strip() if section else ""
