"""A layout for a model with other classes. Pure; it knows no Qt."""

from __future__ import annotations

from napari_cosynth.classes import UNSPECIFIED, Taxonomy
from napari_cosynth.layout import Layout


def in_classes_of(layout: Layout, taxonomy: Taxonomy) -> tuple[Layout, tuple[str, ...]]:
    """The same points in another model's classes, and the names of those classes that it does not have.

    A point keeps its class where the other taxonomy has one of that name; else it
    becomes "unspecified", which every taxonomy has.
    """
    names = set(taxonomy.names)
    lost = tuple(name for name, count in layout.counts().items() if count and name not in names)
    changes = {
        "taxonomy": taxonomy,
        "class_ids": [taxonomy.id_of(name if name in names else UNSPECIFIED) for name in layout.names],
    }
    return Layout(**dict(layout) | changes), lost
