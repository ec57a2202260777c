"""`napari-cosynth nearest`: the index that tells whether tiles are copies of what a model was trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_cosynth.cli.outcome import outcome, ready_out, say
from napari_cosynth.cli.work_bar import work_bar
from napari_cosynth.request import MAX_SEED

if TYPE_CHECKING:
    from napari_cosynth.data.labelled import LabelledTile


def nearest(
    model: Annotated[
        str, typer.Argument(help="Model folder, such as RUN/model that `train` wrote, or name of a bundled model.")
    ],
    data: Annotated[
        list[Path], typer.Option(help="Folder that the model was trained on, as for `train`; give it again for more.")
    ],
    seed: Annotated[int, typer.Option(min=0, max=MAX_SEED, help="Of the copies that it learns from.")] = 0,
) -> None:
    """Write the index by which every tile is compared with the tissue that its model was trained on.

    MODEL gets `nearest.safetensors`: for each block of 64 px of the "train" tiles 28
    numbers made from features of the bundled segmenter; 3 MB for 100,000 blocks, and
    no images. From then on `synth` and the dock give each tile its distance to the
    training tissue, window by window of 128 px, in any orientation; under 1 it may be
    a copy. 1 is where one in a hundred real tiles of 256 px of the split "val" lies,
    which the model must never have seen.

    At the end it says how many copies of training tissue were found, turned,
    mirrored, stained, blurred and compressed at random, and how many unseen real
    tiles were taken for copies. Copies smaller than 192 px are mostly not found.
    Takes some two seconds of one processor core for a million pixels of training
    tissue.

    Run it once a model is finished: `train` leaves the index out whenever it writes
    a model. The tiles and the hash of the model stay the same.

    **Examples**

    `napari-cosynth nearest run/model --data my_tiles`
    """
    with outcome():
        from napari_cosynth.data.dataset import read_dataset
        from napari_cosynth.model.nearest_file import write_index
        from napari_cosynth.model.segmenter_folder import load_segmenter, segmenter_hash
        from napari_cosynth.model.zoo import find_model
        from napari_cosynth.training.nearest import Found, make_index

        def tiles(split: str) -> Callable[[], Iterator[LabelledTile]]:
            return lambda: chain.from_iterable(read_dataset(folder, split) for folder in data)

        folder = find_model(model)
        ready_out(folder.path)
        with work_bar("tiles") as bar:
            task = bar.add_task("reading", total=None)
            for event in make_index(load_segmenter(), segmenter_hash(), tiles("train"), tiles("val"), seed):
                if isinstance(event, Found):
                    found = event
                else:
                    bar.update(task, description=event.name, completed=event.done)
        path = write_index(found.index, folder.path)
        (copies, tried), (taken, unseen) = found.copies, found.unseen
        say(f"{path}: {len(found.index.codes)} blocks of 64 px, {path.stat().st_size / 1e6:.1f} MB")
        say(f"copies of training tissue found: {copies} of {tried}")
        say(f"unseen real tiles taken for copies: {taken} of {unseen}")
