"""Putting what pydantic finds wrong into one clause that a person can act on."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import ValidationError

#: Longest part of a refused value that is shown.
_SHOWN = 60


def complaint(error: ValidationError, known: Collection[str]) -> str:
    """Describe the first error: the field, what it must be, and what it is. `known` names all fields."""
    first = error.errors(include_url=False)[0]
    name, message = str(first["loc"][0]) if first["loc"] else "", first["msg"]
    message = message.removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"there is no key {name}; the nearest is {nearest(name, known)}"
    if first["type"] == "missing":
        return f"{name} is missing"
    if first["type"] == "too_short":
        return f"{name} needs at least one value"
    if message.startswith("Input should"):
        shown = repr(first["input"])
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        return f"{name} must{message.removeprefix('Input should')}, not {shown}".lstrip()
    return f"{name}: {message}" if name else message


def nearest(name: str, known: Collection[str]) -> str:
    """Return which of the known names is most like the given one."""
    return difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)[0]
