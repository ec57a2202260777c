"""The figures of an evaluation that are worth reading first, as rows of text."""

from __future__ import annotations

from napari_cosynth.evaluation.agreement_table import AgreementTable
from napari_cosynth.evaluation.cost import CostReport
from napari_cosynth.evaluation.directed_words import WordEffect
from napari_cosynth.evaluation.discriminator import DiscriminatorReport
from napari_cosynth.evaluation.evaluate import Evaluation
from napari_cosynth.evaluation.likeness import Likeness
from napari_cosynth.evaluation.locality import LocalityReport
from napari_cosynth.evaluation.nucleus_shapes import NucleusReport
from napari_cosynth.evaluation.prompting import PromptReport
from napari_cosynth.evaluation.realism import RealismReport
from napari_cosynth.evaluation.texture import TextureReport

Row = tuple[str, ...]


def headline_rows(evaluation: Evaluation) -> list[Row]:
    """(figure, made, real ceiling or floor, ratio) of everything that was measured."""
    rows = _agreement_rows(evaluation.agreement)
    rows += [(f"{n}, classical witness", *rest) for n, *rest in _agreement_rows(evaluation.witness)[:1]]
    rows += _realism_rows(evaluation.realism)
    rows += _texture_rows(evaluation.texture)
    rows.append(_told_row("AUC of telling made from real", evaluation.discriminator))
    rows.append(_told_row("the same, statistics alone", evaluation.statistics_discriminator))
    if evaluation.complete is not None:
        rows += _complete_rows(evaluation.complete)
    for nuclei in evaluation.nuclei:
        rows += _area_rows(nuclei)
    if evaluation.prompts is not None:
        rows += prompt_rows(evaluation.prompts)
    return rows + _locality_rows(evaluation.locality) + _cost_rows(evaluation.cost)


def _told_row(name: str, told: DiscriminatorReport) -> Row:
    deals = f"single deals {told.lowest_deal:.3f}-{told.highest_deal:.3f}"
    return f"{name} (mean of {told.n_deals} deals to folds)", str(told.auc), "0.5", deals


def _complete_rows(complete: Likeness) -> list[Row]:
    """Of the windows whose layouts hold every nucleus: else a made tile is told by those that it was not asked for."""
    told = complete.discriminator
    of = f"layouts that hold every nucleus ({told.n_made} tiles)"
    name, kernel = complete.realism.rows()[0]
    return [
        (f"{name}, {of}", f"{kernel.made:.4f}", f"{kernel.floor:.4f}", _number(kernel.in_floors)),
        _told_row(f"AUC, {of}", told),
        _told_row("the same, statistics alone", complete.statistics_discriminator),
    ]


def _area_rows(nuclei: NucleusReport) -> list[Row]:
    rows = []
    for name, counts, medians in (
        (nuclei.class_name, (nuclei.n_real, nuclei.n_made), nuclei.median_area_px),
        (f"{nuclei.class_name}, cut by the tile's edge", nuclei.n_cut, nuclei.median_cut_area_px),
    ):
        of_real, of_made = medians
        if of_real and of_made:
            title = f"median nuclear area, {name}, px ({counts[0]} real, {counts[1]} made)"
            rows.append((title, f"{of_made:.0f}", f"{of_real:.0f}", f"{of_made / of_real:.2f}"))
    return rows


def class_rows(table: AgreementTable) -> list[Row]:
    """(class, nuclei / points, measured by, PQ, F1, recall), each made / real."""
    ceilings = {c.name: c for c in table.ceiling.classes}
    rows = []
    for made in table.made.classes:
        real = ceilings[made.name]
        counts = f"{made.nuclei} / {made.points}"
        scores = (f"{getattr(made, name)} / {getattr(real, name)}" for name in ("pq", "f1", "recall"))
        rows.append((made.name, counts, made.measured_by, *scores))
    return rows


def word_rows(words: tuple[WordEffect, ...]) -> list[Row]:
    """(words, attribute, with the first, with the second, difference, layouts that rise, p, change of the image)."""
    return [
        (
            _words(w),
            w.attribute,
            f"{w.mean_first:.3f}",
            f"{w.mean_second:.3f}",
            str(w.difference),
            f"{w.share_rising:.0%} of {w.layouts}, should {'rise' if w.expected == 'rises' else 'stay'}",
            f"{w.p:.3g}",
            f"{w.change:.1f}",
        )
        for w in words
    ]


def prompt_rows(report: PromptReport) -> list[Row]:
    """Rows of the prompt experiment."""
    rows: list[Row] = []
    if report.tissue is not None:
        made, real = report.tissue.made, report.tissue.real
        name = f"tissue asked for is recognised [{report.tissue.feature_space}]"
        rows.append((name, str(made.accuracy), str(real.accuracy), _number(report.tissue.relative_accuracy)))
        balanced = f"{made.balanced_accuracy:.3f}", f"{real.balanced_accuracy:.3f}"
        rows.append(("the same, each tissue counting alike", *balanced, _number(report.balanced_ratio)))
    for word in report.words:
        share = f"{word.share_rising:.0%} of {word.layouts} layouts rise, p {word.p:.2g}"
        wanted = "should rise" if word.expected == "rises" else "should stay"
        rows.append((f"{word.attribute}: {_words(word)}", f"{word.difference.value:+.4f}; {share}", wanted, ""))
    verdict = " (the prompt changes nothing)" if report.changes_nothing else ""
    rows.append(
        (
            "change by another prompt over that by other noise, grey levels",
            f"{report.change_by_prompt} / {report.change_by_seed}{verdict}",
            "",
            _number(report.prompt_over_seed.value),
        )
    )
    return rows


def _words(word: WordEffect) -> str:
    dropped = ", no points" if word.points == "dropped" else ""
    return f"{word.first or 'nothing'} -> {word.second}{dropped}"


def _agreement_rows(table: AgreementTable) -> list[Row]:
    rows: list[Row] = []
    for name, ratio in table.of_ceiling().items():
        made, ceiling, floor = (_score(report, name) for report in (table.made, table.ceiling, table.floor))
        rows.append((f"agreement {name}", str(made), f"{ceiling} / floor {_number(floor.value)}", _number(ratio)))
    return rows


def _score(report, name: str):
    return getattr(report.layout, name.removeprefix("layout ")) if name.startswith("layout ") else getattr(report, name)


def _realism_rows(report: RealismReport) -> list[Row]:
    rows: list[Row] = []
    for name, figure in report.rows():
        rows.append((name, f"{figure.made:.4f}", f"{figure.floor:.4f}", _number(figure.in_floors)))
        if figure is report.kernel_distance:
            # The floor holds the difference between patients, which made tiles with the real ones'
            # layouts need not have: this one has no such slack, and 0 is what it is for equal sets.
            ratio = figure.all_tiles / figure.floor if figure.floor > 0 else None
            rows.append((f"{name}, all tiles at once", f"{figure.all_tiles:.4f}", "0", _number(ratio)))
    return rows


def _texture_rows(look: TextureReport) -> list[Row]:
    rows: list[Row] = []
    for name, figure in (("haematoxylin", look.haematoxylin), ("eosin", look.eosin)):
        title = f"{name} density, earth mover's distance"
        rows.append((title, f"{figure.made:.4f}", f"{figure.floor:.4f}", _number(figure.in_floors)))
    for name, estimate in (
        ("high-frequency energy, made over real", look.high_frequency_energy),
        ("high-frequency share, made over real", look.high_frequency_share),
        ("rim over interior gradient, made over real", look.rim_gradient),
    ):
        rows.append((name, str(estimate), "1", ""))
    return rows


def _locality_rows(report: LocalityReport) -> list[Row]:
    n = report.added + report.removed
    name = f"change outside over inside {report.radius_px} px of one nucleus edited ({n} layouts)"
    return [(name, f"{report.outside} / {report.inside}", "0", str(report.ratio))]


def _cost_rows(report: CostReport) -> list[Row]:
    ours, theirs = report.ours, report.official
    return [
        (
            "parameters, against the official network",
            f"{ours.parameters / 1e6:.1f} M",
            f"{theirs.parameters / 1e6:.0f} M",
            f"{ours.parameters / theirs.parameters:.2g}",
        ),
        (
            "TFLOP a tile of 256 px, against the official network",
            f"{ours.gflop_per_forward:.1f} G x {ours.forwards_per_tile} = {ours.tflop_per_tile:.2f} T",
            f"{theirs.gflop_per_forward:.0f} G x {theirs.forwards_per_tile} = {theirs.tflop_per_tile:.0f} T",
            f"{1 / report.times_less:.2g}",
        ),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
