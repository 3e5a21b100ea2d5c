"""The tables behind the overview, whole, for writing to a file."""

from tui.dialogs.tables import ExportTable
from warehouse import overview


def overview_tables(run_id: int | None) -> list[ExportTable]:
    """Return the tables of the overview."""
    tables = [
        ExportTable("runs", "Runs: what was asked, and what it costs in perplexity", overview.run_table)
    ]
    if run_id is not None:
        name, title = f"run-{run_id}-matrices", f"Every matrix of run {run_id}, with all figures"
        tables.insert(0, ExportTable(name, title, lambda cursor: overview.matrix_table(cursor, run_id)))
    return tables
