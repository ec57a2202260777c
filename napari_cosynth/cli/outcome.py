"""How a command speaks and ends: the consoles, messages on standard error, exit codes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from napari_cosynth.layout import plain_message
from napari_cosynth.synthesis import RequestError, SynthesisError, is_out_of_memory
from napari_cosynth.writing import file_trouble, ready_folder

WRONG_INPUT, FAILURE = 2, 1

# File names may hold [brackets] and :colons:, and are printed as they are.
console = Console(markup=False, emoji=False, highlight=False)
errors = Console(stderr=True, markup=False, emoji=False, highlight=False)

_WRONG_PLACE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


@contextmanager
def outcome(stopped: str = "stopped; nothing was written") -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code.

    Parameters
    ----------
    stopped
        What to say after Ctrl-C.
    """
    try:
        yield
    except ValidationError as error:
        _end(plain_message(error), WRONG_INPUT)
    except SynthesisError as error:
        _end(str(error), WRONG_INPUT if isinstance(error, RequestError) else FAILURE)
    except OSError as error:
        _end(file_trouble(error), WRONG_INPUT if isinstance(error, _WRONG_PLACE) else FAILURE)
    except ValueError as error:
        _end(str(error), WRONG_INPUT)
    except (MemoryError, RuntimeError) as error:
        # Exit is a RuntimeError too; what else is none of memory is a fault of the program and shows its traceback.
        if isinstance(error, typer.Exit) or not is_out_of_memory(error):
            raise
        _end(f"not enough memory ({error}); close other programs, or ask for less at once", FAILURE)
    except KeyboardInterrupt:
        _end(stopped, FAILURE)


def say(line: str = "") -> None:
    """Print a line as it is, never broken in two: other programs may read it."""
    console.print(line, soft_wrap=True)


def note(text: str) -> None:
    """Print a hint on standard error."""
    errors.print(f"Note: {text}", soft_wrap=True)


def ready_out(folder: Path) -> None:
    """Make the folder of ``--out`` and see that it can be written, before anything that takes long.

    Raises
    ------
    ValueError
        If the path cannot be such a folder.
    OSError
        If the disk is full.
    """
    try:
        ready_folder(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ValueError(
            f"--out {folder}: files cannot be written there ({error.strerror}); choose a folder that you may write to"
        ) from error


def _end(message: str, code: int) -> None:
    errors.print(Text.assemble(("Error: ", "bold red"), message), soft_wrap=True)
    raise typer.Exit(code)
