"""Pruning the matrices of one block, given the statistics of their inputs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from etl.errors import PruningError
from etl.model.checkpoint import Checkpoint
from etl.model.matrices import WeightMatrix
from etl.model.tensors import read_matrix
from etl.pruning import registry
from etl.pruning.plugins import check_choice, check_scores, guarded
from etl.pruning.pruner import Choice, Scorer, Updater
from etl.pruning.refinement.masks import exchanged
from etl.pruning.request import PruningRequest
from etl.pruning.result import PrunedMatrix
from etl.pruning.scopes import prune_lowest
from etl.pruning.selection import StreamThreshold
from etl.pruning.statistics import InputStatistics, SharedInputs
from etl.pruning.values import rounded


@dataclass(frozen=True)
class MatrixPruner:
    """Prunes matrices as `request` says; for scope `model` with the cut and the norms of the dense model.

    `dense_norms` gives Wanda's a_j (in,) by tensor name. `counts` says how many weights of a matrix go, by
    tensor name, where that is not the share asked for of every matrix alike.
    """

    checkpoint: Checkpoint
    request: PruningRequest
    cut: StreamThreshold | None = None
    dense_norms: Mapping[str, torch.Tensor] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @torch.no_grad()
    def prune(self, matrices: Sequence[WeightMatrix], inputs: SharedInputs) -> Iterator[PrunedMatrix]:
        """Prune the matrices of one block on the statistics of their inputs, in the order given."""
        method = registry.matrix_pruner(self.request.method)
        prepared: dict[str, Any] = {}
        for matrix in matrices:
            started = time.perf_counter()
            statistics = inputs[matrix.component]
            dense = read_matrix(self.checkpoint, matrix).to(statistics.device)
            with guarded(self.request.method, matrix.tensor_name):
                if isinstance(method, Updater):
                    leader = inputs.leaders[matrix.component]
                    if leader not in prepared:
                        prepared[leader] = method.prepare(statistics.hessian, self.request)
                    choice = method.prune(dense, prepared[leader], self._request_of(matrix))
                else:
                    choice = self._masked(method, matrix, dense, statistics)
                check_choice(self.request.method, choice, dense)
            yield _result(matrix, dense, rounded(choice, self.request), statistics, started)

    def _request_of(self, matrix: WeightMatrix) -> PruningRequest:
        """Return the request with the sparsity of one matrix."""
        if matrix.tensor_name not in self.counts:
            return self.request
        weights = matrix.out_features * matrix.in_features
        return replace(self.request, sparsity=self.counts[matrix.tensor_name] / weights)

    def _masked(
        self, method: Scorer, matrix: WeightMatrix, dense: torch.Tensor, statistics: InputStatistics
    ) -> Choice:
        """Prune with a method that only takes weights away."""
        norms = self.dense_norms.get(matrix.tensor_name, statistics.squared_norms)
        scores = method.scores(dense, norms)
        check_scores(self.request.method, scores, dense)
        count = self.counts.get(matrix.tensor_name)
        pruned, threshold = prune_lowest(scores, self.request, self.cut, count)
        if self.request.refine == "swaps":
            return exchanged(dense, pruned, statistics.hessian, self.request)
        return Choice(dense.masked_fill(pruned, 0), pruned, threshold)


def _result(
    matrix: WeightMatrix,
    dense: torch.Tensor,
    choice: Choice,
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
        scales=None if choice.scales is None else choice.scales.cpu(),
        warnings=choice.warnings,
    )
