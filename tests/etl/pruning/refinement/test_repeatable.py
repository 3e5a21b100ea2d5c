"""Settings of PyTorch that make gradients repeatable hold inside, and only there."""

import os
import warnings

import pytest
import torch

from etl.device import choose_device
from etl.pruning.refinement.repeatable import repeatable


@pytest.mark.parametrize(("device", "inside"), [("cuda", True), ("cpu", False)])
def test_what_is_changed_is_put_back(device: str, inside: bool) -> None:
    """A warning of an operation without such a form is not shown: here it would be an error."""
    with repeatable(torch.device(device)):
        assert torch.are_deterministic_algorithms_enabled() is inside
        if inside:
            warnings.warn("x does not have a deterministic implementation", UserWarning, stacklevel=1)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(("given", "taken"), [(None, ":4096:8"), (":16:8", ":16:8")])
def test_products_of_a_gpu_repeat_from_the_start(
    monkeypatch: pytest.MonkeyPatch, given: str | None, taken: str
) -> None:
    """Choosing a device asks cuBLAS for workspaces of fixed size, unless a person has chosen them."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", given or "")
    if given is None:
        monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    choose_device("auto")
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == taken
