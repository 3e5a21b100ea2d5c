"""The views as Ibis tables, and running what is built from them on a cursor."""

from dataclasses import fields
from typing import TypeVar

import duckdb
import ibis
from ibis.backends.sql.datatypes import DuckDBType
from ibis.expr.types import Table

from warehouse.errors import SparsityError

Row = TypeVar("Row")


class MissingViewError(SparsityError):
    """The database lacks a view that this program reads."""


class Views:
    """The tables and views of the attached database, for building expressions.

    Ibis is told their columns and writes the SQL; DuckDB runs it. A connection of Ibis's own would import
    pyarrow for the same: half a second and 35 MB.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Take the cursor that expressions are to run on."""
        self.cursor = cursor

    def __getitem__(self, name: str) -> Table:
        """Return a table or view by its name.

        Raises:
            MissingViewError: the database was made by a version that did not have it.
        """
        try:
            found = self.cursor.table(name)
        except duckdb.CatalogException as error:
            msg = f"the database has no {name}; bring its views up to date with: sparsity-etl run"
            raise MissingViewError(msg) from error
        types = (DuckDBType.from_string(str(kind)) for kind in found.types)
        return ibis.table(dict(zip(found.columns, types, strict=True)), name=name)

    def relation(self, expression: Table) -> duckdb.DuckDBPyRelation:
        """Return the result of an expression as a DuckDB relation, computed when its rows are fetched."""
        return self.cursor.sql(str(ibis.to_sql(expression, dialect="duckdb")))

    def rows(self, expression: Table, kind: type[Row]) -> list[Row]:
        """Compute an expression; every row becomes an instance of a dataclass that names its columns."""
        names = [field.name for field in fields(kind)]  # ty: ignore[invalid-argument-type]  # a dataclass
        return [kind(*row) for row in self.relation(expression.select(*names)).fetchall()]
