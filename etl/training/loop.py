"""The optimisation loop: AdamW, warm-up, cosine decay over a wall-clock budget, periodic held-out loss."""

import logging
import math
import time
from dataclasses import asdict, dataclass

import torch
from torch import nn
from transformers import LlamaForCausalLM

from etl.training.model import held_out_loss, next_token_loss
from etl.training.tokens import random_windows

_LOG = logging.getLogger(__name__)

# The host queues steps ahead of the GPU; waiting every few steps keeps the wall-clock schedule true.
_SYNCHRONISE_STEPS = 10


@dataclass(frozen=True)
class Settings:
    """Optimisation settings; the schedule ends when `minutes` have passed or at `max_steps`."""

    minutes: float
    max_steps: int
    batch: int
    window: int
    learning_rate: float
    weight_decay: float
    warmup_share: float
    log_seconds: float
    seed: int
    compile_step: bool


@dataclass(frozen=True)
class Record:
    """One line of the training log; losses are nats a token, `train_loss` that of the latest batch."""

    step: int
    tokens: int
    seconds: float
    learning_rate: float
    train_loss: float
    held_out_loss: float


def train(
    model: LlamaForCausalLM, stream: torch.Tensor, held_out: torch.Tensor, settings: Settings
) -> list[Record]:
    """Train `model` in place on `stream` (tokens,) until the budget ends and return the log.

    The model and both token streams lie on one device. Compilation does not count towards the budget.
    """
    generator = torch.Generator(stream.device).manual_seed(settings.seed)
    optimizer = _optimizer(model, settings)
    loss_of = torch.compile(next_token_loss) if settings.compile_step else next_token_loss
    sample = (stream, settings.batch, settings.window + 1, generator)
    loss_of(model, random_windows(*sample)).backward()
    optimizer.zero_grad()
    records: list[Record] = []
    start = time.monotonic()
    progress = 0.0
    step = 0
    while progress < 1:
        step += 1
        rate = settings.learning_rate * _schedule(progress, settings.warmup_share)
        loss = loss_of(model, random_windows(*sample))
        _update(model, optimizer, loss, rate)
        if stream.is_cuda and step % _SYNCHRONISE_STEPS == 0:
            torch.cuda.synchronize(stream.device)
        seconds = time.monotonic() - start
        progress = max(seconds / (60 * settings.minutes), step / settings.max_steps)
        if progress >= 1 or seconds >= len(records) * settings.log_seconds:
            evaluated = held_out_loss(model, held_out, settings.window, settings.batch)
            tokens = step * settings.batch * settings.window
            records.append(Record(step, tokens, round(seconds, 2), rate, loss.item(), evaluated))
            _LOG.info("%s", asdict(records[-1]))
    return records


def _update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def _schedule(progress: float, warmup_share: float) -> float:
    """Return the learning-rate factor: a linear rise over `warmup_share`, then a half cosine to zero."""
    if progress < warmup_share:
        return progress / warmup_share
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - warmup_share) / (1 - warmup_share))))


def _optimizer(model: nn.Module, settings: Settings) -> torch.optim.AdamW:
    """Return AdamW (arXiv 1711.05101) that decays matrices and leaves norm gains alone."""
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95), fused=True)
