"""TissueModel: what is known of how nuclei stand in a tissue.

A frozen value with a JSON form. It holds statistics of many tiles and no
nucleus of any of them, and does not know how it is fitted or sampled.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from napari_cosynth.layout import plain_message
from napari_cosynth.writing import write_together

SCHEMA_VERSION = 1

Quantiles = Annotated[tuple[float, ...], Field(min_length=11, max_length=11)]
"""The 0th, 10th, ... 100th percentile."""


def checked_name(name: str, what: str = "tissue") -> str:
    """``name`` if a tissue, or ``what`` else files are named after, can be called so.

    Raises
    ------
    ValueError
        With an example.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise ValueError(f"a {what} cannot be called {name!r}; use a-z, 0-9, - and _, such as colon-normal")
    return name


class PairInteraction(BaseModel):
    """How two classes attract or avoid each other at short distance.

    Parameters
    ----------
    first, second
        Names of the classes; the interaction is mutual.
    hard_core_um
        No two nuclei of these classes are nearer, um.
    log_interaction
        Natural logarithm of the interaction, one value a bin of ``bin_um``;
        above 0 attracts, 0 beyond the last bin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    hard_core_um: float = Field(ge=0, le=10)
    log_interaction: tuple[float, ...]


class Clustering(BaseModel):
    """Large-scale density that differs from place to place: one scale of a log-Gaussian field.

    Parameters
    ----------
    scale_um
        The correlation falls as exp(-r^2 / (2 scale^2)).
    covariance
        (C, C) in the order of the classes: how much the classes' densities vary,
        and whether together (above 0) or in each other's place (below 0).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale_um: float = Field(gt=0)
    covariance: tuple[tuple[float, ...], ...]


class Process(BaseModel):
    """A multi-type point process for given counts: pair interaction and clustering.

    Parameters
    ----------
    classes
        Names, in the order of all matrices.
    bin_um
        Width of the bins of the interactions, um.
    clustering_spread
        Standard deviation of the logarithm of the clustering's strength from tile to tile.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    classes: tuple[str, ...] = Field(min_length=1)
    bin_um: float = Field(gt=0)
    interactions: tuple[PairInteraction, ...]
    clustering: tuple[Clustering, ...] = ()
    clustering_spread: float = Field(default=0.0, ge=0, le=1.5)

    @model_validator(mode="after")
    def _matrices_fit(self) -> Self:
        n = len(self.classes)
        pairs = {frozenset((i.first, i.second)) for i in self.interactions}
        wanted = {frozenset((a, b)) for a in self.classes for b in self.classes}
        if len(set(self.classes)) != n or pairs != wanted or len(self.interactions) != len(wanted):
            raise ValueError(f"give one interaction for each pair of the classes {', '.join(self.classes)}")
        if len({len(i.log_interaction) for i in self.interactions}) != 1:
            raise ValueError("all interactions need as many bins")
        for part in self.clustering:
            matrix = np.array(part.covariance) if len({len(r) for r in part.covariance}) == 1 else np.zeros(0)
            if matrix.shape != (n, n) or not np.allclose(matrix, matrix.T):
                raise ValueError(f"the covariance at {part.scale_um:g} um must be symmetric, {n} x {n}")
            if np.linalg.eigvalsh(matrix).min() < -1e-3:
                raise ValueError(f"the covariance at {part.scale_um:g} um has a negative eigenvalue; fit it again")
        return self

    @property
    def range_um(self) -> float:
        """Beyond this distance there is no pair interaction, um."""
        return self.bin_um * len(self.interactions[0].log_interaction)

    def id_of(self, name: str) -> int:
        """Index of a class.

        Raises
        ------
        ValueError
            Listing the tissue's classes.
        """
        if name not in self.classes:
            raise ValueError(f"the tissue has no class {name!r}; it has {', '.join(self.classes)}")
        return self.classes.index(name)

    def hard_cores(self) -> np.ndarray:
        """float64 (C, C): hard core of each pair of classes, um."""
        return self._by_pair([i.hard_core_um for i in self.interactions])

    def log_interactions(self) -> np.ndarray:
        """float64 (C, C, bins): log-interaction of each pair of classes."""
        return self._by_pair([i.log_interaction for i in self.interactions])

    def _by_pair(self, values: list) -> np.ndarray:
        n = len(self.classes)
        matrix = np.zeros((n, n, *np.shape(values[0])))
        for pair, value in zip(self.interactions, values, strict=True):
            i, j = self.id_of(pair.first), self.id_of(pair.second)
            matrix[i, j] = matrix[j, i] = value
        return matrix


class TissueModel(Process):
    """The point process of a tissue with its densities and class mix.

    Parameters
    ----------
    name
        Identifier, also the stem of its file.
    source, licence, n_tiles, n_nuclei
        What it was fitted on.
    complete
        False if nuclei were left out of the labels: densities are then too low.
    total_per_mm2, per_mm2
        Density over windows of the tissue, of all nuclei and of each class.
    mix_mean, mix_concentration
        Dirichlet distribution of the class mix.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    source: str = ""
    licence: str = ""
    n_tiles: int = Field(ge=1)
    n_nuclei: int = Field(ge=1)
    complete: bool = True
    total_per_mm2: Quantiles
    per_mm2: dict[str, Quantiles]
    mix_mean: tuple[float, ...]
    mix_concentration: float = Field(gt=0)

    @field_validator("name")
    @classmethod
    def _name_is_a_file_stem(cls, value: str) -> str:
        return checked_name(value)

    @model_validator(mode="after")
    def _every_class_has_its_share(self) -> Self:
        n = len(self.classes)
        if len(self.mix_mean) != n or set(self.per_mm2) != set(self.classes):
            raise ValueError(f"mix_mean and per_mm2 need one entry for each of the {n} classes")
        return self

    def write(self, path: Path) -> None:
        """Write as JSON, whole or not at all."""
        text = json.dumps(self.model_dump(mode="json"), indent=1)
        write_together({Path(path): (text + "\n").encode()})


def read_tissue(path: str | Path) -> TissueModel:
    """Tissue model of a JSON file.

    Raises
    ------
    ValueError
        Naming the file and what is wrong in it.
    """
    path = Path(path)
    try:
        return TissueModel.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ValueError(f"{path}: no tissue model of version {SCHEMA_VERSION}: {plain_message(error)}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}; check the name") from error
