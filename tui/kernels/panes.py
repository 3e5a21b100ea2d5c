"""The panels of the kernels screen: what each shows of what was read."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.widget import Widget

from tui.frame.panels import Panel, PanelScreen
from tui.kernels import text as panels
from tui.kernels.data import KernelData
from tui.kernels.text import Conditions
from tui.widgets.job_log import JobLog
from tui.widgets.level_bars import LevelBars
from tui.widgets.plot import PlotView
from tui.widgets.table import Table
from warehouse.overview import MatrixFigures

if TYPE_CHECKING:
    from warehouse.expressions.kernels import Speedup

NOT_MEASURED = (
    "nothing was measured yet; press m here, or measure on a machine with a GPU with: sparsity-bench run"
    " --shapes llama-7b --out bench.jsonl, and load it with: sparsity-etl load bench.jsonl"
)
NO_PREDICTION = "no kernel was measured at a shape, pattern and sparsity of this run; press m"
NO_JOB = "no benchmark was started from here; m measures the kernels on the mask of the selected matrix"


class KernelsPanels(PanelScreen):
    """Every time stands beside dense and beside the limit that the bytes moved set."""

    PANELS: ClassVar[tuple[Panel, ...]] = (
        Panel("speedups", "speed-ups", "left"),
        Panel("roofline", "roofline"),
        Panel("measured", "table"),
        Panel("predicted", "prediction"),
        Panel("checks", "checks"),
        Panel("job", "job"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.matrix: MatrixFigures | None = None
        self.data: KernelData | None = None
        self.conditions: Conditions | None = None

    def compose_panel(self, name: str) -> Iterable[Widget]:
        """Yield the widgets of one panel."""
        headings = {
            "measured": panels.TABLE_HEADINGS,
            "predicted": panels.PREDICTION_HEADINGS,
            "checks": panels.CHECK_HEADINGS,
        }
        if name == "speedups":
            yield LevelBars()
        elif name == "roofline":
            yield PlotView()
        elif name == "job":
            yield JobLog(NO_JOB)
        else:
            yield Table(*headings[name])

    def on_mount(self) -> None:
        """Name the panel that fills by a benchmark alone."""
        super().on_mount()
        self.title_pane("job", "benchmark")

    def rows(self) -> "list[Speedup]":
        """Return what was measured under the conditions shown, the fastest first."""
        rows = self.data.speedups if self.data else []
        return [
            row for row in rows if panels.conditions_of(row) == self.conditions and row.speedup is not None
        ]

    def show_data(self) -> None:
        """Show everything that was read."""
        data = self.data
        if data is None:
            return
        checks = [row for row in data.benchmarks if row.relative_error is not None or row.error]
        self._fill("checks", [panels.check_row(row) for row in checks])
        failed = sum(1 for row in checks if row.error)
        self.title_pane("checks", f"relative error against float64 · {len(checks):,} checks, {failed} failed")
        self._fill("predicted", [panels.prediction_row(row) for row in data.predictions])
        title = "what the bytes and the report predict, and what was measured"
        self.title_pane("predicted", title if data.predictions else NO_PREDICTION)
        self.show_conditions()

    def show_conditions(self) -> None:
        """Show what was measured under the conditions chosen."""
        data, conditions = self.data, self.conditions
        if data is None:
            return
        bars, plot = self.query_one(LevelBars), self.query_one(PlotView)
        if conditions is None:
            bars.show(None, missing=NOT_MEASURED)
            plot.show(None, NOT_MEASURED)
            self._fill("measured", [])
            for name in ("speedups", "roofline", "measured"):
                self.title_pane(name, "nothing was measured yet")
            self.note(NOT_MEASURED)
            return
        levels = panels.speedup_levels(data, conditions)
        bars.show(levels, missing=NOT_MEASURED)
        self.title_pane("speedups", levels.title)
        plot.show(
            panels.roofline_plot(data, conditions), "no bytes or times were measured under these conditions"
        )
        self.title_pane(
            "roofline", f"batch {conditions.batch}, {conditions.cache} cache · {conditions.device}"
        )
        same_shape = [row for row in data.speedups if panels.conditions_of(row).shape == conditions.shape]
        self._fill("measured", [panels.table_row(row) for row in same_shape])
        shape = f"{conditions.out_features}×{conditions.in_features}"
        self.title_pane("measured", f"{len(same_shape):,} measurements of {shape}, the fastest first")
        self.show_sentence()

    def show_sentence(self) -> None:
        """Say what was measured of the kernel under the cursor, and whether it is about this matrix."""
        rows, place = self.rows(), self.query_one(LevelBars).cursor
        parts = [panels.sentence(rows[place])] if place < len(rows) else []
        matrix, conditions = self.matrix, self.conditions
        if matrix is not None and conditions is not None:
            shape = (matrix.out_features, matrix.in_features)
            if shape != conditions.shape:
                name = f"block {matrix.layer} {matrix.projection} ({shape[0]}×{shape[1]})"
                parts.append(f"{name} is of another shape; m measures it")
        self.note(" · ".join(parts))

    def _fill(self, name: str, rows: list[tuple[str, ...]]) -> None:
        self.query_one(f"#{name} Table", Table).fill(rows)
