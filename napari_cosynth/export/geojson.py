"""QuPath GeoJSON: one annotation a nucleus, and the image that it belongs to."""

from __future__ import annotations

import json

import shapely.geometry

from napari_cosynth.export.exporter import NOTICE, ClassTable, Encoded, Exporter, Item

# QuPath's pixel 0 covers [0, 1), ours is centred on 0.
_OFFSET = 0.5


def _encode(item: Item, table: ClassTable) -> Encoded:
    features = []
    for (nucleus, _), outline in zip(item.nuclei, item.outlines, strict=True):
        nucleus_class = item.taxonomy[nucleus.class_id]
        features.append(
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(outline),
                "properties": {
                    "objectType": "annotation",
                    "name": f"nucleus {nucleus.id}",
                    "classification": {"name": nucleus_class.name, "color": list(nucleus_class.rgb)},
                    "measurements": {
                        "Centroid X px": nucleus.col + _OFFSET,
                        "Centroid Y px": nucleus.row + _OFFSET,
                        "Area px^2": nucleus.area_px,
                    },
                },
            }
        )
    collection = {
        "type": "FeatureCollection",
        "synthetic": True,
        "notice": NOTICE,
        "um_per_px": item.tile.request.layout.um_per_px,
        "features": features,
    }
    return Encoded(
        {
            f"{item.split}/{item.name}.png": item.png,
            f"{item.split}/{item.name}.geojson": (json.dumps(collection) + "\n").encode(),
        }
    )


GEOJSON = Exporter(title="QuPath GeoJSON, one polygon a nucleus", suffixes=(".geojson", ".png"), encode=_encode)
