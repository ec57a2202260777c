"""Organ and stain out of a prompt, for formats with a column for them.

A word of the prompt is a wish, not a finding: the columns say what was asked for.
"""

from __future__ import annotations

import re

from napari_cosynth.data.spelling import respelled

PANNUKE_TYPES = (
    *("Adrenal_gland", "Bile-duct", "Bladder", "Breast", "Cervix", "Colon", "Esophagus", "HeadNeck", "Kidney"),
    *("Liver", "Lung", "Ovarian", "Pancreatic", "Prostate", "Skin", "Stomach", "Testis", "Thyroid", "Uterus"),
)
"""The tissue names of PanNuke's ``types.npy``."""

_ORGANS = {
    r"adrenal": "adrenal gland",
    r"bile[ -]?duct": "bile duct",
    r"bladder": "bladder",
    r"gall[\s-]*bladder": "gallbladder",
    r"breast|mammary": "breast",
    r"cervix|cervical(?![\s-]+(lymph|node|spin|vertebra|o?esophag))": "cervix",
    r"colon|colorectal|rectum|rectal": "colon",
    r"o?esophag\w+": "esophagus",
    r"head[ -](and[ -])?neck|tongue|larynx|tonsil": "head and neck",
    r"kidney|renal": "kidney",
    r"liver|hepat\w+": "liver",
    r"lung|pulmonary": "lung",
    r"ovar\w+": "ovary",
    r"pancrea\w+": "pancreas",
    r"prostat\w+": "prostate",
    r"skin|melanoma|dermal": "skin",
    r"stomach|gastric": "stomach",
    r"testis|testicular": "testis",
    r"thyroid": "thyroid",
    r"uter\w+|endometri\w+": "uterus",
    r"brain|gliom\w+|glioblastom\w+|cerebr\w+|cerebell\w+": "brain",
    r"spleen": "spleen",
}
_PANNUKE = {"head and neck": "HeadNeck", "ovary": "Ovarian", "pancreas": "Pancreatic", "bile duct": "Bile-duct"}


def organ_of(prompt: str) -> str:
    """The first organ that a prompt names, in plain words; empty if none is known."""
    matches = ((re.search(rf"\b({words})\b", prompt, re.IGNORECASE), organ) for words, organ in _ORGANS.items())
    return min(((match.start(), organ) for match, organ in matches if match), default=(0, ""))[1]


def stain_of(prompt: str) -> str:
    """ "IHC" if the prompt asks for it, else "H&E"."""
    return "IHC" if re.search(r"\b(ihc|immunohisto\w*|ki-?67)\b", respelled(prompt), re.I) else "H&E"


def pannuke_type(prompt: str) -> str:
    """PanNuke's tissue name; "Unknown" where it has none."""
    organ = organ_of(prompt)
    name = _PANNUKE.get(organ, organ.capitalize().replace(" ", "_"))
    return name if name in PANNUKE_TYPES else "Unknown"
