"""The folder from which the last file of each kind came: where the next one is looked for, also another day."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qtpy.QtCore import QSettings

Kind = Literal["projects", "layouts", "plans", "batches", "exports"]


def last_folder(kind: Kind) -> Path:
    """Where the last file or folder of a kind lies; the home folder if that is gone, or there was none."""
    kept = _settings().value(kind, "")
    folder = Path(str(kept))
    return folder if kept and folder.is_dir() else Path.home()


def remember_folder(kind: Kind, chosen: Path) -> None:
    """Remember the folder in which a file lies, or a folder that was chosen."""
    _settings().setValue(kind, str(chosen.absolute().parent))


def _settings() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-cosynth", "folders")
