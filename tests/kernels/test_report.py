"""The tables of the shipped measurements."""

import json

import pytest

from kernels import report
from kernels.benchmark import COLUMNS
from kernels.errors import KernelError


@pytest.mark.parametrize("device", report.DEVICES)
def test_shipped_rows_have_the_warehouse_columns_and_no_errors(device):
    """Every row was correct and was timed."""
    rows = report.read_rows(report.RESULTS / f"{device}.jsonl")
    assert rows
    for row in rows:
        assert tuple(row) == COLUMNS
        assert row["error"] is None
        ratio = row["dense_latency_us_p50"] / row["latency_us_p50"]
        assert row["speedup"] == pytest.approx(ratio, rel=2e-3)


def test_the_summary_shows_the_spread_of_two_runs(tmp_path, monkeypatch):
    """Two runs of one kernel make one cell with the lowest and the highest."""
    row = dict.fromkeys(COLUMNS) | {
        "kernel": "nm", "value_format": "16",
        "out_features": 4096, "in_features": 4096, "batch": 1, "sparsity": 0.5,
        "cache": "cold", "bits_per_weight": 9.0, "latency_us_p50": 7.0,
    }  # fmt: skip
    lines = [json.dumps(row | {"speedup": speedup}) for speedup in (1.5, 1.75)]
    (tmp_path / "device.jsonl").write_text("\n".join(lines))
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert report.summary("device").splitlines()[-1] == "| `nm` | 9.0 | 1.50–1.75× | – | – | – |"


def test_update_rewrites_only_between_the_markers(tmp_path):
    """What stands around the table stays; doing it twice changes nothing."""
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- kernels:begin -->\nold\n<!-- kernels:end -->\nafter\n")
    assert report.main(["--update", str(page)]) == 0
    once = page.read_text()
    assert once.startswith("before\n<!-- kernels:begin -->\n| format")
    assert once.endswith("<!-- kernels:end -->\nafter\n")
    assert "old" not in once
    report.update(page)
    assert page.read_text() == once


def test_a_page_without_markers_is_refused(tmp_path):
    """Nothing is appended by guess."""
    page = tmp_path / "README.md"
    page.write_text("nothing")
    with pytest.raises(KernelError, match="kernels:begin"):
        report.update(page)
