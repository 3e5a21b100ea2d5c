"""Memory of queries: large ones spill and clean up, and containers have limits."""

import io
import tempfile
from pathlib import Path

import pytest

from warehouse.cli import main
from warehouse.memory import memory_bytes


def test_large_sorts_spill_and_clean_up(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that needs more than its memory goes on in the folder for temporary files, leaving nothing."""
    spilled = tmp_path / "spilled"
    spilled.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spilled))
    monkeypatch.setattr("warehouse.cli.memory_share", lambda share: "40MiB")
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO()))
    distinct = "SELECT DISTINCT md5(range::VARCHAR) FROM range(1000000)"
    assert main(["--db", str(database), f"SELECT count(*) FROM ({distinct})"]) == 0
    assert not list(spilled.iterdir())


def test_memory_is_that_of_the_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least of the machine's and of the limits of all groups around this process; "max" is none."""
    groups = tmp_path / "groups"
    (groups / "jobs" / "17").mkdir(parents=True)
    (groups / "memory").mkdir()
    (groups / "jobs" / "17" / "memory.max").write_text("max\n")
    (groups / "jobs" / "memory.max").write_text("1048576\n")
    (groups / "memory" / "memory.limit_in_bytes").write_text("2097152\n")
    membership = tmp_path / "membership"
    monkeypatch.setattr("warehouse.memory.CONTROL_GROUPS", groups)
    monkeypatch.setattr("warehouse.memory.MEMBERSHIP", membership)
    assert memory_bytes() > 2097152
    membership.write_text("4:memory:/jobs/17\n0::/somewhere\n")
    assert memory_bytes() == 2097152
    membership.write_text("4:memory:/jobs/17\n0::/jobs/17\n")
    assert memory_bytes() == 1048576
