"""Choosing an ETL run: the command, the plan of the real ETL, and the estimate."""

import datetime
from pathlib import Path

import pytest

from etl.pruning.registry import BUILT_IN
from tui.runs.run_request import (
    METHODS,
    PlanError,
    PlannedStep,
    RunRequest,
    ask_plan,
    describe_plan,
    estimate,
)
from warehouse.ledger import LedgerStep

DATABASE = Path("/data/sparsity.db")
BEGAN = datetime.datetime(2025, 1, 2, 3, 4, 5)  # noqa: DTZ001  # the tables hold UTC without a zone


def done(step: str, subject: str, seconds: float | None, state: str = "finished") -> LedgerStep:
    ended = None if seconds is None else BEGAN + datetime.timedelta(seconds=seconds)
    return LedgerStep(1, step, subject, state, None, 5, BEGAN, ended)


def test_the_methods_are_those_of_the_etl() -> None:
    """The form offers what the ETL knows."""
    assert tuple(BUILT_IN)[: len(METHODS)] == METHODS


def test_the_command_says_everything() -> None:
    """Every choice becomes an option; what is left empty is left to the ETL."""
    request = RunRequest(DATABASE, "~/my model", ("wanda",), ("0.5", "0.7"), ("unstructured",))
    assert request.written() == (
        f"sparsity-etl run --db /data/sparsity.db --model '{Path.home()}/my model' --method wanda"
        " --sparsity 0.5 0.7 --pattern unstructured"
    )
    assert request.command()[-len(request.options()) - 2 :][:2] == ["run", "--json"]
    assert RunRequest(DATABASE, "", (), (), ()).options() == ["--db", "/data/sparsity.db"]


def test_the_real_etl_makes_a_plan(tmp_path: Path) -> None:
    """Without a database everything is to be done, the steps of the ETL by name."""
    plan = ask_plan(RunRequest(tmp_path / "none.db", methods=("wanda",), patterns=("2:4",)))
    assert all(step.pending for step in plan)
    assert {"model", "prune", "evaluate", "cluster"} <= {step.step for step in plan}
    assert "bundled wanda 0.5 2:4" in {step.subject for step in plan}


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (RunRequest(DATABASE, "/no/such/model"), "no model folder"),
        (RunRequest(DATABASE, patterns=("2:x",)), 'pattern "2:x" is not known'),
        (RunRequest(DATABASE, sparsities=("half",)), "invalid number"),
    ],
)
def test_the_real_etl_says_what_is_wrong(request_: RunRequest, complaint: str) -> None:
    """A wrong choice is refused in the ETL's own words, in one line."""
    with pytest.raises(PlanError, match=complaint) as refused:
        ask_plan(request_)
    assert "\n" not in str(refused.value)


def test_a_missing_etl_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that cannot be started is an error that a person can read."""
    monkeypatch.setattr("tui.state.jobs.program", lambda *_: ("/no/such/program",))
    with pytest.raises(PlanError, match="cannot ask /no/such/program"):
        ask_plan(RunRequest(DATABASE))


def test_the_estimate_is_the_median_of_like_steps() -> None:
    """Steps of the same method count; where there are none, those of other methods on the model do."""
    past = (
        done("prune", "m wanda 0.5 2:4", 10),
        done("prune", "m wanda 0.7", 20),
        done("prune", "m wanda 0.6", 90),
        done("prune", "m magnitude 0.5", 1),
        done("prune", "m wanda 0.8", None, "running"),
        done("prune", "m wanda 0.9", 1000, "failed"),
        done("prune", "other wanda 0.5", 5000),
    )
    assert estimate([PlannedStep("prune", "m wanda 0.55", "new")], past) == (20, 0)
    assert estimate([PlannedStep("prune", "m sparsegpt 0.5", "new")], past) == (15, 0)
    assert estimate([PlannedStep("prune", "third wanda 0.5", "new")], past) == (0, 1)


def test_the_plan_in_words() -> None:
    """What is done counts for nothing; what has no equal is counted as not known."""
    past = (done("prune", "m wanda 0.5", 90),)
    todo = PlannedStep("prune", "m wanda 0.7", "new")
    other = PlannedStep("cluster", "m wanda 0.7", "new")
    finished = PlannedStep("model", "m", "done")
    assert describe_plan([finished], past).startswith("nothing to do")
    text = describe_plan([finished, todo], past)
    assert text == "1 of 2 steps to do (1 prune); time, by earlier runs here: about 1:30 min"
    assert describe_plan([todo, other], past).endswith("about 1:30 min, and 1 steps that were never run here")
    assert describe_plan([other], past).endswith("not known")
