"""Which arithmetic is faster here: measured once, remembered on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
from torch import nn

_SIDE, _REPEATS = 256, 3


def cache_file() -> Path:
    """Where measurements are remembered; ``NAPARI_COSYNTH_CACHE`` names another folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "napari-cosynth"
    return Path(os.environ.get("NAPARI_COSYNTH_CACHE") or default) / "dtype.json"


def fastest_dtype(make: Callable[[], nn.Module], device: str, key: str) -> Literal["float32", "bfloat16"]:
    """The dtype in which a network's forward pass takes less time.

    Parameters
    ----------
    make
        Makes the network; its weights do not matter.
    key
        What the answer depends on besides device, threads and torch's version.
    """
    facts = f"{torch.__version__}|{device}|{torch.get_num_threads()}|{key}"
    digest = hashlib.sha256(facts.encode()).hexdigest()[:24]
    remembered = _read()
    if remembered.get(digest) not in ("float32", "bfloat16"):
        network = make().to(device, memory_format=torch.channels_last).eval()
        seconds = {name: _seconds(network, device, getattr(torch, name)) for name in ("float32", "bfloat16")}
        # A tie goes to float32.
        remembered[digest] = "bfloat16" if seconds["bfloat16"] < 0.9 * seconds["float32"] else "float32"
        _write(remembered)
    return remembered[digest]


@torch.inference_mode()
def _seconds(network: nn.Module, device: str, dtype: torch.dtype) -> float:
    config = network.config
    network = network.to(dtype)
    options = {"device": device, "dtype": dtype}
    inputs = (
        torch.zeros(1, 5 + config.n_classes, _SIDE, _SIDE, **options),
        torch.zeros(1, device=device),
        torch.zeros(1, config.condition_channels, _SIDE, _SIDE, **options),
        torch.ones(1, 1, _SIDE, _SIDE, **options),
        torch.zeros(1, device=device, dtype=torch.long),
        torch.zeros(1, 8, config.text_channels, **options),
        torch.ones(1, 8, device=device, dtype=torch.bool),
    )
    times = []
    for _ in range(_REPEATS + 1):
        start = time.perf_counter()
        # Reading a number waits for the device.
        network(*inputs).continuous.sum().item()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def _read() -> dict[str, str]:
    try:
        value = json.loads(cache_file().read_text(encoding="utf-8"))
        return value if isinstance(value, dict) else {}
    except (OSError, ValueError):
        return {}


def _write(remembered: dict[str, str]) -> None:
    file = cache_file()
    beside = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(remembered, indent=2), encoding="utf-8")
        os.replace(beside, file)
    except OSError:
        # A home that cannot be written costs a second each start, no more.
        with contextlib.suppress(OSError):
            beside.unlink()
