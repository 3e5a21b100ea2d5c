"""Gradients that come out the same, bit for bit, on every run."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(device: torch.device) -> Generator[None]:
    """Let a GPU add in the same order at every run where PyTorch has such a form of an operation.

    On the CPU, where the number of threads alone decides, nothing is changed. Products are repeatable only
    with the workspaces that `etl.device.choose_device` asks for.
    """
    if device.type == "cpu":
        yield
        return
    enabled = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            # Some operations, such as attention over unusual masks, have no such form.
            warnings.filterwarnings("ignore", message=".*deterministic.*")
            yield
    finally:
        torch.use_deterministic_algorithms(enabled)
