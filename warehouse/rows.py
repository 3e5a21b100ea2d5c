"""Rows of a view as instances of a dataclass that names its columns, without loading Ibis."""

from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import duckdb

Row = TypeVar("Row")


def read_rows(
    cursor: "duckdb.DuckDBPyConnection",
    view: str,
    kind: type[Row],
    order: str,
    columns: tuple[str, ...] | None = None,
) -> tuple[Row, ...]:
    """Return every row of a view in an order.

    Args:
        kind: a dataclass whose fields are columns of the view.
        columns: the first fields, where the view lacks the others; they keep their defaults.
    """
    names = columns or tuple(field.name for field in fields(kind))  # ty: ignore[invalid-argument-type]  # a dataclass
    rows = cursor.table(view).project(", ".join(names)).order(order).fetchall()
    return tuple(kind(*row) for row in rows)
