"""``dataset.json``: all that is known of a data set, enough to make every tile of it again.

The head, about the whole, comes first; a line a tile follows, so that writing
it takes no more memory for many tiles than for few.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from napari_cosynth.export.copy_check import CopyCheck
from napari_cosynth.export.exporter import NOTICE, Item
from napari_cosynth.export.model_card import licence_of
from napari_cosynth.export.plan import LeftOut, Plan
from napari_cosynth.export.splitting import SPLITS
from napari_cosynth.layout import plain_message
from napari_cosynth.request import SynthesisRequest
from napari_cosynth.tile_files import content_hashes

KIND = "napari-cosynth dataset"
SCHEMA_VERSION = 1
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_PACKAGES = ("napari-cosynth", "numpy", "pillow", "pycocotools", "scipy", "shapely", "tifffile")


class ManifestError(ValueError):
    """A ``dataset.json`` that cannot be read, and why."""


def about_tile(item: Item, record: dict[str, Any]) -> dict[str, Any]:
    """A tile's line: where it came from, what it holds, and its request."""
    tile, names = item.tile, item.taxonomy.names
    return {
        "name": item.name,
        "split": item.split,
        "group": item.group,
        "source": str(record.get("source", "")),
        "verdict": tile.verdict,
        "edited": tile.edited,
        "training_distance": tile.training_distance,
        "too_close": tile.too_close,
        "summary": tile.report.sentence() if tile.report else "",
        "nuclei": dict(Counter(names[n.class_id] for n in tile.nuclei)),
        "sha256": content_hashes(tile),
        "versions": record.get("versions", {}),
        "request": tile.request.model_dump(mode="json"),
    }


def manifest_head(plan: Plan, tiles: Iterable[dict[str, Any]], left_out: Iterable[LeftOut]) -> dict[str, Any]:
    """What `dataset.json` says of the whole.

    Parameters
    ----------
    tiles
        `about_tile` of each tile.
    left_out
        All that is not in the data set.
    """
    tile_counts: Counter[str] = Counter()
    nuclei: dict[str, Counter[str]] = defaultdict(Counter)
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    models: dict[tuple[str, str], int] = Counter()
    groups: dict[str, set[str]] = defaultdict(set)
    seeds: list[int] = []
    copies = CopyCheck()
    for tile in tiles:
        request = tile["request"]
        layout = request["layout"]
        tile_counts[tile["split"]] += 1
        copies.add(tile["name"], tile["training_distance"], tile["too_close"])
        nuclei[tile["split"]].update(tile["nuclei"])
        groups[tile["split"]].add(tile["group"])
        models[request["model"], request["model_hash"]] += 1
        seeds = [min([*seeds, request["seed"]]), max([*seeds, request["seed"]])]
        settings = ("steps", "guidance", "layout_guidance", "dtype", "device", "threads", "batch_size")
        for what, value in (
            ("prompts", request["prompt"]),
            ("verdicts", tile["verdict"]),
            ("edited", "yes" if tile["edited"] else "no"),
            ("sizes_px", f"{layout['height']} x {layout['width']}"),
            ("um_per_px", f"{layout['um_per_px']:g}"),
            ("settings", ", ".join(f"{key} {request[key]}" for key in settings)),
            ("made_with", ", ".join(f"{package} {version}" for package, version in tile["versions"].items())),
        ):
            counted[what][value] += 1
    splits = [split for split in SPLITS if tile_counts[split]]
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "fingerprint": plan.fingerprint,
        "synthetic": True,
        "digital_source_type": SOURCE_TYPE,
        "notice": NOTICE,
        "formats": list(plan.formats),
        "options": plan.options.model_dump(mode="json"),
        "models": [_about_model(name, model_hash, n) for (name, model_hash), n in models.items()],
        "classes": [{"name": c.name, "color": c.color, "description": c.description} for c in plan.taxonomy],
        "class_tables": {key: dict(table) for key, table in plan.tables.items()},
        "counts": {
            split: {"tiles": tile_counts[split], "layouts": len(groups[split]), "nuclei": dict(nuclei[split])}
            for split in splits
        },
        "seeds": {"lowest": seeds[0], "highest": seeds[1]} if seeds else {},
        **{what: dict(counter.most_common()) for what, counter in counted.items()},
        "copy_check": copies.facts(),
        "exported_with": _versions(),
        "left_out": [{"name": left.name, "reason": left.reason} for left in left_out],
    }


def manifest_chunks(head: dict[str, Any], tiles: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """The file in pieces."""
    yield json.dumps(head, indent=1)[:-2].encode()
    yield b',\n "tiles": ['
    comma = "\n"
    for tile in tiles:
        yield (comma + json.dumps(tile)).encode()
        comma = ",\n"
    yield b"\n]}\n"


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a ``dataset.json``; the ``request`` of each tile becomes a `SynthesisRequest`.

    Raises
    ------
    ManifestError
        If it cannot be read or is not such a file; the message begins with its path.
    """
    if Path(path).is_dir():
        raise ManifestError(f"{path}: is a folder; give the dataset.json in it, which `export` wrote")
    try:
        manifest = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: is not JSON ({error}); give the dataset.json that `export` wrote") from error
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ManifestError(f"{path}: is not the manifest of a data set; give the dataset.json that `export` wrote")
    if manifest.get("schema_version") != SCHEMA_VERSION:
        raise ManifestError(
            f"{path}: has schema version {manifest.get('schema_version')}; this program reads {SCHEMA_VERSION}. "
            "Use the program version that wrote it"
        )
    try:
        for tile in manifest["tiles"]:
            tile["request"] = SynthesisRequest.model_validate(tile["request"])
            if not isinstance(tile["name"], str) or not isinstance(tile["sha256"], dict):
                raise TypeError("a tile without name or content hashes")
    except (KeyError, TypeError, ValueError) as error:
        why = plain_message(error) if hasattr(error, "errors") else str(error)
        raise ManifestError(f"{path}: is damaged: {why}; restore it, or export anew") from error
    return manifest


def _about_model(model: str, model_hash: str, tiles: int) -> dict[str, Any]:
    name, text = licence_of(model)
    return {"name": Path(model).name, "hash": model_hash, "tiles": tiles, "licence": name, "licence_text": text}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
