"""RIA scores."""

import pytest
import torch

from etl.pruning.methods.ria import RIA


def test_scores_weigh_a_weight_by_its_row_its_column_and_its_input():
    """By hand: rows sum to 4 and 8, columns to 5 and 7; norms are 4 and 1/16, their roots 2 and 1/4."""
    weight = torch.tensor([[-1.0, 3.0], [4.0, -4.0]], dtype=torch.bfloat16)
    found = RIA().scores(weight, torch.tensor([16.0, 1 / 256]))
    expected = [[2 * (1 / 4 + 1 / 5), 0.25 * (3 / 4 + 3 / 7)], [2 * (4 / 8 + 4 / 5), 0.25 * (4 / 8 + 4 / 7)]]
    assert found.dtype == torch.float32
    assert found.flatten().tolist() == pytest.approx([*expected[0], *expected[1]], rel=1e-6)


def test_rows_and_columns_without_weights_score_zero():
    """Nothing is divided by the sum of an empty row."""
    weight = torch.tensor([[0.0, 0.0], [0.0, 2.0]])
    assert RIA().scores(weight, torch.ones(2)).tolist() == [[0.0, 0.0], [0.0, 2.0]]
