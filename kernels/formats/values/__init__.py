"""How kept values are stored: 16 bits as they are, or fewer.

A codec says how many bits a value takes, rounds values to what it can store, and expands what it stored: in
torch, in plain Triton and in PTX. Formats lay out positions, and share the codecs.
"""

from __future__ import annotations

from kernels.errors import UsageError
from kernels.formats.values.codec import Codec
from kernels.formats.values.fp8 import FP8
from kernels.formats.values.int4 import Int4
from kernels.formats.values.int8 import Int8
from kernels.formats.values.sixteen import Sixteen

CODECS: dict[str, Codec] = {codec.name: codec for codec in (Sixteen(), FP8(), Int8(), Int4())}


def get_codec(name: str) -> Codec:
    """Return the codec of that name; raises UsageError for an unknown one."""
    if name not in CODECS:
        raise UsageError(f"unknown value format {name!r}: choose from {', '.join(CODECS)}")
    return CODECS[name]
