"""What makes a tile of a request, in a word.

A request and a model's hash say what was asked of which weights. What is made of
them depends on the code too: where the steps lie, what is guided, what is held.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_MODULES = (
    "data/spelling",
    "data/terms",
    "interior",
    "model/blocks",
    "model/conditioning",
    "model/detail",
    "model/holding",
    "model/instances",
    "model/labels_first",
    "model/opponent",
    "model/path",
    "model/pipeline",
    "model/recording",
    "model/surround",
    "model/targets",
    "model/text",
    "model/unet",
    "model/watershed",
    "pixels",
)


@cache
def sampler_fingerprint() -> str:
    """16 hex digits that are others where tiles may be: of all code from request to labels, with its constants."""
    package = files("napari_cosynth")
    return fingerprint_of((package / f"{module}.py").read_text(encoding="utf-8") for module in _MODULES)


def fingerprint_of(sources: Iterable[str]) -> str:
    """16 hex digits of Python code; comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for source in sources:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [part for part in body if not _is_text(part)]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()[:16]


def _is_text(node: ast.AST) -> bool:
    """A docstring, of whatever it stands in or below."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
