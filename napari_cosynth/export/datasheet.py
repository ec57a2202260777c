"""``DATASHEET.md``: the manifest in words, for whoever gets the data set.

Follows the questions of Gebru et al., Datasheets for Datasets (2021), as far as
made tiles have answers to them. Text out of values; it knows no files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from napari_cosynth.counted import counted
from napari_cosynth.export import FORMATS

_SHOWN = 50
"""Rows of a table that could be endless; the rest is in the manifest."""


def datasheet(head: dict[str, Any]) -> str:
    """The sheet in Markdown.

    Parameters
    ----------
    head
        `manifest_head`.
    """
    counts = head["counts"]
    total = sum(c["tiles"] for c in counts.values())
    nuclei = sum(sum(c["nuclei"].values()) for c in counts.values())
    classes = [c["name"] for c in head["classes"] if any(c["name"] in s["nuclei"] for s in counts.values())]
    parts = [
        "# Datasheet",
        f"**{head['notice']}** No tile shows a patient. `dataset.json` is the source of this sheet.",
        "![Some of the tiles, with their labels](contact-sheet.png)",
        "## What is in it",
        f"{counted(total, 'tile')} with {counted(nuclei, 'labelled nucleus', 'labelled nuclei')}. "
        f"Sizes in px: {_listed(head['sizes_px'])}; um/px: {_listed(head['um_per_px'])}. "
        f"Verdicts: {_listed(head['verdicts'])}. Edited by hand: "
        f"{head['edited'].get('yes', 0)}.",
        _table(
            ("split", "tiles", "layouts", *classes),
            [
                (split, c["tiles"], c["layouts"], *(c["nuclei"].get(name, 0) for name in classes))
                for split, c in counts.items()
            ],
        ),
        "Tiles of one layout, also turned, mirrored or with some points moved, are all in one split.",
        "## Files",
        _table(("folder", "format"), [(f"`{key}/`", FORMATS[key].title) for key in head["formats"]]),
        "`SHA256SUMS` lists the files; `sha256sum --check SHA256SUMS` says whether they are as written.",
        *_class_tables(head["class_tables"]),
        "## How it was made",
        *_models(head["models"]),
        "The image and its labels came out of one diffusion process that was given nucleus centroids and a prompt. "
        "The labels are the model's own, not an annotator's.",
        _table(("prompt", "tiles"), _most(head["prompts"])),
        f"Seeds {head['seeds'].get('lowest', '-')} to {head['seeds'].get('highest', '-')}.",
        _table(("settings", "tiles"), _most(head["settings"])),
        _table(("packages when the tiles were made", "tiles"), _most(head["made_with"])),
        f"Exported with {', '.join(f'{k} {v}' for k, v in head['exported_with'].items())}.",
        "## Copies of training tissue",
        *_copies(head["copy_check"]),
        "## What was left out",
        *_left_out(head["left_out"]),
        "## Use and limits",
        "For research: training and testing of methods that find and class nuclei. Not for diagnosis, nor as evidence "
        "about tissue. Say that tiles are synthetic wherever they are shown. What a model learns from them must be "
        "tested on real tissue.",
        "## Making it again",
        "`napari-cosynth reproduce dataset.json` makes the tiles again and says how many are identical.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _models(models: Sequence[dict[str, Any]]) -> Iterable[str]:
    columns = ("name", "hash", "licence", "tiles")
    yield _table(("model", *columns[1:]), [[model[column] for column in columns] for model in models])
    yield "The licence is that on the card in the model's folder when the data set was exported."
    for model in models:
        if model["licence_text"]:
            yield f"The card of {model['name']} on its licence:\n\n{_quoted(model['licence_text'])}"


def _class_tables(tables: dict[str, dict[str, str]]) -> Iterable[str]:
    for key, table in tables.items():
        yield f"Classes in `{key}/`, which takes no others:"
        yield _table(("class", f"in {key}"), list(table.items()))


def _copies(check: dict[str, Any]) -> Iterable[str]:
    if not check["compared"]:
        yield "Not known: no tile was compared with the tissue that its model was trained on."
        return
    unknown = f" {check['not_compared']} were not, as their model has no index of it." if check["not_compared"] else ""
    yield (
        f"{check['compared']} tiles were compared with the tissue that their model was trained on, as they were "
        f"before any edit.{unknown} The distance is to the most similar training crop, in any orientation; 1 is where "
        "one in a hundred tiles of real tissue lies that the model never saw. A tile below 1 is too close: it may "
        "repeat training tissue, so look at it before the data set is shared. The check finds copies that were turned, "
        "mirrored, stained, blurred or compressed a little; it does not prove that there are none."
    )
    close = check["too_close"]
    yield f"The nearest tile is at {check['nearest']:.2f}. Too close: {len(close) or 'none'}" + (
        f"; the nearest {_SHOWN}:" if len(close) > _SHOWN else ":" if close else "."
    )
    if close:
        yield _table(("tile", "distance"), [(c["name"], f"{c['distance']:.2f}") for c in close[:_SHOWN]])


def _left_out(left_out: Sequence[dict[str, str]]) -> Iterable[str]:
    if not left_out:
        yield "Nothing."
        return
    yield f"Tiles left out: {len(left_out)}" + (f"; the first {_SHOWN}:" if len(left_out) > _SHOWN else "")
    yield _table(("tile", "why"), [(left["name"], left["reason"]) for left in left_out[:_SHOWN]])


def _most(counter: dict[str, int]) -> list[tuple[str, int]]:
    rows = [(text or "(none)", n) for text, n in Counter(counter).most_common()]
    rest = rows[_SHOWN:]
    return rows[:_SHOWN] + ([(f"({len(rest)} others)", sum(n for _, n in rest))] if rest else [])


def _listed(counter: dict[str, int]) -> str:
    return ", ".join(f"{text} ({n})" for text, n in counter.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(value) for value in line) + " |" for line in lines)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").split())


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
