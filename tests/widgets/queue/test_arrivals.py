"""Finished tiles come into the session: the newest of them, none twice, and nothing that the user touched leaves."""

from __future__ import annotations

import os

import pytest

from napari_cosynth.session import Session
from napari_cosynth.tile_files import write_tile
from napari_cosynth.widgets.queue.arrivals import Arrivals, newest

WAIT = 30_000


@pytest.fixture
def write(tile_named, tmp_path):
    """``write(3)``: record of the tile "nest-3", which is written if it is not there."""

    def make(number: int):
        record = tmp_path / "tiles" / f"nest-{number}.json"
        record.parent.mkdir(exist_ok=True)
        if not record.exists():
            write_tile(tile_named(record.stem), record.parent, record.stem)
        return record

    return make


@pytest.fixture
def make_arrivals(qtbot, session):
    made = []

    def make(most: int) -> Arrivals:
        arrivals = Arrivals(session, most)
        made.append(arrivals)
        return arrivals

    yield make
    for arrivals in made:
        arrivals.close()


@pytest.fixture
def arrive(qtbot, session, write):
    """``arrive(arrivals, 1, 2, last=2)``: offer tiles and wait until the last one is in the session."""

    def do(arrivals, *numbers, last):
        for number in numbers:
            arrivals.offer(write(number))
        arrivals.poke()
        qtbot.waitUntil(lambda: 1000 + last in seeds(session), timeout=WAIT)

    return do


def seeds(session):
    return [entry.tile.request.seed for entry in session.entries]


def test_newer_tiles_take_the_place_of_older_ones(session, make_arrivals, arrive):
    arrivals = make_arrivals(3)
    arrive(arrivals, 1, 2, last=2)
    assert session.current is None
    arrive(arrivals, 3, 4, 5, last=5)
    assert seeds(session) == [1003, 1004, 1005]
    arrivals.setMost(1)
    assert seeds(session) == [1005] and arrivals.most() == 1
    arrivals.setMost(0)
    assert seeds(session) == []
    arrivals.setMost(2)
    arrive(arrivals, 6, last=6)
    assert seeds(session) == [1006]


def test_what_the_user_made_looks_at_or_decided_stays(session, make_arrivals, arrive, tile_named):
    mine = session.add_tile(tile_named("mine-77"))
    arrivals = make_arrivals(2)
    arrive(arrivals, 1, 2, last=2)
    first, second = (entry.key for entry in session.entries[1:])
    session.decide(first, "accepted")
    session.choose(second)
    arrive(arrivals, 3, 4, 5, 6, last=6)
    # The accepted one counts no longer, and the one that is shown does not make room.
    assert seeds(session) == [1077, 1001, 1002, 1005, 1006]
    session.undo()
    assert session.entry(first).tile.verdict == "undecided"
    session.choose(mine)
    arrive(arrivals, 7, last=7)
    assert seeds(session) == [1077, 1001, 1006, 1007]


def test_a_tile_comes_once(qtbot, session, make_arrivals, arrive, write):
    arrivals = make_arrivals(9)
    arrive(arrivals, 1, 1, 2, last=2)
    session.remove(session.entries[0].key)
    arrive(arrivals, 1, 3, last=3)
    assert seeds(session) == [1002, 1003], "what was removed came back"
    other = make_arrivals(9)
    arrive(other, 2, 3, 4, last=4)
    assert seeds(session) == [1002, 1003, 1004], "another run brought what was there"
    session.decide(session.entries[0].key, "accepted")
    third = make_arrivals(3)
    arrive(third, 2, 3, 4, 5, last=5)
    arrive(third, 6, last=6)
    assert seeds(session) == [1002, 1004, 1005, 1006], "what came with a former run makes room too, if it is untouched"


def test_a_tile_that_cannot_be_read_keeps_no_other_one_away(session, make_arrivals, arrive, write, caplog):
    write(2).with_name("nest-2.png").write_bytes(b"no picture")
    write(3).unlink()
    arrive(make_arrivals(9), 1, 2, 4, last=4)
    assert seeds(session) == [1001, 1004] and "nest-2.png" in caplog.text


def test_more_than_it_takes_are_not_even_read(qtbot, session, make_arrivals, arrive, monkeypatch):
    read = []
    real = "napari_cosynth.widgets.queue.arrivals.read_tile"
    from napari_cosynth.tile_files import read_tile

    monkeypatch.setattr(real, lambda path: read.append(path.stem) or read_tile(path))
    arrive(make_arrivals(2), *range(1, 8), last=7)
    assert read == ["nest-6", "nest-7"] and seeds(session) == [1006, 1007]


def test_a_folder_offers_its_newest(qtbot, session, make_arrivals, write, tmp_path):
    for age, number in enumerate((4, 2, 3, 1)):
        os.utime(write(number), (1000 - age, 1000 - age))
    (tmp_path / "tiles" / ".hidden.json").touch()
    assert [path.stem for path in newest((tmp_path / "tiles").glob("nest-?.json"), 2)] == ["nest-2", "nest-4"]
    assert newest((tmp_path / "tiles").glob("nest-?.json"), 0) == []
    arrivals = make_arrivals(3)
    arrivals.offer_those_in(tmp_path / "none")
    arrivals.offer_those_in(tmp_path / "tiles")
    qtbot.waitUntil(lambda: seeds(session) == [1003, 1002, 1004], timeout=WAIT)


def test_after_closing_nothing_comes(qtbot, make_arrivals, write):
    session = Session()
    arrivals = Arrivals(session, 5)
    arrivals.offer(write(1))
    arrivals.poke()
    arrivals.close()
    qtbot.wait(50)
    assert session.entries == ()
