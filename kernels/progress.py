"""Progress of long work: a bar on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from kernels.boundary import printable

if TYPE_CHECKING:
    from collections.abc import Generator


class Progress:
    """Announces pieces of work one after the other, and what goes on inside one."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.count = 0

    def announce(self, what: str) -> None:
        """Begin the next piece."""
        self.count += 1
        print(f"[{self.count}/{self.total}] {printable(what)}", file=sys.stderr, flush=True)  # noqa: T201 - as its job

    def detail(self, what: str) -> None:
        """Tell how far the piece is; plain lines leave that out."""


class _Bar(Progress):
    """A bar on a terminal; `what` of the piece stands before it."""

    def __init__(self, total: int, bar: RichProgress) -> None:
        super().__init__(total)
        self.bar = bar
        self.task = bar.add_task("", total=total)
        self.what = ""

    def announce(self, what: str) -> None:
        """Begin the next piece and advance past the one before."""
        self.what = printable(what)
        self.bar.update(self.task, description=self.what, completed=self.count)
        self.count += 1

    def detail(self, what: str) -> None:
        """Append to the name of the piece."""
        self.bar.update(self.task, description=f"{self.what}: {printable(what)}")


@contextmanager
def reporting(total: int) -> Generator[Progress]:
    """Yield the progress of `total` pieces of work."""
    if not sys.stderr.isatty():
        yield Progress(total)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with RichProgress(*columns, console=Console(stderr=True)) as rich_bar:
        bar = _Bar(total, rich_bar)
        yield bar
        rich_bar.update(bar.task, completed=total)
