"""How many calibration tokens the experts of a mixture saw, and whether those were enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.model.matrices import WeightMatrix
from etl.pruning.statistics import SharedInputs


@dataclass(frozen=True)
class ExpertLoad:
    """What calibration showed one expert.

    - `component`: the path of its mixture in the block (`mlp.experts`).
    - `token_count`: the tokens routed to it; `in_features`: the most inputs that a matrix of it has.
    """

    component: str
    expert: int
    token_count: int
    in_features: int


def expert_loads(matrices: Sequence[WeightMatrix], inputs: SharedInputs) -> tuple[ExpertLoad, ...]:
    """Return the load of every expert that one of a block's matrices belongs to, in their order."""
    loads: dict[tuple[str, int], ExpertLoad] = {}
    for matrix in matrices:
        if matrix.expert is not None:
            key = (matrix.component.partition(f".{matrix.expert}.")[0], matrix.expert)
            tokens = inputs[matrix.component].token_count
            widest = max(matrix.in_features, loads[key].in_features if key in loads else 0)
            loads[key] = ExpertLoad(*key, tokens, widest)
    return tuple(loads.values())


def few_tokens(block: str, loads: Sequence[ExpertLoad]) -> str | None:
    """Warn of experts that saw fewer tokens than they have inputs; None where there are none.

    With fewer tokens than inputs the second moment of these has no inverse of its own: SparseGPT's updates
    rest on the damping alone, and any method's norms and errors on a handful of values.
    """
    few = [load for load in loads if load.token_count < load.in_features]
    if not few:
        return None
    least = min(few, key=lambda load: load.token_count)
    return (
        f"{len(few)} of {len(loads)} experts of {block} saw fewer calibration tokens than they have inputs, "
        f"expert {least.expert} only {least.token_count} for {least.in_features}; give more --samples"
    )
