"""What the panels of the kernels screen say, made from what was fetched."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from tui.drawing.figures import fixed, number, percent
from tui.drawing.levels import LevelBar, Levels
from tui.drawing.plots import Plot, Series

if TYPE_CHECKING:
    from tui.kernels.data import KernelData
    from warehouse.expressions.kernels import Benchmark, Prediction, Speedup
    from warehouse.overview import MatrixFigures

TABLE_HEADINGS = (
    "kernel", "mask", ">batch", "cache", ">µs", ">× dense", ">limit ×", ">% of limit", ">bits", "mask from",
)  # fmt: skip
CHECK_HEADINGS = ("kernel", "mask", ">shape", ">batch", ">error", "device", "what went wrong")
PREDICTION_HEADINGS = (
    ">block", "matrix", "kernel", ">measured", ">by bytes", ">reached %", "report", ">blocks÷csr", "verdict",
)  # fmt: skip
SPEED = fixed(2)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of a measurement, which all bars of one picture share."""

    device: str
    out_features: int
    in_features: int
    batch: int
    cache: str

    @property
    def shape(self) -> tuple[int, int]:
        """Output and input features."""
        return self.out_features, self.in_features

    @classmethod
    def from_options(cls, options: dict[str, str]) -> "Conditions | None":
        """Return the conditions written as `as_options` writes them; None where one is missing or wrong."""
        try:
            out_features, in_features = map(int, options["shape"].split("x"))
            return cls(options["device"], out_features, in_features, int(options["batch"]), options["cache"])
        except (KeyError, ValueError):
            return None

    def as_options(self) -> dict[str, str]:
        """Return the conditions by name, each as a text."""
        shape = f"{self.out_features}x{self.in_features}"
        return {"shape": shape, "batch": str(self.batch), "cache": self.cache, "device": self.device}

    @property
    def name(self) -> str:
        """The conditions in words."""
        return (
            f"{self.out_features}×{self.in_features}, batch {self.batch}, {self.cache} cache · {self.device}"
        )


def conditions_of(row: "Speedup | Benchmark") -> Conditions:
    """Return the conditions of a measurement."""
    return Conditions(row.device, row.out_features, row.in_features, row.batch, row.cache)


def known_conditions(data: "KernelData") -> list[Conditions]:
    """Return the conditions of all measurements, batch 1 and cold caches first."""
    found = {conditions_of(row) for row in data.speedups}
    return sorted(found, key=lambda c: (c.device, c.shape, c.batch, c.cache))


def nearest(known: Iterable[Conditions], wanted: Conditions) -> Conditions | None:
    """Return the known conditions that agree most with those wanted: first in shape, then in device."""

    def distance(c: Conditions) -> tuple:
        return (
            c.shape != wanted.shape, c.device != wanted.device, c.cache != wanted.cache,
            abs(c.batch - wanted.batch), c.shape,
        )  # fmt: skip

    return min(known, key=distance, default=None)


def wanted_for(matrix: "MatrixFigures | None") -> Conditions:
    """Return the conditions that matter most: generating one token, with the matrix in view."""
    shape = (matrix.out_features, matrix.in_features) if matrix else (0, 0)
    return Conditions(matrix.best_device or "" if matrix else "", *shape, 1, "cold")


def turned(known: list[Conditions], here: Conditions, field: str) -> Conditions:
    """Return the conditions with the next known value of one field, the others as near as possible."""
    values = sorted({getattr(c, field) for c in known})
    value = values[(values.index(getattr(here, field)) + 1) % len(values)]
    if field == "shape":
        wanted = replace(here, out_features=value[0], in_features=value[1])
    else:
        wanted = replace(here, **{field: value})
    candidates = [c for c in known if getattr(c, field) == value]
    return nearest(candidates, wanted) or here


def mask_name(row: "Speedup | Benchmark") -> str:
    """Name the mask in a few words: 50%, or 2:4."""
    if row.pattern == "dense":
        return ""
    share = f"{100 * row.sparsity:g}%"
    return {"unstructured": share, "block": f"{share} blocks", "activation": f"{share} of x"}.get(
        row.pattern, row.pattern
    )


def limit_of(row: "Speedup") -> float | None:
    """Return the speed-up if the kernel moved its bytes at the measured bandwidth of the device."""
    if not row.speedup or not row.limit_fraction:
        return None
    return row.speedup / row.limit_fraction


def measured_under(data: "KernelData", conditions: Conditions | None) -> "list[Speedup]":
    """Return what was measured under the same conditions, the fastest first."""
    return [row for row in data.speedups if conditions_of(row) == conditions and row.speedup is not None]


def speedup_levels(data: "KernelData", conditions: Conditions) -> Levels:
    """Return the speed-up of every kernel under the same conditions as bars against dense, with its limit."""
    bars = tuple(
        LevelBar(
            key=(row.kernel, row.pattern, row.sparsity, row.mask_source),
            label=f"{row.kernel} {mask_name(row)}{_source_mark(row)}",
            value=row.speedup,
            level=1.0,
            limit=limit_of(row),
            note=_speed_note(row),
            marked=row.is_worthwhile,
        )
        for row in measured_under(data, conditions)
    )
    return Levels(f"× dense, {conditions.name}", bars, "dense", "limit", write=SPEED)


def _source_mark(row: "Speedup") -> str:
    return "" if row.mask_source == "random" else f" ◂{row.mask_source}"


def _speed_note(row: "Speedup") -> str:
    return f"{SPEED(row.speedup)}× {number(row.latency_us_p50):>5} µs {percent(row.limit_fraction):>5}%"


def sentence(row: "Speedup") -> str:
    """Say what was measured of one kernel."""
    limit = "" if not row.limit_fraction else f", {percent(row.limit_fraction)}% of the bandwidth"
    bits = f", {row.bits_per_weight:.1f} bits per weight" if row.bits_per_weight else ""
    source = "a random mask" if row.mask_source == "random" else f"the mask of run {row.mask_source}"
    times = f"{number(row.latency_us_p50)} µs against {number(row.dense_latency_us_p50)} µs dense"
    return f"{row.kernel} {mask_name(row)}: {times}, {SPEED(row.speedup)}×{limit}{bits}, {source}"


def table_row(row: "Speedup") -> tuple[str, ...]:
    """Write one measurement."""
    return (
        row.kernel,
        mask_name(row),
        str(row.batch),
        row.cache,
        number(row.latency_us_p50),
        SPEED(row.speedup),
        SPEED(limit_of(row)),
        percent(row.limit_fraction),
        "·" if row.bits_per_weight is None else f"{row.bits_per_weight:.1f}",
        row.mask_source,
    )


def check_row(row: "Benchmark") -> tuple[str, ...]:
    """Write how accurate a kernel was."""
    error = "·" if row.relative_error is None else f"{row.relative_error:.1e}"
    shape = f"{row.out_features}×{row.in_features}"
    return row.kernel, mask_name(row), shape, str(row.batch), error, row.device, row.error or ""


def prediction_row(row: "Prediction") -> tuple[str, ...]:
    """Write what was predicted of a matrix beside what was measured."""
    report = "" if row.report_low is None else f"{row.report_low:.1f}–{row.report_high or 0:.1f}×"
    return (
        str(row.layer),
        row.projection,
        row.best_kernel,
        f"{SPEED(row.best_speedup)}×",
        f"{SPEED(row.byte_limit)}×",
        percent(row.limit_share),
        report,
        SPEED(row.block_over_csr),
        row.verdict,
    )


def roofline_plot(data: "KernelData", conditions: Conditions) -> Plot:
    """Return the time of every kernel over the bytes it moves, and the bandwidth of the device as a line."""
    points: dict[str, list[tuple[float, float]]] = {}
    bandwidths = []
    for row in data.benchmarks:
        here = (row.device, row.batch, row.cache) == (conditions.device, conditions.batch, conditions.cache)
        if here and row.bytes_moved and row.latency_us_p50:
            points.setdefault(row.kernel, []).append((row.bytes_moved / 1e6, row.latency_us_p50))
            if row.achieved_gbps and row.limit_fraction:
                bandwidths.append(row.achieved_gbps / row.limit_fraction)
    series = tuple(
        Series(kernel, tuple(x for x, _ in found), tuple(y for _, y in found))
        for kernel, found in sorted(points.items())
    )
    guides = _bandwidth_line([x for found in points.values() for x, _ in found], bandwidths)
    return Plot("bytes moved, MB", "time, µs", series, guides=guides, x_log=True, y_log=True)


def _bandwidth_line(megabytes: list[float], bandwidths: list[float]) -> tuple[Series, ...]:
    if not bandwidths or not megabytes:
        return ()
    gbps = median(bandwidths)
    ends = (min(megabytes), max(megabytes))
    # A megabyte at a gigabyte a second takes a millisecond.
    return (Series(f"{gbps / 1000:.2f} TB/s measured", ends, tuple(1000 * x / gbps for x in ends)),)
