"""Gallery: keys, clicks and filters say what is wanted; cards change row by row and are drawn when seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QPushButton,
    QScrollArea,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from napari_cosynth.session import Session
from napari_cosynth.snapshot import Entry
from napari_cosynth.widgets.gallery.cards import Cards
from napari_cosynth.widgets.gallery.filter import CardFilter
from napari_cosynth.widgets.gallery.panel import Gallery

WAIT = 20000


@pytest.fixture
def entries(make_layout, make_made_tile):
    """Six tiles of 64 px: two of each verdict, the last three with 3 of 9 points missing."""
    verdicts = ("undecided", "accepted", "rejected") * 2
    return tuple(
        Entry(f"k{i}", make_made_tile(make_layout(9, 64), misses=0 if i < 3 else 3, seed=i, verdict=verdict))
        for i, verdict in enumerate(verdicts)
    )


@pytest.fixture
def gallery(qtbot):
    widget = Gallery()
    qtbot.addWidget(widget)
    widget.resize(320, 600)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def test_no_verdict_is_taken_while_a_draft_hides_the_tile(gallery, entries):
    decided, refused = [], []
    gallery.decided.connect(lambda *verdict: decided.append(verdict))
    gallery.refused.connect(refused.append)
    gallery.setEntries(entries, "k0")
    gallery.setDraftShown(True)
    buttons = [gallery.findChild(QAbstractButton, name) for name in ("accept", "reject")]
    assert not any(button.isEnabled() for button in buttons) and "draft" in buttons[0].toolTip()
    gallery.decide("accepted")
    assert decided == [] and "a draft" in refused[0]
    gallery.setDraftShown(False)
    assert all(button.isEnabled() for button in buttons)
    gallery.decide("accepted")
    assert decided == [("k0", "accepted")]


@pytest.fixture
def wired(gallery):
    """A gallery and the session that it drives, as the dock binds them."""
    session = Session()
    gallery.decided.connect(session.decide)
    gallery.removeAsked.connect(session.remove)
    gallery.chosen.connect(session.choose)

    def show(*_):
        gallery.setEntries(session.entries, session.current and session.current.key)

    session.entries_changed.connect(show)
    session.current_changed.connect(show)
    yield gallery, session
    session.entries_changed.disconnect()
    session.current_changed.disconnect()


def told(signal) -> list:
    came: list = []
    signal.connect(lambda *args: came.append(args))
    return came


def view_of(gallery):
    return gallery.findChild(QWidget, "cards")


def button(gallery, name: str) -> QAbstractButton:
    return gallery.findChild(QAbstractButton, name)


def test_begins_empty_and_says_why_nothing_can_be_done(gallery):
    assert gallery.objectName() == "gallery" and gallery.current() is None
    for name in ("accept", "reject", "reuse", "remove"):
        assert not button(gallery, name).isEnabled()
        assert "Choose a card first" in button(gallery, name).toolTip()


def test_showing_tiles_emits_nothing(gallery, entries):
    signals = [told(s) for s in (gallery.chosen, gallery.decided, gallery.reuseAsked, gallery.removeAsked)]
    gallery.setEntries(entries, "k1")
    assert gallery.current() == "k1"
    gallery.setEntries(entries[2:], "k4")
    assert gallery.current() == "k4"
    gallery.setEntries(entries[2:], None)
    assert gallery.current() is None
    assert signals == [[], [], [], []]


@pytest.mark.parametrize("target", ["list", "gallery"])
@pytest.mark.parametrize(
    ("key", "signal", "expected"),
    [
        (Qt.Key.Key_A, "decided", ("k0", "accepted")),
        (Qt.Key.Key_R, "decided", ("k0", "rejected")),
        (Qt.Key.Key_U, "decided", ("k0", "undecided")),
        (Qt.Key.Key_Return, "reuseAsked", ("k0",)),
        (Qt.Key.Key_Delete, "removeAsked", ("k0",)),
        (Qt.Key.Key_Right, "chosen", ("k1",)),
        (Qt.Key.Key_Down, "chosen", ("k2",)),
    ],
)
def test_keys(qtbot, gallery, entries, target, key, signal, expected):
    gallery.setEntries(entries, "k0")
    came = told(getattr(gallery, signal))
    qtbot.keyClick(view_of(gallery) if target == "list" else gallery, key)
    assert came == [expected]


def test_all_rejected_tiles_are_removed_at_once_whatever_is_shown(qtbot, gallery, entries):
    remove = button(gallery, "remove_rejected")
    assert not remove.isEnabled() and "No tile is rejected" in remove.toolTip()
    gallery.setEntries(entries, None)
    gallery.setFilter(CardFilter(verdict="accepted"))
    came = told(gallery.removeAllAsked)
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert came == [(("k2", "k5"),)]
    gallery.setEntries(entries[:2], None)
    assert not remove.isEnabled()


def test_keys_come_before_shortcuts_of_the_window(qtbot, entries):
    window = QWidget()
    gallery = Gallery(window)
    qtbot.addWidget(window)
    stolen = []
    shortcut = QShortcut(QKeySequence("A"), window)
    shortcut.activated.connect(lambda: stolen.append(True))
    window.resize(320, 500)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    gallery.setFocus()
    qtbot.waitUntil(gallery.hasFocus, timeout=WAIT)
    gallery.setEntries(entries, "k0")
    came = told(gallery.decided)
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_A)
    assert came == [("k0", "accepted")] and stolen == []


def test_a_click_goes_to_the_card_and_back_to_what_made_it(qtbot, gallery, entries):
    gallery.setEntries(entries, "k0")
    view = view_of(gallery)
    chosen, reused = told(gallery.chosen), told(gallery.reuseAsked)
    at = view.visualRect(view.model().index(1)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (chosen, reused) == ([("k1",)], [("k1",)])


def test_buttons_do_what_the_keys_do_and_leave_the_focus_to_the_cards(qtbot, gallery, entries):
    gallery.setEntries(entries, "k3")
    gallery.setFocus()
    came = told(gallery.decided)
    qtbot.mouseClick(button(gallery, "accept"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(gallery, "reject"), Qt.MouseButton.LeftButton)
    assert came == [("k3", "accepted"), ("k3", "rejected")]
    assert not button(gallery, "accept").hasFocus()


def test_counts_say_what_each_filter_would_show(gallery, entries):
    gallery.setEntries(entries, None)
    texts = {name: button(gallery, f"show_{name}").accessibleName() for name in ("all", "undecided", "accepted")}
    assert texts == {"all": "All: 6", "undecided": "Undecided: 2", "accepted": "Accepted: 2"}
    gallery.setFilter(CardFilter("accepted"))
    combo = gallery.findChild(QWidget, "show_placed")
    shown = [combo.itemText(i).rpartition("(")[2].rstrip(")") for i in range(combo.count())]
    assert shown == ["2", "1", "1", "1"]
    gallery.setFilter(CardFilter(placed="fewer"))
    assert button(gallery, "show_all").accessibleName() == "All: 3"


def test_filter_by_click(qtbot, gallery, entries):
    gallery.setEntries(entries, "k0")
    qtbot.mouseClick(button(gallery, "show_rejected"), Qt.MouseButton.LeftButton)
    assert gallery.filter() == CardFilter("rejected")
    assert view_of(gallery).model().rowCount() == 2
    assert gallery.current() is None, "a card that is hidden cannot be decided by accident"
    qtbot.mouseClick(button(gallery, "show_all"), Qt.MouseButton.LeftButton)
    assert view_of(gallery).model().rowCount() == 6


def test_a_tile_that_the_filter_hides_is_not_lost(gallery, entries):
    gallery.setEntries(entries, "k1")
    gallery.setFilter(CardFilter("accepted"))
    gallery.setEntries(entries, "k3")
    assert gallery.current() is None
    assert "filter hides" in button(gallery, "accept").toolTip()
    gallery.setFilter(CardFilter())
    assert gallery.current() == "k3" and button(gallery, "accept").isEnabled()
    gallery.setFilter(CardFilter("accepted"))
    gallery.setEntries(entries, None)
    assert "Choose a card first" in button(gallery, "accept").toolTip()


def test_deciding_under_a_filter_goes_on_to_the_next_card(qtbot, wired, entries):
    gallery, session = wired
    for entry in entries:
        session.add_tile(replace(entry.tile, verdict="undecided"))
    keys = [entry.key for entry in session.entries]
    session.choose(keys[1])
    gallery.setFilter(CardFilter("undecided"))
    for _ in range(3):
        qtbot.keyClick(view_of(gallery), Qt.Key.Key_R)
    assert [e.tile.verdict for e in session.entries] == ["undecided", *["rejected"] * 3, "undecided", "undecided"]
    assert gallery.current() == session.current.key == keys[4]
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_A)
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_A)
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_A)
    assert view_of(gallery).model().rowCount() == 0 and gallery.current() is None


def test_a_verdict_goes_on_to_the_next_undecided_card(qtbot, wired, entries):
    gallery, session = wired
    for entry in entries:
        session.add_tile(entry.tile)
    keys = [entry.key for entry in session.entries]
    session.choose(keys[0])
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_A)
    assert gallery.current() == session.current.key == keys[3]
    qtbot.keyClick(view_of(gallery), Qt.Key.Key_U)
    assert gallery.current() == keys[3]
    qtbot.mouseClick(button(gallery, "reject"), Qt.MouseButton.LeftButton)
    # None waits further down.
    assert gallery.current() == session.current.key == keys[3]
    assert [e.tile.verdict for e in session.entries][:4] == ["accepted", "accepted", "rejected", "rejected"]


def test_removing_goes_on_to_a_neighbour(qtbot, wired, entries):
    gallery, session = wired
    for entry in entries[:3]:
        session.add_tile(entry.tile)
    for left in (2, 1, 0):
        qtbot.keyClick(view_of(gallery), Qt.Key.Key_Delete)
        assert len(session.entries) == left
        assert (gallery.current() is None) == (left == 0)
    session.undo()
    assert view_of(gallery).model().rowCount() == 1


def test_rows_change_one_by_one(qtmodeltester, entries, qtbot):
    cards = Cards()
    qtmodeltester.check(cards)
    resets = told(cards.modelReset)
    inserted, removed, changed = told(cards.rowsInserted), told(cards.rowsRemoved), told(cards.dataChanged)
    cards.setEntries(entries[:5])
    cards.setEntries(entries)
    assert [args[1:] for args in inserted] == [(0, 4), (5, 5)]
    decided = (*entries[:2], Entry("k2", entries[2].tile.with_verdict("accepted")), *entries[3:])
    cards.setEntries(decided)
    assert [args[0].row() for args in changed] == [2] and len(inserted) == 2
    cards.setFilter(CardFilter("accepted"))
    assert [cards.entry_at(row).key for row in range(cards.rowCount())] == ["k1", "k2", "k4"]
    cards.setEntries(decided[:1] + decided[2:])
    assert [cards.entry_at(row).key for row in range(cards.rowCount())] == ["k2", "k4"]
    assert cards.row_of("k1") is None and cards.row_of("k4") == 1
    assert removed and resets == []


def test_pictures_are_drawn_for_what_is_seen_and_kept(qtbot, gallery, make_layout, make_made_tile, monkeypatch):
    from napari_cosynth.widgets.gallery import thumbnails

    drawn = []
    real = thumbnails.thumbnail
    monkeypatch.setattr(thumbnails, "thumbnail", lambda tile, *size: drawn.append(tile) or real(tile, *size))
    tile = make_made_tile(make_layout(9, 64))
    entries = tuple(Entry(f"k{i}", replace(tile, image=tile.image.copy())) for i in range(200))
    gallery.setEntries(entries, "k0")
    qtbot.waitUntil(lambda: len(drawn) >= 4, timeout=WAIT)
    qtbot.wait(200)
    seen = len(drawn)
    assert seen < 30, "cards that nobody saw were drawn"
    gallery.setEntries((Entry("k0", entries[0].tile.with_verdict("accepted")), *entries[1:]), "k0")
    qtbot.wait(200)
    assert len(drawn) == seen, "a verdict does not change the picture"
    other = replace(tile, instances=(tile.instances > 0).astype("int32"), edited=True)
    gallery.setEntries((Entry("k0", other), *entries[1:]), "k0")
    qtbot.waitUntil(lambda: drawn[-1] is other, timeout=WAIT)


def test_narrow_and_wide(qtbot, gallery, entries):
    gallery.setEntries(entries, "k0")
    assert gallery.minimumSizeHint().width() <= 300
    view = view_of(gallery)
    for width, columns in ((320, 2), (600, 4)):
        gallery.resize(width, 600)
        qtbot.waitUntil(lambda w=width: gallery.width() == w, timeout=WAIT)
        qtbot.waitUntil(
            lambda n=columns: len({view.visualRect(view.model().index(i)).y() for i in range(n)}) == 1, timeout=WAIT
        )
        cards = [view.visualRect(view.model().index(i)) for i in range(columns)]
        assert all(card.right() <= view.viewport().width() for card in cards)
    assert view.indexAt(QPoint(5, 5)).row() == 0


def test_tab_comes_to_the_filters_before_the_cards(qtbot, entries):
    window, above, area, gallery = QWidget(), QPushButton(), QScrollArea(), Gallery()
    area.setWidget(gallery)
    column = QVBoxLayout(window)
    column.addWidget(above)
    column.addWidget(area)
    qtbot.addWidget(window)
    window.show()
    gallery.setEntries(entries, "k0")
    window.activateWindow()
    above.setFocus()
    qtbot.waitUntil(above.hasFocus, timeout=WAIT)
    came = []
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        came.append(QApplication.focusWidget().objectName())
    assert came == ["", "show_all", "show_placed", "cards"]


def test_scrolling_past_the_filter_hides_no_cards(gallery, entries, turn_wheel):
    gallery.setEntries(entries, "k0")
    turn_wheel(gallery.findChild(QWidget, "show_placed"))
    assert gallery.filter() == CardFilter()
