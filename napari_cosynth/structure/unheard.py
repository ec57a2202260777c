"""What a generator of structure cannot follow, in sentences: said before layouts are made of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from napari_cosynth.data.terms import unknown_words
from napari_cosynth.structure.words import draws_maps

if TYPE_CHECKING:
    from napari_cosynth.structure.generator import StructureGenerator


def unheard(prompt: str, generator: StructureGenerator, classes: Sequence[str]) -> Iterator[str]:
    """What will have no effect.

    Parameters
    ----------
    prompt
        Structure in words, not empty.
    classes
        Of the nuclei that are placed.
    """
    unseen = unknown_words(prompt, generator.terms)
    if unseen:
        yield f"the generator was never shown {', '.join(map(repr, unseen))}; do not expect an effect"
    strange = [name for name in classes if name not in generator.taxonomy.names]
    if strange:
        yield f"the generator does not know {', '.join(strange)}: there the tissue's own clustering decides"
    if not draws_maps(prompt, dict.fromkeys(classes, 1)):
        yield f"{prompt!r} names no structure, and nuclei here have no class: the tissue's own clustering decides"
