"""Perplexity against transformers' own loss, window by window."""

import math
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from etl.errors import CalibrationError, EvaluationError
from etl.model import evaluation
from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.model.evaluation import perplexity
from tests.etl.families import FAMILIES, save_random

TOKENS = torch.randint(3, 97, (70,), generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def perplexity_of(model: PreTrainedModel, window: int) -> float:
    """exp(mean of the losses that transformers computes for each whole window)."""
    windows = TOKENS[: len(TOKENS) // window * window].view(-1, window)
    losses = [model(row.unsqueeze(0), labels=row.unsqueeze(0)).loss.item() for row in windows]
    return math.exp(sum(losses) / len(losses))


@pytest.fixture
def model(tmp_path: Path) -> PreTrainedModel:
    """A random Llama, saved under the test's folder."""
    return save_random(FAMILIES["llama-tied"], tmp_path)


@pytest.mark.parametrize("window", [2, 16, 64, 70])
def test_dense_perplexity_is_that_of_the_whole_model(model: PreTrainedModel, tmp_path: Path, window: int):
    """Windows do not overlap, the rest is dropped, and each window predicts all but its first token."""
    found = perplexity(Decoder(Checkpoint.open(tmp_path)), TOKENS, window)
    assert found.value == pytest.approx(perplexity_of(model, window), rel=1e-5)
    assert (found.window, found.window_count) == (window, 70 // window)
    assert found.token_count == (70 // window) * (window - 1)


def test_small_batches_change_nothing(
    model: PreTrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Windows run a few at a time and logits are made in pieces, down to single tokens."""
    decoder = Decoder(Checkpoint.open(tmp_path))
    whole = perplexity(decoder, TOKENS, 10).value
    for tokens in (1, 7, 25):
        monkeypatch.setattr(evaluation, "TOKENS_PER_BATCH", tokens)
        assert perplexity(decoder, TOKENS, 10).value == pytest.approx(whole, rel=1e-6)


def test_pruned_weights_are_evaluated_block_by_block(model: PreTrainedModel, tmp_path: Path):
    """Blocks without given weights stay dense; progress tells each block."""
    given = {1: {"mlp.down_proj": torch.zeros(32, 48), "self_attn.q_proj": torch.ones(32, 32)}}
    for component, weight in given[1].items():
        model.model.layers[1].get_submodule(component).weight.data.copy_(weight)
    calls = []
    found = perplexity(
        Decoder(Checkpoint.open(tmp_path)),
        TOKENS,
        16,
        lambda layer: given.get(layer, {}),
        lambda *call: calls.append(call),
    )
    assert found.value == pytest.approx(perplexity_of(model, 16), rel=1e-5)
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("tokens", "window", "message"),
    [
        (TOKENS, 71, "has 70 tokens, less than one window of 71"),
        (TOKENS, 1, "needs at least 2"),
        (TOKENS + 90, 8, "outside the vocabulary of 97"),
    ],
)
def test_text_that_cannot_be_evaluated(
    model: PreTrainedModel, tmp_path: Path, tokens: torch.Tensor, window: int, message: str
):
    """Too short, too small a window, or another model's tokens."""
    with pytest.raises(CalibrationError, match=message):
        perplexity(Decoder(Checkpoint.open(tmp_path)), tokens, window)


@pytest.mark.parametrize("component", ["mlp.down_proj", "self_attn.v_proj"])
def test_activations_that_overflow_are_an_error_that_names_the_block(
    model: PreTrainedModel, tmp_path: Path, component: str
):
    """A perplexity of NaN is no figure."""
    shape = model.model.layers[1].get_submodule(component).weight.shape
    given = {1: {component: torch.full(shape, 3e38)}}
    with pytest.raises(EvaluationError, match="block 1 makes infinite or NaN activations"):
        perplexity(Decoder(Checkpoint.open(tmp_path)), TOKENS, 10, lambda layer: given.get(layer, {}))


@pytest.mark.parametrize("scale", [1e6, 1e38])
def test_a_perplexity_beyond_every_number_is_an_error(model: PreTrainedModel, tmp_path: Path, scale: float):
    """Logits so far apart that exp of the loss overflows, or that overflow themselves."""
    model.model.norm.weight.data.fill_(scale)
    model.save_pretrained(tmp_path)
    with pytest.raises(EvaluationError, match="the perplexity is no finite number"):
        perplexity(Decoder(Checkpoint.open(tmp_path)), TOKENS, 10)
