"""The storage formats by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernels.errors import UsageError
from kernels.formats.csr import CSR
from kernels.formats.dense import Dense

if TYPE_CHECKING:
    from kernels.formats.base import Format

NAMES = ("dense", "masked", "bitmask", "sell", "nm", "bsr", "csr", "clustered", "activation")
LIBRARY_NAMES = ("dense", "csr")


def get_format(name: str, value_format: str = "16") -> Format:
    """Return the format of that name with such values; raises UsageError for an unknown one.

    Formats with a Triton kernel are imported only when asked for, so that the others work without Triton.
    """
    if name == "dense":
        return Dense(value_format)
    if name == "csr":
        return CSR(value_format)
    if name not in NAMES:
        raise UsageError(f"unknown format {name!r}: choose from {', '.join(NAMES)}")
    return _triton_format(name, value_format)


def _triton_format(name: str, value_format: str) -> Format:
    from kernels.formats.activation.format import Activation  # noqa: PLC0415 - needs Triton
    from kernels.formats.bitmask.format import Bitmask  # noqa: PLC0415
    from kernels.formats.bsr.clustered import Clustered  # noqa: PLC0415
    from kernels.formats.bsr.format import BSR  # noqa: PLC0415
    from kernels.formats.masked import Masked  # noqa: PLC0415
    from kernels.formats.nm.format import NM  # noqa: PLC0415
    from kernels.formats.sell.format import Sell  # noqa: PLC0415

    classes = {kind.name: kind for kind in (Activation, Bitmask, BSR, Clustered, Masked, NM, Sell)}
    return classes[name](value_format)
