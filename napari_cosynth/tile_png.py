"""PNGs of synthetic tiles: they say what they are and carry the request they came from. Knows no files."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from napari_cosynth.request import SynthesisRequest

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


def png_bytes(array: np.ndarray, request: SynthesisRequest | None = None, level: int = 6) -> bytes:
    """A PNG that says that it is synthetic and carries its request.

    Parameters
    ----------
    array
        uint8 (H, W, 3) or (H, W), or uint16 (H, W).
    request
        None for a picture of many tiles, or one whose request lies beside it.
    level
        Of compression, 1 (fastest) to 9.
    """
    info = PngInfo()
    if request is not None:
        info.add_itxt(REQUEST_KEY, request.model_dump_json())
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    info.add_text("Description", "Synthetic histology tile. For research, not for diagnosis.")
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG", pnginfo=info, compress_level=level)
    return stream.getvalue()


def png_array(content: bytes, size: tuple[int, int], dtype: type) -> np.ndarray:
    """The pixels of a PNG.

    Parameters
    ----------
    content
        The file.
    size
        Height and width in px that it must have.
    dtype
        What it must hold: uint8 or uint16.

    Returns
    -------
    (H, W, 3) if it is RGB, (H, W) if it has one channel.

    Raises
    ------
    ValueError
        If it is damaged or is not what it must be.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            # Before it is unpacked: a small file can hold a picture that is larger than the memory.
            if picture.size != size[::-1]:
                raise ValueError(f"it is {picture.height} x {picture.width} px, but its tile {size[0]} x {size[1]}")
            array = np.array(picture)
    except (MemoryError, ValueError):
        raise
    except Exception as error:  # Pillow raises whatever the content of a chunk leads to
        raise ValueError(str(error) or type(error).__name__) from error
    if array.dtype != dtype:
        raise ValueError(f"it holds {array.dtype}, but {np.dtype(dtype)} was written")
    return array
