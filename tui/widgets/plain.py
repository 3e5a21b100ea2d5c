"""Textual's widgets for texts that carry data: what looks like markup in them is shown as it is."""

from typing import Any, TypeVar

from rich.text import Text
from textual import widgets

T = TypeVar("T")


class Static(widgets.Static):
    """A text without markup."""

    def __init__(self, content: Any = "", **options: Any) -> None:
        super().__init__(content, markup=False, **options)


class Label(widgets.Label):
    """A short text without markup."""

    def __init__(self, content: Any = "", **options: Any) -> None:
        super().__init__(content, markup=False, **options)


class Tree(widgets.Tree[T]):
    """A tree whose labels have no markup."""

    def process_label(self, label: Any) -> Text:
        """Return the first line of a label."""
        return super().process_label(Text(label) if isinstance(label, str) else label)
