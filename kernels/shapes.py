"""Weight shapes (out_features, in_features) of the linear layers of well-known models."""

from __future__ import annotations

import re
from typing import NamedTuple

from kernels.errors import UsageError


class Shape(NamedTuple):
    """One weight matrix."""

    out_features: int
    in_features: int


def _llama(hidden: int, heads_out: int, intermediate: int) -> list[Shape]:
    """Distinct shapes of q and o, k and v, gate and up, down."""
    shapes = [
        Shape(hidden, hidden),
        Shape(heads_out, hidden),
        Shape(intermediate, hidden),
        Shape(hidden, intermediate),
    ]
    return list(dict.fromkeys(shapes))


SHAPE_SETS: dict[str, list[Shape]] = {
    "llama-7b": _llama(4096, 4096, 11008),
    "llama-3-8b": _llama(4096, 1024, 14336),
    "mistral-7b": _llama(4096, 1024, 14336),
    "qwen2.5-7b": _llama(3584, 512, 18944),
    "llama-2-70b": _llama(8192, 1024, 28672),
    "smollm2-135m": _llama(576, 192, 1536),
    "bundled": _llama(384, 384, 1024),
}


def read_shapes(names: list[str]) -> list[Shape]:
    """Shapes of the named sets and of `OUTxIN` items, without repeats; raises UsageError for neither."""
    shapes: list[Shape] = []
    for name in names:
        size = re.fullmatch(r"([1-9][0-9]{0,8})x([1-9][0-9]{0,8})", name)
        if name in SHAPE_SETS:
            shapes += SHAPE_SETS[name]
        elif size:
            shapes.append(Shape(int(size[1]), int(size[2])))
        else:
            raise UsageError(f"unknown shapes {name!r}: choose from {', '.join(SHAPE_SETS)} or give OUTxIN")
    return list(dict.fromkeys(shapes))
