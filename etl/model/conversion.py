"""Which stored tensors make up each parameter of a model, by transformers' own rules of loading.

Checkpoints keep the names and the layout their authors gave them. transformers renames tensors as it loads
them, adds or removes the prefix of the model, and fuses some, such as the matrices of all experts of a block.
The same rules are applied here one parameter at a time, so that a model never has to be in memory whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import (
    WeightConverter,
    WeightRenaming,
    dot_natural_key,
    rename_source_key,
)

from etl.errors import CheckpointError


@dataclass
class Source:
    """What one or more parameters are made of.

    - `target`: the parameter, the first where a converter makes several.
    - `parts`: the names of stored tensors, by the pattern of the converter that took them, in their order.
    - `converter`: what makes the parameters of them; None where one stored tensor is the parameter.
    """

    target: str
    converter: WeightConverter | None = None
    parts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def stored(self) -> list[str]:
        """The names of all stored tensors."""
        return [name for names in self.parts.values() for name in names]

    @property
    def operations(self) -> dict[str, int | None]:
        """What the converter does, by name and in order, each with its dimension."""
        steps = self.converter.operations if self.converter else ()
        return {type(step).__name__: getattr(step, "dim", None) for step in steps}

    @property
    def in_order(self) -> list[list[str]]:
        """The stored tensors as the converter puts them together: its patterns in order, those of each."""
        patterns = self.converter.source_patterns if self.converter else self.parts
        return [self.parts[pattern] for pattern in patterns if pattern in self.parts]

    def make(
        self, model: PreTrainedModel, parameter: str, read: Callable[[str], torch.Tensor]
    ) -> torch.Tensor:
        """Make a parameter of `model` of stored tensors, which `read` gives by name."""
        if self.converter is None:
            return read(self.stored[0])
        # A converter keeps what it is given, and the model has one for all of its blocks.
        converter = deepcopy(self.converter)
        for pattern, names in self.parts.items():
            for name in names:
                # Read as late as possible, as transformers does where it loads one tensor after the other.
                reading: Any = partial(read, name)
                converter.add_tensor(self.target, name, pattern, reading)
        made = converter.convert(self.target, model=model, config=model.config)[parameter]
        return made[0] if isinstance(made, list) else made


def parameter_sources(model: PreTrainedModel, stored: Iterable[str]) -> dict[str, Source]:
    """Return the source of every parameter and buffer of `model` that stored tensors give, by its name.

    Stored tensors that the model has no use for are left out, as transformers does. Raises CheckpointError
    where two stored tensors stand for one parameter.
    """
    rules = get_model_conversion_mapping(model)
    renamings = [rule for rule in rules if isinstance(rule, WeightRenaming)]
    converters = [rule for rule in rules if isinstance(rule, WeightConverter)]
    by_pattern = {pattern: rule for rule in converters for pattern in rule.source_patterns}
    known = model.state_dict()
    sources: dict[str, Source] = {}
    for name in sorted(stored, key=dot_natural_key):
        target, pattern = rename_source_key(name, renamings, converters, model.base_model_prefix, known)
        if target not in known and name in known:
            target, pattern = name, None
        converter = None if pattern is None else by_pattern[pattern]
        for parameter in _targets(target, converter):
            if parameter in known:
                _add(sources, parameter, Source(target, converter), pattern or name, name)
    return sources


def _targets(target: str, converter: WeightConverter | None) -> list[str]:
    """Name every parameter that a converter makes, of which renaming names the first."""
    if converter is None:
        return [target]
    first, *others = converter.target_patterns
    return [target, *(target.replace(first, other) for other in others)]


def _add(sources: dict[str, Source], parameter: str, new: Source, pattern: str, name: str) -> None:
    source = sources.setdefault(parameter, new)
    if source.parts and (source.converter is None or new.converter is None):
        msg = f"the checkpoint holds both {source.stored[0]} and {name}; save the model again"
        raise CheckpointError(msg)
    source.parts.setdefault(pattern, []).append(name)


def made_shape(
    model: PreTrainedModel, parameter: str, source: Source, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[int, ...]:
    """Return the shape a parameter would have, made of stored tensors of the given shapes.

    Raises CheckpointError where they do not fit together.
    """
    try:
        made = source.make(model, parameter, lambda name: torch.empty(shapes[name], device="meta"))
    except Exception as error:  # torch and transformers raise errors of many kinds
        reason = " ".join(str(error).split())
        msg = f"{parameter} cannot be made of {source.stored[0]} and its like: {reason}"
        raise CheckpointError(msg) from error
    return tuple(made.shape)
