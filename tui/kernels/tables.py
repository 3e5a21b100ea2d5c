"""The tables behind the kernels screen, whole, for writing to a file."""

from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable


def kernels_tables(run_id: int | None) -> list[ExportTable]:
    """Return what was measured, and what was predicted for a run."""
    tables = [
        question_table("kernel-speedups", "Best measurement of every kernel", "kernels", "speedups"),
        question_table("kernel-benchmarks", "Every measurement", "kernels", "benchmarks"),
    ]
    if run_id is not None:
        name, title = f"run-{run_id}-predictions", "Predictions and measurements of this run"
        tables.append(question_table(name, title, "kernels", "predictions", run_id))
    return tables
