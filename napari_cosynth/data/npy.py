"""NumPy files of public data sets: opened lazily and without pickle.

Knows nothing of what the arrays mean.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np


def open_npy(path: Path, *, text: bool = False) -> np.ndarray:
    """Open a ``.npy`` file memory-mapped, so that only the tiles in use are read.

    Parameters
    ----------
    path
        The file.
    text
        True where strings are expected, False where numbers are.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, of another format, of the wrong kind, or needs
        pickle; the message says how to convert it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; this data set needs it")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        if "Python objects" not in str(error):
            raise ValueError(f"{path} is not a complete .npy file ({error}); download or save it again") from error
        kind = "str" if text else "np.int32"
        raise ValueError(
            f"{path} holds Python objects, which are not read because such a file can run code. If you trust it, "
            f"convert it once: np.save({path.name!r}, np.load({path.name!r}, allow_pickle=True).astype({kind}))"
        ) from error
    allowed = "US" if text else "iufb"
    if not isinstance(array, np.ndarray) or array.dtype.kind not in allowed:
        got = array.dtype if isinstance(array, np.ndarray) else "an .npz archive"
        raise ValueError(f"{path} holds {got}; expected {'strings' if text else 'numbers'}")
    return array


def rgb_uint8(image: np.ndarray, where: str) -> np.ndarray:
    """One image as uint8; floats are taken as 0..255.

    Parameters
    ----------
    image
        (H, W, 3), integer or float, 0..255.
    where
        File and index for the error text.

    Raises
    ------
    ValueError
        If values lie outside 0..255, or are floats of the range 0..1.
    """
    if image.dtype == np.uint8:
        return np.array(image)
    low, high = (float(image.min()), float(image.max())) if image.size else (0.0, 0.0)
    if not (0 <= low and high <= 255):
        raise ValueError(f"{where}: values {low:g}..{high:g}; images must lie in 0..255")
    if image.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError(f"{where}: values {low:g}..{high:g}; float images must lie in 0..255, so multiply by 255")
    return np.rint(image).astype(np.uint8)
