"""What the kernels screen shows, fetched in workers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from warehouse.expressions.kernels import Benchmark, Prediction, Speedup

PLOTTED_BENCHMARKS = 2_000  # the newest; a plot of more takes too long to draw


@dataclass(frozen=True, slots=True)
class KernelData:
    """All measurements, and the predictions for a run."""

    run_id: int | None
    speedups: "list[Speedup]"
    benchmarks: "list[Benchmark]"
    predictions: "list[Prediction]"


def load_kernels(cursor: "duckdb.DuckDBPyConnection", run_id: int | None) -> KernelData:
    """Return the measurements, and the predictions for a run where there is one."""
    from warehouse.expressions import kernels  # noqa: PLC0415  # Ibis is loaded in workers alone
    from warehouse.expressions.views import Views  # noqa: PLC0415

    views = Views(cursor)
    predictions = kernels.predictions(views, -1 if run_id is None else run_id)
    return KernelData(
        run_id,
        views.rows(kernels.speedups(views), kernels.Speedup),
        views.rows(kernels.benchmarks(views).limit(PLOTTED_BENCHMARKS), kernels.Benchmark),
        views.rows(predictions, kernels.Prediction),
    )
