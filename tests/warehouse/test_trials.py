"""A few of the trials that `python -m tests.warehouse.trials` does by the dozen."""

from pathlib import Path

from tests.warehouse.trials import KillTrials, publish_under_readers


def test_killed_jobs_and_shells_lose_nothing(tmp_path: Path) -> None:
    """At a call that publishes, at any moment, after a killed shell too: all that was committed stays."""
    trials = KillTrials(tmp_path, seed=1)
    for point, shell in ((12, True), (20, False), (0, True)):
        trials.load(shell=shell, point=point)
    assert trials.outcomes["shell killed"] == 2


def test_readers_see_whole_versions_only(tmp_path: Path) -> None:
    """Processes that read while a job publishes see counts that only grow and never half of a version."""
    read = publish_under_readers(tmp_path / "sparsity.db", publications=3, readers=2)
    assert all(reads >= 1 and files >= 1 for reads, files in read)
