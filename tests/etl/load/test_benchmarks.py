"""Kernel measurements are loaded once, whole or not at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etl.cli import main
from etl.load.benchmarks import reference_files
from etl.load.measurements import Measurement
from tests.etl.tiny import QUICK
from warehouse.opening import attach_read_only

ROW = {
    "device": "NVIDIA H200",
    "kernel": "sell",
    "variant": None,
    "out_features": 4096,
    "in_features": 4096,
    "batch": 1,
    "dtype": "bfloat16",
    "sparsity": 0.5,
    "pattern": "unstructured",
    "mask_source": "random",
    "latency_us_p20": 7.7,
    "latency_us_p50": 7.8,
    "latency_us_p80": 8,
    "dense_latency_us_p50": 13.3,
    "speedup": 1.705,
    "bytes_moved": 21_000_000,
    "achieved_gbps": 2700.0,
    "limit_fraction": 0.63,
    "packed_bytes": 21_000_000,
    "bits_per_weight": 10.1,
    "relative_error": 0.002,
    "cache": "cold",
    "torch_version": "2.11.0",
    "triton_version": "3.6.0",
    "measured_at": "2026-11-22T15:00:00+00:00",
}


def write(file: Path, *rows: dict) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def load(database: Path, file: Path) -> int:
    return main(["load", str(file), "--db", str(database), "--json"])


def rows_of(database: Path, query: str) -> list[tuple]:
    with attach_read_only(database) as connection:
        return connection.execute(query).fetchall()


def test_loading_twice_adds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The same file does no work again; a longer one adds only its new rows."""
    database = tmp_path / "sparsity.db"
    file = write(tmp_path / "bench.jsonl", ROW, ROW | {"kernel": "nm", "pattern": "2:4"})
    assert load(database, file) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows_written"] == {"kernel_benchmarks": 2}
    assert load(database, file) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["state"] == "unchanged"
    write(file, ROW, ROW, ROW | {"kernel": "nm", "pattern": "2:4"}, ROW | {"batch": 4})
    assert load(database, file) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["rows_written"] == {"kernel_benchmarks": 1}
    assert rows_of(
        database, "SELECT kernel, batch, measured_at::VARCHAR FROM kernel_benchmarks ORDER BY ALL"
    ) == [
        ("nm", 1, "2026-11-22 15:00:00"),
        ("sell", 1, "2026-11-22 15:00:00"),
        ("sell", 4, "2026-11-22 15:00:00"),
    ]


def notes_of(output: str) -> list[str]:
    events = [json.loads(line) for line in output.splitlines()]
    return [event["message"] for event in events if event["event"] == "note"]


def test_other_figures_of_the_same_measurement_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """What is there stays, in the file and in the database; how many contradict it is said, not copies."""
    database = tmp_path / "sparsity.db"
    first = write(tmp_path / "first.jsonl", ROW, ROW, ROW | {"batch": 4}, ROW | {"batch": 4, "speedup": 2.0})
    assert load(database, first) == 0
    assert [note.split()[0] for note in notes_of(capsys.readouterr().out)] == ["1"]
    faster = [ROW | {"latency_us_p20": 1.0}, ROW | {"torch_version": None, "error": "failed"}]
    assert load(database, write(tmp_path / "second.jsonl", ROW, *faster, ROW | {"batch": 8})) == 0
    output = capsys.readouterr().out
    assert notes_of(output)[0].startswith("2 of the measurements left out")
    assert json.loads(output.splitlines()[-1])["rows_written"] == {"kernel_benchmarks": 1}
    query = "SELECT batch, latency_us_p20 FROM kernel_benchmarks ORDER BY ALL"
    assert rows_of(database, query) == [(1, 7.7), (4, 7.7), (8, 7.7)]


def line(**changes: object) -> str:
    """Return a measurement with some values changed."""
    return json.dumps(ROW | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "Invalid JSON"),
        ("[1]", "must be an object, not [1]"),
        (json.dumps({k: v for k, v in ROW.items() if k != "device"}), "device is missing"),
        (line(device=None), "device must be a valid string, not None"),
        (line(device=""), "device"),
        (line(speed=3), "there is no key speed; the nearest is speedup"),
        (line(speedup="fast"), "speedup must be a valid number, not 'fast'"),
        (line(speedup=float("nan")), "speedup must be a finite number, not nan"),
        (line(latency_us_p50=float("inf")), "latency_us_p50 must be a finite number, not inf"),
        (line(latency_us_p20=-7.7), "latency_us_p20 must be greater than 0, not -7.7"),
        (line(latency_us_p50=0), "latency_us_p50 must be greater than 0, not 0"),
        (line(dense_latency_us_p50=-1), "dense_latency_us_p50 must be greater than 0"),
        (line(sparsity=7), "sparsity must be less than or equal to 1, not 7"),
        (line(sparsity=-0.1), "sparsity must be greater than or equal to 0, not -0.1"),
        (line(bytes_moved=2**63), f"bytes_moved must be less than or equal to {2**63 - 1}, not {2**63}"),
        (line(packed_bytes=-1), "packed_bytes must be greater than or equal to 1"),
        (line(batch=2**31), "batch must be less than or equal to"),
        (line(out_features=0), "out_features must be greater than or equal to 1"),
        (line(pattern="5:4"), "pattern 5:4 keeps 5 of every 4"),
        (line(pattern="2:4:8"), 'pattern "2:4:8" is not known'),
        (line(latency_us_p20=9), "latency_us_p20, latency_us_p50 and latency_us_p80 must rise in this order"),
        (line(latency_us_p50=None, latency_us_p80=7), "latency_us_p80 must rise in this order"),
        (line(batch=True), "batch must be a valid integer, not True"),
        (line(batch="1"), "batch must be a valid integer, not '1'"),
        (line(batch=1.5), "batch must be a valid integer, not 1.5"),
        (line(cache="lukewarm"), "cache must be 'cold' or 'warm', not 'lukewarm'"),
        (line(measured_at="yesterday"), "measured_at must be a valid datetime"),
        (line(measured_at=5), "measured_at must be a valid datetime"),
        (
            line(measured_at="0001-01-01T00:00:00+14:00"),
            "measured_at must be a time between the years 1 and 9999 in UTC",
        ),
        (line()[:-1] + ', "batch": 4}', "batch is there twice"),
        (line().replace('"sell"', r'"\ud800"'), "Invalid JSON"),
    ],
)
def test_a_bad_line_loads_nothing(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture
) -> None:
    """One line names file, line and field; no row is loaded, not even of the good lines before it."""
    database = tmp_path / "sparsity.db"
    good = write(tmp_path / "good.jsonl", ROW)
    assert load(database, good) == 0
    before = sorted(tmp_path.iterdir())
    capsys.readouterr()
    bad = tmp_path / "bad.jsonl"
    bad.write_text(line(batch=16) + "\n\n" + text + "\n")
    assert load(database, bad) == 1
    captured = capsys.readouterr()
    assert f"{bad}, line 3: " in captured.err
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == sorted([*before, bad])
    assert rows_of(database, "SELECT count(*) FROM kernel_benchmarks") == [(1,)]


def test_a_pipe_loads(tmp_path: Path) -> None:
    """`load <(zcat bench.jsonl.gz)` names a pipe that no path but this one leads to."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file:
        file.write(line() + "\n")
    assert load(tmp_path / "sparsity.db", Path(f"/dev/fd/{reading}")) == 0
    os.close(reading)
    assert rows_of(tmp_path / "sparsity.db", "SELECT count(*) FROM kernel_benchmarks") == [(1,)]


def test_a_dash_is_standard_input(tmp_path: Path) -> None:
    """What another command writes is loaded from it; where nothing comes, that is said."""
    database = tmp_path / "sparsity.db"
    command = [sys.executable, "-m", "etl.cli", "load", "-", "--db", str(database)]
    piped = subprocess.run(command, input=json.dumps(ROW), text=True, check=False)
    assert piped.returncode == 0
    assert rows_of(database, "SELECT kernel FROM kernel_benchmarks") == [("sell",)]
    silent = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert silent.returncode == 1
    assert "cannot read /dev/stdin: it is a device" in silent.stderr


def test_files_as_other_systems_write_them_load(tmp_path: Path) -> None:
    """A byte order mark in front and carriage returns at the ends of lines change nothing."""
    file = tmp_path / "bench.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + line().encode() + b"\r\n")
    assert load(tmp_path / "sparsity.db", file) == 0
    assert rows_of(tmp_path / "sparsity.db", "SELECT count(*) FROM kernel_benchmarks") == [(1,)]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe"])
def test_a_file_without_measurements_is_named(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture
) -> None:
    """Empty, blank, or no text at all."""
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    assert load(tmp_path / "sparsity.db", bad) == 1
    assert str(bad) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [bad]


def test_measurements_have_the_columns_of_their_table(tmp_path: Path) -> None:
    """Every column is a field of the checked row, required where there is neither NULL nor a default."""
    assert load(tmp_path / "sparsity.db", write(tmp_path / "bench.jsonl", ROW)) == 0
    columns = rows_of(
        tmp_path / "sparsity.db",
        "SELECT column_name, is_nullable OR column_default IS NOT NULL FROM duckdb_columns()"
        " WHERE table_name = 'kernel_benchmarks' ORDER BY column_index",
    )
    fields = [(name, not field.is_required()) for name, field in Measurement.model_fields.items()]
    assert fields == columns


def test_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """A path with nothing behind it is one clear line."""
    assert load(tmp_path / "sparsity.db", tmp_path / "none.jsonl") == 1
    assert "none.jsonl" in capsys.readouterr().err
    assert not (tmp_path / "sparsity.db").exists()


def test_reference_measurements_come_with_the_default_pipeline(tiny_model: Path, tmp_path: Path) -> None:
    """Every measurement that the package ships is in the warehouse after a run, marked with its device."""
    database = tmp_path / "sparsity.db"
    flags = ["--method", "magnitude", "--pattern", "2:4", "--no-cluster", "--no-evaluate"]
    assert main(["run", "--db", str(database), "--model", str(tiny_model), *QUICK, *flags]) == 0
    shipped = sum(len(file.read_text().splitlines()) for file in reference_files())
    assert rows_of(database, "SELECT count(device) FROM kernel_benchmarks") == [(shipped,)]
