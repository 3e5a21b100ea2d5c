"""Refitting a block: nothing pruned comes back, nothing gets worse, and the same seed gives the same bits."""

from collections.abc import Mapping

import pytest
import torch
from torch import nn
from torch.func import functional_call

from etl.pruning.refinement.reconstruct import Fit, FitSettings, Region, refit

SETTINGS = FitSettings(steps=60, sequences=4, learning_rate=1e-2)


def keep_as_it_is(_: str, weight: torch.Tensor) -> torch.Tensor:
    """Store float32 weights."""
    return weight


class Problem:
    """A small network with half of its weights gone, and what the whole one gives."""

    def __init__(self, sequences: int = 20) -> None:
        torch.manual_seed(0)
        self.block = nn.Sequential(nn.Linear(6, 16, bias=False), nn.SiLU(), nn.Linear(16, 6, bias=False))
        dense = {name: weight.detach().clone() for name, weight in self.block.named_parameters()}
        self.pruned = {name: torch.rand_like(weight) < 0.5 for name, weight in dense.items()}
        self.start = {name: weight.masked_fill(self.pruned[name], 0) for name, weight in dense.items()}
        self.inputs = torch.randn(sequences, 5, 6)
        self.targets = self.forward(dense, self.inputs)

    def forward(self, weights: Mapping[str, torch.Tensor], states: torch.Tensor) -> torch.Tensor:
        """Run the network with these weights."""
        return functional_call(self.block, dict(weights), (states,))

    def fit(self, settings: FitSettings = SETTINGS, rounding=keep_as_it_is) -> Fit:
        """Refit the pruned network."""
        region = Region(self.forward, self.pruned, rounding)
        return refit(region, self.start, self.inputs, self.targets, settings)

    def loss(self, weights: Mapping[str, torch.Tensor], sequences: slice | list[int]) -> float:
        """‖output − target‖² / ‖target‖² of some sequences."""
        target = self.targets[sequences].double()
        lost = self.forward(weights, self.inputs[sequences]).double() - target
        return (lost.square().sum() / target.square().sum()).item()


def test_the_block_gives_more_of_what_the_dense_one_gives() -> None:
    """On the sequences kept back, every sixteenth, and on the others."""
    problem = Problem(sequences=32)
    fit = problem.fit()
    assert fit.start_loss == pytest.approx(problem.loss(problem.start, [15, 31]), rel=1e-6)
    assert fit.loss == pytest.approx(problem.loss(fit.weights, [15, 31]), rel=1e-6)
    assert fit.loss < 0.5 * fit.start_loss
    assert problem.loss(fit.weights, slice(15)) < 0.5 * problem.loss(problem.start, slice(15))
    assert not fit.diverged


def test_what_is_pruned_stays_zero_and_what_is_kept_moves() -> None:
    """Exactly +0.0: a shifted sign bit would show in the exported file."""
    problem = Problem()
    weights = problem.fit().weights
    for name, pruned in problem.pruned.items():
        assert torch.equal(
            weights[name][pruned].view(torch.int32), torch.zeros(int(pruned.sum()), dtype=torch.int32)
        )
        assert not torch.equal(weights[name], problem.start[name])


def test_two_fits_agree_bit_for_bit_and_another_seed_differs() -> None:
    """The order of the sequences is all that is random."""
    first, second = Problem().fit(), Problem().fit()
    other = Problem().fit(FitSettings(steps=60, sequences=4, learning_rate=1e-2, seed=1))
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name])
        assert not torch.equal(weight, other.weights[name])


@pytest.mark.parametrize("rate", [1e-2, 30.0])
def test_the_loss_kept_back_is_never_above_that_of_the_start(rate: float) -> None:
    """At a rate that ruins the block the start comes back, bit for bit."""
    problem = Problem()
    fit = problem.fit(FitSettings(steps=60, sequences=4, learning_rate=rate))
    assert fit.loss <= fit.start_loss
    if rate > 1:
        assert all(torch.equal(weight, problem.start[name]) for name, weight in fit.weights.items())


def test_the_fit_ends_early_where_nothing_more_is_gained() -> None:
    """Two looks in a row without a gain are enough: 50 of 1,000 steps."""
    problem = Problem()
    steps = 0

    def counted(weights: Mapping[str, torch.Tensor], states: torch.Tensor) -> torch.Tensor:
        nonlocal steps
        steps += any(weight.requires_grad for weight in weights.values())
        return problem.forward(weights, states)

    region = Region(counted, problem.pruned, keep_as_it_is)
    settings = FitSettings(steps=1000, sequences=4, learning_rate=30.0)
    refit(region, problem.start, problem.inputs, problem.targets, settings)
    assert steps == 50


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_fit_that_diverges_says_so_and_leaves_the_start(value: float) -> None:
    """A loss that is no number is no gain."""
    problem = Problem()
    problem.targets[3] = value
    fit = problem.fit()
    assert fit.diverged
    assert fit.loss == fit.start_loss
    assert all(torch.equal(weight, problem.start[name]) for name, weight in fit.weights.items())


def test_stored_values_are_what_is_fitted() -> None:
    """Gradients pass the rounding, so that a weight moves from one grid point to a better one."""
    problem = Problem()

    def on_a_grid(_: str, weight: torch.Tensor) -> torch.Tensor:
        return (weight * 8).round() / 8

    rounded = problem.start = {name: on_a_grid(name, weight) for name, weight in problem.start.items()}
    fit = problem.fit(rounding=on_a_grid)
    assert fit.start_loss == pytest.approx(problem.loss(rounded, [15]), rel=1e-6)
    assert fit.loss < 0.7 * fit.start_loss
    for name, weight in fit.weights.items():
        assert torch.equal(weight, on_a_grid(name, weight))
        assert not torch.equal(weight, rounded[name])


def test_fewer_sequences_than_an_update_takes_are_enough() -> None:
    """Two: one to fit, one kept back."""
    problem = Problem(sequences=2)
    fit = problem.fit()
    assert fit.loss <= fit.start_loss
