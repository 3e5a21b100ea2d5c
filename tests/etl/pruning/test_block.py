"""The walk through the blocks against a naive one that holds the whole model and runs it all each time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import PreTrainedModel

from etl.errors import CalibrationError, PatternError, PruningError, PruningRequestError
from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.pruning.block import BlockPruner
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedMatrix
from etl.pruning.statistics import InputStatistics
from etl.pruning.sweep import columns
from etl.pruning.sweep.factor import inverse_factor
from tests.etl.families import FAMILIES, save_random

TOKENS = torch.randint(3, 97, (5, 16), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Qwen2 of three blocks in float32, with biases and sliding windows."""
    folder = tmp_path_factory.mktemp("qwen2")
    save_random(FAMILIES["qwen2"], folder)
    return folder


@pytest.fixture
def model(model_folder: Path) -> PreTrainedModel:
    """The same model, whole, for the naive walk to change."""
    return save_random(FAMILIES["qwen2"], model_folder)


@pytest.fixture
def pruner(model_folder: Path) -> BlockPruner:
    """A fresh pruner of that model."""
    return BlockPruner(Decoder(Checkpoint.open(model_folder)), TOKENS)


def inputs_of(model: PreTrainedModel, linear: nn.Linear) -> torch.Tensor:
    """Run the whole model and return what one Linear was given: (sequences, tokens, in)."""
    seen = []
    hook = linear.register_forward_pre_hook(lambda _module, arguments: seen.append(arguments[0]))
    model(TOKENS)
    hook.remove()
    return seen[0]


def naive_masks(request: PruningRequest, weight: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The keep mask by a full sort, in float64."""
    scores = weight.double().abs()
    if request.method == "wanda":
        scores = scores * (inputs.double().reshape(-1, inputs.shape[-1]).square().sum(0) / len(TOKENS)).sqrt()
    groups = {"row": scores, "matrix": scores.reshape(1, -1)}[request.scope]
    if request.pattern.group:
        groups = scores.reshape(-1, request.pattern.group)
    count = int(groups.shape[1] * request.sparsity)
    order = groups.sort(dim=1, stable=True).indices[:, :count]
    return torch.ones_like(groups, dtype=torch.bool).scatter(1, order, value=False).view(weight.shape)


@torch.no_grad()
def naive_walk(
    model: PreTrainedModel, request: PruningRequest
) -> Iterator[tuple[str, torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Prune the whole model block by block; gives name, keep mask, new weight and inputs of each matrix."""
    for layer, block in enumerate(model.model.layers):
        linears = {name: module for name, module in block.named_modules() if isinstance(module, nn.Linear)}
        inputs = {}
        for name in STAGED if request.true_sequential else sorted(linears):
            if name not in inputs:
                together = next(stage for stage in STAGES if name in stage)
                anew = together if request.true_sequential else linears
                inputs |= {other: inputs_of(model, linears[other]) for other in anew}
            linear = linears[name]
            if request.method == "sparsegpt":
                statistics = InputStatistics(linear.in_features)
                statistics.add(inputs[name])
                factor = inverse_factor(statistics.hessian, request.damping)
                weight, pruned, _ = columns.prune(linear.weight, factor, request)
                keep = ~pruned
            else:
                keep = naive_masks(request, linear.weight, inputs[name])
                weight = linear.weight * keep
            yield f"model.layers.{layer}.{name}.weight", keep, weight, inputs[name]
            linear.weight.copy_(weight)


#: The matrices that share inputs, in the order in which a block runs them.
STAGES = (
    ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    ("self_attn.o_proj",),
    ("mlp.gate_proj", "mlp.up_proj"),
    ("mlp.down_proj",),
)
STAGED = [name for stage in STAGES for name in stage]


def flat(pruner: BlockPruner, request: PruningRequest) -> list[PrunedMatrix]:
    """Every matrix of a run."""
    return [result for block in pruner.prune(request) for result in block.matrices]


@pytest.mark.parametrize(
    "request_",
    [
        PruningRequest.of("magnitude", 0.5),
        PruningRequest.of("magnitude", pattern="2:4"),
        PruningRequest.of("wanda", 0.6),
        PruningRequest.of("wanda", 0.3, scope="matrix"),
        PruningRequest.of("wanda", pattern="4:8"),
        PruningRequest.of("sparsegpt", 0.5),
        PruningRequest.of("sparsegpt", pattern="2:4"),
        PruningRequest.of("wanda", 0.6, true_sequential=True),
        PruningRequest.of("sparsegpt", 0.5, true_sequential=True),
    ],
    ids=lambda r: f"{r.method}-{r.sparsity}-{r.pattern}-{r.scope}{'-sequential' * r.true_sequential}",
)
def test_the_walk_equals_pruning_the_whole_model_in_place(
    pruner: BlockPruner, model: PreTrainedModel, request_: PruningRequest
):
    """Inputs are those of the model pruned so far: masks, weights, norms and errors agree."""
    results = flat(pruner, request_)
    for result, (name, keep, weight, inputs) in zip(results, naive_walk(model, request_), strict=True):
        assert result.matrix.tensor_name == name
        assert torch.equal(result.keep_mask, keep)
        torch.testing.assert_close(result.weight, weight, rtol=1e-3, atol=1e-4)
        norm = (inputs.square().sum(dim=(0, 1)) / len(TOKENS)).sqrt()
        torch.testing.assert_close(result.activation_norm, norm, rtol=1e-4, atol=1e-6)
        dense = model.get_parameter(name).detach()
        lost = (inputs @ (dense - result.weight).T).norm() / (inputs @ dense.T).norm()
        assert result.reconstruction_error == pytest.approx(lost.item(), rel=1e-3)


def test_other_blocks_stay_dense_but_carry_the_inputs(pruner: BlockPruner):
    """Block 1 alone sees the inputs of the dense model, not those behind a pruned block 0."""
    (alone,) = pruner.prune(PruningRequest.of("wanda", 0.5, layers=(1,)))
    _, behind_dense, _ = pruner.prune(PruningRequest.of("wanda", 0.0))
    _, behind_pruned, _ = pruner.prune(PruningRequest.of("wanda", 0.5))
    assert alone.layer == 1
    norms = [block.matrices[0].activation_norm for block in (alone, behind_dense, behind_pruned)]
    torch.testing.assert_close(norms[0], norms[1])
    assert (norms[0] / norms[2] - 1).abs().max() > 0.01


def test_runs_share_statistics_but_not_results(model_folder: Path, pruner: BlockPruner):
    """A second request on the same pruner gives what a fresh pruner gives."""
    first, second = PruningRequest.of("sparsegpt", 0.5), PruningRequest.of("wanda", pattern="2:4")
    flat(pruner, first)
    fresh = BlockPruner(Decoder(Checkpoint.open(model_folder)), TOKENS)
    for mine, theirs in zip(flat(pruner, second), flat(fresh, second), strict=True):
        assert torch.equal(mine.weight, theirs.weight)
        assert mine.reconstruction_error == theirs.reconstruction_error


def test_sequential_order_leaves_the_statistics_of_other_runs_alone(pruner: BlockPruner):
    """What a run replaces as it goes through a block is its own."""
    before = flat(pruner, PruningRequest.of("wanda", 0.5))
    sequential = flat(pruner, PruningRequest.of("wanda", 0.5, true_sequential=True))
    after = flat(pruner, PruningRequest.of("wanda", 0.5))
    for mine, theirs in zip(before, after, strict=True):
        assert torch.equal(mine.activation_norm, theirs.activation_norm)
    norms = {result.matrix.tensor_name: result.activation_norm for result in sequential}
    down = "model.layers.0.mlp.down_proj.weight"
    (other,) = [result.activation_norm for result in before if result.matrix.tensor_name == down]
    assert not torch.equal(norms[down], other)


@pytest.mark.parametrize("method", ["magnitude", "wanda"])
@pytest.mark.parametrize("layers", [None, (0, 2)])
def test_the_model_scope_prunes_the_lowest_scores_of_all_matrices(
    pruner: BlockPruner, model: PreTrainedModel, method: str, layers: tuple[int, ...] | None
):
    """Exactly int(count·s) over all chosen matrices, by scores of the dense model."""
    request = PruningRequest.of(method, 0.45, scope="model", layers=layers)
    results = flat(pruner, request)
    scores = []
    for result in results:
        linear = model.get_submodule(result.matrix.tensor_name.removesuffix(".weight"))
        score = linear.weight.detach().abs()
        if method == "wanda":
            with torch.no_grad():
                inputs = inputs_of(model, linear)
            score = score * (inputs.square().sum(dim=(0, 1)) / len(TOKENS)).sqrt()
        scores.append(score.flatten())
    kept = torch.cat([result.keep_mask.flatten() for result in results])
    every = torch.cat(scores)
    assert (~kept).sum() == int(every.numel() * 0.45)
    # Our scores and the test's may differ in the last digit, so the cut is compared, not each weight.
    assert every[~kept].max() <= every[kept].min() * (1 + 1e-5)
    assert len({result.threshold for result in results}) == 1


def test_progress_counts_every_matrix(pruner: BlockPruner):
    """One call a matrix, of all matrices chosen."""
    calls = []
    list(pruner.prune(PruningRequest.of("magnitude", 0.5, layers=(0, 1)), lambda *call: calls.append(call)))
    assert [(done, total) for done, total, _ in calls] == [(done, 14) for done in range(1, 15)]
    assert calls[-1][2].tensor_name == "model.layers.1.self_attn.v_proj.weight"


def test_blocks_are_given_as_they_are_done(pruner: BlockPruner):
    """The first block can be stored before the second is computed."""
    calls = []
    blocks = pruner.prune(PruningRequest.of("magnitude", 0.5), lambda *call: calls.append(call))
    assert next(iter(blocks)).layer == 0
    assert len(calls) == 7


def test_requests_that_do_not_fit_the_model_fail_before_any_work(pruner: BlockPruner):
    """An absent block, or groups that do not tile a width, are refused when asked, not on the way."""
    with pytest.raises(PruningRequestError, match="there is no block 3; the model's blocks are 0 to 2"):
        pruner.prune(PruningRequest.of("wanda", 0.5, layers=(0, 3)))
    with pytest.raises(PatternError, match=r"1:5 does not fit model\.layers\.0\.mlp\.down_proj\.weight"):
        pruner.prune(PruningRequest.of("wanda", pattern="1:5"))


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.zeros(4, dtype=torch.int64), r"must be \(sequences, length\)"),
        (torch.zeros(0, 4, dtype=torch.int64), "both above 0"),
        (torch.full((1, 4), 97), "outside the vocabulary of 97"),
        (torch.full((1, 4), -1), "outside the vocabulary of 97"),
    ],
)
def test_tokens_that_do_not_fit_the_model_are_refused(model_folder: Path, tokens: torch.Tensor, message: str):
    """Wrong shapes and foreign tokens are found before anything runs."""
    with pytest.raises(CalibrationError, match=message):
        BlockPruner(Decoder(Checkpoint.open(model_folder)), tokens)


@pytest.mark.gpu
@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_a_gpu_prunes_as_the_cpu_does(model_folder: Path, pruner: BlockPruner, method: str):
    """The same model in float32 loses nearly the same weights there: what differs sits at the threshold."""
    request = PruningRequest.of(method, 0.5)
    there = BlockPruner(Decoder(Checkpoint.open(model_folder), "cuda"), TOKENS)
    for mine, theirs in zip(flat(pruner, request), flat(there, request), strict=True):
        assert (mine.keep_mask == theirs.keep_mask).float().mean() > 0.99
        assert mine.reconstruction_error == pytest.approx(theirs.reconstruction_error, rel=0.02)


@pytest.mark.parametrize("scope", [None, "model"])
@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_activations_that_overflow_are_an_error_that_names_the_matrix(
    tmp_path: Path, method: str, scope: str | None
):
    """Nothing is pruned by scores of NaN, whichever method and scope, and whichever block overflows."""
    model = save_random(FAMILIES["qwen2"], tmp_path)
    model.model.layers[0].mlp.down_proj.weight.data.fill_(3e38)
    model.save_pretrained(tmp_path)
    request = PruningRequest.of(method, 0.5, scope=None if method == "sparsegpt" else scope)
    pruner = BlockPruner(Decoder(Checkpoint.open(tmp_path)), TOKENS)
    with pytest.raises(PruningError, match=r"model\.layers\.[01]\."):
        list(pruner.prune(request))
