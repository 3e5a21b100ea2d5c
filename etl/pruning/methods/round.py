"""Rounding to nearest: every weight becomes the nearest value of the value format, whatever its input."""

from __future__ import annotations

from typing import ClassVar

from etl.pruning.methods.magnitude import Magnitude


class Round(Magnitude):
    """Magnitude pruning at sparsity 0."""

    prunes: ClassVar = False
