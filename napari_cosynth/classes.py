"""Nucleus classes and the taxonomy a model speaks.

A taxonomy is data: every model folder carries its own, and nothing else in the
package knows a class by name. This module knows no arrays and no files.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

UNSPECIFIED = "unspecified"
"""Name of the class of a nucleus whose class nobody stated."""


class NucleusClass(BaseModel):
    """One class of nuclei as users see it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Lower-case identifier, as it stands in CSV files and prompts."""
    color: str
    """Display colour, ``#rrggbb``."""
    key: str
    """Letter that selects the class on the canvas (digits are taken by napari)."""
    description: str = ""

    @field_validator("name")
    @classmethod
    def _name_is_identifier(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_ -]*", value):
            raise ValueError(f"class name {value!r} must be lower case and start with a letter")
        return value

    @field_validator("color")
    @classmethod
    def _color_is_hex(cls, value: str) -> str:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ValueError(f"colour {value!r} is not of the form '#rrggbb'")
        return value.lower()

    @field_validator("key")
    @classmethod
    def _key_is_letter(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z]", value):
            raise ValueError(f"key {value!r} is not one letter")
        return value.upper()

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Display colour as 0-255 integers."""
        red, green, blue = (int(self.color[i : i + 2], 16) for i in (1, 3, 5))
        return red, green, blue


class Taxonomy(BaseModel):
    """The classes of a model, in the fixed order that its tensors use.

    A class id is the index into ``classes`` (0-based). A semantic label map
    stores ``class id + 1``; 0 is background.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[NucleusClass, ...]

    @model_validator(mode="after")
    def _names_and_keys_are_unique(self) -> Taxonomy:
        for what in ("name", "key"):
            values = [getattr(c, what) for c in self.classes]
            twice = sorted({v for v in values if values.count(v) > 1})
            if twice:
                raise ValueError(f"two classes share the {what} {', '.join(twice)}")
        if UNSPECIFIED not in self.names:
            raise ValueError(f"a taxonomy needs the class {UNSPECIFIED!r} for nuclei without one")
        return self

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[NucleusClass]:  # type: ignore[override]
        return iter(self.classes)

    def __getitem__(self, class_id: int) -> NucleusClass:
        return self.classes[class_id]

    @property
    def names(self) -> tuple[str, ...]:
        """Class names in tensor order."""
        return tuple(c.name for c in self.classes)

    @property
    def unspecified(self) -> int:
        """Class id of nuclei without a stated class."""
        return self.names.index(UNSPECIFIED)

    @property
    def stated(self) -> tuple[int, ...]:
        """Class ids other than unspecified: the ones a model predicts."""
        return tuple(i for i, name in enumerate(self.names) if name != UNSPECIFIED)

    def id_of(self, name: str) -> int:
        """Class id of ``name`` (case and outer spaces are ignored).

        Raises
        ------
        ValueError
            If the taxonomy has no such class; the message lists the classes and
            names the closest one.
        """
        wanted = name.strip().lower()
        if wanted in self.names:
            return self.names.index(wanted)
        close = difflib.get_close_matches(wanted, self.names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"unknown class {name!r}; known classes: {', '.join(self.names)}.{hint}")


# Okabe-Ito colours where they contrast with H&E's purple and pink, so that the
# classes stay apart for readers with colour-vision deficiency.
BUNDLED = Taxonomy(
    classes=(
        NucleusClass(name="neoplastic", color="#d55e00", key="N", description="tumour cell"),
        NucleusClass(
            name="inflammatory",
            color="#56e0ff",
            key="I",
            description="lymphocyte, plasma cell, macrophage or granulocyte",
        ),
        NucleusClass(name="connective", color="#f0e442", key="C", description="fibroblast, endothelial or muscle cell"),
        NucleusClass(name="epithelial", color="#00b37d", key="E", description="non-neoplastic epithelial cell"),
        NucleusClass(name="other", color="#ffffff", key="O", description="necrotic, apoptotic, mitotic"),
        NucleusClass(name=UNSPECIFIED, color="#b0b0b0", key="U", description="the model chooses the class"),
        NucleusClass(name="positive", color="#e6007e", key="P", description="IHC-positive (brown) nucleus"),
        NucleusClass(name="negative", color="#3366ff", key="G", description="IHC-negative (blue) nucleus"),
    )
)
"""Taxonomy of the bundled model."""
