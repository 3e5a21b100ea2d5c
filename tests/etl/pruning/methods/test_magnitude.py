"""Magnitude scores."""

import pytest
import torch

from etl.pruning.methods.magnitude import Magnitude


@pytest.mark.parametrize(
    ("dtype", "scored"),
    [(torch.bfloat16, torch.bfloat16), (torch.float32, torch.float32), (torch.float64, torch.float32)],
)
def test_scores_are_magnitudes_in_a_dtype_that_orders_them(dtype: torch.dtype, scored: torch.dtype):
    """16 bits stay 16 bits, so that a model-wide cut needs one pass; float64 becomes float32."""
    scores = Magnitude().scores(torch.tensor([[-2.0, 0.5], [-0.0, 1.0]], dtype=dtype), torch.empty(0))
    assert scores.dtype == scored
    assert scores.tolist() == [[2.0, 0.5], [0.0, 1.0]]
    assert not scores.signbit().any()
