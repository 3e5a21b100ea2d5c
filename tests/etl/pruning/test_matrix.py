"""The figures of one pruned matrix, on inputs small enough to check by hand or in float64."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from etl.errors import PruningError
from etl.model.checkpoint import Checkpoint
from etl.model.matrices import WeightMatrix
from etl.pruning.matrix import MatrixPruner
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedMatrix
from etl.pruning.statistics import SharedInputs
from etl.pruning.values import Grid
from kernels.formats.values import get_codec

COMPONENTS = ("self_attn.q_proj", "self_attn.k_proj")
WEIGHTS = {
    "self_attn.q_proj": torch.tensor([[1.0, -2.0, 3.0, -0.0], [-4.0, 0.5, -0.25, 8.0]], dtype=torch.bfloat16),
    "self_attn.k_proj": torch.tensor([[0.1, 0.2, 0.3, 0.4], [4.0, 3.0, 2.0, 1.0]], dtype=torch.bfloat16),
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """A block of two matrices; nothing else of a model is needed here."""
    (tmp_path / "config.json").write_text('{"num_hidden_layers": 1}')
    tensors = {f"model.layers.0.{name}.weight": weight for name, weight in WEIGHTS.items()}
    save_file(tensors, tmp_path / "model.safetensors")
    return Checkpoint.open(tmp_path)


@pytest.fixture
def inputs() -> torch.Tensor:
    """Two sequences of three tokens, correlated."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, 4, generator=generator) @ torch.randn(4, 4, generator=generator)


def prune(checkpoint: Checkpoint, inputs: torch.Tensor, request: PruningRequest) -> dict[str, PrunedMatrix]:
    """Both matrices, given the same inputs."""
    block = nn.Module()
    block.self_attn = nn.ModuleDict({name.partition(".")[2]: nn.Linear(4, 2) for name in COMPONENTS})
    matrices = [WeightMatrix(0, name, 2, 4, "bfloat16") for name in sorted(COMPONENTS)]
    shared = SharedInputs()
    with shared.watch(block, matrices) as take_batch:
        take_batch(lambda: [linear(inputs) for linear in block.self_attn.values()], len(inputs))
    results = MatrixPruner(checkpoint, request).prune(matrices, shared)
    return {result.matrix.component: result for result in results}


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_every_figure_is_that_of_the_weights_returned(
    checkpoint: Checkpoint, inputs: torch.Tensor, method: str
):
    """Error and norms come out of float64; the weights keep their dtype and hold no −0.0."""
    flat = inputs.reshape(-1, 4).double()
    for component, result in prune(checkpoint, inputs, PruningRequest.of(method, 0.5)).items():
        dense, kept = WEIGHTS[component].double(), result.weight.double()
        assert result.weight.dtype == torch.bfloat16
        assert not result.weight[result.weight == 0].signbit().any()
        assert not result.weight[~result.keep_mask].any()
        expected = ((flat @ (dense - kept).T).norm() / (flat @ dense.T).norm()).item()
        assert result.reconstruction_error == pytest.approx(expected, rel=1e-4)
        norms = (result.activation_norm, result.input_weight_norm, result.output_weight_norm)
        wanted = (flat.norm(dim=0) / 2**0.5, dense.norm(dim=0), dense.norm(dim=1))
        for norm, want in zip(norms, wanted, strict=True):
            torch.testing.assert_close(norm.double(), want, rtol=1e-5, atol=0)
        assert result.kept_count == result.keep_mask.sum()
        assert result.elapsed_seconds > 0
        assert result.warnings == ()


def test_magnitude_prunes_by_hand(checkpoint: Checkpoint, inputs: torch.Tensor):
    """Four of eight go: 0, 0.25, 0.5 and 1; the threshold is the last of them."""
    result = prune(checkpoint, inputs, PruningRequest.of("magnitude", 0.5))["self_attn.q_proj"]
    assert result.keep_mask.tolist() == [[False, True, True, False], [True, False, False, True]]
    assert result.threshold == 1.0
    assert result.weight.tolist() == [[0, -2, 3, 0], [-4, 0, 0, 8]]


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_a_kept_zero_stays_kept_and_loses_its_sign(checkpoint: Checkpoint, inputs: torch.Tensor, method: str):
    """The mask is what the method kept, not what happens to be 0; no −0.0 is left, kept ones included."""
    result = prune(checkpoint, inputs, PruningRequest.of(method, 0.0))["self_attn.q_proj"]
    assert result.keep_mask.all()
    assert result.weight[0, 3] == 0
    assert not result.weight[0, 3].signbit()


def test_outputs_that_overflow_are_an_error_that_names_the_matrix(checkpoint: Checkpoint):
    """Inputs whose squares are finite, but not the energy of what the matrix makes of them."""
    inputs = torch.full((1, 1, 4), 1e19)
    with pytest.raises(
        PruningError, match=r"model\.layers\.0\.self_attn\.k_proj\.weight: the outputs .* infinite"
    ):
        prune(checkpoint, inputs, PruningRequest.of("wanda", 0.5))


def test_warnings_of_a_shared_factor_reach_every_matrix(checkpoint: Checkpoint):
    """Six tokens of one direction leave the Hessian singular: tiny damping fails and both results say so."""
    inputs = torch.ones(1, 6, 4) * torch.tensor([1e3, 2e3, 3e3, 4e3])
    request = PruningRequest.of("sparsegpt", 0.5, damping=1e-12)
    results = prune(checkpoint, inputs, request)
    assert all("not positive definite at damping 1e-12" in result.warnings[0] for result in results.values())


@pytest.mark.parametrize("method", ["magnitude", "wanda", "ria"])
@pytest.mark.parametrize("pattern", ["unstructured", "2:4"])
def test_swaps_keep_weights_and_counts_and_never_lose(
    checkpoint: Checkpoint, inputs: torch.Tensor, method: str, pattern: str
):
    """Every kept weight is the checkpoint's own, as many as before, and no threshold rules the mask."""
    sparsity = None if pattern == "2:4" else 0.5
    plain = prune(checkpoint, inputs, PruningRequest.of(method, sparsity, pattern=pattern))
    swapped = prune(checkpoint, inputs, PruningRequest.of(method, sparsity, pattern=pattern, refine="swaps"))
    for component, result in swapped.items():
        dense = WEIGHTS[component]
        assert torch.equal(result.weight, torch.where(result.keep_mask, dense + 0.0, 0))
        assert torch.equal(result.keep_mask.sum(dim=1), plain[component].keep_mask.sum(dim=1))
        assert result.reconstruction_error <= plain[component].reconstruction_error * (1 + 1e-6)
        assert result.threshold is None


def test_swaps_lower_the_error_of_a_mask_that_knew_no_inputs(checkpoint: Checkpoint, inputs: torch.Tensor):
    """Magnitude chose by weights alone."""
    both = [
        prune(checkpoint, inputs, PruningRequest.of("magnitude", pattern="2:4", refine=refine))
        for refine in (None, "swaps")
    ]
    plain, swapped = (sum(result.reconstruction_error for result in run.values()) for run in both)
    assert swapped < plain


@pytest.mark.parametrize("value_format", ["int4", "fp8"])
def test_swaps_of_rounded_values_keep_the_scales_of_the_start(
    checkpoint: Checkpoint, inputs: torch.Tensor, value_format: str
):
    """What is kept is a level times a scale; the error of the rounded weights is what falls."""
    asked = {"pattern": "2:4", "value_format": value_format, "group_size": 4}
    plain, swapped = (
        prune(checkpoint, inputs, PruningRequest.of("magnitude", refine=refine, **asked))
        for refine in (None, "swaps")
    )
    for component, result in swapped.items():
        start = plain[component]
        assert torch.equal(result.scales, start.scales)
        grid = Grid(get_codec(value_format), 4)
        assert torch.equal(grid.rounded(result.weight, result.scales).bfloat16(), result.weight)
        assert result.reconstruction_error <= start.reconstruction_error * (1 + 1e-6)
