import pytest
from qtpy.QtWidgets import QLabel, QProgressBar

from napari_cosynth.widgets.making.progress import Progress, RunState


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState(), ""),
        (RunState(text="3 tiles in 20 s"), "3 tiles in 20 s"),
        (RunState(text="Done", reason="no model"), "no model"),
        (RunState(running=True), "getting ready"),
        (RunState(running=True, text="loading the model"), "loading the model"),
        (RunState(running=True, step=5, steps=12, seconds_left=0.2), "step 5 of 12, about 1 s left"),
        (RunState(running=True, step=5, steps=12, tile=2, tiles=4), "tile 2 of 4, step 5 of 12"),
        (RunState(running=True, step=1, steps=9, seconds_left=83), "step 1 of 9, about 1 min 20 s left"),
        (RunState(running=True, step=1, steps=9, seconds_left=60), "step 1 of 9, about 1 min left"),
        (RunState(running=True, step=1, steps=9, seconds_left=1234), "step 1 of 9, about 21 min left"),
    ],
)
def test_sentences(state, said):
    assert state.sentence() == said


def test_the_bar_runs_over_all_tiles_and_to_and_fro_while_the_steps_are_not_known(qtbot):
    progress = Progress()
    qtbot.addWidget(progress)
    progress.show()
    bar = progress.findChild(QProgressBar)
    assert not bar.isVisible()
    progress.setValue(RunState(running=True, tiles=4))
    assert bar.isVisible() and (bar.minimum(), bar.maximum()) == (0, 0)
    progress.setValue(RunState(running=True, step=3, steps=12, tile=2, tiles=4))
    assert (bar.maximum(), bar.value()) == (48, 15)
    assert progress.findChild(QLabel).text() == "Tile 2 of 4, step 3 of 12"
    progress.setValue(RunState(text="Done"))
    assert not bar.isVisible() and progress.value() == RunState(text="Done")
