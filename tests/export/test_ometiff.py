from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import tifffile

from napari_cosynth.export import FORMATS

_OME = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


@pytest.fixture
def file(awkward_tile, make_item):
    return FORMATS["ometiff"].encode(make_item(awkward_tile), {}).files["train/Drüse 1.ome.tif"]


def test_tifffile_reads_image_and_labels(file, awkward_tile):
    with tifffile.TiffFile(io.BytesIO(file)) as tiff:
        assert tiff.is_ome
        series = {s.name: s for s in tiff.series}
        assert series["image"].axes == "YXS"
        assert np.array_equal(series["image"].asarray(), awkward_tile.image)
        assert np.array_equal(series["instances"].asarray(), awkward_tile.instances)
        assert np.array_equal(series["semantic"].asarray(), awkward_tile.semantic)


def test_sizes_and_units_are_in_the_xml(file):
    with tifffile.TiffFile(io.BytesIO(file)) as tiff:
        images = ElementTree.fromstring(tiff.ome_metadata).findall(f"{_OME}Image")
        assert tiff.pages[0].resolution == pytest.approx((40000, 40000))
    for image in images:
        pixels = image.find(f"{_OME}Pixels").attrib
        assert (pixels["SizeX"], pixels["SizeY"]) == ("96", "64")
        assert (float(pixels["PhysicalSizeX"]), pixels["PhysicalSizeXUnit"]) == (0.25, "µm")
        assert (float(pixels["PhysicalSizeY"]), pixels["PhysicalSizeYUnit"]) == (0.25, "µm")
    assert "Synthetic" in images[0].find(f"{_OME}Description").text
    assert "1 neoplastic" in images[2].find(f"{_OME}Description").text


def test_the_same_tile_gives_the_same_file(file, awkward_tile, make_item):
    assert FORMATS["ometiff"].encode(make_item(awkward_tile), {}).files["train/Drüse 1.ome.tif"] == file
