"""The factor of the inverse Hessian from which a sweep takes its corrections (arXiv 2301.00774)."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from etl.errors import PruningError

#: Damping is raised tenfold this often before the Hessian counts as unusable.
_DAMPING_RAISES = 6


@dataclass(frozen=True)
class InverseFactor:
    """U (in, in), upper triangular, UᵀU = H⁻¹ of the damped Hessian; `dead` (in,) marks inputs that are 0."""

    upper: torch.Tensor
    dead: torch.Tensor
    warnings: tuple[str, ...] = ()


@torch.no_grad()
def inverse_factor(hessian: torch.Tensor, damping: float) -> InverseFactor:
    """Factor the inverse of H + damping·mean(diag H)·I for H (in, in), with H_jj = 1 for dead inputs.

    Where that matrix is not positive definite in float32, damping is raised tenfold and a warning says so.
    Raises PruningError when no damping helps, as with infinite or NaN inputs.
    """
    hessian = hessian.clone()
    diagonal = hessian.diagonal()
    dead = diagonal == 0
    diagonal[dead] = 1
    mean = diagonal.mean().item()
    for attempt in range(_DAMPING_RAISES + 1):
        damped = hessian.clone()
        damped.diagonal().add_(damping * 10**attempt * mean)
        upper = _upper_inverse_factor(damped)
        if upper is not None:
            return InverseFactor(upper, dead, _damping_warnings(damping, attempt))
    msg = "the calibration inputs give no usable Hessian (infinite or NaN values); check the calibration text"
    raise PruningError(msg)


def _damping_warnings(damping: float, raises: int) -> tuple[str, ...]:
    if raises == 0:
        return ()
    return (f"the Hessian was not positive definite at damping {damping:g}; used {damping * 10**raises:g}",)


def _upper_inverse_factor(matrix: torch.Tensor) -> torch.Tensor | None:
    """Return U with UᵀU = matrix⁻¹, or None where `matrix` is not positive definite.

    Reversing rows and columns turns the lower Cholesky factor into an upper one, matrix = R·Rᵀ, and then
    U = R⁻¹: one factorisation and one triangular solve in place of two factorisations and an inverse.
    """
    lower, failed = torch.linalg.cholesky_ex(matrix.flip(0, 1))
    if failed.item():
        return None
    identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    upper = torch.linalg.solve_triangular(lower.flip(0, 1), identity, upper=True)
    # LAPACK answers in columns; pruning reads rows.
    return upper.contiguous() if upper.isfinite().all() else None
