"""Statistics of calibration inputs against float64 sums, and which Linears share them."""

import pytest
import torch
from torch import nn

from etl.errors import PruningError
from etl.model.matrices import WeightMatrix
from etl.pruning.statistics import InputStatistics, SharedInputs, full_float32


@pytest.fixture
def inputs() -> torch.Tensor:
    """Six sequences of five tokens with seven features, one of them silent."""
    values = torch.randn(6, 5, 7, generator=torch.Generator().manual_seed(0))
    values[:, :, 3] = 0
    return values


@pytest.mark.parametrize("batches", [(6,), (1, 1, 1, 1, 1, 1), (4, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_running_statistics_equal_the_sums_over_all_sequences(
    inputs: torch.Tensor, batches: tuple[int, ...], dtype: torch.dtype
):
    """However the sequences are batched, a_j = Σx²/n and H = (2/n)·Σxxᵀ."""
    inputs = inputs.to(dtype)
    statistics = InputStatistics(7)
    for batch in inputs.split(batches):
        statistics.add(batch)
    flat = inputs.reshape(-1, 7).double()
    torch.testing.assert_close(statistics.squared_norms.double(), flat.square().sum(0) / 6, rtol=1e-6, atol=0)
    torch.testing.assert_close(statistics.hessian.double(), flat.T @ flat * 2 / 6, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(statistics.activation_norm, statistics.squared_norms.sqrt())


def test_reconstruction_error_is_the_relative_error_of_the_outputs(inputs: torch.Tensor):
    """The second moment gives the same ‖WX − ŴX‖ / ‖WX‖ as the outputs themselves."""
    statistics = InputStatistics(7)
    statistics.add(inputs)
    weight = torch.randn(4, 7, generator=torch.Generator().manual_seed(1))
    pruned = weight.masked_fill(weight.abs() < 0.7, 0)
    flat = inputs.reshape(-1, 7).double()
    lost = flat @ (weight - pruned).double().T
    expected = (lost.norm() / (flat @ weight.double().T).norm()).item()
    assert statistics.reconstruction_error(weight, pruned) == pytest.approx(expected, rel=1e-5)


def test_reconstruction_error_of_nothing_lost_is_zero(inputs: torch.Tensor):
    """Equal weights lose nothing, and neither does a matrix whose outputs are all 0."""
    statistics = InputStatistics(7)
    statistics.add(inputs)
    weight = torch.ones(2, 7)
    assert statistics.reconstruction_error(weight, weight) == 0
    silent = torch.zeros(2, 7)
    silent[:, 3] = 1
    assert statistics.reconstruction_error(silent, torch.zeros(2, 7)) == 0


def test_full_float32_restores_the_precision_it_found():
    """The setting is the caller's; it comes back even after an error."""
    torch.set_float32_matmul_precision("medium")
    try:
        with full_float32():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
        with pytest.raises(ZeroDivisionError), full_float32():
            1 / 0  # noqa: B018  the error is the point
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")


class Attention(nn.Module):
    """Two Linears on one tensor, one on another, one on an equal copy, one never called."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(7, 7), nn.Linear(7, 7)
        self.third, self.copied, self.idle = nn.Linear(7, 2), nn.Linear(7, 2), nn.Linear(7, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.copied(x.clone())
        return self.third(self.first(x) + self.second(x))


def matrices(*names: str) -> list[WeightMatrix]:
    """The matrices of some of its Linears."""
    module = Attention()
    return [WeightMatrix(0, name, *module.get_submodule(name).weight.shape, "float32") for name in names]


def test_linears_given_one_tensor_share_their_statistics(inputs: torch.Tensor):
    """Identity decides: an equal copy does not share."""
    module, shared = Attention(), SharedInputs()
    with shared.watch(module, matrices("copied", "first", "second", "third")) as take_batch:
        for batch in inputs.split(2):
            take_batch(lambda batch=batch: module(batch), len(batch))
    assert shared.leaders == {"copied": "copied", "first": "first", "second": "first", "third": "third"}
    assert shared["second"] is shared["first"]
    assert shared["copied"] is not shared["first"]
    assert shared["third"].sequence_count == 6
    torch.testing.assert_close(shared["first"].squared_norms, shared["copied"].squared_norms)


def test_a_watched_run_stops_once_every_linear_has_its_inputs(inputs: torch.Tensor):
    """What follows the last Linear is not computed, and the hooks are gone afterwards."""
    module, shared = Attention(), SharedInputs()
    reached = []
    module.third.register_forward_hook(lambda *_: reached.append("output"))
    with shared.watch(module, matrices("first", "third")) as take_batch:
        take_batch(lambda: module(inputs), len(inputs))
    assert reached == []
    module(inputs)
    assert reached == ["output"]
    assert shared["first"].sequence_count == 6


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_inputs_that_are_no_finite_numbers_are_an_error_that_names_the_matrix(
    inputs: torch.Tensor, value: float
):
    """One NaN, one infinity, or one number whose square overflows; the Linears beside it are not blamed."""
    module, shared = Attention(), SharedInputs()
    with torch.no_grad():
        module.first.weight.fill_(value)
    with shared.watch(module, matrices("first", "third")) as take_batch:
        take_batch(lambda: module(inputs), len(inputs))
    with pytest.raises(
        PruningError, match=r"the inputs of model\.layers\.5\.third on .* are infinite or NaN"
    ):
        shared.check("model.layers.5")


def test_a_matrix_without_inputs_is_an_error(inputs: torch.Tensor):
    """Statistics that were never taken are not zeros."""
    module, shared = Attention(), SharedInputs()
    with shared.watch(module, matrices("first", "idle")) as take_batch:
        take_batch(lambda: module(inputs), len(inputs))
    with pytest.raises(
        PruningError, match=r"layers\.5\.idle saw no token of the calibration text; give more"
    ):
        shared.check("layers.5")


def test_tokens_without_sequences_count_as_many_sequences_as_the_batch(inputs: torch.Tensor):
    """Some blocks flatten their inputs: a_j stays the mean over sequences."""
    module, shared = Attention(), SharedInputs()
    with shared.watch(module, matrices("first", "third")) as take_batch:
        for batch in inputs.split(2):
            take_batch(lambda batch=batch: module(batch.flatten(0, 1)), len(batch))
    assert (shared["first"].sequence_count, shared["first"].token_count) == (6, 30)
    torch.testing.assert_close(shared["first"].squared_norms, inputs.square().sum((0, 1)) / 6)
