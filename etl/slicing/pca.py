"""The directions in which hidden states vary most, from their second moment (SliceGPT, arXiv 2401.15024)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from etl.errors import OVERFLOW_ADVICE, PruningError

#: Share of the mean of the diagonal added to it, as in the paper's code: it moves no eigenvector.
DAMPING = 0.01
#: Kept dimensions are a multiple of this, which keeps matrix products aligned.
_MULTIPLE = 8


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of a space of hidden states that is kept.

    - `vectors` (hidden, kept) float32: the directions, by falling variance.
    - `explained_variance`: their share of the second moment, in [0, 1].
    """

    vectors: torch.Tensor
    explained_variance: float

    @property
    def kept(self) -> int:
        """How many dimensions are kept."""
        return self.vectors.shape[1]

    def project(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return hidden states (…, hidden) without what the basis does not hold, in their own coordinates."""
        return hidden @ self.vectors @ self.vectors.T


class SecondMoment:
    """Σ x xᵀ of hidden states x, in float64."""

    def __init__(self, size: int, device: torch.device) -> None:
        self._total = torch.zeros(size, size, dtype=torch.float64, device=device)

    def add(self, hidden: torch.Tensor) -> None:
        """Add hidden states (sequences, tokens, hidden); calibration sequences hold no padding."""
        flat = hidden.reshape(-1, hidden.shape[-1]).double()
        self._total.addmm_(flat.T, flat)

    def basis(self, kept: int, place: str) -> Basis:
        """Return the `kept` directions of the largest variance; raises PruningError where a state is NaN."""
        if not self._total.isfinite().all():
            msg = f"the hidden states {place} on the calibration text are infinite or NaN; {OVERFLOW_ADVICE}"
            raise PruningError(msg)
        damped = self._total.clone()
        damping = DAMPING * damped.diagonal().mean()
        damped.diagonal().add_(damping)
        values, vectors = torch.linalg.eigh(damped)
        variances = (values - damping).flip(0).clamp(min=0)
        whole = variances.sum().item()
        share = variances[:kept].sum().item() / whole if whole else 1.0
        return Basis(vectors.flip(1)[:, :kept].float().contiguous(), min(share, 1.0))


def whole_basis(size: int, device: torch.device) -> Basis:
    """Return the coordinates as they are."""
    return Basis(torch.eye(size, device=device), 1.0)


def kept_dimensions(size: int, sparsity: float) -> int:
    """Return how many of `size` dimensions stay: `int((1 − sparsity)·size)`, down to a multiple of 8.

    All of them at sparsity 0. Raises PruningError where none would stay.
    """
    kept = int((1 - sparsity) * size) // _MULTIPLE * _MULTIPLE if sparsity else size
    if kept < 1:
        msg = f"sparsity {sparsity:g} leaves none of the {size} dimensions of this model; give a smaller one"
        raise PruningError(msg)
    return kept
