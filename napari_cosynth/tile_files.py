"""A tile as files: image, labels, an overlay to look at, and all it takes to make it again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from napari_cosynth.layout import plain_message
from napari_cosynth.overlay import overlay
from napari_cosynth.quality import LayoutReport
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import ProducedNucleus, SyntheticTile
from napari_cosynth.tile_png import png_array, png_bytes
from napari_cosynth.writing import MAX_NAME, write_together

SCHEMA_VERSION = 1
KIND = "napari-cosynth tile"
_PACKAGES = ("napari-cosynth", "torch", "diffusers", "transformers", "numpy", "scikit-image", "scipy")


Read = Callable[[Path], bytes]


class TileFileError(ValueError):
    """A tile whose files cannot be read or written, and why."""


def write_tile(tile: SyntheticTile, folder: Path, stem: str, source: str = "") -> dict[str, Path]:
    """Write a tile's five files; all of them appear, or none.

    ``STEM.png`` RGB with the request in iTXt and marked as synthetic;
    ``STEM-instances.png`` 16-bit label ids; ``STEM-semantic.png`` 8-bit, class id
    + 1; ``STEM-overlay.png`` contours by class, twice the size, to look at;
    ``STEM.json`` the record.

    Parameters
    ----------
    source
        Where the layout came from, for the record.

    Returns
    -------
    Paths by "image", "instances", "semantic", "overlay", "record".

    Raises
    ------
    OSError
        If the disk or the folder refuses.
    ValueError
        If a label id does not fit into 16 bits.
    """
    pictures = tile_pictures(tile)
    paths = {key: folder / name for key, name in file_names(stem).items()}
    class_of = {n.id: n.class_id for n in tile.nuclei}
    layout = tile.request.layout
    drawn = overlay(
        tile.image,
        tile.instances,
        class_of,
        layout.taxonomy,
        points=layout.centroids,
        point_classes=layout.class_ids,
        scale=2,
    )
    record = tile_record(tile, source) | {"files": {key: path.name for key, path in paths.items() if key != "record"}}
    write_together(
        {
            **{paths[key]: png_bytes(array, tile.request) for key, array in pictures.items()},
            paths["overlay"]: png_bytes(drawn, tile.request),
            paths["record"]: (json.dumps(record, indent=2) + "\n").encode(),
        }
    )
    return paths


def file_names(stem: str) -> dict[str, str]:
    """Names of a tile's files: "image", "instances", "semantic", "overlay", "record"."""
    pictures = {key: f"{stem}-{key}.png" for key in ("instances", "semantic", "overlay")}
    return {"image": f"{stem}.png", **pictures, "record": f"{stem}.json"}


def refuse_long_stems(stems: Iterable[str]) -> None:
    """Refuse names of tiles that no file could have, before a tile is made in vain.

    Raises
    ------
    ValueError
        Naming the first one.
    """
    for stem in stems:
        longest = max(file_names(stem).values(), key=len)
        size = len(os.fsencode(longest))
        if size > MAX_NAME:
            raise ValueError(
                f"{longest}: {size} bytes; the name of a file can have at most {MAX_NAME}. "
                f"Shorten the name that it comes from by {size - MAX_NAME} bytes"
            )


def tile_pictures(tile: SyntheticTile) -> dict[str, np.ndarray]:
    """The tile's arrays as their PNGs hold them: image, instances as uint16, semantic.

    Raises
    ------
    TileFileError
        If a label id does not fit into 16 bits.
    """
    if tile.instances.max(initial=0) > np.iinfo(np.uint16).max:
        raise TileFileError(f"label id {tile.instances.max()} does not fit into a 16-bit PNG (at most 65535)")
    return {"image": tile.image, "instances": tile.instances.astype(np.uint16), "semantic": tile.semantic}


def tile_record(tile: SyntheticTile, source: str = "") -> dict[str, Any]:
    """What the JSON file says: the request, versions, nuclei, report and content hashes."""
    names = tile.request.layout.taxonomy.names
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "synthetic": True,
        "source": source,
        "request": tile.request.model_dump(mode="json"),
        "versions": dict(tile.versions or _versions()),
        "summary": tile.report.sentence() if tile.report else "",
        "report": tile.report.model_dump(mode="json") if tile.report else None,
        "verdict": tile.verdict,
        "edited": tile.edited,
        "training_distance": tile.training_distance,
        "nuclei": [n.model_dump(mode="json") | {"class": names[n.class_id]} for n in tile.nuclei],
        "sha256": content_hashes(tile),
    }


def content_hashes(tile: SyntheticTile) -> dict[str, str]:
    """sha256 of each array's bytes: what "identical" means."""
    arrays = {"image": tile.image, "instances": tile.instances, "semantic": tile.semantic}
    return {key: hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for key, a in arrays.items()}


def read_record(path: Path, read: Read = Path.read_bytes) -> tuple[SynthesisRequest, dict[str, Any]]:
    """The request and the whole record of a tile's JSON file.

    Parameters
    ----------
    path
        Where the file lies, or lies within a project.
    read
        Gives a file's content, or raises OSError.

    Raises
    ------
    TileFileError
        If it cannot be read or is not such a file; the message begins with its path.
    """
    try:
        record = json.loads(read(path).decode("utf-8"))
    except OSError as error:
        raise TileFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise TileFileError(f"{path}: is not JSON ({error}); give the .json file of a tile") from error
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise TileFileError(f"{path}: is not the record of a tile; give a .json file that `synth` wrote")
    if record.get("schema_version") != SCHEMA_VERSION:
        raise TileFileError(
            f"{path}: has schema version {record.get('schema_version')}; this program reads {SCHEMA_VERSION}. "
            "Use the program version that wrote it"
        )
    if not isinstance(record.get("sha256"), dict):
        raise TileFileError(f"{path}: has no content hashes (sha256); give the file as `synth` wrote it")
    try:
        return SynthesisRequest.model_validate(record.get("request")), record
    except ValidationError as error:
        raise TileFileError(f"{path}: its request is damaged: {plain_message(error)}") from error


def read_tile(record_path: Path, read: Read = Path.read_bytes) -> SyntheticTile:
    """A tile as `write_tile` wrote it, to the last bit.

    Parameters
    ----------
    record_path
        The tile's ``.json`` file; the pictures that it names lie beside it.
    read
        As in `read_record`.

    Raises
    ------
    TileFileError
        If a file is missing, damaged or no longer what the record says; the
        message begins with its path.
    """
    record_path = Path(record_path)
    request, record = read_record(record_path, read)
    size = (request.layout.height, request.layout.width)
    try:
        report = record.get("report")
        tile = SyntheticTile(
            image=_picture(record_path, record, "image", size, read),
            semantic=_picture(record_path, record, "semantic", size, read),
            instances=_picture(record_path, record, "instances", size, read).astype(np.int32),
            nuclei=nuclei_of(record_path, record),
            request=request,
            verdict=record.get("verdict", "undecided"),
            edited=record.get("edited") is True,
            report=None if report is None else LayoutReport.model_validate(report),
            versions=_texts(record.get("versions")),
            training_distance=record.get("training_distance"),
        )
    except TileFileError:
        raise
    except ValidationError as error:
        raise TileFileError(f"{record_path}: is damaged: {plain_message(error)}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise TileFileError(f"{record_path}: does not describe a tile ({error}); make the tile again") from error
    changed = [key for key, value in content_hashes(tile).items() if record["sha256"].get(key) != value]
    if changed:
        raise TileFileError(
            f"{record_path}: {', '.join(changed)} beside it is not what was written with it; "
            "restore the files, or make the tile again"
        )
    return tile


def nuclei_of(record_path: Path, record: dict[str, Any]) -> tuple[ProducedNucleus, ...]:
    """The nuclei that a tile's record lists.

    Raises
    ------
    TileFileError
        If they are not as `tile_record` writes them.
    """
    try:
        return tuple(ProducedNucleus(**{k: v for k, v in n.items() if k != "class"}) for n in record["nuclei"])
    except ValidationError as error:
        raise TileFileError(f"{record_path}: its nuclei are damaged: {plain_message(error)}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise TileFileError(f"{record_path}: has no list of nuclei; make the tile again") from error


def tile_records(folder: Path) -> Iterator[Path]:
    """The tiles' ``.json`` files in a folder, by name; other programs' JSON is passed over.

    Raises
    ------
    TileFileError
        If it is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TileFileError(f"{folder}: is not a folder; give the folder that `synth` wrote tiles to")
    for path in sorted(folder.glob("*.json")):
        # By its text, not as JSON: a record that was cut short is to be reported, not passed over.
        if not path.name.startswith(".") and path.is_file() and KIND in path.read_text("utf-8", errors="replace"):
            yield path


def read_tiles(folder: Path) -> Iterator[SyntheticTile]:
    """The tiles of a folder by name of their files, each read when it is asked for.

    Raises
    ------
    TileFileError
        As `tile_records` and `read_tile` do.
    """
    return map(read_tile, tile_records(folder))


def _picture(record_path: Path, record: dict[str, Any], key: str, size: tuple[int, int], read: Read) -> np.ndarray:
    name = record["files"][key]
    # A record can come from anyone: it may name files of its own folder alone.
    if not isinstance(name, str) or Path(name).name != name or "\\" in name:
        raise TileFileError(f"{record_path}: names the {key} {name!r}; a plain name of a file beside it is allowed")
    path = record_path.with_name(name)
    try:
        return png_array(read(path), size, np.uint16 if key == "instances" else np.uint8)
    except FileNotFoundError as error:
        raise TileFileError(f"{path}: is not there, but {record_path.name} names it; restore it") from error
    except (OSError, ValueError) as error:
        raise TileFileError(f"{path}: cannot be read as PNG ({error}); restore it, or make the tile again") from error


def _texts(value: Any) -> dict[str, str] | None:
    return {key: str(text) for key, text in value.items()} if isinstance(value, dict) else None


@cache
def _versions() -> dict[str, str]:
    return {p: _version(p) for p in _PACKAGES} | {"python": platform.python_version()}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
