"""Spellings of prompts: what pathologists write in many ways becomes what captions write.

A text encoder hears "hematoxylin and eosin" and "H&E" as two things, and a
network was taught one of them. Only spellings that leave no doubt are changed:
no other name of an organ, no other magnification than captions know.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_DASH = "[-\u2010-\u2013]"
_APART = r"(?<![\w&+'’-])"
_TIMES = "[x×]"
_IN_FULL = rf"ha?ematoxylin(?:\s*(?:[&+/]|{_DASH})\s*|\s+(?:and\s+)?)eosin"
_STAINS = {
    # "he" is a word of its own, and what goes on with & or + is another stain, as H&E&S.
    "H&E": rf"(?:(?-i:HE)|h(?:\s*[&+]\s*|\s+and\s+)e|{_IN_FULL})(?![&+])",
    "Ki-67": rf"ki\s?{_DASH}?\s?67",
    "IHC": rf"ihc|immuno{_DASH}?histochemi(?:stry|cal)",
}
_PARTED = rf"(?P<hyphen>{_DASH})(?=(?:stain(?:ed|ing)?|positive|negative)(?!\w))"
"""Captions write "H&E stained" and "Ki-67 positive" as two words."""
_PATTERNS = {
    name: re.compile(rf"{_APART}(?P<typed>{ways})(?:{_PARTED}|(?!\w|['’]\w|{_DASH}\w))", re.IGNORECASE)
    for name, ways in _STAINS.items()
}
# Of two numbers with an x between them, neither is a magnification.
_MAGNIFICATION = re.compile(
    rf"(?<![\w.×])(?<!\d,)(?<!{_TIMES} )([24]0)\s*{_TIMES}(?!['’-]?\w|\s*\d)"
    rf"|(?<![\w.])(?<!\d )(?:x|×\s?)([24]0)(?![\w×]|[.,]\d|\s*{_TIMES})",
    re.IGNORECASE,
)
_TUMOR = re.compile(r"(?<!\w)(tum)(o)(rs?)(?!\w)", re.IGNORECASE)
"""The one word that captions write in British spelling alone: they have "oesophagus" and "esophagus", each from another
data set, and no other word that Americans spell otherwise."""


def respelled(prompt: str) -> str:
    """A prompt with stain, magnification and tumour as captions spell them; all else is as typed.

    What is spelled as in captions stays, also in lower case.

    Examples
    --------
    >>> respelled("Colon tumor, haematoxylin & eosin, 40 X")
    'Colon tumour, H&E, 40x'
    >>> respelled("breast, Ki67 immunohistochemistry")
    'breast, Ki-67 IHC'
    """
    for name, pattern in _PATTERNS.items():
        prompt = pattern.sub(_named(name), prompt)
    prompt = _MAGNIFICATION.sub(lambda match: f"{match[1] or match[2]}x", prompt)
    return _TUMOR.sub(lambda match: f"{match[1]}{match[2]}{'U' if match[2].isupper() else 'u'}{match[3]}", prompt)


def _named(name: str) -> Callable[[re.Match[str]], str]:
    """What takes the place of a match: the name that captions use."""

    def put(match: re.Match[str]) -> str:
        known = match["typed"] in (name, name.lower())
        return (match["typed"] if known else name) + (" " if match["hyphen"] else "")

    return put
