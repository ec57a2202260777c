"""Layouts as CSV text: ``row,col,class``, one nucleus a line.

Text in, text out: it knows no files, no tile and no taxonomy.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from napari_cosynth.layout import Layout

HEADER = ("row", "col", "class")
"""Columns of a layout's CSV file."""


def csv_points(text: str) -> Iterator[tuple[float, float, str, str]]:
    """Row, col, class name and place ("line 7") of each point.

    Raises
    ------
    ValueError
        Naming line, column and remedy.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != HEADER:
            hint = "; separate the columns by commas" if len(header) == 1 and ";" in header[0] else ""
            found = ",".join(header)[:100]
            raise ValueError(f"line 1: the header is {found!r}; it must be exactly {','.join(HEADER)!r}{hint}")
        for fields in reader:
            place = f"line {reader.line_num}"
            if not fields:
                continue
            if len(fields) != len(HEADER):
                raise ValueError(
                    f"{place}: {len(fields)} fields; each line needs 3: {','.join(HEADER)} "
                    f"(with a point, not a comma, in decimal numbers)"
                )
            yield _number(fields[0], place, "row"), _number(fields[1], place, "col"), fields[2], place
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}; save the file as plain CSV") from None


def _number(text: str, place: str, column: str) -> float:
    try:
        # float() would read 1_0 as ten.
        return float(text.replace("_", "?"))
    except ValueError:
        raise ValueError(f"{place}, column {column}: {text[:40]!r} is not a number; give it in px") from None


def csv_text(layout: Layout) -> str:
    """The layout's points; they read back to the last bit."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    # repr of a float, which csv writes, reads back to the last bit.
    writer.writerows((row, col, name) for (row, col), name in zip(layout.centroids.tolist(), layout.names, strict=True))
    return stream.getvalue()
