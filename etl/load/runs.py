"""The row of a pruning run, from what was asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from etl.plan import CODE_VERSIONS, DENSE
from etl.pruning.registry import pruner
from etl.pruning.request import DTYPE_FORMATS

if TYPE_CHECKING:
    from etl.plan import Step
    from etl.pruning.request import PruningRequest


def run_columns(step: Step, request: PruningRequest, dtype: str, device: torch.device) -> dict[str, Any]:
    """Return the columns of the run of a step; `dtype` is that of the checkpoint, in torch's naming."""
    has_scope = pruner(request.method).prunes and not request.pattern.sliced
    return {
        "method": request.method,
        "sparsity": request.sparsity,
        "pattern": str(request.pattern),
        "scope": request.scope if has_scope else None,
        "settings": {"device": str(device), **_method_settings(request)},
        "seed": step.seed,
        "code_version": CODE_VERSIONS["prune"],
        "value_format": request.value_format or DTYPE_FORMATS.get(dtype),
        "group_size": (request.group_size or None) if request.value_format else None,
        "allocation": request.allocation,
        "refinement": request.refine,
        "thread_count": torch.get_num_threads(),
    }


def dense_columns(dtype: str) -> dict[str, Any]:
    """Return the columns of the run that stands for the dense model."""
    return {
        "method": DENSE,
        "sparsity": 0.0,
        "pattern": "unstructured",
        "settings": {},
        "seed": 0,
        "code_version": CODE_VERSIONS["evaluate"],
        "value_format": DTYPE_FORMATS.get(dtype),
        "thread_count": torch.get_num_threads(),
    }


def _method_settings(request: PruningRequest) -> dict[str, Any]:
    """Return the settings that have no column of their own, where they mean something for the run."""
    settings: dict[str, Any] = {}
    if request.layers is not None:
        settings["layers"] = list(request.layers)
    if request.projections is not None:
        settings["projections"] = list(request.projections)
    if request.refine == "reconstruct":
        settings |= {"refine_samples": request.refine_samples, "refine_steps": request.refine_steps}
    if request.true_sequential:
        settings["true_sequential"] = True
    if request.allocation != "uniform":
        settings["allocation_spread"] = request.allocation_spread
    if request.method == "magnitude":
        settings["ties"] = request.ties
    if request.method == "sparsegpt":
        settings |= {"damping": request.damping, "block_size": request.block_size}
    return settings
