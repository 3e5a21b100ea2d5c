"""Queries in the background, each on its own cursor; results and errors come back as messages."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from textual.message import Message
from textual.worker import get_current_worker

from tui.state.messages import FetchFailed

if TYPE_CHECKING:
    import duckdb
    from textual.widget import Widget

T = TypeVar("T")
Work = Callable[["duckdb.DuckDBPyConnection"], T]


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
        self.owner.run_worker(
            partial(self._run, reader, group, work, deliver),
            thread=True,
            exclusive=True,
            group=group,
            exit_on_error=False,
        )

    def compute(self, group: str, work: Callable[[], T], deliver: Callable[[T], Message]) -> None:
        """Run `work`, which needs no database, in a thread and post `deliver` of its result to the owner."""
        self.owner.run_worker(
            partial(self._compute, group, work, deliver),
            thread=True,
            exclusive=True,
            group=group,
            exit_on_error=False,
        )

    def interrupt(self, group: str | None = None) -> None:
        """Stop the running query of one group, or of all."""
        for name, cursor in list(self._cursors.items()):
            if group in {None, name}:
                cursor.interrupt()

    def _compute(self, group: str, work: Callable[[], T], deliver: Callable[[T], Message]) -> None:
        worker = get_current_worker()
        try:
            message = deliver(work())
        except Exception as error:  # noqa: BLE001  # without a message the screen would wait for ever
            message = _failure(group, error)
        if not worker.is_cancelled:
            self.owner.post_message(message)

    def _run(
        self, reader: "CursorSource", group: str, work: Work[T], deliver: Callable[[T], Message]
    ) -> None:
        from warehouse.reading import compute  # noqa: PLC0415  # imports DuckDB, loaded by now

        worker = get_current_worker()
        cursor = reader.cursor()
        self._cursors[group] = cursor
        try:
            message = deliver(compute(cursor, work))
        except Exception as error:  # noqa: BLE001  # as above
            message = _failure(group, error)
        finally:
            if self._cursors.get(group) is cursor:
                del self._cursors[group]
            cursor.close()
        if not worker.is_cancelled:
            self.owner.post_message(message)


def _failure(group: str, error: Exception) -> FetchFailed:
    """Say in one line what went wrong; an error without a message is named by its type."""
    return FetchFailed(group, (str(error).splitlines() or [type(error).__name__])[0])
