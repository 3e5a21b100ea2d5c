"""The views as Ibis tables, and running what is built from them on a cursor."""

from dataclasses import fields
from typing import TypeVar

import duckdb
import ibis
from ibis.common.exceptions import TableNotFound
from ibis.expr.types import Table

from warehouse.errors import SparsityError

Row = TypeVar("Row")


class MissingViewError(SparsityError):
    """The database lacks a view that this program reads."""


class Views:
    """The tables and views of the attached database, for building expressions."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Take the cursor that expressions are to run on."""
        self.cursor = cursor
        self._backend = ibis.duckdb.from_connection(cursor)

    def __getitem__(self, name: str) -> Table:
        """Return a table or view by its name.

        Raises:
            MissingViewError: the database was made by a version that did not have it.
        """
        try:
            return self._backend.table(name)
        except TableNotFound as error:
            msg = f"the database has no {name}; bring its views up to date with: sparsity-etl run"
            raise MissingViewError(msg) from error

    def relation(self, expression: Table) -> duckdb.DuckDBPyRelation:
        """Return the result of an expression as a DuckDB relation, computed when its rows are fetched."""
        return self.cursor.sql(str(ibis.to_sql(expression, dialect="duckdb")))

    def rows(self, expression: Table, kind: type[Row]) -> list[Row]:
        """Compute an expression; every row becomes an instance of a dataclass that names its columns."""
        names = [field.name for field in fields(kind)]  # ty: ignore[invalid-argument-type]  # a dataclass
        return [kind(*row) for row in self.relation(expression.select(*names)).fetchall()]
