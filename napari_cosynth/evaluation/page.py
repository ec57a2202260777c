"""Pages of a report: one HTML file without scripts or links, so that it can be mailed."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h2{margin-top:2.5rem;padding-top:.5rem;border-top:1px solid #ddd}p{max-width:50rem}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}"
    "td+td,th+th{text-align:right;font-variant-numeric:tabular-nums}"
    "img{max-width:100%}p:has(img){max-width:none}small{color:#666}"
    "@media print{body{max-width:none;margin:0}td,th{padding:.15rem .4rem}"
    "h2,tr,img{break-inside:avoid}h2{break-after:avoid}}"
)


def page(title: str, parts: Sequence[str]) -> str:
    """The page of some pieces of HTML."""
    title = html.escape(title)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"{''.join(parts)}</html>"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts as HTML."""
    lines = ["".join(f"<th>{html.escape(cell)}</th>" for cell in header)]
    lines += ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def picture(pixels: np.ndarray, says: str) -> str:
    """A picture, uint8 (H, W, 3) RGB, as HTML; ``says`` is read where it is not seen."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return _image("jpeg", stream.getvalue(), says)


def drawing(svg: str, says: str) -> str:
    """A plot as HTML; on its own, so that its names do not meet those of another."""
    return _image("svg+xml", svg.encode(), says)


def _image(kind: str, content: bytes, says: str) -> str:
    text = base64.b64encode(content).decode()
    return f'<p><img alt="{html.escape(says)}" src="data:image/{kind};base64,{text}"></p>'
