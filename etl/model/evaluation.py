"""Perplexity of a model, dense or pruned, block by block over all windows of a text."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from etl.errors import OVERFLOW_ADVICE, CalibrationError, EvaluationError
from etl.model.decoder import Decoder

#: Gives the pruned weights of a block by component; none for a block that stays dense.
BlockWeights = Callable[[int], Mapping[str, torch.Tensor]]
#: Holds a change of a loaded block, given with its layer, while it runs.
BlockAdapter = Callable[[nn.Module, int], AbstractContextManager[None]]
#: Called after each block: how many are done, and how many there are.
Progress = Callable[[int, int], None]

#: Tokens run through a block, or turned into logits, at a time.
TOKENS_PER_BATCH = 2048
#: In nats; exp of more is beyond float64.
_LARGEST_LOSS = math.log(sys.float_info.max)


@dataclass(frozen=True)
class Perplexity:
    """exp(mean of the windows' mean losses) over `window_count` windows of `token_count` predicted tokens."""

    value: float
    token_count: int
    window: int
    window_count: int


def perplexity(
    decoder: Decoder,
    tokens: torch.Tensor,
    window: int,
    weights: BlockWeights | None = None,
    progress: Progress | None = None,
    *,
    adapt: BlockAdapter | None = None,
) -> Perplexity:
    """Measure perplexity on `tokens` (count,), the whole text joined, cut into windows that do not overlap.

    What is left after the last whole window is dropped, as in the published figures; nothing predicts the
    first token of a window. `weights` gives the pruned weights block by block; without it the model is dense.
    `adapt` changes how a loaded block computes.
    Memory: the hidden states of all windows and one block. Raises CalibrationError when the text is shorter
    than a window, EvaluationError when activations or the perplexity are no finite numbers.
    """
    windows = _windows(tokens, window, decoder.vocabulary_size)
    batch_size = max(TOKENS_PER_BATCH // window, 1)
    hidden = torch.cat([decoder.embed(batch) for batch in windows.split(batch_size)])
    for layer in range(decoder.layer_count):
        given = weights(layer) if weights else None
        with decoder.block(layer, given) as block, adapt(block, layer) if adapt else nullcontext():
            hidden = _through(decoder, block, layer, hidden, batch_size)
        if not hidden.isfinite().all():
            msg = f"block {layer} makes infinite or NaN activations of the evaluation text; {OVERFLOW_ADVICE}"
            raise EvaluationError(msg)
        if progress:
            progress(layer + 1, decoder.layer_count)
    losses = [_window_loss(decoder, states, target) for states, target in zip(hidden, windows, strict=True)]
    loss = sum(losses) / len(losses)
    if not loss < _LARGEST_LOSS:
        msg = f"the perplexity is no finite number: the mean loss is {loss:g}; {OVERFLOW_ADVICE}"
        raise EvaluationError(msg)
    return Perplexity(math.exp(loss), len(losses) * (window - 1), window, len(losses))


def _through(
    decoder: Decoder, block: nn.Module, layer: int, hidden: torch.Tensor, batch_size: int
) -> torch.Tensor:
    """Return the output of a loaded block, in the place of `hidden` unless it has another width."""
    others = []
    for batch in hidden.split(batch_size):
        output = decoder.run(block, layer, batch)
        if output.shape == batch.shape:
            batch.copy_(output)
        else:
            others.append(output)
    return torch.cat(others) if others else hidden


def _windows(tokens: torch.Tensor, window: int, vocabulary_size: int) -> torch.Tensor:
    """Cut tokens (count,) into whole windows (windows, window)."""
    if window < 2:
        msg = f"a window of {window} tokens predicts nothing; it needs at least 2"
        raise CalibrationError(msg)
    count = tokens.numel() // window
    if count == 0:
        msg = f"the evaluation text has {tokens.numel()} tokens, less than one window of {window}; give more"
        raise CalibrationError(msg)
    if tokens.min() < 0 or tokens.max() >= vocabulary_size:
        msg = f"evaluation tokens lie outside the vocabulary of {vocabulary_size}; use the model's tokenizer"
        raise CalibrationError(msg)
    return tokens[: count * window].view(count, window)


@torch.no_grad()
def _window_loss(decoder: Decoder, states: torch.Tensor, target: torch.Tensor) -> float:
    """Return the mean cross-entropy in nats of one window's states (window, hidden) and tokens (window,)."""
    wanted = target[1:].to(decoder.device)
    loss = 0.0
    for part, labels in zip(states[:-1].split(TOKENS_PER_BATCH), wanted.split(TOKENS_PER_BATCH), strict=True):
        logits = decoder.logits(part.unsqueeze(0))[0].float()
        loss += torch.nn.functional.cross_entropy(logits, labels, reduction="sum").item()
    return loss / len(wanted)
