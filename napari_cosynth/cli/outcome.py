"""How a command ends: messages on standard error and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console

from napari_cosynth.layout import plain_message
from napari_cosynth.synthesis import SynthesisError

WRONG_INPUT, FAILURE = 2, 1

console = Console()
errors = Console(stderr=True, soft_wrap=True)


@contextmanager
def outcome() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code."""
    try:
        yield
    except ValidationError as error:
        _end(plain_message(error), WRONG_INPUT)
    except (SynthesisError, OSError) as error:
        _end(_sentence(error), FAILURE)
    except ValueError as error:
        _end(str(error), WRONG_INPUT)
    except KeyboardInterrupt:
        _end("stopped; finished tiles are kept, nothing is half-written", FAILURE)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        advice = {
            28: ". Free some space or choose another --out",
            13: ". Choose an --out folder that you may write to",
            30: ". Choose an --out folder that you may write to",
        }.get(error.errno or 0, "")
        return f"{place}{error.strerror}{advice}"
    return str(error)


def _end(message: str, code: int) -> None:
    errors.print(f"[bold red]Error:[/] {message}", highlight=False, markup=True)
    raise typer.Exit(code)
