"""How often the tests of structure err: on models without structure, and on clusters that were planted.

`python -m etl.studies.power` prints, for random models of the shape of the bundled one, how many runs have
any significant test and a histogram of the p-values, and for planted clusters the share of masks in which
they are found: by either test, and in brackets by nearest neighbours and by the eigenvalue.
"""

# ruff: noqa: T201 - a command prints.

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from etl.load.tables import axes
from etl.structure.sequential import LARGEST, NEAREST, Subject, carry_on
from etl.structure.testing import EVIDENCE_LEVEL, outcomes_of, q_values
from warehouse.commands import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Shapes (outputs, inputs) of a block of the bundled model, which has four.
SHAPES = {
    "q": (384, 384),
    "k": (384, 384),
    "v": (384, 384),
    "o": (384, 384),
    "gate": (1024, 384),
    "up": (1024, 384),
    "down": (384, 1024),
}
BLOCKS = 4
#: Patterns by name: the group of N:M, and whether scores compete over the whole matrix.
PATTERNS = {
    "unstructured": (None, False),
    "unstructured, by matrix": (None, True),
    "2:4": (4, False),
    "4:8": (8, False),
}
#: Spread of the log-normal activation norms; in the bundled model it is 0.3 to 1.0.
NORM_SPREAD = 0.6
REPLICATES = 199
#: Features and positions of masks with planted clusters, sizes of these and shares of flipped bits.
FEATURES, POSITIONS = 1024, 384
SIZES, FLIPS = (16, 64, 128, 256), (0.05, 0.15, 0.30, 0.40)


def random_mask(shape: tuple[int, int], pattern: str, seed: list[int]) -> NDArray[np.bool_]:
    """Return the (outputs, inputs) mask that Wanda at 50% gives for random weights and norms."""
    generator = np.random.default_rng(seed)
    scores = np.abs(generator.standard_normal(shape))
    scores *= np.exp(NORM_SPREAD * generator.standard_normal(shape[1]))
    group, whole = PATTERNS[pattern]
    if whole:
        return scores > np.median(scores)
    grouped = scores.reshape(shape[0], -1, group or shape[1])
    width = grouped.shape[2]
    return (grouped.argsort(axis=-1).argsort(axis=-1) >= width // 2).reshape(shape)


def planted_mask(size: int, flips: float, seed: int) -> NDArray[np.bool_]:
    """Return a (positions, features) mask of clusters of copies of random features, some bits flipped."""
    generator = np.random.default_rng([seed, size, round(100 * flips)])
    centres = generator.random((POSITIONS, FEATURES // size)) < 0.5
    return np.repeat(centres, size, axis=1) ^ (generator.random((POSITIONS, FEATURES)) < flips)


def as_subject(mask: NDArray[np.bool_], group: int | None, place: tuple[int, str], seed: int) -> Subject:
    """Return a (rows, columns) mask as the tests take it."""
    padded = np.pad(mask.T, ((0, 0), (-mask.shape[0] % 8, 0)))
    return Subject(*place, np.packbits(padded, axis=1), mask.shape[0], group, (seed, place[0], len(place[1])))


def random_run(pattern: str, seed: int) -> list[float]:
    """Test a random model; return the p-values of all its tests."""

    def read(wanted: set[tuple[int, str]] | None) -> Iterator[Subject]:
        for matrix_id in range(BLOCKS * len(SHAPES)):
            projection = list(SHAPES)[matrix_id % len(SHAPES)]
            mask = random_mask(SHAPES[projection], pattern, [seed, matrix_id])
            for axis in axes(projection):
                if wanted is None or (matrix_id, axis) in wanted:
                    yield as_subject(mask, PATTERNS[pattern][0], (matrix_id, axis), seed)

    tested = outcomes_of(
        read, REPLICATES, lambda jobs, replicates: [carry_on(*job, replicates) for job in jobs]
    )
    return [outcome.p_value for outcome in tested.values()]


def planted_p_values(size: int, flips: float, seed: int) -> dict[str, float]:
    """Test a mask with planted clusters; return the p-value of each test."""
    subject = as_subject(planted_mask(size, flips, seed), None, (0, "input"), seed)
    return {outcome.test: outcome.p_value for outcome in carry_on(subject, (), REPLICATES)}


def main(argv: list[str] | None = None) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m etl.studies.power", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="random models of each pattern (default: 20)")
    parser.add_argument("--masks", type=int, default=10, help="masks of each kind of cluster (default: 10)")
    arguments = parser.parse_args(argv)
    return guarded(lambda: _print_tables(arguments.seeds, arguments.masks), debug=False)


def _print_tables(seeds: int, masks: int) -> None:
    # One thread a process, which torch reads when a process starts.
    os.environ["OMP_NUM_THREADS"] = "1"
    with get_context("spawn").Pool(len(os.sched_getaffinity(0))) as pool:
        runs = {
            pattern: pool.map_async(partial(random_run, pattern), range(seeds), chunksize=1)
            for pattern in PATTERNS
        }
        planted = {
            (size, flips): pool.map_async(partial(planted_p_values, size, flips), range(masks), chunksize=1)
            for size in SIZES
            for flips in FLIPS
        }
        print(false_positive_table({pattern: found.get() for pattern, found in runs.items()}))
        print(power_table({kind: found.get() for kind, found in planted.items()}))


def false_positive_table(runs: dict[str, list[list[float]]]) -> str:
    """Tabulate runs with any significant test, tests below 0.05, and how many p-values lie in each tenth."""
    lines = [
        f"| random models | runs | with any q < {EVIDENCE_LEVEL} | p < 0.05 | p-values by tenths |",
        "|---|---:|---:|---:|---|",
    ]
    for pattern, found in runs.items():
        hits = sum(bool((q_values(p_values) < EVIDENCE_LEVEL).any()) for p_values in found)
        every = np.concatenate(found)
        counts, _ = np.histogram(every, bins=10, range=(0, 1))
        below = f"{(every < EVIDENCE_LEVEL).mean():.1%}"
        lines.append(f"| {pattern} | {len(found)} | {hits} | {below} | {' '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"


def power_table(planted: dict[tuple[int, float], list[dict[str, float]]]) -> str:
    """Tabulate the share of masks in which a test finds clusters at level 0.05, by nearest / eigenvalue."""
    lines = [
        f"| cluster size | {' | '.join(f'{flips:.0%} flipped' for flips in FLIPS)} |",
        "|---|" + "---|" * 4,
    ]
    for size in SIZES:
        cells = []
        for flips in FLIPS:
            found = planted[size, flips]
            power = [np.mean([each[test] < EVIDENCE_LEVEL for each in found]) for test in (NEAREST, LARGEST)]
            either = np.mean([min(each.values()) < EVIDENCE_LEVEL / 2 for each in found])
            cells.append(f"{either:.1f} ({power[0]:.1f} / {power[1]:.1f})")
        lines.append(f"| {size} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
