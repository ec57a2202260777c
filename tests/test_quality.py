import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.quality import LayoutReport, layout_report
from napari_cosynth.tile import ProducedNucleus


def nucleus(id, name):
    return ProducedNucleus(id=id, class_id=BUNDLED.id_of(name), row=1, col=1, area_px=9, requested=True)


def layout(*names):
    return Layout(centroids=[(10 * i, 10) for i in range(len(names))], classes=list(names))


def test_each_kind_of_difference_is_told():
    report = layout_report(
        layout("neoplastic", "neoplastic", "unspecified", "other"),
        [
            nucleus(9, "other"),
            nucleus(1, "neoplastic"),
            nucleus(2, "other"),
            nucleus(3, "connective"),
            nucleus(5, "other"),
        ],
    )
    assert report == LayoutReport(placed=4, found=3, missing=(4,), extra=(5, 9), other_class=(2,))
    assert report.sentence() == "3 of 4 placed, 2 extra, 1 of another class"


def test_sentence():
    report = LayoutReport(placed=118, found=112, missing=range(6), extra=(119, 120, 121), other_class=(1, 2))
    assert report.sentence() == "112 of 118 placed, 3 extra, 2 of another class"
    assert LayoutReport(placed=2, found=2).sentence() == "2 of 2 placed"


def test_empty_layout():
    assert layout_report(layout(), []) == LayoutReport(placed=0, found=0)
    assert layout_report(layout(), [nucleus(1, "other")]).extra == (1,)


@given(
    st.lists(st.sampled_from(BUNDLED.names), max_size=8),
    st.dictionaries(st.integers(1, 12), st.sampled_from(BUNDLED.names)),
)
def test_counts_add_up(asked, made):
    report = layout_report(layout(*asked), [nucleus(i, name) for i, name in made.items()])
    assert report.placed == len(asked) == report.found + len(report.missing)
    assert report.found + len(report.extra) == len(made)
    assert not set(report.other_class) & set(report.missing)
    assert not any(asked[number - 1] == "unspecified" for number in report.other_class)
    assert LayoutReport.model_validate_json(report.model_dump_json()) == report


def test_report_that_does_not_add_up_is_refused():
    with pytest.raises(ValidationError, match="3 points found and 0 missing"):
        LayoutReport(placed=4, found=3)
