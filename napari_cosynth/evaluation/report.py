"""The evaluation written down: report.json for programs, report.html for people.

The page is one file without scripts or links, so that it can be mailed. It holds
pictures of real tissue: it is for reading, not for publishing.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_cosynth.classes import BUNDLED
from napari_cosynth.evaluation.evaluate import Evaluated, Evaluation, shaped
from napari_cosynth.evaluation.grid import class_legend, heat_colors, tile_grid, tile_panels
from napari_cosynth.evaluation.locality import Edit
from napari_cosynth.evaluation.page import drawing, page, picture, table
from napari_cosynth.evaluation.report_plots import agreement_plot, look_plot, shape_plot, told_plot
from napari_cosynth.evaluation.sample import Sample
from napari_cosynth.evaluation.sections import Section, sections
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
    parts = _opening(evaluation)
    for section in sections(evaluation):
        parts += [f"<h2>{html.escape(section.title)}</h2><p>{html.escape(section.note)}</p>"]
        parts += _pictures(section, evaluated)
        parts += [table(*of) for of in section.tables]
    parts += [
        "<h2>Tiles</h2><p>Unselected. Left the real tile and its labels, right the made one for the same points "
        "and caption. This picture holds real tissue under the licences of its sources.</p>",
        picture(class_legend(BUNDLED), "the classes and their colours"),
        picture(comparison_grid(evaluated.real[:16], evaluated.made[:16]), "real tiles beside made ones"),
        "<p><small>For research, not for diagnosis.</small></p>",
    ]
    return page(f"{evaluation.model}: evaluation", parts)


def _opening(evaluation: Evaluation) -> list[str]:
    sources = ", ".join(f"{name} {n}" for name, n in evaluation.sources.items())
    chosen = evaluation.settings.model_dump(exclude_none=True, exclude={"model"})
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in chosen.items())
    facts = (
        f"{evaluation.tiles} tiles of 256 px ({sources}); {evaluation.seconds_making:g} s to make those that were not "
        f"there yet; {settings}; model hash {evaluation.model_hash}; {evaluation.finished}. Intervals are of 95 %, "
        "over groups (patients, slides)."
    )
    return [f"<h1>{html.escape(evaluation.model)}</h1>", f"<p>{html.escape(facts)}</p>"]


def _pictures(section: Section, evaluated: Evaluated) -> list[str]:
    """What a section shows before its tables."""
    evaluation = evaluated.evaluation
    images = [[s.image for s in group] for group in (evaluated.real, evaluated.made)]
    match section.key:
        case "agreement":
            return [drawing(agreement_plot(evaluation.agreement), "agreement of made and real tiles, and its floor")]
        case "likeness":
            return [drawing(look_plot(*images), "stains and spectrum of made and real tiles")]
        case "told":
            return [drawing(told_plot(evaluation), "area under the curve of each classifier")]
        case "nuclei":
            pairs = shaped(evaluated.real, evaluated.made)
            says = "area, eccentricity and nearest neighbour of made and real nuclei"
            return [drawing(shape_plot(*pairs), says)] if pairs[0] else []
        case "prompts" if evaluated.pictures:
            return [picture(prompt_grid(evaluated.pictures), "one layout under its prompts")]
        case "edits" if evaluated.edits:
            return [picture(edit_grid(evaluated.edits[:_SHOWN_EDITS]), "tiles before and after an edit")]
    return []


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
