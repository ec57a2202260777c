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
from napari_cosynth.evaluation.evaluate import Evaluated, Evaluation
from napari_cosynth.evaluation.grid import class_legend, heat_colors, tile_grid, tile_panels
from napari_cosynth.evaluation.headline import class_rows, headline_rows, word_rows
from napari_cosynth.evaluation.locality import Edit, LocalityReport
from napari_cosynth.evaluation.page import page, table
from napari_cosynth.evaluation.prompting import PromptReport
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.writing import write_together

_COLUMNS = 4
"""Pictures side by side of one layout under several prompts."""
_SHOWN_EDITS = 4
_FULL_HEAT = 64.0
"""Change that is shown as white, grey levels."""


def write_report(evaluated: Evaluated, folder: Path) -> None:
    """Write ``report.json`` and ``report.html`` into a folder; both appear, or none."""
    write_together(
        {
            folder / "report.html": report_page(evaluated).encode(),
            folder / "report.json": (evaluated.evaluation.model_dump_json(indent=2) + "\n").encode(),
        }
    )


def report_page(evaluated: Evaluated) -> str:
    """The whole page as HTML."""
    evaluation = evaluated.evaluation
    parts = [
        *_opening(evaluation),
        "<h2>Classes: made / real</h2>",
        table(("class", "nuclei / points", "measured by", "PQ", "F1", "recall"), class_rows(evaluation.agreement)),
        *(_prompts(evaluation.prompts, evaluated.pictures) if evaluation.prompts else ()),
        *_locality(evaluation.locality, evaluated.edits),
        "<h2>Tiles</h2><p>Unselected. Left the real tile and its labels, right the made one for the same points "
        "and caption. This picture holds real tissue under the licences of its sources.</p>",
        _picture(class_legend(BUNDLED)),
        _picture(comparison_grid(evaluated.real[:16], evaluated.made[:16])),
        "<p><small>For research, not for diagnosis.</small></p>",
    ]
    return page("Evaluation", parts)


def _opening(evaluation: Evaluation) -> list[str]:
    sources = ", ".join(f"{name} {n}" for name, n in evaluation.sources.items())
    return [
        f"<h1>{html.escape(evaluation.model)}</h1>",
        f"<p>{evaluation.tiles} tiles of 256 px ({html.escape(sources)}); model hash {evaluation.model_hash}; "
        f"{evaluation.seconds_making} s to make them; {evaluation.finished}. "
        f"Settings: <code>{html.escape(evaluation.settings.model_dump_json(exclude_none=True))}</code></p>",
        "<p>Ratios of agreement are to the ceiling, the same segmenter on the real tiles; those of distances are "
        "to the floor, one half of the real tiles against the other. Intervals are of 95 %, over groups.</p>",
        table(("figure", "made", "real", "ratio"), headline_rows(evaluation)),
    ]


def _prompts(report: PromptReport, pictures: Sequence[tuple[str, np.ndarray]]) -> list[str]:
    parts = [
        f"<h2>Prompts</h2><p>{report.layouts} layouts, each under all prompts with the same noise; the points state "
        "no class. A word of density should change nothing where points are given, and speak where there are none.</p>",
        table(
            (
                "words",
                "attribute",
                "first",
                "second",
                "difference",
                "layouts that rise",
                "p (sign test)",
                "grey levels",
            ),
            word_rows(report.words),
        ),
    ]
    if report.tissue is not None:
        rows = []
        for name, (n, share) in report.tissue.made.per_name.items():
            of_real = report.tissue.real.per_name.get(name, (0, 0.0))
            taken = report.tissue.made.taken_for.get(name, "")
            rows.append((name, f"{share:.0%} of {n}", f"{of_real[1]:.0%} of {of_real[0]}", taken))
        parts.append(table(("tissue asked for", "recognised, made", "recognised, real", "else taken for"), rows))
    else:
        parts.append("<p>Tissues: the data hold fewer than two that can be told apart; not measurable.</p>")
    if pictures:
        parts += ["<p>One layout under its prompts:</p>", _picture(prompt_grid(pictures))]
    return parts


def _locality(report: LocalityReport, edits: Sequence[Edit]) -> list[str]:
    parts = [
        f"<h2>Edits</h2><p>One nucleus added ({report.added} layouts) or removed ({report.removed}), the same noise: "
        f"mean change {report.inside} grey levels within {report.radius_px} px, {report.outside} beyond; "
        f"ratio {report.ratio}.</p>"
    ]
    return parts + [_picture(edit_grid(edits[:_SHOWN_EDITS]))] if edits else parts


def prompt_grid(pictures: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    """Tiles of one layout, each with its prompt below: uint8 (H, W, 3)."""
    cells = [tile_grid([[image]], [caption]) for caption, image in pictures]
    return tile_grid([cells[i : i + _COLUMNS] for i in range(0, len(cells), _COLUMNS)])


def edit_grid(edits: Sequence[Edit]) -> np.ndarray:
    """Rows of a tile before the edit, after it, and what changed: uint8 (H, W, 3)."""
    rows = [[edit.before, edit.after, heat_colors(edit.change / _FULL_HEAT)] for edit in edits]
    captions = [f"one nucleus {edit.kind} at row {edit.row:.0f}, col {edit.col:.0f}" for edit in edits]
    return tile_grid(rows, captions, ["before", "after", "change"])


def comparison_grid(real: Sequence[Sample], made: Sequence[Sample]) -> np.ndarray:
    """Rows of real image and nuclei, made image, nuclei and classes: uint8 (H, W, 3)."""
    rows = []
    for a, b in zip(real, made, strict=True):
        unspecified = {i: BUNDLED.unspecified for i in np.unique(a.instances) if i}
        left = tile_panels(a.image, a.instances, unspecified | a.class_of, BUNDLED)
        right = tile_panels(b.image, b.instances, b.class_of, BUNDLED, points=b.points, point_classes=b.point_classes)
        rows.append([*left[:2], *right])
    return tile_grid(rows, [f"{s.source}: {s.caption}" for s in made], ["real", "", "made", "", ""])


def _picture(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return f'<p><img src="data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"></p>'
