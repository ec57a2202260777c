"""Where the bundled models and the sample layouts lie.

In a checkout they stand beside the package, in an installed wheel inside it.
Nothing else in the project may build such a path. It opens no model.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from napari_cosynth.layout import Layout
from napari_cosynth.layout_io import read_layout

_PACKAGE = Path(__file__).resolve().parent


class Sample(BaseModel):
    """A sample layout and the prompt that goes with it.

    Parameters
    ----------
    name
        Identifier, also the stem of ``file``.
    file
        CSV file in ``sample_data_dir()``.
    prompt
        Prompt for the bundled model.
    height, width
        Size of the tile in px.
    um_per_px
        Pixel size in micrometres.
    description
        What the layout shows, one sentence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: str
    prompt: str
    height: int
    width: int
    um_per_px: float
    description: str

    @property
    def path(self) -> Path:
        """The CSV file."""
        return sample_data_dir() / self.file

    def layout(self) -> Layout:
        """Read the layout."""
        return read_layout(self.path, size=(self.height, self.width), um_per_px=self.um_per_px)


def models_dir() -> Path:
    """Folder of the bundled models, one folder each.

    Raises
    ------
    FileNotFoundError
        Naming both places where it could be.
    """
    return _folder("models")


def sample_data_dir() -> Path:
    """Folder of the sample layouts and their index ``samples.json``.

    Raises
    ------
    FileNotFoundError
        Naming both places where it could be.
    """
    return _folder("sample_data")


def samples() -> list[Sample]:
    """The sample layouts in the order of their index."""
    return TypeAdapter(list[Sample]).validate_json((sample_data_dir() / "samples.json").read_bytes())


def _folder(name: str) -> Path:
    # The wheel's place first: beside an installed package lie folders of others.
    places = (_PACKAGE / "_resources" / name, _PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"no folder {name!r}: neither {places[0]} (installed) nor {places[1]} (checkout) is there; "
        f"install napari-cosynth again, or get a complete checkout"
    )
