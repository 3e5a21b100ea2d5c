"""The kernels screen and its benchmarks: conditions, limits, devices, commands, a benchmark that fails."""

import shlex
import stat
from pathlib import Path

import pytest

from tests.tui.conftest import running, screen_text, settle, wait_for
from tests.tui.panel_screens import PLACE, SMALL, WIDE, front, notes_of, opened, press, rows_of, title_of
from tui.kernels import benchmarks
from tui.kernels.benchmark_dialog import BenchmarkScreen
from tui.kernels.benchmarks import Request, estimate, shell_command, steps
from tui.kernels.data import KernelData
from tui.kernels.text import Conditions, known_conditions, limit_of, nearest, roofline_plot, turned
from tui.state import devices
from tui.state.devices import INTERPRETER, Device, read_gpus
from tui.state.selection import Selection
from tui.widgets.job_log import JobLog
from tui.widgets.level_bars import LevelBars
from warehouse.expressions.kernels import Benchmark, Speedup

NVIDIA_SMI = """\
0, NVIDIA H200, 1024, 143771, 3
1, NVIDIA H200, 90000, 143771, 97
garbage
"""


def speedup(**figures: object) -> Speedup:
    """Return a measurement of sell on a square matrix."""
    values = {
        "device": "GPU", "kernel": "sell", "variant": None, "out_features": 8, "in_features": 8, "batch": 1,
        "sparsity": 0.5, "pattern": "unstructured", "mask_source": "random", "cache": "cold",
        "latency_us_p50": 10.0, "dense_latency_us_p50": 20.0, "speedup": 2.0, "limit_fraction": 0.5,
        "bits_per_weight": 10.0, "measurement_count": 1,
    }  # fmt: skip
    return Speedup(**(values | figures))


def data_of(*rows: Speedup) -> KernelData:
    """Return measurements alone."""
    return KernelData(None, list(rows), [], [])


def test_the_limit_is_what_the_full_bandwidth_would_give() -> None:
    """At half the bandwidth, twice as dense, the bytes allow four times; an unmeasured limit is none."""
    assert limit_of(speedup()) == pytest.approx(4.0)
    assert limit_of(speedup(limit_fraction=None)) is None


def test_conditions_keep_the_shape_before_anything_else() -> None:
    """The nearest conditions to those wanted are of the same shape, at the nearest batch."""
    rows = [speedup(), speedup(batch=4), speedup(out_features=16, cache="warm"), speedup(device="other")]
    known = known_conditions(data_of(*rows))
    assert nearest(known, Conditions("GPU", 16, 8, 1, "cold")).shape == (16, 8)
    assert nearest(known, Conditions("GPU", 8, 8, 3, "cold")).batch == 4
    assert nearest([], Conditions("GPU", 8, 8, 1, "cold")) is None
    here = Conditions("GPU", 8, 8, 1, "cold")
    assert turned(known, here, "batch") == Conditions("GPU", 8, 8, 4, "cold")
    assert turned(known, here, "shape") == Conditions("GPU", 16, 8, 1, "warm")
    assert turned(known, turned(known, here, "device"), "device") == here


def test_the_roofline_is_the_measured_bandwidth() -> None:
    """1 MB at 1 TB/s takes 1 µs; the kernel at half of it lies at 2 µs."""
    row = Benchmark(
        "GPU", "sell", 8, 8, 1, 0.5, "unstructured", "random", "cold", 2.0, 1_000_000, 500.0, 0.5, 0.0, None
    )
    plot = roofline_plot(KernelData(None, [], [row], []), Conditions("GPU", 8, 8, 1, "cold"))
    assert plot.series[0].ys == (2.0,)
    assert plot.guides[0].ys == pytest.approx((1.0, 1.0))
    assert "1.00 TB/s" in plot.guides[0].label


def test_devices_are_those_nvidia_smi_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of another form count for nothing; no nvidia-smi, or one that fails, means no GPU."""
    found = read_gpus(NVIDIA_SMI)
    assert [(device.option, device.name) for device in found] == [
        ("cuda:0", "NVIDIA H200"),
        ("cuda:1", "NVIDIA H200"),
    ]
    assert "97% busy" in found[1].state
    monkeypatch.setenv("PATH", str(tmp_path))
    assert devices.list_gpus() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert devices.list_gpus() == []


def test_the_commands_write_the_mask_measure_and_load() -> None:
    """Three commands in order, on the same files; a path with a space stays one word."""
    request = Request(Path("/data/my runs/s.db"), 4, 2, "o", ("sell", "csr"), (1, 8))
    export, bench, load = steps(request, Device(1, "GPU"))
    place = export.index("--run")
    assert export[place : place + 6] == ["--run", "4", "--layer", "2", "--projection", "o"]
    mask, results = export[export.index("--out") + 1], bench[bench.index("--out") + 1]
    assert bench[bench.index("--mask") + 1] == mask
    assert load[load.index("load") + 1] == results
    assert bench[bench.index("--device") + 1] == "cuda:1"
    assert bench[bench.index("--batch") + 1 :][:2] == ["1", "8"]
    program, option, line = shell_command(request, INTERPRETER)
    assert (program, option) == ("sh", "-c")
    assert "/data/my runs/s.db" in shlex.split(line)
    assert "cpu" in shlex.split(line)
    assert "4 products" in estimate(request, INTERPRETER)


async def test_conditions_turn_by_keys(rich_database: Path) -> None:
    """The shape of the matrix in view comes first; keys that have nothing to turn to say so."""
    async with opened(rich_database, "kernels", WIDE) as (app, pilot):
        bars = app.screen.query_one(LevelBars).levels.bars
        assert [(bar.key[0], bar.value, bar.level) for bar in bars] == [
            ("semi_structured", 1.71, 1.0),
            ("sell", 1.42, 1.0),
        ]
        assert bars[0].limit == pytest.approx(1.71 / 0.4)
        assert app.screen.conditions.shape == (32, 32)
        await press(pilot, "w")
        assert app.screen.conditions.shape == (32, 64)
        await press(pilot, "v")
        assert app.screen.conditions.shape == (32, 32)
        await press(pilot, "b", "c", "d")
        assert "one batch was measured" in notes_of(app)
        await press(pilot, "down")
        assert "sell 50%: 14.1 µs against 20.0 µs dense, 1.42×" in str(app.screen.query_one("#note").render())
        assert ["bsr", "wrong result"] in [[row[0], row[-1]] for row in rows_of(app, "checks")]
        assert "1 failed" in title_of(app, "checks")
        await front(app, pilot, "predicted")
        assert {row[2] for row in rows_of(app, "predicted")} == {"sell"}
        for table in app.screen.tables():
            cursor = app.reader.cursor()
            assert table.query(cursor).fetchall(), table.name
            cursor.close()


async def test_a_benchmark_asks_first_and_tells_how_it_ended(
    rich_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a GPU the dialog offers the interpreter; wrong fields start nothing; a failure is told."""
    monkeypatch.setattr("tui.kernels.benchmark_dialog.list_gpus", list)
    started = []

    def failing(request: Request, device: Device) -> list[str]:
        started.append((request, device))
        return ["sh", "-c", "echo measuring; echo 'error: no mask' >&2; exit 1"]

    monkeypatch.setattr(benchmarks, "shell_command", failing)
    async with opened(rich_database, "kernels", SMALL) as (app, pilot):
        await press(pilot, "m")
        assert isinstance(app.screen, BenchmarkScreen)
        text = screen_text(app)
        assert "no GPU" in text
        assert "sparsity-bench run --mask run-3-block-1-k.safetensors" in " ".join(text.split())
        app.screen.query_one("#batches").value = "0"
        await press(pilot, "enter")
        assert isinstance(app.screen, BenchmarkScreen)
        app.screen.query_one("#batches").value = "1 4"
        await press(pilot, "enter")
        assert [(request.batches, device) for request, device in started] == [((1, 4), INTERPRETER)]
        await wait_for(pilot, lambda: "the benchmark failed" in notes_of(app))
        assert "no mask" in notes_of(app)
        assert app.screen.front == "job"
        assert "measuring" in app.screen.query_one(JobLog).lines
        await press(pilot, "m", "escape")
        assert len(started) == 1


async def test_read_only_and_the_dense_model_measure_nothing(rich_database: Path) -> None:
    """--read-only removes the action; without a mask there is nothing to measure."""
    async with opened(rich_database, "kernels", SMALL, read_only=True, link=PLACE) as (app, pilot):
        await press(pilot, "m")
        assert not isinstance(app.screen, BenchmarkScreen)
        assert "measure" not in screen_text(app).splitlines()[-1]
    async with running(rich_database, SMALL, screen="kernels", link=Selection(run_id=1)) as (app, pilot):
        await press(pilot, "m")
        await settle(pilot)
        assert "the dense model has no mask" in notes_of(app)
