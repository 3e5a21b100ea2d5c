"""What takes the place of a model's blocks, so that the model itself says what each would be called with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from etl.errors import CheckpointError


@dataclass(frozen=True)
class Call:
    """One call of a block: the hidden states it was given, and whatever else by position and by name."""

    layer: int
    hidden: torch.Tensor
    positional: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)

    @property
    def tensors(self) -> list[torch.Tensor]:
        """Every tensor passed beside the hidden states, also those in tuples and dictionaries."""
        found, left = [], [*self.positional, *self.named.values()]
        while left:
            value = left.pop()
            if isinstance(value, torch.Tensor):
                found.append(value)
            elif isinstance(value, tuple | list):
                left += value
            elif isinstance(value, dict):
                left += value.values()
        return found


class StandIn(nn.Module):
    """Takes the place of a block: notes what it is called with and returns the hidden states unchanged.

    `replacement` is returned in their stead where there is one. What the model reads off a block, such as the
    kind of its attention, is read off the real one.
    """

    def __init__(self, block: nn.Module, layer: int, calls: list[Call]) -> None:
        super().__init__()
        self.replacement: torch.Tensor | None = None
        self._layer = layer
        self._calls = calls
        # As a submodule its parameters would be those of the model again.
        object.__setattr__(self, "_block", block)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(object.__getattribute__(self, "_block"), name)

    def forward(self, hidden_states: torch.Tensor, *positional: Any, **named: Any) -> torch.Tensor:
        """Note the call."""
        hidden = hidden_states.as_subclass(torch.Tensor)
        self._calls.append(Call(self._layer, hidden, positional, named))
        return (hidden if self.replacement is None else self.replacement).as_subclass(_Output)


class _Output(torch.Tensor):
    """Hidden states that are their own first element: what some models take from a block is a tuple."""

    def __getitem__(self, key: Any) -> torch.Tensor:
        return self if isinstance(key, int) and key == 0 else super().__getitem__(key)


def check_chain(calls: Sequence[Call], layer_count: int, architecture: str) -> None:
    """Raise CheckpointError unless each block was called once, with what the block before it returned."""
    linked = all(
        (after.hidden.data_ptr(), after.hidden.shape) == (before.hidden.data_ptr(), before.hidden.shape)
        for before, after in pairwise(calls)
    )
    if [call.layer for call in calls] != list(range(layer_count)) or not linked:
        msg = f"{architecture} does not pass its states from block to block alone; it cannot be pruned"
        raise CheckpointError(msg)


def check_same_arguments(one: Sequence[Call], other: Sequence[Call], architecture: str) -> None:
    """Raise CheckpointError where two texts of one shape call a block with different arguments.

    The arguments are noted once for each shape, and used for all texts.
    """
    for first, second in zip(one, other, strict=True):
        if not all(map(torch.equal, first.tensors, second.tensors)):
            msg = f"{architecture} passes more than states from the text to its blocks; it cannot be pruned"
            raise CheckpointError(msg)
