"""Which class of a format stands for which of ours: shown, changeable, and never a silent loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from napari_cosynth.counted import counted
from napari_cosynth.export import FORMATS
from napari_cosynth.export.exporter import ClassTable, ExportError


class ClassChange(BaseModel):
    """One line of the table that the user changed: our class ``ours`` becomes ``theirs``.

    Without a format, in every format that has the class ``theirs``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ours: str
    theirs: str
    format: str | None = None

    @classmethod
    def parse(cls, text: str) -> ClassChange:
        """Read ``other=dead`` or ``pannuke:other=dead``.

        Raises
        ------
        ExportError
            If the text is of another form, or the format is unknown.
        """
        before, equals, theirs = text.partition("=")
        key, colon, ours = before.rpartition(":")
        if not equals or not ours.strip() or not theirs.strip() or (colon and key.strip() not in FORMATS):
            raise ExportError(
                f"{text!r} is not CLASS=CLASS or FORMAT:CLASS=CLASS, such as other=dead or pannuke:other=dead"
            )
        return cls(ours=ours.strip().lower(), theirs=theirs.strip().lower(), format=key.strip() or None)


def class_tables(
    formats: Sequence[str], nuclei: Mapping[str, int], names: Iterable[str], changes: Sequence[ClassChange] = ()
) -> dict[str, ClassTable]:
    """The table of each chosen format whose classes are fixed.

    Parameters
    ----------
    formats
        Keys of `FORMATS`.
    nuclei
        Nuclei to be exported of each of our classes; what does not occur needs no counterpart.
    names
        All of our classes, in order.
    changes
        What the user decided; the last one on a class holds.

    Raises
    ------
    ExportError
        If a class that occurs has no counterpart, or a change names an unknown class.
    """
    names = list(names)
    fixed = {key: FORMATS[key].classes for key in formats if FORMATS[key].classes is not None}
    tables = {key: {n: c.defaults[n] for n in names if n in c.defaults} for key, c in fixed.items()}
    for change in changes:
        if change.ours not in names:
            raise ExportError(f"the tiles have no class {change.ours!r}; they have: {', '.join(names)}")
        asked = [key for key in fixed if change.format in (None, key)]
        takes = [key for key in asked if change.theirs in fixed[key].values]
        if not takes:
            known = "; ".join(f"{key} has {', '.join(fixed[key].values)}" for key in asked or fixed)
            raise ExportError(
                f"no chosen format maps {change.ours!r} to {change.theirs!r}; "
                + (known or f"{', '.join(formats)}: classes keep their own names, so leave the mapping out")
            )
        for key in takes:
            tables[key][change.ours] = change.theirs
    for key, table in tables.items():
        missing = [name for name in names if nuclei.get(name) and name not in table]
        lost = [f"{name} ({counted(nuclei[name], 'nucleus', 'nuclei')})" for name in missing]
        if lost:
            change = f"{key}:{lost[0].split(' (')[0]}={next(reversed(fixed[key].values))}"
            raise ExportError(
                f"{key} has no class for {', '.join(lost)}; say which of its classes stands for each: "
                f'{", ".join(fixed[key].values)}. For example --map {change}, in a plan map = ["{change}"]'
            )
    return {key: {name: table[name] for name in names if name in table} for key, table in tables.items()}
