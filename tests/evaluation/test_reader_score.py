"""Sheets as people fill them in."""

import json

import pytest

from napari_cosynth.evaluation.reader_score import StudyScore, score_study, wilson
from napari_cosynth.evaluation.reader_study import KIND

TRUTH = {"001": "real", "002": "made", "003": "made", "004": "real"}


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key.json"
    tiles = [{"number": n, "answer": a} for n, a in TRUTH.items()]
    path.write_text(json.dumps({"kind": KIND, "tiles": tiles}))
    return path


@pytest.fixture
def sheets(tmp_path):
    (tmp_path / "readers").mkdir()
    return tmp_path / "readers"


def fill(folder, name, *rows, header="number,answer,confidence,remark", **how):
    (folder / name).write_text("\n".join([header, *rows, ""]), **how)


RIGHT = ("001,real,5,", "002,made,4,blurred", "003,made,1,", "004,real,2,")


def test_a_reader_who_can_tell_and_one_who_cannot(sheets, key):
    fill(sheets, "sheet.csv", *(f"{n},,," for n in TRUTH))
    fill(sheets, "sheet-ann.csv", *RIGHT)
    fill(sheets, "sheet-bob.csv", "001,real,3,", "002,real,3,", "003,made,3,", "004,made,3,")
    score = score_study(sheets, key)
    ann, bob = score.readers
    assert (ann.reader, ann.accuracy.value, ann.auc, ann.made_taken_for_real) == ("ann", 1, 1, 0)
    assert (bob.reader, bob.accuracy.value, bob.auc) == ("bob", 0.5, 0.5)
    assert (bob.made_taken_for_real, bob.real_taken_for_made) == (0.5, 0.5)
    assert (score.real, score.made, score.mean_accuracy, score.mean_auc) == (2, 2, 0.75, 0.75)
    assert StudyScore.model_validate_json(score.model_dump_json()) == score


def test_confidence_decides_the_auc_not_the_accuracy(sheets, key):
    fill(sheets, "sheet.csv", "001,real,5,", "002,made,5,", "003,real,1,", "004,real,5,")
    (reader,) = score_study(sheets, key).readers
    assert reader.reader == "sheet" and reader.accuracy.value == 0.75 and reader.auc == 1


def test_sheets_out_of_a_spreadsheet_are_understood(sheets, key):
    rows = (" 4 ; Real;2;", "1;REAL;5;", '2;made;4;"blurred; ""odd"""', "3;made;1;", ";;;")
    fill(sheets, "sheet-a.csv", *rows, header="number;answer;confidence;remark", encoding="utf-8-sig")
    fill(sheets, "sheet-b.csv", *RIGHT[:3], "004,real,2,grün", encoding="latin-1")
    assert [r.accuracy.value for r in score_study(sheets, key).readers] == [1, 1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((*RIGHT[:3], "004,,2,"), "line 5, column answer: tile 004 has no answer; write real or made"),
        ((*RIGHT[:3], "004,fake,2,"), "line 5, column answer: 'fake' is not allowed"),
        ((*RIGHT[:3], "004,real,,"), "line 5, column confidence: tile 004 has none"),
        ((*RIGHT[:3], "004,real,6,"), "line 5, column confidence: '6' is not allowed; write a whole number from 1"),
        ((*RIGHT[:3], "004,real,2.5,"), "'2.5' is not allowed"),
        (RIGHT[:3], "no line for the tiles 004"),
        ((*RIGHT, "007,real,2,"), "line 6, column number: the study has no tile '007'"),
        ((*RIGHT, "004,real,2,"), "line 6, column number: tile 004 stands there twice"),
    ],
)
def test_missing_and_odd_answers_are_named_with_file_and_line(sheets, key, rows, message):
    fill(sheets, "sheet-ann.csv", *rows)
    with pytest.raises(ValueError, match=message) as error:
        score_study(sheets, key)
    assert "sheet-ann.csv" in str(error.value)


def test_wrong_files_are_refused(sheets, key, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no sheet.csv"):
        score_study(sheets, key)
    fill(sheets, "sheet.csv", *(f"{n},,," for n in TRUTH))
    with pytest.raises(ValueError, match="no sheet is filled in"):
        score_study(sheets, key)
    fill(sheets, "sheet.csv", "001,real", header="number,answer")
    with pytest.raises(ValueError, match="no column confidence"):
        score_study(sheets, key)
    with pytest.raises(FileNotFoundError, match="the study's key is needed"):
        score_study(sheets, tmp_path / "none.json")
    for text in ("{", "[]", '{"kind": "x", "tiles": []}', json.dumps({"kind": KIND, "tiles": [{"number": "1"}]})):
        key.write_text(text)
        with pytest.raises(ValueError, match="is not the key of a reader study"):
            score_study(sheets, key)


def test_wilson_interval_against_published_values():
    # Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for right, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(right, n)
        assert (found.value, found.low, found.high) == pytest.approx((right / n, low, high), abs=1e-4)
    assert wilson(5, 5).high == 1
