"""Thresholds of activations against NumPy's quantiles, and a model that runs with them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from etl.model.checkpoint import Checkpoint
from etl.model.decoder import Decoder
from etl.model.evaluation import perplexity
from etl.pruning.activations import activation_thresholds, sparsified
from tests.etl.families import FAMILIES, save_random

TOKENS = torch.randint(3, 97, (5, 16), generator=torch.Generator().manual_seed(1))
SHARES = (0.0, 0.25, 0.4, 0.5, 0.9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qwen2")


@pytest.fixture(scope="module")
def model(folder: Path) -> nn.Module:
    return save_random(FAMILIES["qwen2"], folder)


@pytest.fixture(scope="module")
def decoder(folder: Path, model: nn.Module) -> Decoder:
    return Decoder(Checkpoint.open(folder))


def test_thresholds_are_quantiles_of_the_inputs(decoder: Decoder, model: nn.Module) -> None:
    """At least the share lies below, and no more of it below a threshold lower by two thousandths."""
    found = activation_thresholds(decoder, TOKENS, SHARES)
    assert len(found) == 3 * 7
    seen: dict[str, np.ndarray] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(
                lambda _, arguments, name=name: seen.update({name: arguments[0].detach().abs().numpy()})
            )
    with torch.no_grad():
        model(TOKENS)
    for matrix, thresholds in found.items():
        inputs = seen[matrix.tensor_name.removesuffix(".weight")]
        assert thresholds[0] == 0
        for share, threshold in zip(SHARES[1:], thresholds[1:], strict=True):
            # Sums of float32 in another order move single values across an edge.
            assert (inputs < threshold).mean() >= share - 0.002
            assert (inputs < threshold * 0.998).mean() <= share + 0.002


def test_no_threshold_changes_nothing_and_a_high_one_a_lot(decoder: Decoder) -> None:
    """The perplexity rises with the share of inputs taken for 0; the model is as it was afterwards."""
    text = TOKENS.flatten()
    dense = perplexity(decoder, text, 16).value
    found = activation_thresholds(decoder, TOKENS, SHARES)
    measured = [
        perplexity(decoder, text, 16, adapt=sparsified({m: t[level] for m, t in found.items()})).value
        for level in range(len(SHARES))
    ]
    assert measured[0] == dense
    assert len(set(measured)) == len(SHARES)
    assert perplexity(decoder, text, 16).value == dense


def test_a_model_with_thresholds_is_the_model_with_its_inputs_zeroed(
    decoder: Decoder, model: nn.Module
) -> None:
    """Against a plain forward of the whole model whose Linears zero what they are given."""
    thresholds = {
        matrix: level[0] for matrix, level in activation_thresholds(decoder, TOKENS, (0.5,)).items()
    }
    named = {matrix.tensor_name.removesuffix(".weight"): value for matrix, value in thresholds.items()}
    hooks = [
        model.get_submodule(name).register_forward_pre_hook(
            lambda _, arguments, low=low: (torch.where(arguments[0].abs() >= low, arguments[0], 0.0),)
        )
        for name, low in named.items()
    ]
    with torch.no_grad():
        logits = model(TOKENS).logits[:, :-1]
    for hook in hooks:
        hook.remove()
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), TOKENS[:, 1:].flatten())
    found = perplexity(decoder, TOKENS.flatten(), 16, adapt=sparsified(thresholds))
    assert found.value == pytest.approx(losses.exp().item(), rel=1e-5)
