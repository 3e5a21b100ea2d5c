"""Settings of PyTorch that make gradients repeatable hold inside, and only there."""

import os
import warnings

import pytest
import torch

from etl.pruning.refinement.repeatable import repeatable


@pytest.mark.parametrize(("device", "inside"), [("cuda", True), ("cpu", False)])
def test_what_is_changed_is_put_back(monkeypatch: pytest.MonkeyPatch, device: str, inside: bool) -> None:
    """A warning of an operation without such a form is not shown: here it would be an error."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    with repeatable(torch.device(device)):
        assert torch.are_deterministic_algorithms_enabled() is inside
        if inside:
            warnings.warn("x does not have a deterministic implementation", UserWarning, stacklevel=1)
    assert not torch.are_deterministic_algorithms_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
