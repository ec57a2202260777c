"""Words of prompts: counted in training, recognised when a user types.

A model folder's ``prompt_terms.json`` holds the words that its training
captions used, with counts. A word that has several spellings counts as what
captions write.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from napari_cosynth.data.spelling import respelled

_MARK = "\u0301"
_LETTER = rf"[^\W_]{_MARK}*"
_WORD = re.compile(rf"(?:{_LETTER}|&)+(?:[-'](?:{_LETTER})+)*")
_FILLERS = frozenset(
    "a an and are as at by for from has have in including into is it its many of on or "
    "some that the this to types very was were with without".split()
)


def places_of(prompt: str) -> list[slice]:
    """Where the words of a prompt stand in it, of whatever script, fillers among them."""
    return [slice(*match.span()) for match in _WORD.finditer(_with_one_mark(prompt))]


def words_of(prompt: str) -> list[str]:
    """The words of a prompt as captions spell them, lower case, fillers ("with", "the") left out."""
    prompt = respelled(prompt)
    words = (prompt[place].lower() for place in places_of(prompt))
    return [word for word in words if word not in _FILLERS]


def count_terms(prompt: str) -> Counter[str]:
    """How often each word of a prompt stands in it."""
    return Counter(words_of(prompt))


def unknown_words(prompt: str, terms: Mapping[str, int]) -> tuple[str, ...]:
    """Words of a prompt that the model has never seen, in their order, each once.

    A plural or singular of a known word counts as known.
    """
    return tuple(dict.fromkeys(w for w in words_of(prompt) if not _known(w, terms)))


def completions(prefix: str, terms: Mapping[str, int], limit: int = 8) -> tuple[str, ...]:
    """Known words that begin with ``prefix``, the most frequent first."""
    start = prefix.lower()
    hits: Iterable[str] = (w for w in terms if w.startswith(start) and w != start)
    return tuple(sorted(hits, key=lambda w: (-terms[w], w))[:limit])


def _with_one_mark(text: str) -> str:
    """The text with one combining mark for all: `re` counts none as part of a word, which they are in many scripts."""
    if text.isascii():
        return text
    return "".join(_MARK if unicodedata.category(letter).startswith("M") else letter for letter in text)


def _known(word: str, terms: Mapping[str, int]) -> bool:
    return word in terms or word.rstrip("s") in terms or f"{word}s" in terms
