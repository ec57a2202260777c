from __future__ import annotations

import pytest

from napari_cosynth.classes import BUNDLED
from napari_cosynth.export.class_tables import ClassChange, class_tables
from napari_cosynth.export.exporter import ExportError


def _tables(formats, nuclei=None, *changes):
    return class_tables(formats, nuclei or {}, BUNDLED.names, [ClassChange.parse(c) for c in changes])


def test_only_formats_with_fixed_classes_have_a_table():
    tables = _tables(["coco", "pannuke", "hovernet"])
    assert set(tables) == {"pannuke", "hovernet"}
    assert tables["pannuke"]["other"] == "dead"
    assert tables["hovernet"]["unspecified"] == "no label"


def test_a_change_goes_where_the_class_is():
    tables = _tables(["pannuke", "hovernet"], {}, "unspecified=dead", "hovernet:Connective=muscle")
    assert tables["pannuke"]["unspecified"] == "dead"
    assert tables["hovernet"]["unspecified"] == "no label"
    assert (tables["hovernet"]["connective"], tables["pannuke"]["connective"]) == ("muscle", "connective")


def test_no_class_that_occurs_is_dropped():
    assert "positive" not in _tables(["pannuke"], {"positive": 0})["pannuke"]
    with pytest.raises(ExportError, match=r"hovernet has no class for positive \(3 nuclei\), negative \(1 nucleus\)"):
        _tables(["hovernet"], {"positive": 3, "negative": 1, "neoplastic": 4})


@pytest.mark.parametrize(
    ("formats", "change", "message"),
    [
        (["pannuke"], "others=dead", "no class 'others'"),
        (["pannuke"], "other=died", "pannuke has neoplastic, inflammatory"),
        (["coco"], "other=dead", "coco: classes keep their own names"),
        (["pannuke"], "hovernet:other=muscle", "no chosen format maps"),
        (["pannuke"], "other", "is not CLASS=CLASS"),
        (["pannuke"], "coca:other=dead", "is not CLASS=CLASS"),
        (["pannuke"], "=dead", "is not CLASS=CLASS"),
    ],
)
def test_wrong_changes_are_refused_with_what_is_allowed(formats, change, message):
    with pytest.raises(ExportError, match=message):
        _tables(formats, {}, change)
