"""The figures of an evaluation as text, by the question that they answer."""

from __future__ import annotations

from typing import NamedTuple

from napari_cosynth.evaluation.agreement_table import AgreementTable
from napari_cosynth.evaluation.cost import CostReport
from napari_cosynth.evaluation.directed_words import WordEffect
from napari_cosynth.evaluation.discriminator import DiscriminatorReport
from napari_cosynth.evaluation.evaluate import Evaluation
from napari_cosynth.evaluation.locality import LocalityReport
from napari_cosynth.evaluation.nucleus_shapes import MEASURABLE, NucleusReport
from napari_cosynth.evaluation.prompting import PromptReport
from napari_cosynth.evaluation.realism import RealismReport
from napari_cosynth.evaluation.split_half import Compared
from napari_cosynth.evaluation.texture import TextureReport
from napari_cosynth.evaluation.tissue import TissueReport

Row = tuple[str, ...]

AGREEMENT_NAMES = {
    "pq": "panoptic quality (PQ)",
    "dq": "detection quality (DQ)",
    "sq": "segmentation quality (SQ)",
    "aji": "aggregated Jaccard index (AJI)",
    "dice": "Dice",
    "layout precision": "points: precision",
    "layout recall": "points: recall",
    "layout f1": "points: F1",
    "layout partial_recall": "points: recall where labels leave nuclei out",
    "layout class_accuracy": "points: class accuracy",
}
"""What the scores of an agreement are called where people read them."""


class Table(NamedTuple):
    """Rows of texts under a header; the first column names the row."""

    header: Row
    rows: list[Row]


class Section(NamedTuple):
    """The figures that answer one question, and how to read them."""

    key: str
    title: str
    note: str
    tables: list[Table]


def sections(evaluation: Evaluation) -> list[Section]:
    """Everything that was measured, the most telling first."""
    found = [
        _agreement(evaluation.agreement, evaluation.witness),
        _likeness(evaluation.likeness.realism, evaluation.texture),
        _told_apart(evaluation),
        _nuclei(evaluation.nuclei),
    ]
    if evaluation.prompts is not None:
        found.append(_prompts(evaluation.prompts))
    return [*found, _edits(evaluation.locality), _cost(evaluation.cost)]


def _agreement(table: AgreementTable, witness: AgreementTable) -> Section:
    rows = [_agreement_row(table, name, AGREEMENT_NAMES[name]) for name in table.of_ceiling()]
    rows.append(_agreement_row(witness, "pq", "PQ, by a classical segmenter"))
    return Section(
        "agreement",
        "Are the labels true of the image?",
        "A segmenter that learned from real tiles alone outlines the nuclei of each image without seeing its labels. "
        "How well it agrees with them on made tiles is held against real tiles, whose labels people drew (the "
        "ceiling), and against made tiles with the labels of others (the floor). Points are those of the layout, "
        "found again within reach.",
        [
            Table(("figure", "made", "real", "floor", "made / real"), rows),
            Table(("class, made / real", "nuclei / points", "measured by", "PQ", "F1", "recall"), _class_rows(table)),
        ],
    )


def _agreement_row(table: AgreementTable, name: str, title: str) -> Row:
    made, ceiling, floor = (report.scores()[name] for report in (table.made, table.ceiling, table.floor))
    return title, str(made), str(ceiling), _ratio(floor.value), _ratio(table.of_ceiling()[name])


def _class_rows(table: AgreementTable) -> list[Row]:
    ceilings = {c.name: c for c in table.ceiling.classes}
    rows = []
    for made in table.made.classes:
        counts = f"{made.nuclei} / {made.points}"
        if made.measured_by == "not measurable":
            rows.append((made.name, counts, "too few", "", "", ""))
            continue
        pairs = ((getattr(made, name), getattr(ceilings[made.name], name)) for name in ("pq", "f1", "recall"))
        scores = ("" if of_made.value is None else f"{of_made} / {of_real}" for of_made, of_real in pairs)
        rows.append((made.name, counts, made.measured_by, *scores))
    return rows


def _likeness(realism: RealismReport, look: TextureReport) -> Section:
    rows: list[Row] = []
    for name, figure in realism.rows():
        rows.append((name, *_compared(figure)))
        if figure is realism.kernel_distance:
            # Halves hold the difference between patients, which made tiles with the real ones'
            # layouts need not have: this one has no such slack, and 0 is what it is for equal sets.
            ratio = figure.all_tiles / figure.floor if figure.floor > 0 else None
            rows.append((f"{name}, all tiles at once", _figure(figure.all_tiles), "0", _ratio(ratio)))
    for name, figure in (("haematoxylin", look.haematoxylin), ("eosin", look.eosin)):
        rows.append((f"{name} density, earth mover's distance", *_compared(figure)))
    for name, estimate in (
        ("high-frequency energy, made over real", look.high_frequency_energy),
        ("high-frequency share, made over real", look.high_frequency_share),
        ("rim over interior gradient, made over real", look.rim_gradient),
    ):
        rows.append((name, str(estimate), "1", ""))
    return Section(
        "likeness",
        "Do the tiles look like real ones?",
        "Distances are between one half of the real tiles and made tiles in place of the other half; beside them, "
        "those between the two real halves. Patients differ, so that is what a perfect model would have.",
        [Table(("figure", "made", "real halves", "ratio"), rows)],
    )


def _told_apart(evaluation: Evaluation) -> Section:
    rows = [
        _told_row("features and statistics", evaluation.likeness.discriminator),
        _told_row("statistics alone", evaluation.likeness.statistics_discriminator),
    ]
    if (complete := evaluation.complete) is not None:
        of = "layouts that hold every nucleus"
        rows.append(_told_row(f"features and statistics, {of}", complete.discriminator))
        rows.append(_told_row(f"statistics alone, {of}", complete.statistics_discriminator))
    tables = [Table(("classifier of", "AUC", "single deals", "real and made tiles"), rows)]
    if complete is not None:
        name, kernel = complete.realism.rows()[0]
        tables.append(Table(("figure", "made", "real halves", "ratio"), [(f"{name}, {of}", *_compared(kernel))]))
    return Section(
        "told",
        "Can a classifier tell them apart?",
        "It learns from some of the groups and judges the others: the area under its curve is 0.5 where it cannot "
        "tell, 1 where it always can. More tiles teach it more, so compare figures of as many. A made tile has the "
        "nuclei of its layout alone; where labels leave nuclei out it is told by that, so tiles whose layouts hold "
        "every nucleus are also judged by themselves.",
        tables,
    )


def _told_row(name: str, told: DiscriminatorReport) -> Row:
    deals = f"{told.lowest_deal:.3f}-{told.highest_deal:.3f} ({told.n_deals})"
    return name, str(told.auc), deals, f"{told.n_real} and {told.n_made}"


def _nuclei(nuclei: tuple[NucleusReport, ...]) -> Section:
    rows = []
    for of in nuclei:
        areas = _medians(*of.median_area_px), _medians(*of.median_cut_area_px)
        counts = f"{of.n_made} / {of.n_real}", f"{of.n_cut[1]} / {of.n_cut[0]}"
        shapes = (of.area_px, of.eccentricity, of.neighbour_px)
        rows.append((of.class_name, counts[0], areas[0], counts[1], areas[1], *map(_beside_halves, shapes)))
    return Section(
        "nuclei",
        "Are the nuclei like real ones?",
        "Made / real, in tiles whose real labels outline every nucleus. The last three columns are earth mover's "
        "distances to half of the real tiles: of made ones, and in brackets of the other half; empty with fewer than "
        f"{MEASURABLE} nuclei.",
        [
            Table(
                (
                    "class",
                    "nuclei",
                    "median area, px",
                    "cut by the edge",
                    "their median area, px",
                    "area, px",
                    "eccentricity",
                    "nearest neighbour, px",
                ),
                rows,
            )
        ],
    )


def _medians(real: float | None, made: float | None) -> str:
    return f"{made:.0f} / {real:.0f}" if real and made else ""


def _beside_halves(figure: Compared | None) -> str:
    return "" if figure is None else f"{_figure(figure.made)} ({_figure(figure.floor)})"


def _prompts(report: PromptReport) -> Section:
    verdict = " (the prompt changes nothing)" if report.changes_nothing else ""
    rows = [
        (
            "change by another prompt over that by other noise, grey levels",
            f"{report.change_by_prompt}{verdict}",
            str(report.change_by_seed),
            _ratio(report.prompt_over_seed.value),
        )
    ]
    tables = [Table(("figure", "other prompt", "other noise", "ratio"), rows)]
    if report.tissue is not None:
        tables += _tissue_tables(report.tissue, report.balanced_ratio)
    tables.append(Table(_WORDS, [_word_row(word) for word in report.words]))
    unmeasured = "" if report.tissue else " Tissues: the data hold fewer than two that can be told apart."
    return Section(
        "prompts",
        "Do prompts do what they say?",
        f"{report.layouts} layouts, each under all prompts with the same noise; the points state no class. A word of "
        f"density should change nothing where points are given, and speak where there are none.{unmeasured}",
        tables,
    )


def _tissue_tables(tissue: TissueReport, balanced_ratio: float | None) -> list[Table]:
    made, real = tissue.made, tissue.real
    rows = [
        (
            f"tissue asked for is recognised [{tissue.feature_space}]",
            str(made.accuracy),
            str(real.accuracy),
            _ratio(tissue.relative_accuracy),
        ),
        (
            "the same, each tissue counting alike",
            f"{made.balanced_accuracy:.3f}",
            f"{real.balanced_accuracy:.3f}",
            _ratio(balanced_ratio),
        ),
    ]
    names = []
    for name, (n, share) in made.per_name.items():
        n_real, of_real = real.per_name.get(name, (0, 0.0))
        names.append((name, f"{share:.0%} of {n}", f"{of_real:.0%} of {n_real}", made.taken_for.get(name, "")))
    return [
        Table(("figure", "made", "real", "ratio"), rows),
        Table(("tissue asked for", "recognised, made", "recognised, real", "else taken for"), names),
    ]


_WORDS = ("words", "attribute", "first", "second", "difference", "layouts that rise", "p (sign test)", "grey levels")


def _word_row(word: WordEffect) -> Row:
    dropped = ", no points" if word.points == "dropped" else ""
    wanted = "rise" if word.expected == "rises" else "stay"
    return (
        f"{word.first or 'nothing'} -> {word.second}{dropped}",
        word.attribute,
        f"{word.mean_first:.3f}",
        f"{word.mean_second:.3f}",
        str(word.difference),
        f"{word.share_rising:.0%} of {word.layouts}, should {wanted}",
        f"{word.p:.3g}",
        f"{word.change:.1f}",
    )


def _edits(report: LocalityReport) -> Section:
    near, far = f"within {report.radius_px} px", "beyond"
    row = (f"{report.added} added, {report.removed} removed", str(report.inside), str(report.outside))
    return Section(
        "edits",
        "Does an edit stay in its place?",
        "One nucleus is added to a layout, or removed, and the tile made again of the same noise: mean change of the "
        "image in grey levels.",
        [Table(("nuclei", near, far, "ratio"), [(*row, str(report.ratio))])],
    )


def _cost(report: CostReport) -> Section:
    ours, theirs = report.ours, report.official
    rows = [
        (
            "parameters",
            f"{ours.parameters / 1e6:.1f} M",
            f"{theirs.parameters / 1e6:.0f} M",
            f"{ours.parameters / theirs.parameters:.2g}",
        ),
        (
            "TFLOP a tile of 256 px",
            f"{ours.gflop_per_forward:.1f} G x {ours.forwards_per_tile} = {ours.tflop_per_tile:.2f} T",
            f"{theirs.gflop_per_forward:.0f} G x {theirs.forwards_per_tile} = {theirs.tflop_per_tile:.0f} T",
            f"{1 / report.times_less:.2g}",
        ),
    ]
    return Section(
        "cost",
        "What does a tile cost?",
        "Against the network of the paper's own code (arXiv 2407.14434).",
        [Table(("", "this model", "the paper's", "ratio"), rows)],
    )


def _compared(figure: Compared) -> Row:
    return _figure(figure.made), _figure(figure.floor), _ratio(figure.in_floors)


def _figure(value: float) -> str:
    return f"{value:.3g}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
