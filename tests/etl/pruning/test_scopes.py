"""Which weights compete: four weights per row, answers by hand."""

import pytest
import torch

from etl.pruning.request import PruningRequest
from etl.pruning.scopes import prune_lowest
from etl.pruning.selection import stream_threshold

SCORES = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 0.0]])


@pytest.mark.parametrize(
    ("request_", "pruned", "threshold"),
    [
        (PruningRequest.of("wanda", 0.5), [[1, 1, 0, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("wanda", 0.7), [[1, 1, 0, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("wanda", 0.5, scope="matrix"), [[1, 1, 1, 0], [0, 0, 0, 1]], 3.0),
        (PruningRequest.of("magnitude", 0.5), [[1, 1, 1, 0], [0, 0, 0, 1]], 3.0),
        (PruningRequest.of("magnitude", 0.5, scope="row"), [[1, 1, 0, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("magnitude", 0.5, ties="reference"), [[1, 1, 1, 1], [0, 0, 0, 1]], 4.0),
        (PruningRequest.of("wanda", 0.625, scope="cumulative"), [[1, 1, 1, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("magnitude", pattern="1:2"), [[1, 0, 1, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("magnitude", pattern="1:2", ties="reference"), [[1, 0, 1, 0], [1, 0, 0, 1]], None),
        (PruningRequest.of("magnitude", 0.0), [[0, 0, 0, 0], [0, 0, 0, 0]], None),
        (PruningRequest.of("magnitude", 0.0, ties="reference"), [[0, 0, 0, 0], [0, 0, 0, 0]], None),
    ],
)
def test_each_scope_prunes_its_own_lowest(request_: PruningRequest, pruned: list, threshold: float | None):
    """Rows prune int(in·s) each, a matrix int(count·s) in all, the reference everything up to the next."""
    mask, found = prune_lowest(SCORES, request_)
    assert mask.tolist() == torch.tensor(pruned, dtype=torch.bool).tolist()
    assert found == threshold


@pytest.mark.parametrize("sparsity", [0.3, 0.5, 0.7])
def test_the_cumulative_scope_is_the_search_for_a_share(sparsity: float):
    """Bisecting α as the paper's code does, to the end, leads to the same mask."""
    scores = torch.rand(20, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ordered = scores.sort(dim=1).values
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        counts = (ordered.cumsum(1) <= share * scores.sum(1, keepdim=True)).sum(1)
        low, high = (low, share) if counts.sum() > scores.numel() * sparsity else (share, high)
    counts = (ordered.cumsum(1) <= low * scores.sum(1, keepdim=True)).sum(1)
    limits = torch.stack([row[count] for row, count in zip(ordered, counts, strict=True)])
    mask, _ = prune_lowest(scores, PruningRequest.of("wanda", sparsity, scope="cumulative"))
    assert torch.equal(mask, scores < limits[:, None])
    assert len(set(counts.tolist())) > 3


def test_a_row_of_zeros_goes_first_in_the_cumulative_scope():
    """It has no share of its sum to give."""
    scores = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    mask, _ = prune_lowest(scores, PruningRequest.of("wanda", 0.5, scope="cumulative"))
    assert mask.tolist() == [[False, False], [True, True]]


def test_the_model_scope_spends_its_ties_in_the_order_of_the_matrices():
    """Three ones tie; the cut of five prunes both smaller scores, and the ones of the first matrix first."""
    matrices = [torch.tensor([[1.0, 0.5], [3.0, 1.0]]), torch.tensor([[0.25, 1.0], [2.0, 4.0]])]
    request = PruningRequest.of("magnitude", 0.5, scope="model")
    cut = stream_threshold(lambda: matrices, 4)
    first, second = (prune_lowest(scores, request, cut) for scores in matrices)
    assert first[0].tolist() == [[True, True], [False, True]]
    assert second[0].tolist() == [[True, False], [False, False]]
    assert first[1] == second[1] == 1.0
