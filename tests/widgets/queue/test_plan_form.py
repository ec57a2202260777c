"""A plan in the manner of the session: what it says, what it writes, and why it cannot be saved."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton

from napari_cosynth.batch.plan import read_plan
from napari_cosynth.batch.work import layouts_of
from napari_cosynth.classes import BUNDLED
from napari_cosynth.layout import Layout
from napari_cosynth.widgets.queue.plan_form import PlanForm
from napari_cosynth.widgets.queue.session_plan import PlanChoice, usable_counts
from napari_cosynth.widgets.work.background import Background

WAIT = 30_000


@pytest.fixture
def form(qtbot, session):
    background = Background()
    session.edit(
        "Begin",
        layout=Layout(
            centroids=[(9 * i + 9, 30) for i in range(5)],
            classes=["neoplastic", "neoplastic", "neoplastic", "inflammatory", "unspecified"],
            height=64,
            width=80,
        ),
        prompt="Breast carcinoma, H&E",
        settings=session.settings.but(quality="fine", seed=9, guidance=1.5),
    )
    form = PlanForm(session, background)
    qtbot.addWidget(form)
    form.show()
    yield form
    form.close_session()
    background.finish()
    background.close()


def said(form):
    return form.findChild(QLabel, "plan_summary").text()


def saved(qtbot, form, path):
    with qtbot.waitSignal(form.saved, timeout=WAIT) as signal:
        form.save(path)
    assert signal.args == [str(path)]
    return read_plan(path)


def test_it_begins_with_what_the_session_says(form):
    assert form.value() == PlanChoice("breast", 10, ("Breast carcinoma, H&E",), 1, "counts")
    assert said(form) == (
        "10 layouts x 1 prompt x 1 variant = 10 tiles of 64 x 80 px. In each: 3 neoplastic, 1 inflammatory. "
        "Left out: 1 unspecified, for breast knows no such class."
    )


def test_it_follows_the_session_until_the_user_writes_otherwise(form, session):
    def seen_again():
        form.hide()
        form.show()
        return form.value().tissue, form.value().prompts

    form.hide()
    session.set_prompt("lung, H&E")
    assert seen_again() == ("lung", ("lung, H&E",))
    session.set_prompt("kidney, H&E")
    assert form.value().prompts == ("kidney, H&E",)
    form.findChild(QComboBox, "plan_tissue").showData("breast")
    session.set_prompt("colon, H&E")
    assert seen_again() == ("breast", ("colon, H&E",))
    form.findChild(QPlainTextEdit, "plan_prompts").setPlainText("my own\nanother")
    session.set_prompt("lung")
    assert seen_again() == ("breast", ("my own", "another"))


@pytest.mark.parametrize(
    ("nuclei", "group"),
    [
        ("counts", {"counts": {"neoplastic": 3, "inflammatory": 1}, "mix": None, "total": None}),
        ("mix", {"counts": None, "mix": {"neoplastic": 3.0, "inflammatory": 1.0}, "total": None}),
        ("tissue", {"counts": None, "mix": None, "total": None}),
    ],
)
def test_the_command_line_reads_what_it_saves(qtbot, form, tmp_path, nuclei, group):
    form.setValue(PlanChoice("breast", 4, ("one", 'two "quoted"'), 3, nuclei))
    plan = saved(qtbot, form, tmp_path / "plan.toml")
    assert (plan.seed, plan.tiles.size, plan.tiles.quality, plan.tiles.preset.guidance) == (9, (64, 80), "fine", 1.5)
    (made,) = plan.group
    assert (made.tissue, made.layouts, made.prompts, made.variants) == ("breast", 4, ("one", 'two "quoted"'), 3)
    assert {key: getattr(made, key) for key in group} == group
    assert plan.n_tiles == form.value().tiles == 24


def test_the_canvas_itself_is_saved_beside_the_plan(qtbot, form, session, tmp_path):
    form.setValue(PlanChoice("breast", 4, ("one", "two"), 3, "canvas"))
    assert said(form) == (
        "1 layout x 2 prompts x 3 variants = 6 tiles of 64 x 80 px. With the canvas' nuclei where they stand (5), "
        "saved beside the plan."
    )
    assert not form.findChild(QComboBox, "plan_tissue").isEnabled()
    plan = saved(qtbot, form, tmp_path / "My plan.toml")
    assert plan.n_tiles == form.value().tiles == 6
    (layout,) = layouts_of(plan, BUNDLED)["canvas"].values()
    assert layout == session.layout
    form.setValue(PlanChoice("breast", 4, ("one",), 3, "counts"))
    assert form.findChild(QComboBox, "plan_tissue").isEnabled()


def test_the_canvas_itself_needs_the_scale_of_plans(form, session):
    session.set_layout(Layout(height=64, width=64, um_per_px=0.5, taxonomy=BUNDLED), "New")
    form.setValue(PlanChoice("colon", 1, ("a",), 1, "canvas"))
    assert said(form).startswith("Plans are made at 0.25 um/px, the canvas is at 0.5: choose its counts")
    assert not form.findChild(QPushButton, "save_plan").isEnabled()


def test_prompts_stand_one_a_line_and_each_once(form):
    form.findChild(QPlainTextEdit, "plan_prompts").setPlainText(" one \n\ntwo\none\n")
    assert form.value().prompts == ("one", "two") and "2 prompts" in said(form)
    form.findChild(QPlainTextEdit, "plan_prompts").setPlainText("\n")
    assert form.value().prompts == ("",)


def test_without_nuclei_it_says_what_to_do(form, session):
    save = form.findChild(QPushButton, "save_plan")
    session.set_layout(session.layout.without_points(), "Clear")
    assert not save.isEnabled() and save.toolTip() == said(form)
    assert said(form).startswith("Place nuclei of the classes of breast first, or choose: Usual in the tissue")
    form.findChild(QComboBox, "plan_nuclei").setCurrentIndex(2)
    assert save.isEnabled() and "10 tiles" in said(form)


def test_another_scale_is_told(form, session):
    session.set_layout(Layout(height=64, width=64, um_per_px=0.5, taxonomy=BUNDLED), "New")
    form.setValue(PlanChoice("colon", 1, ("a",), 1, "tissue"))
    assert "At 0.25 um/px, not 0.5" in said(form)


def test_a_folder_that_refuses_is_told(qtbot, form, tmp_path):
    form.save(tmp_path / "none" / "plan.toml")
    qtbot.waitUntil(lambda: "No such file" in said(form), timeout=WAIT)


def test_classes_that_the_tissue_has_not_are_parted():
    layout = Layout(centroids=[(1, 1), (20, 20)], classes=["other", "neoplastic"], height=64, width=64)
    assert usable_counts(layout, ("neoplastic",)) == ({"neoplastic": 1}, {"other": 1})
