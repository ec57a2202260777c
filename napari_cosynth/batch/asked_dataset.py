"""Whether the data set that a plan asks for can be, as far as the plan alone tells: before any tile is made."""

from __future__ import annotations

from collections.abc import Mapping

from napari_cosynth.batch.plan import Group, Plan, PlanError
from napari_cosynth.classes import UNSPECIFIED, Taxonomy
from napari_cosynth.export import FORMATS
from napari_cosynth.export.class_tables import class_tables
from napari_cosynth.export.exporter import ExportError
from napari_cosynth.export.splitting import SPLITS, assign_splits
from napari_cosynth.layout import Layout
from napari_cosynth.layouts.model import TissueModel


def refuse_dataset(
    plan: Plan, tissues: Mapping[str, TissueModel], layouts: Mapping[str, Mapping[str, Layout]], taxonomy: Taxonomy
) -> None:
    """Refuse an ``[export]`` that cannot be done with the classes and layouts of the groups.

    Parameters
    ----------
    tissues, layouts
        As `work.tissues_of` and `work.layouts_of` give them.

    Raises
    ------
    PlanError
        A line for each key at fault.
    """
    table, faults = plan.export, []
    if table is None:
        return
    asked: set[str] = set()
    for group in plan.group:
        asked |= _asked(group, tissues, layouts)
    # A nucleus without a stated class comes out with one.
    asked -= {UNSPECIFIED}
    try:
        tables = class_tables(table.formats, {}, taxonomy.names, table.options.changes)
    except ExportError as error:
        tables, faults = {}, [f'[export], key "map": {error}']
    for key, counterparts in tables.items():
        lost = [name for name in taxonomy.names if name in asked and name not in counterparts]
        if lost:
            theirs = list(FORMATS[key].classes.values)
            changes = ", ".join(f'"{key}:{name}={theirs[-1]}"' for name in lost)
            faults.append(
                f'[export], key "map": {key} has no class for {", ".join(lost)}; say which of its classes stands for '
                f"each: {', '.join(theirs)}. For example map = [{changes}]"
            )
    if table.split is not None:
        try:
            assign_splits({str(i): 1 for i in range(min(plan.n_layouts, len(SPLITS)))}, table.split)
        except ExportError as error:
            faults.append(f'[export], key "split": {error}')
    if faults:
        raise PlanError("\n".join(faults))


def _asked(group: Group, tissues: Mapping[str, TissueModel], layouts: Mapping[str, Mapping[str, Layout]]) -> set[str]:
    """Names of the classes of its nuclei."""
    if group.files:
        return {name for layout in layouts[group.name].values() for name, n in layout.counts().items() if n}
    if group.total == 0:
        return set()
    if group.counts is not None or group.mix is not None:
        return {name for name, n in (group.counts or group.mix or {}).items() if n}
    return set(tissues[group.name].classes)
