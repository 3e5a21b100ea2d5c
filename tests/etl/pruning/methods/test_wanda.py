"""Wanda scores."""

import torch

from etl.pruning.methods.wanda import Wanda


def test_scores_weigh_magnitudes_by_the_norms_of_the_inputs():
    """|W|·√a by hand, in float32 also for bfloat16 weights."""
    weight = torch.tensor([[-2.0, 1.0], [0.5, 3.0]], dtype=torch.bfloat16)
    scores = Wanda().scores(weight, torch.tensor([4.0, 0.25]))
    assert scores.dtype == torch.float32
    assert scores.tolist() == [[4.0, 0.5], [1.0, 1.5]]
