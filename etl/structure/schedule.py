"""The order in which the swaps of a null are tried: which columns and which rows meet in each round."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Most rows in one word: shifts of a signed 64-bit word that uses fewer bits need no care of the sign.
_BITS = 62


@dataclass(frozen=True)
class Round:
    """One round: every column meets at most one other, and every row at most one other.

    A row stands at a bit of a word. The rows of the first half of the words meet those of the second half,
    after the second half was rolled by `roll` words and rotated by `rotate` bits.

    - `columns` (columns,): places of the columns, the left ones of all pairs, the right ones, the unpaired.
    - `exchange` (words / 2,) int64: bits whose rows change places between the halves at the end of the
      round, so that in the end every row meets every other.
    """

    columns: NDArray[np.int64]
    roll: int
    rotate: int
    exchange: NDArray[np.int64]


@dataclass(frozen=True)
class Arrangement:
    """Which column stands at every place, and which row at every bit of every word; -1 where no row does."""

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]

    def column_places(self) -> NDArray[np.int64]:
        """Return (columns,) the place of every column."""
        return np.argsort(self.columns)

    def row_places(self, stride: int) -> NDArray[np.int64]:
        """Return (rows,) the place of every row among words of `stride` bits."""
        bits, words = np.nonzero(self.rows >= 0)
        return (words * stride + bits)[np.argsort(self.rows[bits, words])]


@dataclass(frozen=True)
class Schedule:
    """Rounds drawn in advance, without a look at the mask, and the arrangements before and after them."""

    bits: int
    pair_count: int
    start: Arrangement
    end: Arrangement
    rounds: list[Round] = field(repr=False)


def draw_schedule(rows: int, columns: int, group: int | None, rounds: int, seed: list[int]) -> Schedule:
    """Draw the rounds of a null for (rows, columns) masks.

    Args:
        rows: number of rows.
        columns: number of columns, a multiple of `group` where there is one.
        group: only columns of the same `group` neighbouring ones meet, as in N:M with M = group.
        rounds: number of rounds.
        seed: seed of the draw.
    """
    generator = np.random.default_rng(seed)
    words = 2 * max(1, -(-rows // (2 * _BITS)))
    bits = -(-rows // words)
    padded = np.full(bits * words, -1)
    padded[:rows] = np.arange(rows)
    start = Arrangement(np.arange(columns), padded.reshape(bits, words))
    here, drawn = start, []
    for _ in range(rounds):
        step, here = _draw_round(here, columns if group is None else group, generator)
        drawn.append(step)
    width = columns if group is None else group
    return Schedule(bits, columns // width * (width // 2), start, here, drawn)


def _draw_round(here: Arrangement, group: int, generator: np.random.Generator) -> tuple[Round, Arrangement]:
    columns, (bits, words) = len(here.columns), here.rows.shape
    half = words // 2
    drawn = generator.permuted(np.arange(columns).reshape(-1, group), axis=1)
    side = group // 2
    order = np.concatenate(
        [drawn[:, :side].ravel(), drawn[:, side : 2 * side].ravel(), drawn[:, 2 * side :].ravel()]
    )
    roll, rotate = int(generator.integers(half)), int(generator.integers(bits))
    swapped = generator.random((bits, half)) < 0.5
    left, right = here.rows[:, :half], here.rows[:, half:]
    right = np.roll(np.roll(right, roll, axis=1), rotate, axis=0)
    rows = np.hstack([np.where(swapped, right, left), np.where(swapped, left, right)])
    exchange = (swapped.astype(np.int64) << np.arange(bits)[:, None]).sum(axis=0)
    return Round(here.column_places()[order], roll, rotate, exchange), Arrangement(order, rows)
