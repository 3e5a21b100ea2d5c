"""An ETL run to start: the choices, the command they make, and what the ETL says it would do."""

import json
import shlex
import statistics
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.runs.ledger import duration
from tui.state import jobs
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from warehouse.ledger import LedgerStep

METHODS = ("magnitude", "wanda", "sparsegpt")
PLAN_SECONDS = 120


class PlanError(SparsityError):
    """The ETL refuses these choices."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to prune and how; an empty model is the bundled one, empty tuples leave the choice to the ETL."""

    database: Path
    model: str = ""
    methods: tuple[str, ...] = METHODS
    sparsities: tuple[str, ...] = ("0.5",)
    patterns: tuple[str, ...] = ("unstructured", "2:4")

    def options(self) -> list[str]:
        """Return the options of `sparsity-etl run` and `plan`."""
        options = ["--db", str(self.database)]
        if self.model:
            options += ["--model", str(Path(self.model).expanduser())]
        for name, values in (
            ("--method", self.methods),
            ("--sparsity", self.sparsities),
            ("--pattern", self.patterns),
        ):
            if values:
                options += [name, *values]
        return options

    def command(self) -> list[str]:
        """Return the command that carries it out."""
        return [*jobs.program("sparsity-etl", "etl.cli"), "run", "--json", *self.options()]

    def written(self) -> str:
        """Return the command as a person would type it."""
        return shlex.join(["sparsity-etl", "run", *self.options()])


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step the ETL would take, or has taken already."""

    step: str
    subject: str
    state: str

    @property
    def pending(self) -> bool:
        """Whether it is still to be done."""
        return self.state != "done"


def ask_plan(request: RunRequest) -> list[PlannedStep]:
    """Ask the ETL what it would do; takes a second or two.

    Raises:
        PlanError: with what the ETL says is wrong.
    """
    command = [*jobs.program("sparsity-etl", "etl.cli"), "plan", "--json", *request.options()]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PLAN_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        msg = f"cannot ask {command[0]} for a plan: {error}"
        raise PlanError(msg) from error
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or [f"{command[0]} ended with code {answer.returncode}"]
        raise PlanError(lines[-1].removeprefix("error: "))
    events = (json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{"))
    return [PlannedStep(e["step"], e["subject"], e["state"]) for e in events if e.get("event") == "plan"]


def describe_plan(plan: list[PlannedStep], past: "tuple[LedgerStep, ...]") -> str:
    """Say how much there is to do, and how long such steps took before."""
    pending = [step for step in plan if step.pending]
    if not pending:
        return "nothing to do: every step was done before with the same inputs and settings"
    kinds = Counter(step.step for step in pending)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    seconds, unknown = estimate(pending, past)
    known = f"about {duration(seconds)}" if unknown < len(pending) else "not known"
    rest = f", and {unknown} steps that were never run here" if 0 < unknown < len(pending) else ""
    return f"{len(pending)} of {len(plan)} steps to do ({counts}); time, by earlier runs here: {known}{rest}"


def estimate(pending: list[PlannedStep], past: "tuple[LedgerStep, ...]") -> tuple[float, int]:
    """Return the seconds that similar steps took, and the number of steps without a similar one."""
    total, unknown = 0.0, 0
    for step in pending:
        # The same method if it was run before, else any method on the same model.
        seconds = _durations(step, past, words=2) or _durations(step, past, words=1)
        total += statistics.median(seconds) if seconds else 0.0
        unknown += not seconds
    return total, unknown


def _durations(step: PlannedStep, past: "tuple[LedgerStep, ...]", words: int) -> list[float]:
    """Return how long finished steps of a kind took whose subject begins with the same words."""
    subject = step.subject.split()[:words]
    return [
        earlier.seconds
        for earlier in past
        if earlier.state == "finished"
        and earlier.step == step.step
        and earlier.subject.split()[:words] == subject
        and earlier.seconds is not None
    ]
