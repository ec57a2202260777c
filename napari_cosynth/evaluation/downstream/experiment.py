"""The downstream experiment: all trials, one after the other, and what they say.

Trials are kept in a folder as they come; an experiment that was stopped goes on
where it was.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_cosynth.classes import BUNDLED
from napari_cosynth.data.labelled import WORKING_UM_PER_PX, LabelledTile
from napari_cosynth.evaluation.downstream.asking import asked_classes, asks
from napari_cosynth.evaluation.downstream.copy_paste import pasted_tiles
from napari_cosynth.evaluation.downstream.outcome import Downstream, outcome_of
from napari_cosynth.evaluation.downstream.settings import ARMS, Arm, DownstreamSettings
from napari_cosynth.evaluation.downstream.trial import ADDED, REAL, Trial, finished_trial, labelled, run_trial
from napari_cosynth.evaluation.making import KeptTiles, TileMaker, layout_of, noise_seed
from napari_cosynth.evaluation.sample import Sample, real_samples
from napari_cosynth.evaluation.stage import Stage
from napari_cosynth.layouts.model import read_tissue
from napari_cosynth.layouts.tissues import tissue_files
from napari_cosynth.model.sampler import sampler_fingerprint
from napari_cosynth.writing import write_together

PLAN = "plan.json"
TRIALS = "trials"


def downstream(
    train_tiles: Sequence[LabelledTile],
    held_out_tiles: Sequence[LabelledTile],
    settings: DownstreamSettings,
    folder: Path,
    synthetic: Sequence[LabelledTile] = (),
) -> Iterator[Stage | Downstream]:
    """Train and measure every arm for every N and seed.

    Parameters
    ----------
    train_tiles, held_out_tiles
        Real tiles; those without complete masks are left out.
    settings
        See `DownstreamSettings`.
    folder
        Trials are kept in ``folder / "trials"``, made tiles in ``folder / "tiles"``.
    synthetic
        Made tiles to be used as they are, for every N; if there are none the
        model makes them of the N real ones. Those without masks, or smaller than a
        crop, are left out.

    Yields
    ------
    Stages, and after each N is done the outcome so far.

    Raises
    ------
    ValueError
        If there are fewer real windows than asked for, no held-out one, no made
        tile that can be used, or the folder holds trials of another experiment.
    """
    given = _usable(synthetic, settings.crop) if synthetic else []
    held_out = real_samples(_whole(held_out_tiles, "held-out"), BUNDLED, limit=settings.tiles, seed=0)
    windows = _windows(_whole(train_tiles, "training"), settings)
    place = folder / TRIALS
    place.mkdir(parents=True, exist_ok=True)
    # All of them before hours of work.
    for size, seed, chosen in _turns(windows, settings):
        for arm in ARMS:
            finished_trial(size, arm, seed, chosen, place)
    make = None if given else KeptTiles(settings.making, folder / "tiles")
    model = "" if make is None else _model_hash(make, windows[0][0])
    _same_plan(folder, settings, held_out, [_fingerprint(t) for t in given] or [model, sampler_fingerprint()])
    trials: list[Trial] = []
    for size, seed, chosen in _turns(windows, settings):
        real = [labelled(s, REAL) for s in chosen]
        for arm in ARMS:
            trial = finished_trial(size, arm, seed, chosen, place)
            if trial is None:
                added = yield from _added(arm, chosen, settings, seed, make, given)
                trial = yield from run_trial(size, arm, seed, real, added, held_out, settings, place)
            trials.append(trial)
        if seed == settings.seeds - 1:
            yield outcome_of(trials, held_out, settings, model)


def _added(
    arm: Arm,
    chosen: Sequence[Sample],
    settings: DownstreamSettings,
    seed: int,
    make: TileMaker | None,
    given: Sequence[LabelledTile],
) -> Generator[Stage, None, list[LabelledTile]]:
    n = settings.added(len(chosen))
    if arm == "copy-paste":
        return [labelled(s, ADDED) for s in pasted_tiles(chosen, n, seed)]
    if arm != "synthetic":
        return []
    if make is None:
        return [replace(t, source=ADDED, split="train") for t in given]
    tiles = []
    wanted = asks(chosen, n, [read_tissue(path) for path in tissue_files().values()], seed)
    for number, ask in enumerate(wanted, start=1):
        tile = make(ask.layout, ask.prompt, noise_seed(seed, ask.name))
        classes = tile.class_of if settings.chosen_classes else asked_classes(ask.layout, tile.class_of)
        made = replace(ask.follows, name=ask.name, image=tile.image, instances=tile.instances, class_of=classes)
        tiles.append(labelled(made, ADDED))
        yield Stage(f"N = {len(chosen)}, making tiles, seed {seed}", number, n)
    return tiles


def _whole(tiles: Sequence[LabelledTile], what: str) -> list[LabelledTile]:
    kept = [t for t in tiles if t.image is not None and t.instances is not None and t.coverage == "complete"]
    if not kept:
        raise ValueError(
            f"no {what} tile has an image and masks of all its nuclei; points, or labels that leave nuclei out, "
            "do not do here"
        )
    return kept


def _usable(tiles: Sequence[LabelledTile], crop: int) -> list[LabelledTile]:
    masked = (t.at_um_per_px(WORKING_UM_PER_PX) for t in tiles if t.image is not None and t.instances is not None)
    kept = [t for t in masked if min(t.shape) >= crop]
    if not kept:
        raise ValueError(
            f"none of the {len(tiles)} made tiles has an image and masks of at least {crop} x {crop} px; "
            "a segmenter is trained on crops of that size: give larger tiles"
        )
    return kept


def _fingerprint(tile: LabelledTile) -> str:
    """Name and content: what is made anew is often called as before."""
    digest = hashlib.sha256("\n".join(tile.classes).encode())
    for array in (tile.image, tile.instances, tile.ids):
        digest.update(np.ascontiguousarray(array))
    return f"{tile.name} {digest.hexdigest()[:16]}"


def _windows(tiles: Sequence[LabelledTile], settings: DownstreamSettings) -> list[list[Sample]]:
    """The real windows of each seed, the first N of which are those of a smaller N."""
    numbers = [size for size in settings.real if size != "all"]
    limit = max([*numbers, *([settings.most] if "all" in settings.real else [])])
    windows = [real_samples(tiles, BUNDLED, limit=limit, seed=seed) for seed in range(settings.seeds)]
    there = len(windows[0])
    if numbers and there < max(numbers):
        raise ValueError(f"{max(numbers)} real tiles are asked for, but the data hold {there} windows of 256 px")
    return windows


def _turns(
    windows: Sequence[Sequence[Sample]], settings: DownstreamSettings
) -> Iterator[tuple[str, int, Sequence[Sample]]]:
    """(N as asked for, seed, the real windows) of each set of arms, in the order in which they are trained."""
    for size in settings.real:
        for seed, of_seed in enumerate(windows):
            yield str(size), seed, of_seed[: settings.most if size == "all" else size]


def _model_hash(make: KeptTiles, sample: Sample) -> str:
    return make.request(layout_of(sample), sample.caption, 0).model_hash


def _same_plan(folder: Path, settings: DownstreamSettings, held_out: Sequence[Sample], made: Sequence[str]) -> None:
    """Refuse to mix trials of two experiments; sizes and seeds may be added to one.

    Where no trial was begun there is nothing to mix, and what was written of another plan gives way.
    """
    plan = {
        "settings": settings.model_dump(mode="json", exclude={"real", "seeds"}),
        "held out": [s.name for s in held_out],
        "made": list(made),
    }
    file = folder / PLAN
    if file.is_file() and any((folder / TRIALS).iterdir()):
        before = json.loads(file.read_text())
        other = [key for key in plan if before.get(key) != plan[key]]
        if other:
            raise ValueError(
                f"{folder} holds trials of another experiment ({', '.join(other)} differ: see {file}); "
                "choose another --out, or take the options, the model and the version of then"
            )
    else:
        write_together({file: (json.dumps(plan, indent=1) + "\n").encode()})
