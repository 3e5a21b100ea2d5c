"""Sequential Monte Carlo tests of one mask along one axis, for structure that its counts do not explain.

A test ends as soon as five replicates are as extreme as the mask (Besag and Clifford 1991,
doi:10.1093/biomet/78.2.301): most masks have no structure, and show it within a few dozen replicates.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from etl.structure.nulls import MarginNull, unpack
from etl.structure.statistics import Eigenvalue, Neighbours

NEAREST, LARGEST = "nearest_neighbours", "top_eigenvalue"
#: Replicates as extreme as the mask at which a test ends.
ENOUGH = 5
#: Entries of the replicates drawn at once: enough for the processor, few enough for its cache.
_ENTRIES_AT_ONCE = {"cpu": 1 << 22, "cuda": 1 << 28}
_MOST_AT_ONCE = 10


@dataclass(frozen=True)
class Subject:
    """One mask and the axis whose features are tested.

    - `packed` (columns, bytes) uint8: the kept rows of every column, padded in front as they are stored.
    - `rows`: number of rows.
    - `group`: M of an N:M mask, None for any other.
    - `seed`: seed of the replicates.
    """

    matrix_id: int
    axis: str
    packed: NDArray[np.uint8]
    rows: int
    group: int | None
    seed: tuple[int, ...]

    def mask(self) -> NDArray[np.bool_]:
        """Return the (rows, columns) mask."""
        return np.unpackbits(self.packed, axis=1)[:, -self.rows % 8 :].astype(np.bool_).T


@dataclass(frozen=True)
class Outcome:
    """What one test has seen so far.

    - `observed` (parts,): the parts of the statistic of the mask, whose mean it is.
    - `null` (replicates, parts): those of the replicates.
    - `sign`: 1 where structure makes the statistic large, −1 where it makes it small.
    """

    test: str
    sign: int
    observed: NDArray[np.float64]
    null: NDArray[np.float64]

    @property
    def statistic(self) -> float:
        """The statistic of the mask."""
        return float(self.observed.mean())

    @property
    def levels(self) -> NDArray[np.float64]:
        """(replicates,) the statistic of every replicate."""
        return self.null.mean(axis=1)

    @property
    def extreme(self) -> NDArray[np.intp]:
        """The replicates that are at least as extreme as the mask."""
        return np.flatnonzero(self.sign * (self.levels - self.statistic) >= 0)

    @property
    def is_over(self) -> bool:
        """Whether enough replicates were as extreme."""
        return len(self.extreme) >= ENOUGH

    @property
    def p_value(self) -> float:
        """Probability of a statistic as extreme without structure; never below 1 / (replicates + 1)."""
        if self.is_over:
            return ENOUGH / (int(self.extreme[ENOUGH - 1]) + 1)
        return (len(self.extreme) + 1) / (len(self.null) + 1)

    def with_replicates(self, parts: NDArray[np.float64]) -> Outcome:
        """Return the outcome after more replicates."""
        return dataclasses.replace(self, null=np.concatenate([self.null, parts]))


def carry_on(
    subject: Subject,
    outcomes: tuple[Outcome, ...],
    replicates: int,
    device: torch.device | str = "cpu",
) -> tuple[Outcome, ...]:
    """Carry the tests of one mask on until they are over or have seen so many replicates.

    Args:
        subject: the mask.
        outcomes: what the tests to carry on have seen; none to begin with both tests.
        replicates: replicates after which a test ends in any case.
        device: where to compute.

    Returns:
        The outcomes, which are the same however often they are carried on.
    """
    bench = _Bench(subject, torch.device(device))
    found = {each.test: each for each in outcomes or bench.begin()}
    while going := [each for each in found.values() if not each.is_over and len(each.null) < replicates]:
        seen = min(len(each.null) for each in going)
        number, skipped = divmod(seen, bench.batch)
        entries = unpack(bench.null.draw(number, bench.batch))[skipped : skipped + replicates - seen]
        found |= {each.test: each.with_replicates(bench.parts(each.test, entries)) for each in going}
    return tuple(found.values())


class _Bench:
    """The null and the statistics of one mask."""

    def __init__(self, subject: Subject, device: torch.device) -> None:
        mask, seed = subject.mask(), list(subject.seed)
        self.null = MarginNull(mask, subject.group, seed, device)
        self.batch = int(np.clip(_ENTRIES_AT_ONCE[device.type] // max(mask.size, 1), 1, _MOST_AT_ONCE))
        places = self.null.schedule.end
        positions = mask.shape[0 if subject.axis == "input" else 1]
        self._near = Neighbours.choose(places, subject.axis, positions, seed, device)
        self._largest = Eigenvalue(mask, places, seed, device)

    def begin(self) -> tuple[Outcome, ...]:
        """Return both statistics of the mask itself."""
        entries = unpack(self.null.observed)
        nearest, largest = (self.parts(test, entries) for test in (NEAREST, LARGEST))
        return (
            Outcome(NEAREST, -1, nearest[0], nearest[:0]),
            Outcome(LARGEST, 1, largest[0], largest[:0]),
        )

    def parts(self, test: str, entries: torch.Tensor) -> NDArray[np.float64]:
        """Return (replicates, parts) of a statistic."""
        if test == NEAREST:
            return self._near.distances(entries).double().cpu().numpy()
        return self._largest(entries)[:, None].double().cpu().numpy()
