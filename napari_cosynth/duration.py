"""How long something takes, in words: the same ones in the dock and on the command line."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Such as "0.4 s", "40 s", "1 min 20 s", "12 min", "5.2 h", "3.1 days"."""
    if seconds < 9.5:
        return f"{max(seconds, 0.1):.1f}".removesuffix(".0") + " s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds / 10) * 10, 60)
    if minutes < 10:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
