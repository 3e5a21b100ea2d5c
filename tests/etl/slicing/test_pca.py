"""Directions of the largest variance, against NumPy in float64."""

import numpy as np
import pytest
import torch

from etl.errors import PruningError
from etl.slicing.pca import Basis, SecondMoment, kept_dimensions, whole_basis

CPU = torch.device("cpu")


def states(width: int = 12) -> torch.Tensor:
    """Hidden states (3, 20, width) whose directions differ in variance."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(width, width, generator=generator) * torch.linspace(0.1, 3, width)
    return torch.randn(3, 20, width, generator=generator) @ mixing


def basis(hidden: torch.Tensor, kept: int) -> Basis:
    moment = SecondMoment(hidden.shape[-1], CPU)
    for batch in hidden.split(2):
        moment.add(batch)
    return moment.basis(kept, "here")


def test_a_basis_holds_numpys_principal_directions() -> None:
    """Not centred, as in the paper: they are the leading right singular vectors, in their order."""
    hidden = states()
    flat = hidden.reshape(-1, 12).double().numpy()
    _, singular, right = np.linalg.svd(flat, full_matrices=False)
    found = basis(hidden, 5)
    overlaps = np.abs(found.vectors.double().numpy().T @ right[:5].T)
    assert overlaps == pytest.approx(np.eye(5), abs=1e-4)
    assert found.explained_variance == pytest.approx(
        (singular[:5] ** 2).sum() / (singular**2).sum(), rel=1e-6
    )


def test_projecting_takes_out_what_the_basis_does_not_hold() -> None:
    """What is left is the best of its rank; a whole basis takes nothing out."""
    hidden = states()
    found = basis(hidden, 5)
    lost = (hidden - found.project(hidden)).square().sum() / hidden.square().sum()
    assert lost.item() == pytest.approx(1 - found.explained_variance, rel=1e-3)
    for whole in (basis(hidden, 12), whole_basis(12, CPU)):
        torch.testing.assert_close(whole.project(hidden), hidden, rtol=1e-4, atol=1e-4)
        assert (whole.kept, whole.explained_variance) == (12, pytest.approx(1))


def test_directions_that_are_never_used_are_the_last() -> None:
    """A rank of 2 in 12 dimensions: two directions explain all, and states of 0 are no division by 0."""
    hidden = states()[..., :2] @ torch.randn(2, 12, generator=torch.Generator().manual_seed(1))
    assert basis(hidden, 2).explained_variance == pytest.approx(1)
    assert basis(torch.zeros(1, 3, 8), 4).explained_variance == 1


def test_states_that_are_no_numbers_are_named() -> None:
    """Where they occur, and what to do."""
    with pytest.raises(PruningError, match=r"the hidden states here .* infinite or NaN; try"):
        basis(states() * float("inf"), 3)


@pytest.mark.parametrize(
    ("size", "sparsity", "kept"),
    [(4096, 0.25, 3072), (4096, 0.3, 2864), (576, 0.1, 512), (30, 0.0, 30), (576, 0.999999, None)],
)
def test_kept_dimensions_are_multiples_of_eight(size: int, sparsity: float, kept: int | None) -> None:
    """Rounded down, as in the paper's code; nothing is cut where nothing was asked for."""
    if kept is None:
        with pytest.raises(PruningError, match="leaves none of the 576 dimensions"):
            kept_dimensions(size, sparsity)
    else:
        assert kept_dimensions(size, sparsity) == kept
