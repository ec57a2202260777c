"""What a changed array of points means for the layout: which were added, moved, taken off, and which cannot be.

Arrays and layouts only; it knows no layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_cosynth.layout import Layout
from napari_cosynth.points import MAX_POINTS, MAX_SIDE, MIN_DISTANCE


@dataclass(frozen=True)
class PointsEdit:
    """An edit as the layout takes it.

    Parameters
    ----------
    layout
        With everything that could be taken.
    name
        For undo: "Add nucleus", "Move 3 nuclei".
    refusal
        What could not be taken, why, and what to do; empty if nothing.
    """

    layout: Layout
    name: str
    refusal: str = ""


def edited(layout: Layout, points: np.ndarray, new_class: int | np.ndarray) -> PointsEdit:
    """The layout that follows from an array of points somebody changed.

    A point that stands exactly where one stood is that point. The others are
    moved ones if the number is the same, else new ones. New points outside the
    tile or closer than 1 px to another are refused one by one; a move with such
    a point is refused whole.

    Parameters
    ----------
    layout
        As it was.
    points
        (M, 2) row, col in px.
    new_class
        Class id of new points: one for all, or (M,) one for each row.
    """
    points = np.asarray(points, float) + 0.0
    old = {tuple(point): index for index, point in enumerate(layout.centroids.tolist())}
    at = np.array([old.get(tuple(point), -1) for point in points.tolist()], int)
    # Of several in one place only the first is the old one.
    first = np.zeros(len(at), bool)
    first[np.unique(at, return_index=True)[1]] = True
    at[~first] = -1
    kept = at >= 0
    if len(points) == len(layout) and not kept.all():
        return _moved(layout, points, at)
    if kept.all():
        return _removed(layout, at)
    return _added(layout, points, at, new_class)


def _removed(layout: Layout, at: np.ndarray) -> PointsEdit:
    count = len(layout) - len(at)
    changed = _with(layout, layout.centroids[at], layout.class_ids[at])
    return PointsEdit(changed, f"Delete {_nuclei(count)}" if count else "Reorder nuclei")


def _moved(layout: Layout, points: np.ndarray, at: np.ndarray) -> PointsEdit:
    count = int((at < 0).sum())
    free = ~np.isin(np.arange(len(layout)), at)
    index = np.where(at >= 0, at, np.arange(len(layout)))
    # An array in another order and with moves: what is left goes to what is free.
    if len(np.unique(index)) < len(index):
        index[at < 0] = np.flatnonzero(free)
    reason = _faults(layout, points, at)
    if reason:
        what = "The nucleus was" if count == 1 else "The nuclei were"
        return PointsEdit(layout, "", f"{what} not moved: {_sentence(reason, layout)}")
    return PointsEdit(_with(layout, points, layout.class_ids[index]), f"Move {_nuclei(count)}")


def _added(layout: Layout, points: np.ndarray, at: np.ndarray, new_class: int | np.ndarray) -> PointsEdit:
    faults = _faults(layout, points, at)
    taken = np.array([i not in faults for i in range(len(points))], bool)
    room = MAX_POINTS - int(taken.sum())
    if room < 0:
        surplus = np.flatnonzero(taken & (at < 0))[room:]
        taken[surplus] = False
        faults |= dict.fromkeys(surplus.tolist(), "full")
    class_ids = np.broadcast_to(new_class, len(at)).copy()
    class_ids[at >= 0] = layout.class_ids[at[at >= 0]]
    added = int((taken & (at < 0)).sum())
    refusal = ""
    if faults:
        wanted = added + len(faults)
        what = "The nucleus was" if wanted == 1 else f"{len(faults)} of {wanted} nuclei were"
        refusal = f"{what} not added: {_sentence(faults, layout)}"
    changed = _with(layout, points[taken], class_ids[taken])
    return PointsEdit(changed, f"Add {_nuclei(added)}" if added else "Change nuclei", refusal)


def _faults(layout: Layout, points: np.ndarray, at: np.ndarray) -> dict[int, str]:
    """Why each of the changed points cannot stay, by index."""
    size = np.array([layout.height, layout.width])
    with np.errstate(invalid="ignore"):
        inside = ((points >= -0.5) & (points < size - 0.5)).all(axis=1)  # False for NaN
    faults = {int(i): "outside" for i in np.flatnonzero(~inside & (at < 0))}
    places = np.where(inside[:, None], points, -1e6 * (np.arange(len(points))[:, None] + 1))
    # Late: it would slow the opening of the dock.
    from scipy.spatial import cKDTree

    pairs = cKDTree(places).query_pairs(np.sqrt(MIN_DISTANCE**2 - 1e-9), output_type="ndarray")
    # Of two in one place the changed one goes, of two changed ones the later.
    for one, other in sorted((min(pair), max(pair)) for pair in pairs.tolist()):
        if one in faults or other in faults:
            continue
        faults[other if at[other] < 0 else one] = "close"
    return faults


def _sentence(faults: dict[int, str], layout: Layout) -> str:
    reasons = {
        "outside": f"outside the tile of {layout.height} x {layout.width} px. Place it inside the border"
        + ("" if min(layout.height, layout.width) == MAX_SIDE else ", or choose a larger tile"),
        "close": f"less than {MIN_DISTANCE:g} px from another nucleus. Zoom in, and place it a little apart",
        "full": f"a tile holds at most {MAX_POINTS} nuclei. Make several smaller tiles",
    }
    return "; ".join(text for kind, text in reasons.items() if kind in faults.values())


def _with(layout: Layout, centroids: np.ndarray, class_ids: np.ndarray) -> Layout:
    return Layout(**dict(layout) | {"centroids": centroids, "class_ids": class_ids})


def _nuclei(count: int) -> str:
    return "nucleus" if count == 1 else f"{count} nuclei"
