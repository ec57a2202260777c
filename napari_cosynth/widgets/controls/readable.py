"""Errors as sentences for the user: what went wrong and what to do. It knows no Qt."""

from __future__ import annotations

from pydantic import ValidationError

from napari_cosynth.events import SynthesisError
from napari_cosynth.layout import plain_message
from napari_cosynth.synthesis import is_out_of_memory


def readable(error: BaseException) -> str:
    """What went wrong and what to do, as sentences for the user."""
    if isinstance(error, ValidationError):
        text = plain_message(error)
    elif is_out_of_memory(error) and not isinstance(error, SynthesisError):
        text = "not enough memory for this tile. Choose a smaller tile, close other programs, or choose another device"
    elif isinstance(error, SynthesisError) and str(error):
        text = str(error)
    elif isinstance(error, ImportError):
        text = f"a part of the installation is missing: {error}. Install napari-cosynth again and restart napari"
    elif isinstance(error, OSError):
        text = (
            f"a file could not be read: {error}. If it belongs to the model, fetch the model anew or choose another one"
        )
    elif not isinstance(error, Exception):
        text = f"the run was interrupted ({type(error).__name__}). Press Generate to start it again"
    else:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        text = (
            f"the tile could not be made ({said}). Press Generate to try again; if that does not help, choose another "
            "device under Advanced or restart napari"
        )
    return sentence(text)


def sentence(text: str) -> str:
    """A message as a sentence: errors begin in lower case and end without a stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
