"""Small overviews written out by hand."""

from dataclasses import replace

from warehouse.overview import MatrixFigures, Overview, RunFigures


def run(run_id: int, method: str = "wanda", model_id: str = "m", **figures: object) -> RunFigures:
    """Return a run of one pruned matrix and nothing measured."""
    base = RunFigures(
        model_id=model_id, run_id=run_id, run_label="", method=method, sparsity=0.5,
        pattern="unstructured", scope="row",
        matrix_count=None if method == "dense" else 1, weight_count=None, actual_sparsity=None,
        mean_reconstruction_error=None, elapsed_seconds=None, dataset=None, token_count=None, perplexity=None,
        dense_perplexity=None, perplexity_ratio=None,
    )  # fmt: skip
    named = replace(base, **figures)
    share = f"{100 * named.sparsity:g}%" if named.pattern == "unstructured" else named.pattern
    label = method if method == "dense" else f"{method} {share}"
    return replace(named, run_label=named.run_label or label)


def matrix(
    run_id: int, layer: int, projection: str, error: float | None = None, **figures: object
) -> MatrixFigures:
    """Return a pruned matrix of model m."""
    base = MatrixFigures(
        model_id="m", run_id=run_id, matrix_id=100 * layer + len(projection), layer=layer,
        component=f"block.{projection}", projection=projection, out_features=8, in_features=8,
        actual_sparsity=0.5, reconstruction_error=error,
    )  # fmt: skip
    return replace(base, **figures)


def overview(*rows: RunFigures | MatrixFigures) -> Overview:
    """Return the overview of some runs and matrices."""
    runs = tuple(row for row in rows if isinstance(row, RunFigures))
    return Overview(runs, tuple(row for row in rows if isinstance(row, MatrixFigures)))
