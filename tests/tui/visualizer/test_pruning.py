"""The lesson prunes as the pipeline does, and loses what arithmetic by hand says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from etl.pruning.methods.magnitude import Magnitude
from etl.pruning.methods.wanda import Wanda
from etl.pruning.request import PruningRequest
from etl.pruning.scopes import prune_lowest
from etl.pruning.sweep import columns
from etl.pruning.sweep.factor import InverseFactor, inverse_factor
from tui.visualizer.pruning import (
    CORRELATIONS,
    EXAMPLE,
    SPARSITIES,
    Lesson,
    Outcome,
    outcomes,
    output_error,
    wanda_scores,
)


def random_lesson(seed: int, sparsity: float = 0.5, correlation: float = 0.5) -> Lesson:
    generator = np.random.default_rng(seed)
    weights = tuple(map(tuple, generator.normal(size=(4, 8)).tolist()))
    return Lesson(weights, tuple(generator.lognormal(0, 1.5, 8).tolist()), sparsity, correlation)


LESSONS = [
    *(replace(EXAMPLE, sparsity=s, correlation=c) for s in SPARSITIES for c in CORRELATIONS),
    *(random_lesson(seed, sparsity) for seed in range(4) for sparsity in SPARSITIES),
]


def outcome(lesson: Lesson, method: str) -> Outcome:
    return next(found for found in outcomes(lesson) if found.method == method)


@pytest.mark.parametrize("lesson", LESSONS)
def test_masks_are_those_of_the_pipeline(lesson: Lesson) -> None:
    """Magnitude, Wanda and 2:4 prune the weights that `etl.pruning` prunes, ties included."""
    weight = torch.tensor(lesson.weights)
    squared = torch.tensor(lesson.norms) ** 2
    requests = {
        "magnitude": (
            Magnitude().scores(weight, torch.empty(0)),
            PruningRequest.of("magnitude", lesson.sparsity),
        ),
        "wanda": (Wanda().scores(weight, squared), PruningRequest.of("wanda", lesson.sparsity)),
        "2:4": (Wanda().scores(weight, squared), PruningRequest.of("wanda", pattern="2:4")),
    }
    for method, (scores, request) in requests.items():
        pruned, _ = prune_lowest(scores, request)
        np.testing.assert_array_equal(outcome(lesson, method).kept, ~pruned.numpy(), method)


@pytest.mark.parametrize("lesson", LESSONS)
def test_sparsegpt_is_that_of_the_pipeline(lesson: Lesson) -> None:
    """Masks agree, and the updated weights to float32 accuracy."""
    found = outcome(lesson, "sparsegpt")
    hessian = torch.tensor(2 * lesson.gram(), dtype=torch.float64)
    factor = inverse_factor(hessian, 0.01)
    upper = InverseFactor(factor.upper.float(), factor.dead)
    request = PruningRequest.of("sparsegpt", lesson.sparsity)
    weights, pruned, _ = columns.prune(torch.tensor(lesson.weights), upper, request)
    np.testing.assert_array_equal(found.kept, ~pruned.numpy())
    np.testing.assert_allclose(found.weights, weights.numpy(), rtol=1e-4, atol=1e-4)


def test_the_example_by_hand() -> None:
    """The first row of the example: magnitude drops the weight on the input of norm 40, Wanda keeps it."""
    scores = wanda_scores(np.array(EXAMPLE.weights), np.array(EXAMPLE.norms))
    np.testing.assert_allclose(scores[0], [0.1, 45, 0.24, 0.32, 0.11, 0.72, 12, 0.5], rtol=1e-6)
    assert outcome(EXAMPLE, "wanda").kept[0].tolist() == [False, True, False, False, False, True, True, True]
    assert outcome(EXAMPLE, "magnitude").kept[0].tolist() == [
        False, True, False, True, False, True, False, True,
    ]  # fmt: skip
    assert outcome(EXAMPLE, "2:4").kept[0].tolist() == [False, True, False, True, False, True, True, False]


def test_the_error_by_hand() -> None:
    """One output, inputs of norm 3 and 4: dropping w = 2 on the first loses 6 of √(6² + 4²)."""
    lesson = Lesson(((2.0, 1.0),), (3.0, 4.0))
    error = output_error(np.array(lesson.weights), np.array([[0.0, 1.0]]), lesson.gram())
    assert error == pytest.approx(6 / np.hypot(6, 4))


def test_the_error_is_that_of_real_inputs() -> None:
    """‖WX − ŴX‖ / ‖WX‖ of inputs that have these inner products is the error shown."""
    lesson = random_lesson(7)
    inputs = np.linalg.cholesky(lesson.gram())
    given = np.array(lesson.weights)
    for found in outcomes(lesson):
        expected = np.linalg.norm((given - found.weights) @ inputs) / np.linalg.norm(given @ inputs)
        assert found.error == pytest.approx(expected)


def test_independent_inputs_leave_nothing_to_make_good() -> None:
    """Without correlation no kept weight changes; with it some do, and less is lost than by Wanda."""
    assert not outcome(EXAMPLE, "sparsegpt").changed.any()
    correlated = replace(EXAMPLE, correlation=0.9)
    found = outcome(correlated, "sparsegpt")
    assert found.changed.any()
    assert not (found.changed & ~found.kept).any()
    assert found.error < outcome(correlated, "wanda").error


@pytest.mark.parametrize("norms", [(0.0,) * 8, (0.0, *EXAMPLE.norms[1:])])
def test_inputs_that_are_always_zero(norms: tuple[float, ...]) -> None:
    """Dead inputs are no failure: their weights go, and a matrix that gives nothing loses nothing."""
    for found in outcomes(replace(EXAMPLE, norms=norms)):
        assert np.isfinite(found.weights).all()
        assert np.isfinite(found.error)
        assert found.error == 0 or any(norms)


def test_changing_a_value() -> None:
    """Row −1 holds the norms; everything else stays."""
    assert EXAMPLE.with_value(-1, 1, 2.0).norms == (1.0, 2.0, *EXAMPLE.norms[2:])
    changed = EXAMPLE.with_value(2, 3, 9.0)
    assert changed.weights[2][3] == 9.0
    assert changed.weights[:2] == EXAMPLE.weights[:2]
