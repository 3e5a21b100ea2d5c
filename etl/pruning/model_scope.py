"""One threshold over the whole model: the scores of every matrix compete, streamed one matrix at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch

from etl.model.checkpoint import Checkpoint
from etl.model.matrices import WeightMatrix
from etl.model.tensors import read_matrix
from etl.pruning.plugins import check_scores, guarded
from etl.pruning.registry import scorer
from etl.pruning.request import PruningRequest
from etl.pruning.selection import StreamThreshold, stream_threshold


def model_cut(
    checkpoint: Checkpoint,
    matrices: Sequence[WeightMatrix],
    request: PruningRequest,
    dense_norms: Mapping[str, torch.Tensor],
) -> StreamThreshold:
    """Find the exact cut through the scores of `matrices`, to be spent on them in the same order.

    `dense_norms` gives a_j (in,) by tensor name, taken from the dense model: scores that compete across
    blocks must all exist before the first block is pruned. It is empty for a method that needs no inputs.
    The weights are read once where all scores are bfloat16, else twice.
    """
    method = scorer(request.method)
    count = int(sum(matrix.out_features * matrix.in_features for matrix in matrices) * request.sparsity)

    def chunks() -> Iterator[torch.Tensor]:
        for matrix in matrices:
            weight = read_matrix(checkpoint, matrix)
            norms = dense_norms.get(matrix.tensor_name, torch.empty(0))
            with guarded(request.method, matrix.tensor_name):
                scores = method.scores(weight.to(norms.device), norms)
            check_scores(request.method, scores, weight)
            yield scores

    return stream_threshold(chunks, count)
