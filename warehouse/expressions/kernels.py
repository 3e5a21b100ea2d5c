"""Questions about measured kernels."""

from dataclasses import dataclass

from ibis.expr.types import Table

from warehouse.expressions.views import Views


@dataclass(frozen=True, slots=True)
class Speedup:
    """The best measurement of a kernel under some conditions: a row of `kernel_speedups`."""

    device: str
    kernel: str
    variant: str | None
    out_features: int
    in_features: int
    batch: int
    sparsity: float
    pattern: str
    mask_source: str
    cache: str
    latency_us_p50: float
    dense_latency_us_p50: float | None
    speedup: float | None
    limit_fraction: float | None
    bits_per_weight: float | None
    measurement_count: int
    is_worthwhile: bool = False


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One measurement, or a kernel that failed: a row of `kernel_benchmarks`."""

    device: str
    kernel: str
    out_features: int
    in_features: int
    batch: int
    sparsity: float
    pattern: str
    mask_source: str
    cache: str
    latency_us_p50: float | None
    bytes_moved: int | None
    achieved_gbps: float | None
    limit_fraction: float | None
    relative_error: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was predicted of a matrix and what was measured: a row of `prediction_vs_measurement`."""

    layer: int
    projection: str
    device: str
    best_kernel: str
    best_speedup: float | None
    byte_limit: float | None
    limit_share: float | None
    report_low: float | None
    report_high: float | None
    block_over_csr: float | None
    verdict: str


def _named_with_values(rows: Table) -> Table:
    """Name kernels with their value format where values are not of 16 bits, as in `nm int4`."""
    narrow = rows.kernel + " " + rows.value_format
    return rows.mutate(kernel=(rows.value_format == "16").ifelse(rows.kernel, narrow))


def speedups(views: Views) -> Table:
    """Return the best measurement of every kernel under all conditions, the fastest first."""
    rows = _named_with_values(views["kernel_speedups"])
    return rows.order_by(
        "device",
        "out_features",
        "in_features",
        "batch",
        "cache",
        rows.speedup.desc(nulls_first=False),
        "kernel",
    )


def benchmarks(views: Views) -> Table:
    """Return every measurement, the newest first."""
    rows = _named_with_values(views["kernel_benchmarks"])
    return rows.order_by(rows.measured_at.desc(), "device", "kernel", "out_features", "in_features", "batch")


def predictions(views: Views, run_id: int) -> Table:
    """Return what was predicted of every matrix of a run, and what was measured."""
    rows = views["prediction_vs_measurement"]
    return rows.filter(rows.run_id == run_id).order_by("layer", "matrix_id", "device")
