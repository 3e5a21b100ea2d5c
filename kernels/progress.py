"""Progress of long work: a bar on a terminal, plain lines elsewhere; both on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def reporting(total: int) -> Generator[Callable[[str], None]]:
    """Yield a function that announces the next of `total` pieces of work."""
    if not sys.stderr.isatty():
        yield _plain_lines(total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        started = False

        def announce(what: str) -> None:
            nonlocal started
            bar.update(task, description=what, advance=1 if started else 0)
            started = True

        yield announce
        bar.update(task, completed=total)


def _plain_lines(total: int) -> Callable[[str], None]:
    count = 0

    def announce(what: str) -> None:
        nonlocal count
        count += 1
        print(f"[{count}/{total}] {what}", file=sys.stderr, flush=True)  # noqa: T201 - progress is printed

    return announce
