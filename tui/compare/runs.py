"""The runs that can be compared."""

from tui.state.selection import Selection, describe_run, matrix_of, run_of
from warehouse.overview import Overview, RunFigures


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


def run_options(overview: Overview, model_id: str) -> list[tuple[str, str, str]]:
    """Return the runs to choose from as (number, name, cost in perplexity)."""
    return [(str(run.run_id), describe_run(run), _cost(run)) for run in _pruned_runs(overview, model_id)]


def _pruned_runs(overview: Overview, model_id: str) -> list[RunFigures]:
    """Return the pruned runs of a model, each once."""
    runs = {run.run_id: run for run in overview.runs if run.model_id == model_id and run.matrix_count}
    return list(runs.values())


def _cost(run: RunFigures) -> str:
    if run.perplexity is None:
        return f"run {run.run_id}, perplexity not measured"
    ratio = "" if run.perplexity_ratio is None else f", {run.perplexity_ratio:.2f}× of dense"
    return f"run {run.run_id}, perplexity {run.perplexity:.2f}{ratio}"
