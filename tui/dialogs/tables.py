"""What can be written to a file: a table by its name, made when it is asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    Rows = duckdb.DuckDBPyRelation


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table with all its rows and columns: `query` makes it from a cursor, in a worker.

    Rows that are not of this cursor come in a context, which holds their own connection while they are read.
    """

    name: str
    title: str
    query: "Callable[[duckdb.DuckDBPyConnection], Rows | AbstractContextManager[Rows]]"

    def held(self, cursor: "duckdb.DuckDBPyConnection") -> "AbstractContextManager[Rows]":
        """Return the rows to be read inside a `with` block."""
        rows = self.query(cursor)
        return rows if isinstance(rows, AbstractContextManager) else nullcontext(rows)
