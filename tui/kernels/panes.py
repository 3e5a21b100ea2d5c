"""The panels of the kernels screen: every time stands beside dense and beside the limit the bytes set."""

from textual.app import ComposeResult

from tui.frame.panes import LevelsPanel, Panel, PlotPanel, TablePanel
from tui.kernels import text
from tui.kernels.data import KernelData
from tui.kernels.text import Conditions
from tui.state.jobs import Job
from tui.widgets.job_log import JobLog

NOT_MEASURED = (
    "nothing was measured yet; press m here, or measure on a machine with a GPU with: sparsity-bench run"
    " --shapes llama-7b --out bench.jsonl, and load it with: sparsity-etl load bench.jsonl"
)
NOTHING = "nothing was measured yet"
NO_PREDICTION = "no kernel was measured at a shape, pattern and sparsity of this run; press m"
NO_JOB = "no benchmark was started from here; m measures the kernels on the mask of the selected matrix"


class SpeedupsPanel(LevelsPanel):
    """How fast every kernel is against dense, and its limit."""

    NAME = "speedups"
    TITLE = "speed-ups"
    SIDE = "left"

    def show(self, data: KernelData, conditions: Conditions) -> None:
        """Show what was measured under some conditions."""
        levels = text.speedup_levels(data, conditions)
        self.bars.show(levels, missing=NOT_MEASURED)
        self.retitle(levels.title)

    def show_none(self) -> None:
        """Say how to measure."""
        self.bars.show(None, missing=NOT_MEASURED)
        self.retitle(NOTHING)


class RooflinePanel(PlotPanel):
    """Times over bytes moved."""

    NAME = "roofline"
    TITLE = "roofline"

    def show(self, data: KernelData, conditions: Conditions) -> None:
        """Show what was measured under some conditions."""
        plot = text.roofline_plot(data, conditions)
        self.plot.show(plot, "no bytes or times were measured under these conditions")
        self.retitle(f"batch {conditions.batch}, {conditions.cache} cache · {conditions.device}")

    def show_none(self) -> None:
        """Say how to measure."""
        self.plot.show(None, NOT_MEASURED)
        self.retitle(NOTHING)


class MeasuredPanel(TablePanel):
    """Every measurement of a shape."""

    NAME = "measured"
    TITLE = "table"
    HEADINGS = text.TABLE_HEADINGS

    def show(self, data: KernelData, conditions: Conditions) -> None:
        """Show all conditions of one shape."""
        rows = [row for row in data.speedups if text.conditions_of(row).shape == conditions.shape]
        self.table.fill([text.table_row(row) for row in rows])
        shape = f"{conditions.out_features}×{conditions.in_features}"
        self.retitle(f"{len(rows):,} measurements of {shape}, the fastest first")

    def show_none(self) -> None:
        """Empty the table."""
        self.table.fill([])
        self.retitle(NOTHING)


class PredictedPanel(TablePanel):
    """What was predicted beside what was measured."""

    NAME = "predicted"
    TITLE = "prediction"
    HEADINGS = text.PREDICTION_HEADINGS

    def show(self, data: KernelData) -> None:
        """Show the predictions of the run."""
        self.table.fill([text.prediction_row(row) for row in data.predictions])
        title = "what the bytes and the report predict, and what was measured"
        self.retitle(title if data.predictions else NO_PREDICTION)


class ChecksPanel(TablePanel):
    """Whether the kernels compute the right thing."""

    NAME = "checks"
    TITLE = "checks"
    HEADINGS = text.CHECK_HEADINGS

    def show(self, data: KernelData) -> None:
        """Show every measurement that was checked."""
        checks = [row for row in data.benchmarks if row.relative_error is not None or row.error]
        self.table.fill([text.check_row(row) for row in checks])
        failed = sum(1 for row in checks if row.error)
        self.retitle(f"relative error against float64 · {len(checks):,} checks, {failed} failed")


class JobPanel(Panel):
    """What the benchmark that was started here writes."""

    NAME = "job"
    TITLE = "job"

    def compose(self) -> ComposeResult:
        """Make the log."""
        yield JobLog(NO_JOB)

    def on_mount(self) -> None:
        """Title the panel, which stays empty until a benchmark is started."""
        self.retitle("benchmark")

    @property
    def log_view(self) -> JobLog:
        """The log."""
        return self.query_one(JobLog)

    def show(self, job: Job, subject: str) -> None:
        """Follow a benchmark."""
        self.retitle(f"{subject} · log {job.log}")
        self.log_view.follow(job)


# In the order of the keys [ and ].
PANELS = (SpeedupsPanel, RooflinePanel, MeasuredPanel, PredictedPanel, ChecksPanel, JobPanel)
