"""Reconstruction: the kept weights of a block are refitted to the dense block's outputs (arXiv 2510.14444).

Masks stay as they are. All matrices of a region with a non-linearity, here a whole transformer block, are
fitted together: one matrix alone has little to gain. The block reads what the pruned blocks before it give,
and is to give what the dense model gives at that place, so that it makes good the errors made before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import torch

#: Runs the block with these weights, by name, on states (sequences, length, hidden); gives the same shape.
Forward = Callable[[Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]

#: Every sequence of this number, or the last, is kept back to tell when to stop.
_HELD_OUT_EVERY = 16
#: Steps between looks at the sequences kept back, and looks without a gain after which the fit ends.
_STEPS_PER_LOOK = 25
_PATIENCE = 2


@dataclass(frozen=True)
class FitSettings:
    """How a block is refitted: Adam with a learning rate that falls to 0 as a cosine does.

    Args:
        steps: most updates.
        sequences: sequences in each update.
        learning_rate: the first one.
        seed: of the order in which the sequences are taken.
    """

    steps: int = 250
    sequences: int = 8
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Region:
    """A block to be refitted.

    - `forward`: runs it; with gradients where the weights have them.
    - `pruned`: masks of the shapes of the weights, by name, True where a weight is pruned.
    - `round`: what becomes of weights, given by name, when they are stored. Gradients pass it unchanged (the
      straight-through estimate, arXiv 1308.3432).
    - `quickly`: the precision of updates; losses are taken without it.
    """

    forward: Forward
    pruned: Mapping[str, torch.Tensor]
    round: Callable[[str, torch.Tensor], torch.Tensor]
    quickly: Callable[[], AbstractContextManager[object]] = nullcontext

    def run(self, weights: Mapping[str, torch.Tensor], states: torch.Tensor) -> torch.Tensor:
        """Run the block on states (sequences, length, hidden) with `weights` as they would be stored."""
        with torch.no_grad():
            change = {name: self.round(name, weight) - weight for name, weight in weights.items()}
        with self.quickly():
            return self.forward({name: weight + change[name] for name, weight in weights.items()}, states)

    @torch.no_grad()
    def stored(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return weights as they are stored: rounded, and 0 where pruned."""
        return {
            name: self.round(name, weight).masked_fill(self.pruned[name], 0)
            for name, weight in weights.items()
        }


@dataclass(frozen=True)
class Fit:
    """What refitting gave.

    - `weights`: those with the smallest loss on the sequences kept back, as stored.
    - `start_loss`, `loss`: ‖output − target‖² / ‖target‖² on these sequences, before and after.
    - `diverged`: the loss became infinite or NaN; what came before it stands.
    """

    weights: dict[str, torch.Tensor]
    start_loss: float
    loss: float
    diverged: bool = False


def refit(
    region: Region,
    start: Mapping[str, torch.Tensor],
    inputs: torch.Tensor,
    targets: torch.Tensor,
    settings: FitSettings,
) -> Fit:
    """Fit the kept weights of a block; the loss on sequences kept back is never above that of `start`.

    Args:
        region: the block.
        start: its weights by name, as stored: rounded, and 0 where pruned.
        inputs: what it receives (sequences, length, hidden), at least two sequences.
        targets: what it is to return, of the same shape.
        settings: the course of the fit.
    """
    fitted, kept_back = _split(len(inputs))
    held_out = [states[kept_back].split(settings.sequences) for states in (inputs, targets)]
    weights = {name: _fitted(weight, region.pruned[name]) for name, weight in start.items()}
    adam = torch.optim.Adam(list(weights.values()), lr=settings.learning_rate, fused=True)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings.steps)
    best = first = _look(region, {name: weight.float() for name, weight in start.items()}, *held_out)
    waited = 0
    for step, batch in enumerate(_batches(fitted, settings), start=1):
        adam.zero_grad()
        _loss(region.run(weights, inputs[batch]), targets[batch]).backward()
        adam.step()
        cosine.step()
        if step % _STEPS_PER_LOOK and step < settings.steps:
            continue
        found = _look(region, region.stored(weights), *held_out)
        waited = 0 if found.loss < best.loss else waited + 1
        best = found if found.loss < best.loss else best
        if waited == _PATIENCE or not math.isfinite(found.loss):
            break
    return replace(best, start_loss=first.loss, diverged=not math.isfinite(found.loss))


def _fitted(weight: torch.Tensor, pruned: torch.Tensor) -> torch.Tensor:
    """Return a copy of a weight whose gradient is 0 where it is pruned."""
    copy = weight.detach().float().clone().requires_grad_()
    # A product with floats is far quicker than filling by a mask.
    copy.register_hook(partial(torch.mul, (~pruned).float()))
    return copy


def _split(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the indices of the sequences that are fitted, and of those kept back."""
    every = min(_HELD_OUT_EVERY, count)
    back = torch.arange(count) % every == every - 1
    return (~back).nonzero().squeeze(1), back.nonzero().squeeze(1)


def _batches(sequences: torch.Tensor, settings: FitSettings) -> Iterator[torch.Tensor]:
    """Yield the indices of the sequences of each step: all in random order, again and again."""
    generator = torch.Generator().manual_seed(settings.seed)
    ahead = sequences[:0]
    size = min(settings.sequences, len(sequences))
    for _ in range(settings.steps):
        if len(ahead) < size:
            order = torch.randperm(len(sequences), generator=generator)
            ahead = torch.cat([ahead, sequences[order]])
        yield ahead[:size]
        ahead = ahead[size:]


def _loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return ‖output − target‖² / ‖target‖²."""
    return (outputs.float() - targets.float()).square().sum() / targets.float().square().sum()


@torch.no_grad()
def _look(
    region: Region,
    stored: dict[str, torch.Tensor],
    inputs: Sequence[torch.Tensor],
    targets: Sequence[torch.Tensor],
) -> Fit:
    """Take the loss of weights, as stored, on the batches kept back."""
    lost = sum(
        (region.forward(stored, states).double() - target.double()).square().sum().item()
        for states, target in zip(inputs, targets, strict=True)
    )
    loss = lost / sum(target.double().square().sum().item() for target in targets)
    return Fit(stored, loss, loss)
