"""Which error ends with which exit code and sentence."""

from __future__ import annotations

import errno
import os

import pytest
import typer

from napari_cosynth.cli.outcome import outcome
from napari_cosynth.synthesis import RequestError, SynthesisError


def ended(error, capsys, **options):
    with pytest.raises(typer.Exit) as caught, outcome(**options):
        raise error
    return caught.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ValueError("wrong"), 2, "wrong"),
        (RequestError("another model"), 2, "another model"),
        (SynthesisError("broke"), 1, "broke"),
        (FileNotFoundError("no data set here"), 2, "no data set here"),
        (
            OSError(errno.ENOENT, os.strerror(errno.ENOENT), "a.png"),
            2,
            "a.png: No such file or directory; check the name",
        ),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.png"),
            1,
            "a.png: No space left on device; free some space or choose another disk",
        ),
        (
            OSError(errno.EACCES, os.strerror(errno.EACCES), "a.png"),
            1,
            "a.png: Permission denied; choose a place that you may write to, or change its permissions",
        ),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
        (
            RuntimeError("CUDA out of memory"),
            1,
            "not enough memory (CUDA out of memory); close other programs, or ask for less at once",
        ),
        (KeyboardInterrupt(), 1, "stopped; nothing was written"),
        (ValueError("a [b] [/b] :smile: \\[c]"), 2, "a [b] [/b] :smile: \\[c]"),
    ],
)
def test_code_and_message(error, code, message, capsys):
    assert ended(error, capsys) == (code, f"Error: {message}\n")


def test_a_command_may_say_what_an_interrupt_leaves(capsys):
    assert ended(KeyboardInterrupt(), capsys, stopped="stopped; half of it is there") == (
        1,
        "Error: stopped; half of it is there\n",
    )


def test_exit_codes_of_the_command_itself_pass(capsys):
    with pytest.raises(typer.Exit) as caught, outcome():
        raise typer.Exit(7)
    assert caught.value.exit_code == 7 and capsys.readouterr().err == ""


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(RuntimeError, match="a bug"), outcome():
        raise RuntimeError("a bug")
