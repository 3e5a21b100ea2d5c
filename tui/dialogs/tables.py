"""What can be written to a file: a table by its name, made when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table with all its rows and columns: `query` makes it from a cursor, in a worker."""

    name: str
    title: str
    query: "Callable[[duckdb.DuckDBPyConnection], duckdb.DuckDBPyRelation]"
