# ruff: noqa: D102  # the registry says what each do_<verb> does
"""Measured kernels: each against dense and against its limit; measuring more on the matrix in view."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.message import Message

from tui.dialogs.tables import ExportTable
from tui.frame.panels import PanelScreen, panel_actions, step_actions
from tui.kernels import benchmarks, panes, text
from tui.kernels.benchmarks import Request
from tui.kernels.data import KernelData, load_kernels
from tui.kernels.tables import kernels_tables
from tui.kernels.text import Conditions
from tui.state import jobs
from tui.state.devices import Device
from tui.state.registry import Action
from tui.state.selection import describe_matrix, maskless, matrix_of, run_of
from tui.widgets.job_log import JobLog
from tui.widgets.level_bars import LevelBars
from warehouse.overview import MatrixFigures


class KernelsScreen(PanelScreen):
    """Reads what the panels show, and starts benchmarks."""

    NAME: ClassVar[str] = "kernels"
    ACTIONS: ClassVar[tuple[Action, ...]] = (
        Action(
            "kernels.measure", "m", "measure", "Measure kernels on the selected mask", rank=1, writes=True
        ),
        Action("kernels.next_shape", "w", "shape", "Show the next measured shape", rank=2),
        Action("kernels.next_batch", "b", "batch", "Show the next measured batch size", rank=3),
        Action("kernels.next_cache", "c", "cache", "Show cold or warm caches", rank=6),
        Action("kernels.next_device", "d", "device", "Show the next device", rank=7),
        Action("kernels.matrix_shape", "v", "this shape", "Show the shape of the selected matrix"),
        *panel_actions("kernels"),
        *step_actions("kernels"),
    )
    PANELS = panes.PANELS

    @dataclass
    class KernelsRead(Message):
        """The measurements are here."""

        data: KernelData

    def __init__(self) -> None:
        super().__init__()
        self.data: KernelData | None = None
        self.conditions: Conditions | None = None
        self._asked: object = None

    def on_mount(self) -> None:
        """Follow the benchmark that an earlier session started, if it still runs."""
        super().on_mount()
        job = jobs.find_running(self.host.database.path)
        if job is not None:
            self.query_one(panes.JobPanel).log_view.follow(job)

    def update(self) -> None:
        app = self.host
        if app.overview is None:
            return
        matrix = matrix_of(app.overview, app.selection)
        moved = matrix is not None and self.matrix is not None and _shape(matrix) != _shape(self.matrix)
        self.matrix = matrix
        run_id = app.selection.run_id
        if self._asked != (app.generation, run_id):
            self._asked = (app.generation, run_id)
            self.fetch("measurements", partial(load_kernels, run_id=run_id), self.KernelsRead)
        elif moved:
            self.do_matrix_shape()
        self._show_sentence()

    def why_not(self, verb: str) -> str | None:
        """Say why nothing can be measured, or no other conditions be shown."""
        if verb == "measure":
            if self.matrix is None:
                kind = maskless(self.host.overview, self.host.selection)
                return f"{kind} has no mask; choose a pruned run in the overview (1)"
            job = self.query_one(panes.JobPanel).log_view.job
            return "a job on this database is running" if job is not None and job.running else None
        field = verb.removeprefix("next_")
        if verb != "matrix_shape" and field not in {"shape", "batch", "cache", "device"}:
            return None
        known = text.known_conditions(self.data) if self.data else []
        if not known:
            read = self.data is not None
            return f"{panes.NOTHING}; m measures the selected matrix" if read else "they are still being read"
        if verb != "matrix_shape" and len({getattr(conditions, field) for conditions in known}) == 1:
            return f"one {field} was measured"
        return None

    def view_options(self) -> dict[str, str]:
        """Return the panel in front and the conditions of what is shown."""
        return super().view_options() | (self.conditions.as_options() if self.conditions else {})

    def use_view_options(self, options: dict[str, str]) -> None:
        """Show other conditions, the nearest measured where nothing was measured under these."""
        super().use_view_options(options)
        self.conditions = Conditions.from_options(options)

    def tables(self) -> list[ExportTable]:
        """Return what the panels show, whole."""
        return kernels_tables(self.host.selection.run_id)

    def do_measure(self) -> None:
        from tui.kernels.benchmark_dialog import BenchmarkScreen  # noqa: PLC0415  # only when asked for

        app, matrix = self.host, self.matrix
        run = run_of(app.overview, matrix.run_id) if app.overview and matrix else None
        if matrix is None or run is None:
            return
        request = Request(
            app.database.path.resolve(),
            matrix.run_id,
            matrix.layer,
            matrix.projection,
            benchmarks.default_formats(run.pattern),
        )
        self.app.push_screen(BenchmarkScreen(request), self._start)

    def do_next_shape(self) -> None:
        self._turn_conditions("shape")

    def do_next_batch(self) -> None:
        self._turn_conditions("batch")

    def do_next_cache(self) -> None:
        self._turn_conditions("cache")

    def do_next_device(self) -> None:
        self._turn_conditions("device")

    def do_matrix_shape(self) -> None:
        if self.data is not None:
            known = text.known_conditions(self.data)
            self.conditions = text.nearest(known, text.wanted_for(self.matrix))
            self._show_conditions()

    @on(KernelsRead)
    def _take_data(self, message: KernelsRead) -> None:
        self.data = message.data
        known = text.known_conditions(message.data)
        if self.conditions not in known:
            self.conditions = text.nearest(known, self.conditions or text.wanted_for(self.matrix))
        self.query_one(panes.ChecksPanel).show(message.data)
        self.query_one(panes.PredictedPanel).show(message.data)
        self._show_conditions()

    @on(LevelBars.Moved)
    def _explain_bar(self) -> None:
        self._show_sentence()

    @on(JobLog.Ended)
    def _tell_end(self, message: JobLog.Ended) -> None:
        if message.failed:
            reason = f"{message.job.last_words()} (log: {message.job.log})"
            self.notify(reason, title="the benchmark failed", severity="error")
        else:
            self.notify("its results are in the database", title="benchmark finished")

    def _turn_conditions(self, field: str) -> None:
        if self.data is not None and self.conditions is not None:
            known = text.known_conditions(self.data)
            self.conditions = text.turned(known, self.conditions, field)
            self._show_conditions()

    def _start(self, chosen: tuple[Request, Device] | None) -> None:
        if chosen is None:
            return
        request, device = chosen
        try:
            job = jobs.start(benchmarks.shell_command(request, device), request.database)
        except jobs.JobError as error:
            self.notify(str(error), title="measure", severity="error")
            return
        self.query_one(panes.JobPanel).show(job, f"{request.stem} on {device.name}")
        self.bring_to_front("job")

    def _show_conditions(self) -> None:
        """Show what was measured under the conditions chosen."""
        if self.data is None:
            return
        for kind in (panes.SpeedupsPanel, panes.RooflinePanel, panes.MeasuredPanel):
            panel = self.query_one(kind)
            if self.conditions is None:
                panel.show_none()
            else:
                panel.show(self.data, self.conditions)
        if self.conditions is None:
            self.note(panes.NOT_MEASURED)
        else:
            self._show_sentence()

    def _show_sentence(self) -> None:
        """Say what was measured of the kernel under the cursor, and whether it is about this matrix."""
        rows = text.measured_under(self.data, self.conditions) if self.data else []
        place = self.query_one(LevelBars).cursor
        parts = [text.sentence(rows[place])] if place < len(rows) else []
        if self.matrix is not None and self.conditions is not None:
            shape = _shape(self.matrix)
            if shape != self.conditions.shape:
                name = f"{describe_matrix(self.matrix)} ({shape[0]}×{shape[1]})"
                parts.append(f"{name} is of another shape; m measures it")
        self.note(" · ".join(parts))


def _shape(matrix: MatrixFigures) -> tuple[int, int]:
    return matrix.out_features, matrix.in_features
