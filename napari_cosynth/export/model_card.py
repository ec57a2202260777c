"""The licence of a model, from the card in its folder. Opens no weights."""

from __future__ import annotations

import re

from napari_cosynth.catalogue import CatalogueError, bundled, model_info

UNKNOWN = "not stated (no model card was found)"


def licence_of(model: str) -> tuple[str, str]:
    """Name of the licence, and what the card says about it.

    Parameters
    ----------
    model
        As a request names it: a bundled model, or the path of a folder. A project
        can come from anyone, so a folder counts only if it is a model's: the
        README of another one is nobody's business.

    Returns
    -------
    `UNKNOWN` and an empty text where there is no card or it names none.
    """
    try:
        ships = [info for info in bundled() if info.name == model]
        text = (ships[0] if ships else model_info(model)).card
    except CatalogueError:
        return UNKNOWN, ""
    front = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    fields = dict(re.findall(r"^(license|license_name):[ \t]*(.+)$", front[1] if front else "", re.MULTILINE))
    name = fields.get("license_name") or fields.get("license") or UNKNOWN
    section = re.search(r"^#+[^\n]*\blicen[cs]e[^\n]*\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE | re.IGNORECASE)
    return name.strip().strip("\"'"), section[1].strip() if section else ""
