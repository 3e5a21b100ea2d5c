"""Repair on the walk through a model: what it changes, what it leaves, and what it says."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.pruning.block import BlockPruner
from etl.pruning.refinement import blocks
from etl.pruning.refinement.reconstruct import Fit
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedBlock, PrunedMatrix
from etl.pruning.values import Grid
from kernels.formats.values import get_codec
from tests.etl.families import FAMILIES, save_random

TOKENS = torch.randint(3, 97, (12, 16), generator=torch.Generator().manual_seed(1))
REPAIRED = PruningRequest.of("wanda", pattern="2:4", refine="reconstruct", refine_steps=25)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of three blocks in bfloat16."""
    folder = tmp_path_factory.mktemp("llama")
    save_random(FAMILIES["llama"], folder, torch.bfloat16)
    return folder


def pruner(folder: Path, seed: int = 0) -> BlockPruner:
    """A fresh pruner of that model."""
    return BlockPruner(Decoder(Checkpoint.open(folder)), TOKENS, seed)


def flat(found: list[PrunedBlock]) -> list[PrunedMatrix]:
    """Every matrix of a run."""
    return [result for block in found for result in block.matrices]


@pytest.fixture(scope="module")
def repaired(model_folder: Path) -> list[PrunedBlock]:
    """The model, pruned and repaired."""
    return list(pruner(model_folder).prune(REPAIRED))


def outputs(folder: Path, found: list[PrunedBlock]) -> torch.Tensor:
    """What the last block gives, by transformers' own forward, with pruned matrices in place."""
    model = save_random(FAMILIES["llama"], folder, torch.bfloat16)
    for result in flat(found):
        place(model, result)
    with torch.no_grad():
        return model(TOKENS, output_hidden_states=True).hidden_states[-1]


@torch.no_grad()
def place(model: PreTrainedModel, result: PrunedMatrix) -> None:
    """Write a pruned matrix into a whole model."""
    model.get_parameter(result.matrix.tensor_name).copy_(result.weight)


def test_the_model_comes_nearer_to_the_dense_one(model_folder: Path, repaired: list[PrunedBlock]) -> None:
    """Its outputs, not those of each matrix, are what repair is for."""
    plain = list(pruner(model_folder).prune(PruningRequest.of("wanda", pattern="2:4")))
    dense = outputs(model_folder, [])
    errors = [(outputs(model_folder, run) - dense).square().sum() for run in (repaired, plain)]
    assert errors[0] < 0.8 * errors[1]


def test_masks_of_the_first_block_are_those_of_the_method(
    model_folder: Path, repaired: list[PrunedBlock]
) -> None:
    """Later blocks see other inputs; zeros stay zeros, dtypes stay, and kept weights move."""
    plain = list(pruner(model_folder).prune(PruningRequest.of("wanda", pattern="2:4")))
    for mine, its in zip(repaired[0].matrices, plain[0].matrices, strict=True):
        assert torch.equal(mine.keep_mask, its.keep_mask)
        assert not torch.equal(mine.weight, its.weight)
    for result in flat(repaired):
        assert result.weight.dtype == torch.bfloat16
        assert not result.weight[~result.keep_mask].any()
        assert not result.weight[result.weight == 0].signbit().any()
        assert not result.warnings


def test_errors_are_those_of_the_weights_returned(model_folder: Path, repaired: list[PrunedBlock]) -> None:
    """‖WX − ŴX‖ / ‖WX‖ on the calibration inputs of the first block's queries, in float64."""
    model = save_random(FAMILIES["llama"], model_folder, torch.bfloat16)
    attention = model.model.layers[0].self_attn
    seen = []
    attention.q_proj.register_forward_pre_hook(lambda _module, arguments: seen.append(arguments[0]))
    model(TOKENS)
    inputs, dense = seen[0].reshape(-1, 32).double(), attention.q_proj.weight.double()
    result = next(result for result in repaired[0].matrices if result.matrix.projection == "q")
    lost = inputs @ (dense - result.weight.double()).T
    expected = (lost.norm() / (inputs @ dense.T).norm()).item()
    assert result.reconstruction_error == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "phi3", "mixtral"])
def test_matrices_that_are_no_weights_of_their_own_are_refitted(tmp_path: Path, family: str) -> None:
    """Transposed, fused with others, or one of many experts: the block gains, and zeros stay zeros."""
    save_random(FAMILIES[family], tmp_path)
    request = PruningRequest.of("wanda", pattern="2:4", refine="reconstruct", refine_steps=8, layers=(0,))
    (repaired,) = pruner(tmp_path).prune(request)
    (plain,) = pruner(tmp_path).prune(PruningRequest.of("wanda", pattern="2:4", layers=(0,)))
    for mine, its in zip(repaired.matrices, plain.matrices, strict=True):
        assert not mine.warnings
        assert torch.equal(mine.keep_mask, its.keep_mask)
        assert not mine.weight[~mine.keep_mask].any()
        assert not torch.equal(mine.weight, its.weight)


@pytest.mark.parametrize("value_format", ["int4", "int8", "fp8"])
def test_narrow_values_are_refitted_on_their_grid(model_folder: Path, value_format: str) -> None:
    """Every weight is a level times its scale, as near as bfloat16 comes, and the model comes nearer."""
    settings = {"pattern": "2:4", "value_format": value_format, "group_size": 16}
    plain, repaired = (
        list(pruner(model_folder).prune(PruningRequest.of("wanda", **settings, **refinement)))
        for refinement in ({}, {"refine": "reconstruct", "refine_steps": 25})
    )
    dense = outputs(model_folder, [])
    errors = [(outputs(model_folder, run) - dense).square().sum() for run in (repaired, plain)]
    assert errors[0] < errors[1]
    for result in flat(repaired):
        assert result.scales is not None
        grid = Grid(get_codec(value_format), 16)
        stored = grid.rounded(result.weight, result.scales)
        assert torch.equal(stored.bfloat16(), result.weight)
        assert not result.weight[~result.keep_mask].any()


@pytest.mark.parametrize("seed", [0, 1])
def test_runs_are_the_same_bit_for_bit_by_seed(
    model_folder: Path, repaired: list[PrunedBlock], seed: int
) -> None:
    """The order in which sequences are taken is all that is random."""
    again = list(pruner(model_folder, seed).prune(REPAIRED))
    same = [
        torch.equal(mine.weight, its.weight) for mine, its in zip(flat(again), flat(repaired), strict=True)
    ]
    assert all(same) == (seed == 0)


def test_blocks_that_stay_dense_are_walked_through(model_folder: Path) -> None:
    """Only the middle one is pruned, and repaired."""
    request = PruningRequest.of(
        "wanda", pattern="2:4", refine="reconstruct", refine_steps=25, layers=(1,)
    )  # fmt: skip
    (block,) = pruner(model_folder).prune(request, refit_tokens=TOKENS[:7])
    (plain,) = pruner(model_folder).prune(PruningRequest.of("wanda", pattern="2:4", layers=(1,)))
    assert block.layer == 1
    dense = outputs(model_folder, [])
    errors = [(outputs(model_folder, [run]) - dense).square().sum() for run in (block, plain)]
    assert errors[0] < errors[1]


@pytest.mark.parametrize(
    ("diverged", "loss", "message"), [(True, 0.5, "diverged"), (False, 1.0, "gained nothing")]
)
def test_a_block_that_cannot_be_refitted_says_so(
    monkeypatch: pytest.MonkeyPatch, model_folder: Path, diverged: bool, loss: float, message: str
) -> None:
    """The first matrix of the block carries the warning, and the weights are those the fit gave back."""

    def failing(_region: object, start: dict[str, torch.Tensor], *_: object) -> Fit:
        return Fit({name: weight.float() for name, weight in start.items()}, 1.0, loss, diverged)

    monkeypatch.setattr(blocks, "refit", failing)
    first, *_ = pruner(model_folder).prune(REPAIRED)
    plain, *_ = pruner(model_folder).prune(PruningRequest.of("wanda", pattern="2:4"))
    assert [len(result.warnings) for result in first.matrices] == [1, 0, 0, 0, 0, 0, 0]
    assert message in first.matrices[0].warnings[0]
    for mine, its in zip(first.matrices, plain.matrices, strict=True):
        assert torch.equal(mine.weight, its.weight)
