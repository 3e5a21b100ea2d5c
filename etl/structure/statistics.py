"""The statistics of a mask in which structure shows: near neighbours, and an eigenvalue without the margins.

Each is one function of a mask, computed alike for the mask of a run and for its replicates under the null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from etl.structure.expectation import expected_mask
from etl.structure.nulls import WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from etl.structure.schedule import Arrangement

#: Features whose neighbours are looked for.
REFERENCES = 64
#: Nearest neighbours averaged over, for each of them.
NEIGHBOURS = 8
_LANCZOS_STEPS = 8
_TINY = 1e-30


@dataclass(frozen=True)
class Neighbours:
    """Mean Hamming distance of some features to the features nearest to them.

    - `references` (references,): places of the features whose neighbours are looked for.
    - `absent` (places,): 0 where a feature stands, infinite elsewhere.
    - `by_column`: whether features are columns.
    - `positions`: entries of a feature.
    """

    references: Tensor
    absent: Tensor
    by_column: bool
    positions: int

    @classmethod
    def choose(
        cls, places: Arrangement, axis: str, positions: int, seed: list[int], device: torch.device
    ) -> Neighbours:
        """Draw the features whose neighbours are looked for: the same ones in every replicate."""
        by_column = axis == "input"
        features = places.column_places() if by_column else places.row_places(WORD)
        chosen = np.random.default_rng([*seed, 2]).permutation(features)[:REFERENCES]
        absent = torch.full((len(features) if by_column else places.rows.shape[1] * WORD,), torch.inf)
        absent[torch.from_numpy(features)] = 0
        return cls(torch.from_numpy(chosen).to(device), absent.to(device), by_column, positions)

    def distances(self, entries: Tensor) -> Tensor:
        """Return (replicates, references) mean distances of (replicates, columns, places of rows) entries."""
        every = entries if self.by_column else entries.mT
        some = every.index_select(1, self.references)
        apart = some.sum(-1)[:, :, None] + (every.sum(-1) + self.absent)[:, None, :] - 2 * (some @ every.mT)
        # The nearest of all is the feature itself, at distance 0.
        count = min(NEIGHBOURS + 1, int((self.absent == 0).sum()))
        nearest = apart.topk(count, largest=False).values.sum(-1)
        return nearest / (max(count - 1, 1) * max(self.positions, 1))


class Eigenvalue:
    """Largest eigenvalue of the covariance of the features, after what the margins explain is taken away.

    It is the square of the largest singular value of mask − expectation, over the number of entries: the same
    for both axes. Eight steps of Lanczos' bidiagonalisation (Golub and Kahan 1965) from a fixed vector come
    close to it; as every mask gets the same steps, a comparison with replicates needs no more.
    """

    def __init__(
        self, mask: NDArray[np.bool_], places: Arrangement, seed: list[int], device: torch.device
    ) -> None:
        """Fit the expectation to the counts of a (rows, columns) mask."""
        rows = places.row_places(WORD)
        width = places.rows.shape[1] * WORD
        expected = np.zeros((mask.shape[1], width), dtype=np.float32)
        expected[:, rows] = expected_mask(mask.sum(axis=1), mask.sum(axis=0)).T[places.columns]
        start = np.zeros(width, dtype=np.float32)
        start[rows] = np.random.default_rng([*seed, 3]).standard_normal(len(rows))
        self._expected = torch.from_numpy(expected).to(device)
        self._start = torch.from_numpy(start / max(float(np.linalg.norm(start)), _TINY)).to(device)
        self._entries = max(mask.size, 1)

    def __call__(self, entries: Tensor) -> Tensor:
        """Return (replicates,) eigenvalues of (replicates, columns, places of rows) entries."""
        # One replicate after the other: each then stays in the cache for all of its steps.
        return torch.stack([self._largest(each - self._expected) for each in entries])

    def _largest(self, residual: Tensor) -> Tensor:
        right = self._start
        left = residual @ right
        main, side = [left.norm()], []
        for _ in range(_LANCZOS_STEPS - 1):
            left = left / main[-1].clamp_min(_TINY)
            right = residual.mT @ left - main[-1] * right
            side.append(right.norm())
            right = right / side[-1].clamp_min(_TINY)
            left = residual @ right - side[-1] * left
            main.append(left.norm())
        bidiagonal = torch.diag(torch.stack(main)) + torch.diag(torch.stack(side), 1)
        return torch.linalg.svdvals(bidiagonal.double())[0] ** 2 / self._entries
