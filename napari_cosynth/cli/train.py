"""`napari-cosynth train`: a joint model from labelled tiles."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from napari_cosynth.cli.outcome import console, outcome
from napari_cosynth.writing import write_together

if TYPE_CHECKING:
    from napari_cosynth.data.crops import CropSampler
    from napari_cosynth.model.text import TextEncoder
    from napari_cosynth.model.unet import JointUNet


def train(
    data: Annotated[list[Path], typer.Option(help="Folder of labelled tiles; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, previews and the model folder.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT's checkpoint.")] = False,
    init: Annotated[str | None, typer.Option(help="Start from the weights of this model folder.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop after so many minutes.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop at this step.")] = None,
    crop: Annotated[int, typer.Option(help="Side of a crop, px, a multiple of 16.")] = 128,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops a step and process.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0, help="On the plateau.")] = 5e-4,
    decay: Annotated[
        int | None,
        typer.Option(min=1, help="Let the learning rate fall to 0 over so many steps, then stop."),
    ] = None,
    ema: Annotated[float, typer.Option(min=0, max=1, help="Decay of the weights' average.")] = 0.999,
    channels: Annotated[str, typer.Option(help="Width of each level of a new network.")] = "64,128,256,256",
    blocks: Annotated[int, typer.Option(min=1, help="Blocks a level of a new network.")] = 1,
    weight: Annotated[list[str] | None, typer.Option(help="SOURCE=FACTOR on a source's share of the crops.")] = None,
    text_encoder: Annotated[Path | None, typer.Option(help="CLIP, PLIP or BERT folder in MiniLM's place.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    precision: Annotated[str, typer.Option(help="bf16, fp16 or no.")] = "bf16",
    workers: Annotated[int, typer.Option(min=0, help="Processes that make crops.")] = 0,
    preview_minutes: Annotated[float, typer.Option(min=0, help="Minutes between previews; 0 = none.")] = 20,
    checkpoint_minutes: Annotated[float, typer.Option(min=0.01, help="Minutes between checkpoints.")] = 5,
    cpu: Annotated[bool, typer.Option("--cpu", help="Stay on the CPU.")] = False,
) -> None:
    """Train a model that makes tiles like yours.

    DATA may be this program's folder format, PanNuke, CoNIC or HoVer-Net, or a
    folder of several. Tiles of the split "train" are used. OUT gets
    `checkpoint.pt`, `model/` (what `synth --model` takes) and `preview-STEP.png`:
    real tiles and labels beside made ones for the same points. A killed run goes
    on with `--resume` exactly where its checkpoint left it. For several GPUs:
    `accelerate launch -m napari_cosynth.cli train ...`

    Examples

        napari-cosynth train --data my_tiles --out run --minutes 60

        napari-cosynth train --data my_tiles --out run --init cosynth-nuclei --learning-rate 1e-4
    """
    with outcome():
        from napari_cosynth.classes import BUNDLED
        from napari_cosynth.data.crops import CropSampler
        from napari_cosynth.data.dataset import read_dataset
        from napari_cosynth.model.text import TextEncoder
        from napari_cosynth.training.loop import TrainingSettings
        from napari_cosynth.training.loop import train as training

        if crop < 64 or crop % 16:
            raise ValueError(f"--crop {crop} is not a multiple of 16 from 64 on; for example --crop 128")
        tiles = [tile for folder in data for tile in read_dataset(folder, "train")]
        sampler = CropSampler(tiles, BUNDLED, crop, seed, _weights(weight or []))
        del tiles
        encoder = TextEncoder.default() if text_encoder is None else TextEncoder.from_folder(text_encoder)
        network = _network(out, resume, init, channels, blocks, encoder)
        start = _step_of(out) if resume else 0
        settings = TrainingSettings(
            batch_size=batch_size,
            learning_rate=learning_rate,
            decay_from=start if decay else None,
            decay_steps=decay or 1,
            ema_decay=ema,
            seed=seed,
            precision=precision,
            workers=workers,
            checkpoint_every_s=checkpoint_minutes * 60,
        )
        out.mkdir(parents=True, exist_ok=True)
        facts = {
            "network": dict(network.config),
            "settings": settings.model_dump(),
            "crop": crop,
            "data": [str(folder) for folder in data],
            "weights": _weights(weight or []),
            "init": init,
        }
        write_together({out / "run.json": (json.dumps(facts, indent=2, default=list) + "\n").encode()})
        last_step = start + decay if decay else steps
        deadline = time.monotonic() + minutes * 60 if minutes is not None else None
        previewed = time.monotonic()
        bar = Progress(
            TextColumn("step {task.fields[step]}"),
            BarColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        run = training(network, encoder, sampler, settings, out, resume, cpu)
        with bar:
            total = last_step or (minutes * 60 if minutes is not None else None)
            task = bar.add_task("training", total=total, step=start, facts="")
            began, mean = time.monotonic(), None
            for progress in run:
                now = (progress.image, progress.distance, progress.classes)
                mean = now if mean is None else tuple(0.98 * a + 0.02 * b for a, b in zip(mean, now, strict=True))
                rate = (progress.step - start) * batch_size / (time.monotonic() - began)
                bar.update(
                    task,
                    completed=progress.step if last_step else time.monotonic() - began,
                    step=progress.step,
                    facts=f"image {mean[0]:.4f} distance {mean[1]:.4f} class {mean[2]:.4f}  {rate:.1f} crops/s",
                )
                if not console.is_terminal and progress.step % 100 == 0:
                    console.print(f"{progress.step} {bar.tasks[0].fields['facts']}", highlight=False)
                if progress.saved:
                    previewing = preview_minutes and time.monotonic() - previewed > preview_minutes * 60
                    _export(out, network, encoder, sampler if previewing else None)
                    previewed = time.monotonic() if previewing else previewed
                if (last_step and progress.step >= last_step) or (deadline and time.monotonic() >= deadline):
                    break
            run.close()
        _export(out, network, encoder, sampler if preview_minutes else None)
        console.print(f"{out / 'model'}: try it with  napari-cosynth synth LAYOUT --model {out / 'model'}")


def _network(out: Path, resume: bool, init: str | None, channels: str, blocks: int, encoder: TextEncoder) -> JointUNet:
    import torch

    from napari_cosynth.classes import BUNDLED
    from napari_cosynth.model import zoo
    from napari_cosynth.model.unet import JointUNet

    if resume and (out / "run.json").is_file():
        return JointUNet.from_config(json.loads((out / "run.json").read_text(encoding="utf-8"))["network"])
    if resume:
        raise ValueError(f"{out} holds no run to resume; leave --resume out to begin one")
    if (out / "checkpoint.pt").exists():
        raise ValueError(f"{out} holds a run already; give --resume to go on with it, or another --out")
    if init is not None:
        pipe = zoo.load(zoo.find_model(init))
        if pipe.text_encoder.sha256 != encoder.sha256:
            raise ValueError(f"{init} was trained with another text encoder; leave --text-encoder out")
        return pipe.unet
    widths = channels.split(",")
    if not all(w.strip().isdigit() and int(w) % 32 == 0 and int(w) > 0 for w in widths):
        raise ValueError(f"--channels {channels!r} are not multiples of 32 parted by commas, such as 64,128,256,256")
    torch.manual_seed(0)
    return JointUNet(
        n_classes=len(BUNDLED.stated),
        condition_channels=len(BUNDLED) + 1,
        text_channels=encoder.channels,
        channels=tuple(int(w) for w in widths),
        blocks=blocks,
    )


def _step_of(out: Path) -> int:
    from napari_cosynth.training.checkpoint import load_checkpoint

    state = load_checkpoint(out)
    return state["step"] if state else 0


def _export(out: Path, network: JointUNet, encoder: TextEncoder, sampler: CropSampler | None) -> None:
    import torch
    from PIL import Image

    from napari_cosynth.classes import BUNDLED
    from napari_cosynth.training.export import export_model
    from napari_cosynth.training.loop import trained_state
    from napari_cosynth.training.preview import preview_grid

    state = trained_state(out)
    pipe = export_model(state, network.config, encoder, BUNDLED, out / "model")
    if sampler is not None:
        chance = torch.get_rng_state()
        Image.fromarray(preview_grid(pipe, sampler)).save(out / f"preview-{state.step:07d}.png")
        torch.set_rng_state(chance)


def _weights(texts: list[str]) -> dict[str, float]:
    weights = {}
    for text in texts:
        source, _, factor = text.partition("=")
        try:
            weights[source] = float(factor)
        except ValueError:
            raise ValueError(f"--weight {text!r} is not SOURCE=FACTOR, such as --weight nuinsseg=0.5") from None
    return weights
