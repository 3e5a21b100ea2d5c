"""Pruning the matrices of one block, given the statistics of their inputs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from etl.errors import PruningError
from etl.model.checkpoint import Checkpoint, WeightMatrix
from etl.model.tensors import read_tensor
from etl.pruning import magnitude, sparsegpt, wanda
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedMatrix
from etl.pruning.scopes import prune_lowest
from etl.pruning.selection import StreamThreshold
from etl.pruning.statistics import InputStatistics, SharedInputs


@dataclass(frozen=True)
class _Choice:
    """What a method decided for one matrix: the new weights, the mask of the pruned, its threshold."""

    weight: torch.Tensor
    pruned: torch.Tensor
    threshold: float | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatrixPruner:
    """Prunes matrices as `request` says; for scope `model` with the cut and the norms of the dense model.

    `dense_norms` gives Wanda's a_j (in,) by tensor name.
    """

    checkpoint: Checkpoint
    request: PruningRequest
    cut: StreamThreshold | None = None
    dense_norms: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @torch.no_grad()
    def prune(self, matrices: Sequence[WeightMatrix], inputs: SharedInputs) -> Iterator[PrunedMatrix]:
        """Prune the matrices of one block on the statistics of their inputs, in the order given."""
        factors: dict[str, sparsegpt.InverseFactor] = {}
        for matrix in matrices:
            started = time.perf_counter()
            statistics = inputs[matrix.component]
            dense = read_tensor(self.checkpoint, matrix.tensor_name).to(statistics.device)
            if self.request.method == "sparsegpt":
                leader = inputs.leaders[matrix.component]
                if leader not in factors:
                    factors[leader] = sparsegpt.inverse_factor(statistics.hessian, self.request.damping)
                choice = _updated(dense, factors[leader], self.request)
            else:
                choice = self._masked(matrix, dense, statistics)
            yield _result(matrix, dense, choice, statistics, started)

    def _masked(self, matrix: WeightMatrix, dense: torch.Tensor, statistics: InputStatistics) -> _Choice:
        """Prune with a method that only takes weights away."""
        if self.request.method == "wanda":
            norms = self.dense_norms.get(matrix.tensor_name, statistics.squared_norms)
            scores = wanda.scores(dense, norms)
        else:
            scores = magnitude.scores(dense)
        pruned, threshold = prune_lowest(scores, self.request, self.cut)
        return _Choice(dense.masked_fill(pruned, 0), pruned, threshold)


def _updated(dense: torch.Tensor, factor: sparsegpt.InverseFactor, request: PruningRequest) -> _Choice:
    """Prune with SparseGPT, which moves the weights it keeps."""
    weight, pruned = sparsegpt.prune(dense, factor, request)
    return _Choice(weight.to(dense.dtype), pruned, warnings=factor.warnings)


def _result(
    matrix: WeightMatrix,
    dense: torch.Tensor,
    choice: _Choice,
    statistics: InputStatistics,
    started: float,
) -> PrunedMatrix:
    # Adding 0 turns a −0.0 that was kept, or that rounding made, into +0.0.
    weight = (choice.weight + 0.0).cpu()
    keep_mask = ~choice.pruned.cpu()
    elapsed = time.perf_counter() - started
    wide = dense.float()
    try:
        error = statistics.reconstruction_error(dense, choice.weight)
    except PruningError as cause:
        msg = f"{matrix.tensor_name}: {cause}"
        raise PruningError(msg) from cause
    return PrunedMatrix(
        matrix=matrix,
        weight=weight,
        keep_mask=keep_mask,
        threshold=choice.threshold,
        reconstruction_error=error,
        activation_norm=statistics.activation_norm.cpu(),
        input_weight_norm=torch.linalg.vector_norm(wide, dim=0).cpu(),
        output_weight_norm=torch.linalg.vector_norm(wide, dim=1).cpu(),
        elapsed_seconds=elapsed,
        warnings=choice.warnings,
    )
