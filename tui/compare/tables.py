"""The tables behind the compare screen, whole, for writing to a file."""

from tui.compare.data import Pair
from tui.dialogs.question_tables import question_table
from tui.dialogs.tables import ExportTable


def compare_tables(pair: Pair, model_id: str, matrix_id: int, axis: str) -> list[ExportTable]:
    """Return the tables of two runs of a model, and of the features of one matrix along an axis."""
    runs = (pair.run_id, pair.other_run_id)

    def table(part: str, title: str, question: str, *key: object) -> ExportTable:
        return question_table(f"runs-{runs[0]}-{runs[1]}-{part}", title, "compare", question, *key)

    return [
        table("overlap", "How alike the masks are, every matrix", "overlaps", *runs),
        table("winners", "Who clusters better, every matrix and variant", "contests", *runs),
        table("distances", "Distances within and between clusters", "distances", *runs),
        table(f"features-{matrix_id}", "Every feature", "feature_pairs", *runs, matrix_id, axis),
        table("costs", "Perplexity of all runs of the model", "costs", model_id),
    ]
