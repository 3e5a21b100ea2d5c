"""Which device the numeric work runs on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import UsageError

if TYPE_CHECKING:
    import torch

_NAME = re.compile(r"auto|cpu|cuda(:[0-9]{1,2})?")


def check_device_name(name: str) -> None:
    """Raise UsageError unless `name` is auto, cpu, cuda or cuda:N; needs no torch."""
    if not _NAME.fullmatch(name):
        msg = f"there is no device {name}; choose auto, cpu, cuda or cuda:N"
        raise UsageError(msg)


def choose_device(name: str) -> torch.device:
    """Return the device a name stands for: auto takes a GPU when there is one.

    Raises:
        UsageError: the name is not a device, or the device is not there.
    """
    import torch  # noqa: PLC0415  # seconds that a finished plan does without

    check_device_name(name)
    # cuBLAS repeats its products bit for bit only with workspaces of fixed size. It reads the size once, when
    # CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    count = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= count:
        msg = f"there is no {name} here: torch sees {count} CUDA devices; choose auto or cpu"
        raise UsageError(msg)
    return device


def multiplies_bfloat16(device: torch.device) -> bool:
    """Tell whether products in bfloat16 are quicker than in float32: on GPUs, and with such instructions."""
    if device.type != "cpu":
        return True
    try:
        processor = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16"} & set(processor.split()))
