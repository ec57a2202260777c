"""What was measured of a tissue's layouts, as a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from napari_cosynth.layouts.measure import Measurement


def likeness_table(measured: Measurement) -> Table:
    """One row for generated, jittered, random and real layouts each."""
    title = (
        f"{measured.tissue}: {measured.n_windows} windows of {measured.n_groups} patients or slides, "
        f"{measured.n_points / measured.n_windows:.0f} nuclei each, {measured.ms_per_layout:.0f} ms a layout"
    )
    table = Table("layouts", "nearest", "L", "cross-L", "AUC", "counts exact", title=title)
    for row in measured.likeness:
        shares = ("-" if math.isnan(s) else f"{s:.1%}" for s in (row.nearest, row.l, row.cross_l))
        auc = "-" if math.isnan(row.auc) else f"{row.auc:.2f}"
        table.add_row(row.name, *shares, auc, "yes" if row.counts_exact else "no")
    return table
