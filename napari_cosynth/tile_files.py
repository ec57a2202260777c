"""A tile as files: image, labels, an overlay to look at, and all it takes to make it again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import io
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import ValidationError

from napari_cosynth.layout import plain_message
from napari_cosynth.overlay import overlay
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile import SyntheticTile
from napari_cosynth.writing import write_together

SCHEMA_VERSION = 1
KIND = "napari-cosynth tile"
REQUEST_KEY = "napari-cosynth"
"""Keyword of the iTXt chunk that holds the request as JSON."""

# IPTC's digital source type for media made by a trained model; what viewers and archives look for.
_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
    '"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>'
    '<?xpacket end="w"?>'
)
_PACKAGES = ("napari-cosynth", "torch", "diffusers", "transformers", "numpy", "scikit-image", "scipy")


class TileFileError(ValueError):
    """A tile's JSON file that cannot be read, and why."""


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
    if tile.instances.max(initial=0) > np.iinfo(np.uint16).max:
        raise ValueError(f"label id {tile.instances.max()} does not fit into a 16-bit PNG (at most 65535)")
    names = {"image": f"{stem}.png"} | {k: f"{stem}-{k}.png" for k in ("instances", "semantic", "overlay")}
    paths = {key: folder / name for key, name in names.items()} | {"record": folder / f"{stem}.json"}
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
    record = tile_record(tile, source) | {"files": names}
    write_together(
        {
            paths["image"]: png_bytes(tile.image, tile.request),
            paths["instances"]: png_bytes(tile.instances.astype(np.uint16), tile.request),
            paths["semantic"]: png_bytes(tile.semantic, tile.request),
            paths["overlay"]: png_bytes(drawn, tile.request),
            paths["record"]: (json.dumps(record, indent=2) + "\n").encode(),
        }
    )
    return paths


def tile_record(tile: SyntheticTile, source: str = "") -> dict[str, Any]:
    """What the JSON file says: the request, versions, nuclei, report and content hashes."""
    names = tile.request.layout.taxonomy.names
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "synthetic": True,
        "source": source,
        "request": tile.request.model_dump(mode="json"),
        "versions": {p: _version(p) for p in _PACKAGES} | {"python": platform.python_version()},
        "summary": tile.report.sentence() if tile.report else "",
        "report": tile.report.model_dump(mode="json") if tile.report else None,
        "verdict": tile.verdict,
        "edited": tile.edited,
        "nuclei": [n.model_dump(mode="json") | {"class": names[n.class_id]} for n in tile.nuclei],
        "sha256": content_hashes(tile),
    }


def content_hashes(tile: SyntheticTile) -> dict[str, str]:
    """sha256 of each array's bytes: what "identical" means."""
    arrays = {"image": tile.image, "instances": tile.instances, "semantic": tile.semantic}
    return {key: hashlib.sha256(np.ascontiguousarray(a).tobytes()).hexdigest() for key, a in arrays.items()}


def read_record(path: Path) -> tuple[SynthesisRequest, dict[str, Any]]:
    """The request and the whole record of a tile's JSON file.

    Raises
    ------
    TileFileError
        If it cannot be read or is not such a file; the message begins with its path.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TileFileError(f"{path}: cannot be read: {error.strerror}") from error
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


def png_bytes(array: np.ndarray, request: SynthesisRequest) -> bytes:
    """A PNG that carries its request and says that it is synthetic.

    Parameters
    ----------
    array
        uint8 (H, W, 3) or (H, W), or uint16 (H, W).
    """
    info = PngInfo()
    info.add_itxt(REQUEST_KEY, request.model_dump_json())
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    info.add_text("Description", "Synthetic histology tile. For research, not for diagnosis.")
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
