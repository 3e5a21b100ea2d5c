"""The runs that can be compared."""

from tui.compare.data import Pair
from tui.state.selection import Selection, matrix_of, run_of
from warehouse.overview import MatrixFigures, Overview, RunFigures


def second_run(overview: Overview, selection: Selection) -> RunFigures | None:
    """Return the run to compare the selected one with: the one marked for it, else the one most like it."""
    matrix = matrix_of(overview, selection)
    first = run_of(overview, matrix.run_id) if matrix else None
    if first is None:
        return None
    others = [run for run in _pruned_runs(overview, first.model_id) if run.run_id != first.run_id]
    marked = next((run for run in others if run.run_id == selection.compared_run_id), None)
    alike = sorted(others, key=lambda run: (run.pattern != first.pattern, abs(run.sparsity - first.sparsity)))
    return marked or next(iter(alike), None)


def runs_of(overview: Overview | None, pair: Pair | None) -> tuple[RunFigures, RunFigures] | None:
    """Return the two runs of a pair, A and B."""
    if overview is None or pair is None:
        return None
    first, second = run_of(overview, pair.run_id), run_of(overview, pair.other_run_id)
    return (first, second) if first is not None and second is not None else None


def feature_axis(matrix: MatrixFigures) -> str:
    """Return the axis of the features: the rows of `down`, the columns of all others."""
    return "output" if matrix.projection == "down" else "input"


def run_options(overview: Overview, model_id: str) -> list[tuple[str, str, str]]:
    """Return the runs to choose from as (number, name, cost in perplexity)."""
    return [(str(run.run_id), run.run_label, _cost(run)) for run in _pruned_runs(overview, model_id)]


def _pruned_runs(overview: Overview, model_id: str) -> list[RunFigures]:
    """Return the pruned runs of a model, each once."""
    runs = {run.run_id: run for run in overview.runs if run.model_id == model_id and run.matrix_count}
    return list(runs.values())


def _cost(run: RunFigures) -> str:
    if run.perplexity is None:
        return f"run {run.run_id}, perplexity not measured"
    ratio = "" if run.perplexity_ratio is None else f", {run.perplexity_ratio:.2f}× of dense"
    return f"run {run.run_id}, perplexity {run.perplexity:.2f}{ratio}"
