"""Tables for writing to a file, each made from one question of `warehouse.expressions`."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tui.dialogs.tables import ExportTable

if TYPE_CHECKING:
    import duckdb


def question_table(name: str, title: str, module: str, question: str, *arguments: object) -> ExportTable:
    """Make a table of the answer of `warehouse.expressions.<module>.<question>`, with all its columns."""

    def query(cursor: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
        from warehouse.expressions.views import Views  # noqa: PLC0415  # Ibis is loaded in workers alone

        views = Views(cursor)
        ask: Callable[..., Any] = getattr(import_module(f"warehouse.expressions.{module}"), question)
        return views.relation(ask(views, *arguments))

    return ExportTable(name, title, query)
