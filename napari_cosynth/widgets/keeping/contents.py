"""What of a session would be missed: its nuclei, its prompt and its tiles; settings are chosen again quickly."""

from __future__ import annotations

from napari_cosynth.snapshot import Snapshot


def is_empty(snapshot: Snapshot) -> bool:
    """True if nobody would miss it."""
    return not contents(snapshot)


def same_contents(one: Snapshot, other: Snapshot) -> bool:
    """True if both have the same nuclei on the same tile, the same prompt and the same tiles."""
    return (one.layout, one.prompt, one.entries) == (other.layout, other.prompt, other.entries)


def contents(snapshot: Snapshot) -> str:
    """Such as "9 nuclei, the prompt and 2 tiles"; empty if there is nothing."""
    nuclei, tiles = len(snapshot.layout), len(snapshot.entries)
    words = [
        f"{nuclei} {'nucleus' if nuclei == 1 else 'nuclei'}" if nuclei else "",
        "the prompt" if snapshot.prompt.strip() else "",
        f"{tiles} {'tile' if tiles == 1 else 'tiles'}" if tiles else "",
    ]
    *first, last = [word for word in words if word] or [""]
    return f"{', '.join(first)} and {last}" if first else last
