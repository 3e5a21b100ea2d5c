"""`sparsity-bench` as a person without a GPU sees it."""

import json

import pytest
import torch
from safetensors.torch import save_file

from kernels import measuring
from kernels.benchmark import COLUMNS
from kernels.cli import _duration, main
from kernels.formats.sell.format import Sell
from kernels.formats.values.int4 import Int4
from kernels.interpreting import INTERPRETED_ROWS, expected_seconds
from kernels.plan import Plan
from kernels.shapes import Shape

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="what is told where there is no GPU")


def test_a_run_checks_every_format_and_times_nothing(tmp_path, capsys):
    """One row per format with exactly the columns of the warehouse, exit code 0, one note."""
    out = tmp_path / "bench.jsonl"
    assert main(["run", "--shapes", "40x128", "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 9
    for row in rows:
        assert tuple(row) == COLUMNS
        assert row["error"] is None
        assert row["latency_us_p50"] is None
        assert row["relative_error"] < measuring.INTERPRETER_TOLERANCE
    assert "no GPU" in capsys.readouterr().err


def test_what_is_done_without_a_gpu_is_told_before_it_starts(capsys):
    """The first line says what is checked and how long that takes: wide matrices take longer."""
    assert main(["run", "--shapes", "40x128", "--formats", "dense", "csr"]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert "no GPU: 2 kernels are checked" in first
    assert first.endswith("nothing is timed; that takes about 1 s")
    jobs = Plan([Shape(40, 128), Shape(64, 40960)], ["nm"], [0.5], [1]).jobs(torch.device("cpu"))
    narrow, wide = (expected_seconds([job]) for job in jobs)
    assert wide == pytest.approx(320 * narrow)
    assert _duration(wide) == "2 minutes"


def test_only_the_rows_that_are_checked_are_drawn():
    """Without a GPU a mask of a tall matrix costs no more than its first rows."""
    (job,) = Plan([Shape(100_000, 64)], ["sell"], [0.5], [1]).jobs(torch.device("cpu"))
    assert job.problem.out_features == 100_000
    assert job.case().shape == (INTERPRETED_ROWS, 64)


def test_a_wrong_kernel_is_an_error_and_never_a_time(monkeypatch, capsys):
    """A kernel that forgets to write is caught by the poisoned output."""
    monkeypatch.setattr(Sell, "launch", lambda *arguments: None)
    assert main(["run", "--shapes", "40x128", "--formats", "sell", "--json"]) == 1
    row = json.loads(capsys.readouterr().out)
    assert "wrong" in row["error"]
    assert row["latency_us_p50"] is None


def test_narrow_values_are_checked_in_the_formats_that_have_them(capsys):
    """One row per value format for nm, none beside 16 for dense; the rows say which."""
    assert main(["run", "--shapes", "40x128", "--formats", "nm", "dense", "--values", "all", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [(row["kernel"], row["value_format"]) for row in rows]
    assert found == [("nm", "16"), ("nm", "fp8"), ("nm", "int8"), ("nm", "int4"), ("dense", "16")]
    assert all(row["relative_error"] < measuring.INTERPRETER_TOLERANCE for row in rows)


def test_values_that_no_codec_has_are_wrong_usage(capsys):
    """The line names those there are."""
    assert main(["run", "--shapes", "40x128", "--values", "int3"]) == 2
    assert "int8, int4" in capsys.readouterr().err


def test_a_codec_that_stores_other_values_is_an_error(monkeypatch, capsys):
    """Rounding that is off by more than the width allows never becomes a row without an error."""
    monkeypatch.setattr(Int4, "level", lambda self, codes, dtype: (codes - 7).float())
    assert main(["run", "--shapes", "40x128", "--formats", "nm", "--values", "int4", "--json"]) == 1
    assert "wrongly" in json.loads(capsys.readouterr().out)["error"]


def test_masks_from_a_run_are_measured_under_its_name(tmp_path, capsys):
    """The mask source of the row is the run; nm is left out where the mask does not fit it."""
    path = tmp_path / "o.safetensors"
    save_file({"mask": torch.ones(8, 64, dtype=torch.uint8)}, path, metadata={"run_id": "4"})
    assert main(["run", "--mask", str(path), "--formats", "sell", "nm", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["kernel"], row["mask_source"]) for row in rows] == [("sell", "4")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--formats", "coo"],
        ["run", "--shapes", "llama-1"],
        ["run", "--shapes", "64x²"],
        ["run", "--shapes", "0x64"],
        ["run", "--out", "-"],
        ["run", "--sparsity", "1"],
        ["run", "--batch", "17"],
        ["run", "--replays", "3"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, capsys):
    """The line names the command and what is wrong."""
    assert main(arguments) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith("sparsity-bench: ")


def test_an_unknown_option_exits_with_2(capsys):
    """Argparse's own errors are one line too."""
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--nonsense"])
    assert stopped.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [["run", "--device", "cuda"], ["generate"], ["run", "--mask", "/no/such/file"]]
)
def test_what_this_machine_cannot_do_is_one_line_and_exit_code_1(arguments, capsys):
    """No traceback, no GPU needed to be told."""
    assert main(arguments) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_list_tells_bits_and_what_runs_here(capsys):
    """Nine formats; 2:4 takes 9 bits."""
    assert main(["list", "--json"]) == 0
    entries = {entry["format"]: entry for entry in map(json.loads, capsys.readouterr().out.splitlines())}
    assert len(entries) == 9
    assert entries["nm"]["bits_per_weight"] == {"0.5": 9.0}
    assert "interpreter" in entries["sell"]["runs_here"]


def test_separation_reports_occupancy(tmp_path):
    """Perfect clusters empty blocks one output high; flipped bits fill them again."""
    out = tmp_path / "separation.jsonl"
    assert main(["separation", "--shapes", "32x2048", "--out", str(out)]) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["occupancy_1x64"] < rows[3]["occupancy_1x64"] <= rows[-1]["occupancy_1x64"] == 1
    assert rows[-1]["separation_ratio"] == pytest.approx(1, abs=0.1)
