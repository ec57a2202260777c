"""PNGs of tiles read back, whatever somebody wrote into them."""

import struct
import zlib

import numpy as np
import pytest

from napari_cosynth.tile_png import png_array, png_bytes

IMAGE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
_AFTER_HEADER, _BEFORE_END = 8 + 12 + 13, -12


def with_chunk(at: int, kind: bytes, data: bytes) -> bytes:
    """A sound PNG with one more chunk, its checksum right."""
    content = png_bytes(IMAGE)
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:at] + chunk + content[at:]


@pytest.mark.parametrize("array", [IMAGE, IMAGE[..., 0], IMAGE[..., 0].astype(np.uint16) * 257])
def test_pixels_come_back(array):
    again = png_array(png_bytes(array), (16, 24), array.dtype.type)
    assert again.dtype == array.dtype and np.array_equal(again, array)


@pytest.mark.parametrize("at", [_AFTER_HEADER, _BEFORE_END])
@pytest.mark.parametrize(
    "kind", [b"IHDR", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"iTXt", b"pHYs", b"sRGB", b"zTXt"]
)
def test_a_crafted_chunk_is_refused_in_words_or_passed_over(at, kind):
    for size in range(14):
        try:
            again = png_array(with_chunk(at, kind, bytes(size)), (16, 24), np.uint8)
            assert np.array_equal(again, IMAGE)
        except ValueError as error:
            assert str(error)


def test_a_profile_without_a_name_is_refused():
    with pytest.raises(ValueError, match="out of range"):
        png_array(with_chunk(_BEFORE_END, b"iCCP", b""), (16, 24), np.uint8)


def test_another_size_or_depth_is_refused():
    with pytest.raises(ValueError, match="16 x 24 px, but its tile 24 x 16"):
        png_array(png_bytes(IMAGE), (24, 16), np.uint8)
    with pytest.raises(ValueError, match="holds uint8, but uint16 was written"):
        png_array(png_bytes(IMAGE), (16, 24), np.uint16)
