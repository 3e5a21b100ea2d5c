"""The tables behind the clusters screen, whole, for writing to a file."""

from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable


def clusters_tables(run_id: int, matrix_id: int) -> list[ExportTable]:
    """Return the tables of a run and of one of its matrices."""
    run, matrix = f"run-{run_id}", f"run-{run_id}-matrix-{matrix_id}"

    def table(name: str, title: str, question: str, *key: int) -> ExportTable:
        return question_table(name, title, "clusters", question, *key)

    return [
        table(f"{run}-separations", f"Separation of every matrix of run {run_id}", "intervals", run_id),
        table(f"{run}-trends", "Figures by depth", "trends", run_id),
        table(f"{run}-published", "Published ratios beside ours", "published", run_id),
        table(f"{matrix}-sizes", "Cluster sizes of this matrix", "sizes", run_id, matrix_id),
        table(f"{matrix}-stability", "Agreement of clusterings", "agreements", run_id, matrix_id),
        table(f"{matrix}-blocks", "What skipping blocks could save", "coherence", run_id, matrix_id),
        table(f"{matrix}-scatter", "Features in the plane", "places", run_id, matrix_id),
    ]
