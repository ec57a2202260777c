import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cosynth.layout import Layout
from napari_cosynth.layout_csv import csv_points, csv_text


@given(st.floats(-0.5, 200.0), st.floats(-0.5, 200.0))
def test_round_trip_to_the_last_bit(row, col):
    layout = Layout(centroids=[(row, col), (250, 250)], classes=["neoplastic", "unspecified"])
    points = list(csv_points(csv_text(layout)))
    assert [point[:2] for point in points] == [tuple(p) for p in layout.centroids.tolist()]
    assert [point[2] for point in points] == list(layout.names)
    assert [point[3] for point in points] == ["line 2", "line 3"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_blank_lines(end):
    text = end.join(["row,col,class", "", '1,"2.5",other', "", ""])
    assert list(csv_points(text)) == [(1.0, 2.5, "other", "line 3")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n", "line 1: the header is ''"),
        ("x,y,class\n", "line 1: the header is 'x,y,class'; it must be exactly 'row,col,class'"),
        ("Row,Col,Class\n", "exactly"),
        ("row,col,class,area\n", "exactly"),
        ("row;col;class\n1;2;other", "commas"),
        ("1,2,other\n", "line 1"),
        ("row,col,class\n1,2,other\n3,4\n", "line 3: 2 fields"),
        ("row,col,class\n1,5,2,5,other\n", "line 2: 5 fields.*not a comma"),
        ("row,col,class\n1,2,other,\n", "line 2: 4 fields"),
        ("row,col,class\n1,2,other\n4,two,other\n", "line 3, column col: 'two' is not a number"),
        ("row,col,class\n,2,other\n", "line 2, column row: ''"),
        ("row,col,class\n1_0,2,other\n", "column row: '1_0'"),
        ('row,col,class\n1,2,"other\n', "line 2"),
        ('row,col,class\n1,"2"3,other\n', "line 2"),
    ],
)
def test_faults_are_named_by_line_and_column(text, words):
    with pytest.raises(ValueError, match=words):
        list(csv_points(text))
