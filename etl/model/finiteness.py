"""Finding NaN and infinity among the weights of a file, as fast as it can be read.

Free of torch and transformers, so that planning a run that has nothing to do takes milliseconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from etl.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: Bytes looked at together: a multiple of every number's size, small enough for the caches of a core.
_CHUNK = 1 << 20
#: How each dtype of a header is laid out: a word, and the bits of its exponent, all set in NaN and infinity.
_EXPONENTS = {
    "F16": (np.uint16, 0x7C00),
    "BF16": (np.uint16, 0x7F80),
    "F32": (np.uint32, 0x7F800000),
    "F64": (np.uint64, 0x7FF0000000000000),
}


def check_finite(path: Path, names: Collection[str]) -> None:
    """Check tensors of a safetensors file, by their names in it.

    Raises CheckpointError that names one with NaN or infinite values; OSError.
    """
    content = np.memmap(path, np.uint8, mode="r")
    begin = 8 + int.from_bytes(content[:8].tobytes(), "little")
    for name, entry in json.loads(content[8:begin].tobytes()).items():
        if name in names and entry["dtype"] in _EXPONENTS:
            first, last = entry["data_offsets"]
            if not _is_finite(content[begin + first : begin + last], *_EXPONENTS[entry["dtype"]]):
                msg = f"{path}: {name} holds NaN or infinite values; such a model cannot be pruned"
                raise CheckpointError(msg)


def _is_finite(values: np.ndarray, word: type[np.unsignedinteger], exponent: int) -> bool:
    """Tell whether no number of a tensor, given as its bytes (size,), has all bits of its exponent set."""
    words, count = values.view(word), _CHUNK // np.dtype(word).itemsize
    chunks = (words[start : start + count] for start in range(0, words.size, count))
    return all((chunk & word(exponent)).max() != exponent for chunk in chunks)
