"""Kernel measurements are loaded once, whole or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from etl.cli import main
from etl.load.benchmarks import reference_files
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json\n", "line 1 is not JSON"),
        ("[1]\n", "line 1 is not a JSON object"),
        (json.dumps({k: v for k, v in ROW.items() if k != "device"}), "line 1 lacks device"),
        (json.dumps(ROW | {"speed": 3}), "unknown column speed"),
        (json.dumps(ROW | {"speedup": "fast"}), "speedup is 'fast'"),
        (json.dumps(ROW | {"speedup": float("nan")}), "speedup is nan"),
        (json.dumps(ROW | {"batch": True}), "batch is True"),
        (json.dumps(ROW | {"measured_at": "yesterday"}), "measured_at is 'yesterday'"),
    ],
)
def test_a_bad_line_loads_nothing(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture
) -> None:
    """A file with one bad line leaves no row, not even of the good lines before it."""
    database = tmp_path / "sparsity.db"
    good = write(tmp_path / "good.jsonl", ROW)
    assert load(database, good) == 0
    bad = tmp_path / "bad.jsonl"
    bad.write_text(text)
    assert load(database, bad) == 1
    assert message in capsys.readouterr().err
    assert rows_of(database, "SELECT count(*) FROM kernel_benchmarks") == [(1,)]


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


def test_exported_mask_is_the_matrix(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The file holds the mask of the matrix as stored, and names its run."""
    database = tmp_path / "sparsity.db"
    flags = ["--method", "magnitude", "--pattern", "2:4", "--no-cluster", "--no-evaluate"]
    assert main(["run", "--db", str(database), "--model", str(tiny_model), *QUICK, *flags]) == 0
    target = tmp_path / "mask.safetensors"
    place = ["--db", str(database), "--run", "1", "--layer", "1", "--projection", "down"]
    assert main(["export-mask", *place, "--out", str(target)]) == 0
    mask = load_file(target)["mask"]
    assert mask.shape == (32, 64)
    assert (mask.reshape(32, 16, 4).sum(axis=2) == 2).all()
    assert mask.dtype == np.uint8
    assert main(["export-mask", *place[:-1], "nothing", "--out", str(target)]) == 2
    assert "has no mask of layer 1, projection nothing" in capsys.readouterr().err
