"""A weight matrix of a model, and where its numbers lie: in the files, and in the module that applies it.

Free of torch, so that a plan can name matrices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

_PROJECTIONS = frozenset(("q", "k", "v", "o", "gate", "up", "down"))
_EXPERT = re.compile(r"\bexperts\.(\d+)\b")


@dataclass(frozen=True)
class Place:
    """Where a matrix (out, in) lies in the tensor `name`.

    - `index`: its expert, where the tensor (experts, …) holds those of all.
    - `transposed`: whether the tensor is laid out (in, out), as that of a Conv1D.
    - `rows`: its outputs, first and one past the last, where several matrices are fused along them.
    """

    name: str
    index: int | None = None
    transposed: bool = False
    rows: tuple[int, int] | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Place:
        """Make a place of what `dataclasses.asdict` gave of it, also after a journey as JSON."""
        fields: dict[str, Any] = {**values, "rows": values["rows"] and tuple(values["rows"])}
        return cls(**fields)

    @property
    def is_whole(self) -> bool:
        """Whether the tensor holds nothing else."""
        return self.index is None and self.rows is None

    def view(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the matrix as a view (out, in) of its tensor: writing to it writes to the tensor."""
        part = tensor if self.index is None else tensor[self.index]
        part = part.T if self.transposed else part
        return part if self.rows is None else part[slice(*self.rows)]


@dataclass(frozen=True)
class WeightMatrix:
    """One matrix of a transformer block that multiplies its inputs: weight (out_features, in_features).

    - `component`: the module's path in the block (`self_attn.q_proj`, `mlp.experts.3.gate_proj`).
    - `blocks`: the path of the list of blocks in the model.
    - `stored`: its place in the tensors of the checkpoint; `placed`: in the parameters of its block.
    """

    layer: int
    component: str
    out_features: int
    in_features: int
    dtype: str
    blocks: str = "model.layers"
    stored: Place = field(default=Place(""))
    placed: Place = field(default=Place(""))

    def __post_init__(self) -> None:
        # Where nothing else is said the matrix is the weight of a Linear, stored under its own name.
        if not self.placed.name:
            object.__setattr__(self, "placed", Place(f"{self.component}.weight"))
        if not self.stored.name:
            object.__setattr__(self, "stored", Place(self.tensor_name))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> WeightMatrix:
        """Make a matrix of what `dataclasses.asdict` gave of it, also after a journey as JSON."""
        fields: dict[str, Any] = {**values, **{name: Place.of(values[name]) for name in ("stored", "placed")}}
        return cls(**fields)

    @property
    def tensor_name(self) -> str:
        """The name of the weight in the model; unique in it."""
        return f"{self.blocks}.{self.layer}.{self.component}.weight"

    @property
    def projection(self) -> str:
        """`q k v o gate up down`, or the module's own name elsewhere."""
        name = self.component.rpartition(".")[2]
        short = name.removesuffix("_proj")
        return short if short in _PROJECTIONS else name

    @property
    def expert(self) -> int | None:
        """Which expert of a mixture the matrix belongs to; None outside of mixtures."""
        match = _EXPERT.search(self.component)
        return int(match[1]) if match else None


def without_expert(component: str) -> str:
    """Return what a component is called in every expert of its mixture; itself outside of mixtures."""
    return _EXPERT.sub("experts", component)
