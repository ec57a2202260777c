"""Amounts by class on the command line: ``neoplastic=60,inflammatory=40``."""

from __future__ import annotations

import math

from napari_cosynth.points import MAX_POINTS


def parse_amounts(option: str, text: str) -> dict[str, float]:
    """Numbers of 0 or more by class name.

    Raises
    ------
    ValueError
        Naming the option, the part that is wrong and an example.
    """
    amounts: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        name = name.strip().lower()
        try:
            amount = float(number)
        except ValueError:
            amount = math.nan
        if not (name and equals and math.isfinite(amount) and amount >= 0):
            raise ValueError(
                f"{option} {text!r}: {part.strip()!r} is not CLASS=NUMBER with a number of 0 or more; "
                f"write it like {option} neoplastic=60,inflammatory=40"
            )
        if name in amounts:
            raise ValueError(f"{option} {text!r} names {name} twice; give each class once")
        amounts[name] = amount
    return amounts


def parse_counts(option: str, text: str) -> dict[str, int]:
    """Whole numbers of 0 or more by class name.

    Raises
    ------
    ValueError
        As `parse_amounts`, for a number that is not whole, and for more than a tile can hold.
    """
    amounts = parse_amounts(option, text)
    for name, amount in amounts.items():
        if amount != int(amount):
            raise ValueError(f"{option} {text!r}: {amount:g} {name} is not a whole number of nuclei; give one")
    if sum(amounts.values()) > MAX_POINTS:
        raise ValueError(f"{option} {text!r}: at most {MAX_POINTS} nuclei are allowed; make several smaller tiles")
    return {name: int(amount) for name, amount in amounts.items()}
