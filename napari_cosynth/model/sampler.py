"""What makes a tile of a request, in a word.

A request and a model's hash say what was asked of which weights. What is made of
them depends on the code too: where the steps lie, what is guided, what is held.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterable
from functools import cache

from napari_cosynth import interior
from napari_cosynth.model import (
    conditioning,
    holding,
    instances,
    labels_first,
    path,
    pipeline,
    surround,
    targets,
    text,
    unet,
    watershed,
)

_MODULES = (
    conditioning,
    holding,
    instances,
    interior,
    labels_first,
    path,
    pipeline,
    surround,
    targets,
    text,
    unet,
    watershed,
)


@cache
def sampler_fingerprint() -> str:
    """16 hex digits that are others where tiles may be: of all code from request to labels, with its constants."""
    return fingerprint_of(inspect.getsource(module) for module in _MODULES)


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
