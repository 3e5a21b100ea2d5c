"""Figures between the markers of documents, written by the studies that measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernels.report import rewritten
from warehouse.errors import SparsityError
from warehouse.files import written_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write_blocks(figures: Mapping[str, str], pages: Iterable[Path]) -> None:
    """Write each text between the markers of its name, in every page that has them.

    Raises:
        SparsityError: a page has markers of none of the names.
    """
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fresh = rewritten(text, {name: lambda text=text: text for name, text in figures.items()})
        if fresh is None:
            name = next(iter(figures))
            raise SparsityError(
                f"{page} has no markers such as <!-- {name}:begin --> and <!-- {name}:end -->"
            )
        with written_whole(page) as partial:
            partial.write_text(fresh, encoding="utf-8")
