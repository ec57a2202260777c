"""The evaluation written down: report.json for programs, report.html for people.

The page is one file without scripts or links, so that it can be mailed. It holds
pictures of real tissue: it is for reading, not for publishing.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.agreement_table import AgreementTable
from napari_cosynth.evaluation.evaluate import Evaluation
from napari_cosynth.evaluation.grid import class_legend, tile_grid, tile_panels
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.writing import write_together

Row = tuple[str, ...]

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:left}"
    "td+td,th+th{text-align:right;font-variant-numeric:tabular-nums}img{max-width:100%}small{color:#666}"
)


def write_report(evaluation: Evaluation, real: Sequence[Sample], made: Sequence[Sample], folder: Path) -> None:
    """Write ``report.json`` and ``report.html`` into a folder; both appear, or none."""
    write_together(
        {
            folder / "report.html": _page(evaluation, real, made).encode(),
            folder / "report.json": (evaluation.model_dump_json(indent=2) + "\n").encode(),
        }
    )


def headline_rows(evaluation: Evaluation) -> list[Row]:
    """(figure, made, real ceiling or floor, ratio): what is worth reading first."""
    rows = _agreement_rows(evaluation.agreement)
    rows += [(f"{n}, classical witness", *rest) for n, *rest in _agreement_rows(evaluation.witness)[:1]]
    for name, figure in evaluation.realism.rows():
        rows.append((name, f"{figure.made:.4f}", f"{figure.floor:.4f}", _number(figure.in_floors)))
    look = evaluation.texture
    for name, figure in (("haematoxylin", look.haematoxylin), ("eosin", look.eosin)):
        rows.append(
            (
                f"{name} density, earth mover's distance",
                f"{figure.made:.4f}",
                f"{figure.floor:.4f}",
                _number(figure.in_floors),
            )
        )
    for name, estimate in (
        ("high-frequency energy, made over real", look.high_frequency_energy),
        ("high-frequency share, made over real", look.high_frequency_share),
        ("rim over interior gradient, made over real", look.rim_gradient),
    ):
        rows.append((name, str(estimate), "1", ""))
    rows.append(("AUC of telling made from real", str(evaluation.discriminator.auc), "0.5", ""))
    rows.append(("the same, statistics alone", str(evaluation.statistics_discriminator.auc), "0.5", ""))
    for nuclei in evaluation.nuclei:
        of_real, of_made = nuclei.median_area_px
        if of_real and of_made:
            name = f"median nuclear area, {nuclei.class_name}, px ({nuclei.n_real} real, {nuclei.n_made} made)"
            rows.append((name, f"{of_made:.0f}", f"{of_real:.0f}", f"{of_made / of_real:.2f}"))
    return rows


def _agreement_rows(table: AgreementTable) -> list[Row]:
    ratios = table.of_ceiling()
    rows: list[Row] = []
    for name, ratio in ratios.items():
        made, ceiling, floor = (_score(report, name) for report in (table.made, table.ceiling, table.floor))
        rows.append((f"agreement {name}", str(made), f"{ceiling} / floor {_number(floor.value)}", _number(ratio)))
    return rows


def _score(report, name: str):
    return getattr(report.layout, name.removeprefix("layout ")) if name.startswith("layout ") else getattr(report, name)


def _class_rows(table: AgreementTable) -> list[Row]:
    ceilings = {c.name: c for c in table.ceiling.classes}
    rows = []
    for made in table.made.classes:
        real = ceilings[made.name]
        rows.append(
            (
                made.name,
                f"{made.nuclei} / {made.points}",
                made.measured_by,
                f"{made.pq} / {real.pq}",
                f"{made.f1} / {real.f1}",
                f"{made.recall} / {real.recall}",
            )
        )
    return rows


def _page(evaluation: Evaluation, real: Sequence[Sample], made: Sequence[Sample]) -> str:
    sources = ", ".join(f"{name} {n}" for name, n in evaluation.sources.items())
    parts = [
        f"<h1>{html.escape(evaluation.model)}</h1>",
        f"<p>{evaluation.tiles} tiles of 256 px ({html.escape(sources)}); model hash {evaluation.model_hash}; "
        f"{evaluation.seconds_making} s to make them; {evaluation.finished}. "
        f"Settings: <code>{html.escape(evaluation.settings.model_dump_json(exclude_none=True))}</code></p>",
        "<p>Ratios of agreement are to the ceiling, the same segmenter on the real tiles; those of distances are "
        "to the floor, one half of the real tiles against the other. Intervals are of 95 %, over groups.</p>",
        _table(("figure", "made", "real", "ratio"), headline_rows(evaluation)),
        "<h2>Classes: made / real</h2>",
        _table(("class", "nuclei / points", "measured by", "PQ", "F1", "recall"), _class_rows(evaluation.agreement)),
        "<h2>Tiles</h2><p>Unselected. Left the real tile and its labels, right the made one for the same points "
        "and caption. This picture holds real tissue under the licences of its sources.</p>",
        _picture(class_legend(BUNDLED)),
        _picture(comparison_grid(real[:16], made[:16])),
        "<p><small>For research, not for diagnosis.</small></p>",
    ]
    return f"<!doctype html><meta charset=utf-8><title>Evaluation</title><style>{_STYLE}</style>{''.join(parts)}"


def comparison_grid(real: Sequence[Sample], made: Sequence[Sample]) -> np.ndarray:
    """Rows of real image and nuclei, made image, nuclei and classes: uint8 (H, W, 3)."""
    rows = []
    for a, b in zip(real, made, strict=True):
        unspecified = {i: BUNDLED.unspecified for i in np.unique(a.instances) if i}
        left = tile_panels(a.image, a.instances, unspecified | a.class_of, BUNDLED)
        right = tile_panels(b.image, b.instances, b.class_of, BUNDLED, points=b.points, point_classes=b.point_classes)
        rows.append([*left[:2], *right])
    return tile_grid(rows, [f"{s.source}: {s.caption}" for s in made], ["real", "", "made", "", ""])


def _table(header: Row, rows: Sequence[Row]) -> str:
    lines = ["".join(f"<th>{html.escape(cell)}</th>" for cell in header)]
    lines += ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _picture(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return f'<p><img src="data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"></p>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
