"""Scores the sheets of a blinded reading. Knows text files and numbers, no pictures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_cosynth.evaluation.bootstrap import Estimate
from napari_cosynth.evaluation.reader_study import ANSWERS, COLUMNS, CONFIDENCE, KIND, SHEET


class ReaderScore(BaseModel):
    """How well one reader told made from real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reader: str
    tiles: int
    accuracy: Estimate
    """Share of right answers; Wilson's 95 % interval. 0.5 = cannot tell, with as many real as made tiles."""
    auc: float
    """Area under the ROC curve of the confidence that a tile is made; 0.5 = cannot tell."""
    made_taken_for_real: float
    """Share of made tiles."""
    real_taken_for_made: float
    """Share of real tiles."""


class StudyScore(BaseModel):
    """All readers of a study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    real: int
    made: int
    readers: tuple[ReaderScore, ...]
    mean_accuracy: float
    mean_auc: float


class _Answer(NamedTuple):
    made: bool
    confidence: int


def score_study(folder: Path, key: Path) -> StudyScore:
    """Score every sheet that a reader filled in.

    Parameters
    ----------
    folder
        Holds the sheets: ``sheet.csv`` or ``sheet-NAME.csv``, one a reader. A
        sheet without any answer is passed over.
    key
        The key's JSON file.

    Raises
    ------
    ValueError
        If no sheet is filled in, or one lacks answers or has odd ones; the message
        names file, line and column.
    FileNotFoundError
        If folder or key are not there.
    """
    truth = read_key(key)
    sheets = sorted(folder.glob(f"{Path(SHEET).stem}*.csv"))
    if not sheets:
        raise FileNotFoundError(f"{folder} holds no {SHEET} or sheet-NAME.csv; give the folder of the filled sheets")
    scores = []
    for sheet in sheets:
        answers = read_sheet(sheet, list(truth))
        if answers is not None:
            scores.append(_score(sheet.stem.removeprefix("sheet").lstrip("-_ ") or sheet.stem, truth, answers))
    if not scores:
        raise ValueError(f"{folder}: no sheet is filled in; write real or made beside each number in a copy of {SHEET}")
    made = sum(truth.values())
    return StudyScore(
        real=len(truth) - made,
        made=made,
        readers=tuple(scores),
        mean_accuracy=float(np.mean([s.accuracy.value for s in scores])),
        mean_auc=float(np.mean([s.auc for s in scores])),
    )


def read_key(key: Path) -> dict[str, bool]:
    """Number of each tile -> whether it is made.

    Raises
    ------
    ValueError
        If the file is something else than a key.
    FileNotFoundError
        If it is not there.
    """
    if not key.is_file():
        raise FileNotFoundError(f"{key} is not there; the study's key is needed to score it")
    try:
        content = json.loads(key.read_text(encoding="utf-8"))
        if content["kind"] != KIND:
            raise ValueError(f"kind {content['kind']!r}")
        truth = {tile["number"]: tile["answer"] == "made" for tile in content["tiles"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{key}: is not the key of a reader study ({error}); give the key.json of one") from error
    if len(set(truth.values())) < 2:
        raise ValueError(f"{key}: lists no real or no made tile; give the key.json as it was written")
    return truth


def read_sheet(sheet: Path, numbers: Sequence[str]) -> dict[str, _Answer] | None:
    """The answers of a sheet by number; None if it holds none at all.

    Spreadsheets write a sheet back with semicolons, or numbers without their
    zeros; both are understood.

    Raises
    ------
    ValueError
        If a column or an answer is missing, or a value is not allowed.
    """
    # Only remarks can hold other letters than ASCII, and nobody reads them here.
    text = sheet.read_text(encoding="utf-8-sig", errors="replace")
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    missing = [c for c in COLUMNS[:3] if c not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(f"{sheet}: no column {', '.join(missing)}; the header must be {','.join(COLUMNS)}")
    rows = [(reader.line_num, {k: (row.get(k) or "").strip() for k in COLUMNS[:3]}) for row in reader]
    if not any(row["answer"] or row["confidence"] for _, row in rows):
        return None
    known = {number.lstrip("0"): number for number in numbers}
    answers: dict[str, _Answer] = {}
    for line, row in rows:
        if not any(row.values()):
            continue
        number = known.get(row["number"].lstrip("0"))
        if number is None:
            raise ValueError(f"{sheet}: line {line}, column number: the study has no tile {row['number']!r}")
        if number in answers:
            raise ValueError(f"{sheet}: line {line}, column number: tile {number} stands there twice; remove one line")
        answers[number] = _answer(sheet, line, row)
    absent = [n for n in numbers if n not in answers]
    if absent:
        raise ValueError(f"{sheet}: no line for the tiles {', '.join(absent[:10])}; each tile needs an answer")
    return answers


def _answer(sheet: Path, line: int, row: dict[str, str]) -> _Answer:
    answer, confidence = row["answer"].lower(), row["confidence"]
    if answer not in ANSWERS:
        what = f"{row['answer']!r} is not allowed" if answer else f"tile {row['number']} has no answer"
        raise ValueError(f"{sheet}: line {line}, column answer: {what}; write {' or '.join(ANSWERS)}")
    if not confidence.isascii() or not confidence.isdigit() or int(confidence) not in CONFIDENCE:
        what = f"{confidence!r} is not allowed" if confidence else f"tile {row['number']} has none"
        raise ValueError(f"{sheet}: line {line}, column confidence: {what}; write a whole number from 1 to 5")
    return _Answer(answer == "made", int(confidence))


def _score(reader: str, truth: dict[str, bool], answers: dict[str, _Answer]) -> ReaderScore:
    made = np.array(list(truth.values()))
    said = np.array([answers[n].made for n in truth])
    # From certainly real, -5, to certainly made, +5.
    leaning = np.array([a.confidence if a.made else -a.confidence for a in (answers[n] for n in truth)])
    pairs = leaning[made][:, None] - leaning[~made]
    return ReaderScore(
        reader=reader,
        tiles=len(truth),
        accuracy=wilson(int((said == made).sum()), len(truth)),
        auc=float((pairs > 0).mean() + 0.5 * (pairs == 0).mean()),
        made_taken_for_real=float((~said[made]).mean()),
        real_taken_for_made=float(said[~made].mean()),
    )


def wilson(right: int, n: int, z: float = 1.959964) -> Estimate:
    """A share with Wilson's 95 % score interval (1927), which stays within 0..1."""
    share = right / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return Estimate(value=share, low=float(max(0.0, centre - half)), high=float(min(1.0, centre + half)))
