"""SliceGPT: smaller dense models. `load_sliced` loads one.

Imports torch only when a model is loaded, so that planning stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl.slicing.loader import load_sliced

__all__ = ["load_sliced"]


def __getattr__(name: str) -> Any:
    if name == "load_sliced":
        from etl.slicing.loader import load_sliced  # noqa: PLC0415

        return load_sliced
    msg = f"module {__name__} has no attribute {name}"
    raise AttributeError(msg)
