"""The console behind the SQL screen: opened when first needed, and again when the database was replaced."""

import threading
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.console import Answer, Console, Page, Sort


class SqlSession:
    """Methods that return rows block and are for workers; the others are for the screen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._console: Console | None = None
        self._stale = False

    def run(self, text: str) -> "Answer":
        """Run a text of statements.

        Raises:
            SparsityError: the database cannot be opened, or the query failed.
        """
        from tui.sql import result_table  # noqa: F401, PLC0415  # loads Arrow here, not when rows are shown

        return self._open(anew=True).run(text)

    def page(self, sort: "Sort | None") -> "Page | None":
        """Return the first rows of the last result in another order."""
        return self._open().page(sort)

    def count(self) -> int:
        """Return how many rows the last result has."""
        return self._open().count()

    def result(self, sort: "Sort | None") -> "AbstractContextManager[duckdb.DuckDBPyRelation]":
        """Return the whole last result, to be written to a file in a `with` block.

        Raises:
            QueryError: there is none.
        """
        return self._open().result(sort)

    def expire(self) -> None:
        """Take the next query to the file that is there now; a result in view keeps the old one."""
        self._stale = True

    def interrupt(self) -> None:
        """Cancel what runs."""
        if self._console is not None:
            self._console.interrupt()

    def progress(self) -> float | None:
        """Return the share of the running query that is done; None where it is not known."""
        return self._console.progress() if self._console is not None else None

    def _open(self, *, anew: bool = False) -> "Console":
        from warehouse.console import Console  # noqa: PLC0415  # imports DuckDB and Arrow

        with self._lock:
            if self._console is not None and anew and self._stale:
                self._console.close()
                self._console = None
            if self._console is None:
                self._console, self._stale = Console(self.path), False
            return self._console
