"""Testing every matrix of a run for structure, and correcting for the number of tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from etl.clusters.neighbourhoods import AxisMasks
from etl.load.tables import axes, insert
from etl.pruning.patterns import group_of
from etl.structure.sequential import Subject, carry_on

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    import duckdb
    import torch
    from numpy.typing import NDArray

    from etl.clusters.workers import Workers
    from etl.structure.sequential import Outcome

#: A q-value below this counts as evidence: the macro `evidence_level` of the warehouse.
EVIDENCE_LEVEL = 0.05
#: Subjects read at a time: enough to keep all cores busy, few enough to bound memory.
_AT_A_TIME = 32
#: Matrix, axis and name of a test.
Key = tuple[int, str, str]
Job = tuple[Subject, "tuple[Outcome, ...]"]
#: Bytes of masks below which starting worker processes costs more than testing the masks in this one.
BYTES_WORTH_WORKERS = 250_000


@dataclass(frozen=True)
class Tester:
    """Carries tests on: on a GPU where there is one, else in the worker processes.

    - `report`: told how many masks were tested at a time.
    """

    workers: Workers
    device: torch.device
    report: Callable[[int], None]

    def __call__(self, jobs: list[Job], replicates: int) -> Iterator[tuple[Outcome, ...]]:
        """Carry on the tests of every job to so many replicates."""
        if self.device.type == "cpu":
            worth = sum(subject.packed.size for subject, _ in jobs) >= BYTES_WORTH_WORKERS
            tasks = [(*job, replicates) for job in jobs]
            yield from self.workers.map(_carried_on, tasks, is_worth_it=worth)
        else:
            yield from (carry_on(*job, replicates, self.device) for job in jobs)
        self.report(len(jobs))


def _carried_on(task: tuple[Subject, tuple[Outcome, ...], int]) -> tuple[Outcome, ...]:
    return carry_on(*task)


def run_tests(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    replicates: int,
    tester: Callable[[list[Job], int], Iterable[tuple[Outcome, ...]]],
) -> Counter[str]:
    """Test every matrix of a run, insert the rows of `structure_tests` and return their number by table.

    Args:
        connection: the warehouse, with the masks of the run.
        run_id: the run.
        replicates: replicates after which a test ends at first: see `outcomes_of`.
        tester: carries tests on to a number of replicates, such as a `Tester`.
    """
    connection.execute("DELETE FROM structure_tests WHERE run_id = ?", [run_id])
    tested = outcomes_of(lambda wanted: read_subjects(connection, run_id, wanted), replicates, tester)
    return _insert(connection, run_id, tested)


def outcomes_of(
    read: Callable[[set[tuple[int, str]] | None], Iterator[Subject]],
    replicates: int,
    tester: Callable[[list[Job], int], Iterable[tuple[Outcome, ...]]],
) -> dict[Key, Outcome]:
    """Test every subject that `read` yields, where it is given the matrices and axes wanted or None for all.

    The smallest p-value of so many replicates may be too large for the number of tests. Where none of them
    was as extreme as the mask, and the q-value is not yet significant, replicates are doubled: until it is,
    until one is as extreme, or until a single such test among all would be significant.
    """
    tested: dict[Key, Outcome] = {}
    wanted: set[Key] | None = None
    while wanted is None or wanted:
        jobs = _jobs(read(None if wanted is None else {key[:2] for key in wanted}), tested, wanted)
        while batch := list(islice(jobs, _AT_A_TIME)):
            for (subject, _), outcomes in zip(batch, tester(batch, replicates), strict=True):
                tested |= {(subject.matrix_id, subject.axis, each.test): each for each in outcomes}
        wanted = undecided(tested, replicates)
        replicates = 2 * replicates + 1
    return tested


def undecided(tested: dict[Key, Outcome], replicates: int) -> set[Key]:
    """Return the tests that more than so many replicates could still make significant."""
    if EVIDENCE_LEVEL * (replicates + 1) > len(tested):
        return set()
    levels = q_values([outcome.p_value for outcome in tested.values()])
    return {
        key
        for (key, outcome), level in zip(tested.items(), levels, strict=True)
        if level >= EVIDENCE_LEVEL and not len(outcome.extreme)
    }


def q_values(p_values: list[float]) -> NDArray[np.float64]:
    """Return the false discovery rates from which on tests are significant (Benjamini and Hochberg 1995)."""
    return stats.false_discovery_control(p_values) if p_values else np.empty(0)


@np.errstate(divide="ignore", invalid="ignore")
def effect_of(outcome: Outcome) -> tuple[float, float, float]:
    """Return by what share structure moves a statistic from its chance level, with a 95% interval.

    The interval is that of the mean over reference features (Student's t), where there are several parts;
    else it spans the effects against the 2.5% and 97.5% quantiles of the replicates. Where chance is 0, as in
    a mask that keeps everything, they are no numbers.
    """
    chance = outcome.null.mean(axis=0)
    level = chance.mean()
    effect = outcome.sign * (outcome.statistic - level) / level
    if len(chance) > 1:
        parts = outcome.sign * (outcome.observed - chance) / level
        reach = stats.t.ppf(0.975, len(parts) - 1) * parts.std(ddof=1) / np.sqrt(len(parts))
        return effect, effect - reach, effect + reach
    ends = outcome.sign * (outcome.statistic / np.quantile(outcome.levels, [0.025, 0.975]) - 1)
    # Where all replicates are alike, rounding alone tells the effect from the ends of its interval.
    return effect, min(float(ends.min()), effect), max(float(ends.max()), effect)


def read_subjects(
    connection: duckdb.DuckDBPyConnection, run_id: int, wanted: Container[tuple[int, str]] | None = None
) -> Iterator[Subject]:
    """Yield the matrices of a run, once for each axis whose features are stored; all, or those wanted."""
    rows = connection.execute(
        "SELECT matrix_id, layer, component, projection, out_features, pattern FROM matrix_prunings"
        " INNER JOIN matrices USING (matrix_id) INNER JOIN pruning_runs USING (run_id)"
        " WHERE run_id = ? ORDER BY matrix_id",
        [run_id],
    ).fetchall()
    for matrix_id, layer, component, projection, outputs, pattern in rows:
        for place, axis in enumerate(axes(projection)):
            if wanted is None or (matrix_id, axis) in wanted:
                masks = AxisMasks.read(connection, run_id, matrix_id, "input", outputs)
                seed = (layer, *component.encode(), place)
                yield Subject(matrix_id, axis, masks.packed, outputs, group_of(pattern), seed)


def _jobs(subjects: Iterator[Subject], tested: dict[Key, Outcome], wanted: set[Key] | None) -> Iterator[Job]:
    for subject in subjects:
        keys = [key for key in wanted or () if key[:2] == (subject.matrix_id, subject.axis)]
        yield subject, tuple(tested[key] for key in sorted(keys))


def _insert(connection: duckdb.DuckDBPyConnection, run_id: int, tested: dict[Key, Outcome]) -> Counter[str]:
    if not tested:
        return Counter()
    outcomes = list(tested.values())
    effects = [effect_of(outcome) for outcome in outcomes]
    p_values = [outcome.p_value for outcome in outcomes]
    columns = {
        "matrix_id": np.array([key[0] for key in tested], dtype=np.int32),
        "axis": [key[1] for key in tested],
        "test": [key[2] for key in tested],
        "statistic": [outcome.statistic for outcome in outcomes],
        "null_mean": [float(outcome.levels.mean()) for outcome in outcomes],
        "null_sd": [float(outcome.levels.std(ddof=1)) for outcome in outcomes],
        "replicates": np.array([len(outcome.null) for outcome in outcomes], dtype=np.int32),
        "p_value": p_values,
        "q_value": q_values(p_values),
        **{
            name: _finite([effect[place] for effect in effects])
            for place, name in enumerate(("effect", "effect_low", "effect_high"))
        },
    }
    return insert(connection, "structure_tests", {"run_id": run_id, **columns})


def _finite(figures: list[float]) -> list[float | None]:
    """Leave out what is no number: a mask whose chance level is 0 has no effect in shares of it."""
    return [float(figure) if np.isfinite(figure) else None for figure in figures]
