"""Masks drawn uniformly among those with the row and column counts of a given mask, N:M groups kept.

A checkerboard swap turns the rows [1 0] and [0 1] at two columns into [0 1] and [1 0]: no count of any row
or column changes. Every mask with the same counts is reached by such swaps (Ryser 1957), and swapping at
random is a Markov chain whose stationary distribution is uniform over them. Curveball (Strona et al. 2014,
doi:10.1038/ncomms5114) tries many swaps of two rows at once; here all rows and all columns are paired at
once, and every two by two entries that are a checkerboard are swapped or left by a coin, up to 62 rows to a
word. Where a pattern keeps N of every M columns, only columns of one group are paired, so that each row keeps
its count in every group as well.

A chain started from the mask itself would remember it. Following Besag and Clifford (1989,
doi:10.1093/biomet/76.4.633), the rounds are run backwards from the mask to a hidden one, and forwards from
there for every replicate: a mask without structure and its replicates are then exchangeable, and p-values
exact, however many rounds there are. More rounds only make the replicates less alike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from etl.structure.schedule import Arrangement, Round, Schedule, draw_schedule

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits of a word, used or not.
WORD = 64
#: Most that may be left of the correlation between a mask and a replicate, or between two replicates.
CORRELATION_LEFT = 0.05
_MOST_ROUNDS = 200


def rounds_needed(mask: NDArray[np.bool_]) -> int:
    """Return the number of rounds that leave `CORRELATION_LEFT` of a (rows, columns) mask.

    Two by two entries of density p are a checkerboard with probability 2p²(1 − p)². Half of them are swapped,
    which leaves 1 − p(1 − p) / 2 of the correlation with the hidden mask in each round; two replicates go
    through the same rounds with other coins, and have at most as much in common.
    """
    densities = mask.mean(axis=0)
    mixing = float((densities * (1 - densities)).mean()) / 2
    if mixing <= 0:
        return 1
    return min(math.ceil(math.log(CORRELATION_LEFT) / math.log1p(-mixing)), _MOST_ROUNDS)


class MarginNull:
    """Replicates of one mask with its row and column counts."""

    def __init__(
        self,
        mask: NDArray[np.bool_],
        group: int | None,
        seed: list[int],
        device: torch.device | str = "cpu",
        rounds: int | None = None,
    ) -> None:
        """Run the rounds backwards from the mask.

        Args:
            mask: (rows, columns), True where a weight is kept.
            group: M of an N:M mask, whose groups of M columns keep their counts; None for any other.
            seed: seed of everything drawn; the same seed gives the same replicates on the same device.
            device: where to compute.
            rounds: number of rounds; as many as the density of the mask needs by default.
        """
        self._seed = seed
        self._device = torch.device(device)
        count = rounds_needed(mask) if rounds is None else rounds
        self.schedule = draw_schedule(*mask.shape, group, count, [*seed, 0])
        self._coins = torch.Generator(self._device)
        self.observed = pack(mask, self.schedule.end, self._device)
        self._restart(-1)
        self._hidden = self._backward(self.observed)

    def draw(self, batch: int, count: int) -> Tensor:
        """Return batch number `batch` of replicates, (count, columns, words), in the arrangement of the end.

        A batch depends on the seed, its number and its size alone.
        """
        self._restart(batch)
        words = self._hidden.expand(count, -1, -1)
        for step in self.schedule.rounds:
            words = self._swap(self._arrange(words, step))
            _exchange(words, step)
        return words

    def _backward(self, words: Tensor) -> Tensor:
        for step in reversed(self.schedule.rounds):
            words = words.clone()
            _exchange(words, step)
            words = self._restore(self._swap(words), step)
        return words

    def _swap(self, words: Tensor) -> Tensor:
        """Make or leave, by a coin each, the swaps of all two by two entries that are checkerboards."""
        half, pairs = words.shape[2] // 2, self.schedule.pair_count
        a, b, c, d = (
            words[:, first : first + pairs, left : left + half] for left in (0, half) for first in (0, pairs)
        )
        coins = torch.randint(1 << self.schedule.bits, a.shape, generator=self._coins, device=self._device)
        swaps = coins & (a ^ b) & (c ^ d) & (a ^ c)
        for corner in (a, b, c, d):
            corner.bitwise_xor_(swaps)
        return words

    def _arrange(self, words: Tensor, step: Round) -> Tensor:
        """Bring the columns and rows that meet in a round beside each other; `_restore` undoes it."""
        half = words.shape[2] // 2
        words = words.index_select(1, torch.from_numpy(step.columns).to(self._device))
        words[..., half:] = self._rotated(words[..., half:].roll(step.roll, -1), step.rotate)
        return words

    def _restore(self, words: Tensor, step: Round) -> Tensor:
        half = words.shape[2] // 2
        back = self._rotated(words[..., half:], self.schedule.bits - step.rotate)
        words = torch.cat([words[..., :half], back.roll(-step.roll, -1)], dim=-1)
        return words.index_select(1, torch.from_numpy(np.argsort(step.columns)).to(self._device))

    def _rotated(self, words: Tensor, places: int) -> Tensor:
        bits = self.schedule.bits
        return ((words << places) & ((1 << bits) - 1)) | (words >> (bits - places))

    def _restart(self, batch: int) -> None:
        seed = np.random.SeedSequence([*self._seed, 1, batch + 1]).generate_state(1, np.uint64)[0]
        self._coins.manual_seed(int(seed >> np.uint64(1)))


def _exchange(words: Tensor, step: Round) -> None:
    """Let rows change places between the halves of the words."""
    half = words.shape[2] // 2
    left, right = words[..., :half], words[..., half:]
    moved = (left ^ right) & torch.from_numpy(step.exchange).to(words.device)
    left.bitwise_xor_(moved)
    right.bitwise_xor_(moved)


def pack(mask: NDArray[np.bool_], places: Arrangement, device: torch.device) -> Tensor:
    """Pack a (rows, columns) mask into (1, columns, words), a column a row of words."""
    kept = torch.from_numpy(np.ascontiguousarray(mask.T[places.columns])).to(device)
    words = torch.zeros((1, mask.shape[1], places.rows.shape[1]), dtype=torch.int64, device=device)
    for bit, rows in enumerate(places.rows):
        there = torch.from_numpy(np.flatnonzero(rows >= 0)).to(device)
        chosen = kept.index_select(1, torch.from_numpy(rows[rows >= 0]).to(device))
        words[0, :, there] |= chosen.long() << bit
    return words


def unpack(words: Tensor) -> Tensor:
    """Return (…, columns, 64 × words) entries 0.0 and 1.0: bit b of word w is at 64 w + b."""
    octets = words.contiguous().view(torch.uint8)[..., None]
    return ((octets >> torch.arange(8, dtype=torch.uint8, device=words.device)) & 1).flatten(-2).float()


def masks(words: Tensor, schedule: Schedule) -> NDArray[np.bool_]:
    """Return the (replicates, rows, columns) masks of replicates as `MarginNull.draw` returns them."""
    entries = unpack(words).bool().cpu().numpy()
    ordered = entries[:, schedule.end.column_places()][:, :, schedule.end.row_places(WORD)]
    return np.swapaxes(ordered, 1, 2)
