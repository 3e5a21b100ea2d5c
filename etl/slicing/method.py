"""SliceGPT: whole dimensions of the residual stream go, those of the least variance (arXiv 2401.15024)."""

from __future__ import annotations

from typing import ClassVar

from etl.pruning.pruner import Slicer


class SliceGPT(Slicer):
    """Rotate the residual stream onto its principal directions and keep the first of them."""

    scopes: ClassVar = ("model",)
