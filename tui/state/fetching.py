"""Work in threads: one cursor for each query, errors as messages, nothing touched but the mailbox."""

import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.message import Message
from textual.worker import get_current_worker

from tui.state.faults import reason_of
from tui.state.messages import FetchFailed
from tui.terminal.footprint import QUERY_MEMORY

if TYPE_CHECKING:
    import duckdb
    from textual.dom import DOMNode
    from textual.widget import Widget

T = TypeVar("T")
Work = Callable[["duckdb.DuckDBPyConnection"], T]


_importing = threading.Lock()


def load_query_packages() -> None:
    """Import what queries are made with, in one thread at a time.

    The modules of Ibis import each other: threads that begin at different ones of them at once may meet
    half-made modules. The app calls this while the person looks at the overview.
    """
    with _importing:
        import warehouse.expressions.views  # noqa: PLC0415  # Ibis: half a second
        import warehouse.masks  # noqa: F401, PLC0415  # NumPy


def run_in_thread(owner: "DOMNode", group: str, work: Callable[[], None], *, exclusive: bool = True) -> None:
    """Run `work` in a thread for an app, screen or widget; whatever it raises arrives as FetchFailed."""

    def guarded() -> None:
        worker = get_current_worker()
        try:
            work()
        except Exception as error:  # noqa: BLE001  # who waits for ever is told nothing
            failed = FetchFailed(group, reason_of(error))
            # Where the owner has gone meanwhile, the app tells of it.
            if not worker.is_cancelled and not owner.post_message(failed):
                owner.app.post_message(failed)

    owner.run_worker(guarded, thread=True, exclusive=exclusive, group=group, exit_on_error=False)


class CursorSource(Protocol):
    """Gives a new cursor for every query, as `warehouse.reading.Reader` does."""

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Return a cursor that one thread uses."""


class NoDatabase:
    """Gives cursors while no database is open, for tables that need none."""

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """Return a connection to nothing."""
        import duckdb  # noqa: PLC0415  # not needed for the first paint

        return duckdb.connect()


class Fetcher:
    """Runs queries for one screen or widget; a new query of a group cancels the one before it."""

    def __init__(self, owner: "Widget") -> None:
        self.owner = owner
        self._cursors: dict[str, duckdb.DuckDBPyConnection] = {}

    def fetch(
        self, reader: "CursorSource", group: str, work: Work[T], deliver: Callable[[T], Message]
    ) -> None:
        """Run `work` on a cursor of its own in a thread and post `deliver` of its result to the owner."""
        self.interrupt(group)
        run_in_thread(self.owner, group, partial(self._run, reader, group, work, deliver))

    def compute(self, group: str, work: Callable[[], T], deliver: Callable[[T], Message]) -> None:
        """Run `work`, which needs no database, in a thread and post `deliver` of its result to the owner."""
        run_in_thread(self.owner, group, partial(self._compute, work, deliver))

    def interrupt(self, group: str | None = None) -> None:
        """Stop the running query of one group, or of all."""
        for name, cursor in list(self._cursors.items()):
            if group in {None, name}:
                interrupt(cursor)

    def _compute(self, work: Callable[[], T], deliver: Callable[[T], Message]) -> None:
        worker = get_current_worker()
        message = deliver(work())
        if not worker.is_cancelled:
            self.owner.post_message(message)

    def _run(
        self, reader: "CursorSource", group: str, work: Work[T], deliver: Callable[[T], Message]
    ) -> None:
        from warehouse.reading import compute  # noqa: PLC0415  # imports DuckDB, loaded by now

        worker = get_current_worker()
        load_query_packages()
        cursor = reader.cursor()
        self._cursors[group] = cursor
        try:
            message = deliver(compute(cursor, work, QUERY_MEMORY))
        finally:
            if self._cursors.get(group) is cursor:
                del self._cursors[group]
            cursor.close()
        if not worker.is_cancelled:
            self.owner.post_message(message)


def interrupt(cursor: "duckdb.DuckDBPyConnection") -> None:
    """Stop the query of a cursor, unless its thread has closed it in the same moment."""
    import duckdb  # noqa: PLC0415  # loaded by now

    with contextlib.suppress(duckdb.ConnectionException):
        cursor.interrupt()
