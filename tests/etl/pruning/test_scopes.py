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


def test_the_model_scope_spends_its_ties_in_the_order_of_the_matrices():
    """Three ones tie; the cut of five prunes both smaller scores, and the ones of the first matrix first."""
    matrices = [torch.tensor([[1.0, 0.5], [3.0, 1.0]]), torch.tensor([[0.25, 1.0], [2.0, 4.0]])]
    request = PruningRequest.of("magnitude", 0.5, scope="model")
    cut = stream_threshold(lambda: matrices, 4)
    first, second = (prune_lowest(scores, request, cut) for scores in matrices)
    assert first[0].tolist() == [[True, True], [False, True]]
    assert second[0].tolist() == [[True, False], [False, False]]
    assert first[1] == second[1] == 1.0
