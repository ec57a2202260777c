"""Layout: where the nuclei of a tile shall stand, and of which class.

An immutable value with pure edits. It knows no files and no canvas; point
*indices* count from 0 as in numpy, point *numbers* in messages and label maps
count from 1 (label id of point i is i + 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from napari_cosynth.classes import BUNDLED, Taxonomy
from napari_cosynth.points import (
    PointError,
    allowed_side,
    centroids_of,
    check_apart,
    check_classes,
    check_inside,
    class_ids_of,
)


class Layout(BaseModel):
    """Nucleus centroids with classes on a tile of known size.

    Parameters
    ----------
    centroids
        float64 (N, 2): row, col in px, pixel centres at integers; read-only.
        A tile reaches from -0.5 (included) to height - 0.5 (not included).
    class_ids
        int64 (N,): index into ``taxonomy``; read-only. ``classes``, a list of
        class names, may be given in its place, and stands in JSON.
    height, width
        Size of the tile in px, multiples of 16 from 64 to 1024.
    um_per_px
        Pixel size in micrometres. Models make tiles at 0.25 (40x).
    taxonomy
        The classes. In JSON only where it is not the bundled one.

    Raises
    ------
    pydantic.ValidationError
        A ``ValueError``; ``plain_message`` makes one sentence of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    centroids: np.ndarray = Field(default_factory=lambda: centroids_of(()), validate_default=True)
    class_ids: np.ndarray = Field(default_factory=lambda: class_ids_of(()), validate_default=True)
    height: int = 256
    width: int = 256
    um_per_px: float = Field(default=0.25, gt=0, allow_inf_nan=False)
    taxonomy: Taxonomy = BUNDLED

    @model_validator(mode="before")
    @classmethod
    def _names_to_ids(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "classes" not in data:
            return data
        if "class_ids" in data:
            raise ValueError("give class_ids or classes (names), not both")
        data = dict(data)
        names = data.pop("classes")
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise ValueError(f"classes are {names!r}; give a list with the class name of each point")
        taxonomy = Taxonomy.model_validate(data.get("taxonomy", BUNDLED))
        ids = []
        for index, name in enumerate(names):
            try:
                ids.append(taxonomy.id_of(str(name)))
            except ValueError as error:
                raise PointError(f"point {index + 1}: {error}", index, "class") from None
        return {**data, "class_ids": ids}

    @field_validator("centroids", mode="before")
    @classmethod
    def _centroids_are_pairs(cls, value: Any) -> np.ndarray:
        return centroids_of(value)

    @field_validator("class_ids", mode="before")
    @classmethod
    def _class_ids_are_integers(cls, value: Any) -> np.ndarray:
        return class_ids_of(value)

    @field_validator("height", "width")
    @classmethod
    def _side_is_allowed(cls, value: int, info: ValidationInfo) -> int:
        return allowed_side(info.field_name or "side", value)

    @model_validator(mode="after")
    def _points_are_sound(self) -> Layout:
        if len(self.centroids) != len(self.class_ids):
            raise ValueError(
                f"{len(self.centroids)} centroids but {len(self.class_ids)} classes; give one class for each point"
            )
        check_inside(self.centroids, self.height, self.width)
        check_classes(self.centroids, self.class_ids, self.taxonomy)
        check_apart(self.centroids)
        return self

    @model_serializer(mode="wrap", when_used="json")
    def _readable(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Names instead of ids: a person can read the file, and it survives a
        # taxonomy that gains a class.
        data: dict[str, Any] = {
            "height": self.height,
            "width": self.width,
            "um_per_px": self.um_per_px,
            "centroids": self.centroids.tolist(),
            "classes": list(self.names),
        }
        if self.taxonomy != BUNDLED:
            data["taxonomy"] = self.taxonomy.model_dump(mode="json")
        return data

    def __len__(self) -> int:
        return len(self.centroids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __setstate__(self, state: dict[Any, Any]) -> None:
        # Pickled arrays come back writable.
        super().__setstate__(state)
        self.centroids.setflags(write=False)
        self.class_ids.setflags(write=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Class name of each point."""
        names = self.taxonomy.names
        return tuple(names[i] for i in self.class_ids)

    def counts(self) -> dict[str, int]:
        """Number of points of every class of the taxonomy, zeros included."""
        counts = np.bincount(self.class_ids, minlength=len(self.taxonomy))
        return dict(zip(self.taxonomy.names, counts.tolist(), strict=True))

    def add(self, row: float, col: float, class_id: int) -> Layout:
        """With one more point, the last."""
        return self._with(
            centroids=np.vstack([self.centroids, [(row, col)]]), class_ids=[*self.class_ids.tolist(), class_id]
        )

    def remove(self, indices: Iterable[int]) -> Layout:
        """Without the points at ``indices``; the later ones move up."""
        keep = np.ones(len(self), dtype=bool)
        keep[self._known(indices)] = False
        return self._kept(keep)

    def move(self, index: int, row: float, col: float) -> Layout:
        """With the point at ``index`` in another place."""
        centroids = self.centroids.copy()
        centroids[self._known([index])] = (row, col)
        return self._with(centroids=centroids)

    def reclass(self, indices: Iterable[int], class_id: int) -> Layout:
        """With another class for the points at ``indices``."""
        class_ids = self.class_ids.copy()
        class_ids[self._known(indices)] = class_id
        return self._with(class_ids=class_ids)

    def mirrored(self) -> Layout:
        """Left and right exchanged, as ``numpy.fliplr`` does with the image."""
        rows, cols = self.centroids.T
        return self._with(centroids=_stack(rows, self.width - 1 - cols, self.height, self.width))

    def rotated(self) -> Layout:
        """Turned by 90 degrees counter-clockwise, as ``numpy.rot90`` does."""
        rows, cols = self.centroids.T
        centroids = _stack(self.width - 1 - cols, rows, self.width, self.height)
        return self._with(centroids=centroids, height=self.width, width=self.height)

    def resized(self, height: int, width: int) -> Layout:
        """On a tile of another size at the same scale.

        Points keep their row and col, because tissue does not stretch; those
        beyond the new edge are left out.
        """
        size = np.array([allowed_side("height", height), allowed_side("width", width)])
        return self._kept((self.centroids < size - 0.5).all(axis=1), height=height, width=width)

    def without_points(self) -> Layout:
        """The empty layout of the same tile."""
        return self._kept(np.zeros(len(self), dtype=bool))

    def _with(self, **changes: Any) -> Layout:
        return Layout(**{name: getattr(self, name) for name in Layout.model_fields} | changes)

    def _kept(self, keep: np.ndarray, **changes: Any) -> Layout:
        return self._with(centroids=self.centroids[keep], class_ids=self.class_ids[keep], **changes)

    def _known(self, indices: Iterable[int]) -> list[int]:
        known = [int(i) for i in indices]
        for index in known:
            if not 0 <= index < len(self):
                raise IndexError(f"no point at index {index}: the layout has {len(self)} points, counted from 0")
        return known

    def _content(self) -> tuple[Any, ...]:
        return (
            self.centroids.tobytes(),
            self.class_ids.tobytes(),
            self.height,
            self.width,
            self.um_per_px,
            self.taxonomy,
        )


def plain_message(error: ValidationError) -> str:
    """The faults that pydantic found as plain sentences, one a line."""
    lines = []
    for fault in error.errors(include_url=False):
        if "ctx" in fault and isinstance(fault["ctx"].get("error"), ValueError):
            lines.append(str(fault["ctx"]["error"]))
        else:
            where = ".".join(str(part) for part in fault["loc"])
            lines.append(f"{where}: {fault['msg']}, got {fault['input']!r}"[:500])
    return "\n".join(lines)


def _stack(rows: np.ndarray, cols: np.ndarray, height: int, width: int) -> np.ndarray:
    # The tile's lower bound is its own, the upper is not: what came from exactly
    # -0.5 lands on the largest number that is still inside.
    inside = np.nextafter(np.array([height, width]) - 0.5, 0.0)
    return np.minimum(np.stack([rows, cols], axis=1), inside)
