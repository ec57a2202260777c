"""A layout goes over to another model's classes by name."""

from __future__ import annotations

from conftest import TWO

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.widgets.making.model_classes import in_classes_of


def test_points_keep_their_class_by_name_and_the_rest_is_unspecified():
    layout = Layout(centroids=[(5, 5), (9, 9), (20, 20)], classes=["neoplastic", "inflammatory", "neoplastic"])
    other, lost = in_classes_of(layout, TWO)
    assert other.names == ("unspecified", "inflammatory", "unspecified") and other.taxonomy == TWO
    assert lost == ("neoplastic",) and (other.centroids == layout.centroids).all()


def test_the_same_classes_change_nothing():
    layout = Layout(centroids=[(5, 5)], classes=["other"], height=64, um_per_px=0.5)
    assert in_classes_of(layout, BUNDLED) == (layout, ())
