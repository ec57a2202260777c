"""OME-TIFF: image, instances and classes of a tile in one file, with its pixel size."""

from __future__ import annotations

import io
import uuid

import tifffile

from napari_cosynth.export.exporter import NOTICE, ClassTable, Encoded, Exporter, Item
from napari_cosynth.tile_files import content_hashes, tile_pictures


def _encode(item: Item, table: ClassTable) -> Encoded:
    tile, pictures = item.tile, tile_pictures(item.tile)
    um_per_px = tile.request.layout.um_per_px
    classes = "; ".join(f"{i + 1} {name}" for i, name in enumerate(item.taxonomy.names))
    common = {
        **{f"PhysicalSize{axis}": um_per_px for axis in "XY"},
        **{f"PhysicalSize{axis}Unit": "µm" for axis in "XY"},
        # From the content, not by chance: the same tile gives the same file.
        "UUID": uuid.uuid5(uuid.NAMESPACE_OID, "".join(content_hashes(tile).values())).urn,
    }
    series = (
        ("image", tile.image, "rgb", "YXS", f"{NOTICE} Request: {tile.request.model_dump_json()}"),
        ("instances", pictures["instances"], "minisblack", "YX", "Label ids of the nuclei; 0 = background"),
        ("semantic", tile.semantic, "minisblack", "YX", f"0 background; {classes}"),
    )
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, ome=True) as writer:
        for name, array, photometric, axes, description in series:
            writer.write(
                array,
                photometric=photometric,
                compression="zlib",
                resolution=(1e4 / um_per_px, 1e4 / um_per_px),
                resolutionunit="CENTIMETER",
                metadata={"axes": axes, "Name": name, "Description": description, **common},
            )
    return Encoded({f"{item.split}/{item.name}.ome.tif": stream.getvalue()})


OMETIFF = Exporter(title="OME-TIFF, image and labels, um/px", suffixes=(".ome.tif",), encode=_encode)
