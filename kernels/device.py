"""What this machine can run: the one place that decides between CUDA, the interpreter and nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import torch

from kernels.errors import LaunchError

# bfloat16 arithmetic and mma.sp both arrive with compute capability 8.0 (Ampere).
MINIMUM_CAPABILITY = (8, 0)
# Tuples that a loop carries, and the assembler's `mma.sp::ordered_metadata`.
MINIMUM_TRITON = (3, 4)


def interpreting() -> bool:
    """Tell whether Triton kernels run in its interpreter (`TRITON_INTERPRET=1`)."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def triton_obstacle() -> str | None:
    """Say why Triton cannot run the kernels, None if it can (it exists for Linux only)."""
    if find_spec("triton") is None:
        return "Triton is not installed: pip install triton (Linux only)"
    try:
        installed = version("triton")
    except PackageNotFoundError:
        # Nightly and ROCm builds go by other names; they are not old.
        return None
    numbers = tuple(int(part) for part in re.findall(r"\d+", installed)[:2])
    if numbers < MINIMUM_TRITON:
        wanted = ".".join(map(str, MINIMUM_TRITON))
        return (
            f"Triton {installed} is too old: the kernels need {wanted} or newer, pip install --upgrade torch"
        )
    return None


def inline_ptx(device: torch.device) -> bool:
    """Tell whether kernels may use inline PTX; elsewhere their plain Triton twins run."""
    if interpreting() or device.type != "cuda" or torch.version.cuda is None:
        return False
    return torch.cuda.get_device_capability(device) >= MINIMUM_CAPABILITY


def programmatic_launch(device: torch.device) -> bool:
    """Tell whether a kernel may start while the one before it drains (Hopper and newer).

    Weights are then fetched before the wait for the previous kernel, x and y only touched after it.
    """
    return inline_ptx(device) and torch.cuda.get_device_capability(device) >= (9, 0)


@dataclass(frozen=True)
class Machine:
    """The device kernels run on; `reason` says why Triton kernels cannot run, None if they can."""

    name: str
    device: torch.device
    capability: tuple[int, int] | None
    l2_bytes: int
    reason: str | None

    @property
    def slug(self) -> str:
        """Name for files: lower case letters, digits and dashes."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def find_machine(request: str = "auto") -> Machine:
    """Resolve `auto`, `cpu`, `cuda` or `cuda:N`; raises LaunchError for a device that is not there."""
    if request == "cpu" or (request == "auto" and not torch.cuda.is_available()):
        return Machine("cpu", torch.device("cpu"), None, 0, triton_obstacle())
    if request != "auto" and not re.fullmatch(r"cuda(:[0-9]+)?", request):
        raise LaunchError(f"unknown device {request!r}: use auto, cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        raise LaunchError(f"device {request!r} asked for, but PyTorch sees no CUDA device: use --device cpu")
    device = torch.device("cuda" if request == "auto" else request)
    index = device.index if device.index is not None else torch.cuda.current_device()
    if index >= torch.cuda.device_count():
        raise LaunchError(f"device {request!r} asked for, but there are {torch.cuda.device_count()}")
    device = torch.device("cuda", index)
    properties = torch.cuda.get_device_properties(device)
    capability = (properties.major, properties.minor)
    return Machine(properties.name, device, capability, properties.L2_cache_size, _obstacle(capability))


def _obstacle(capability: tuple[int, int]) -> str | None:
    if capability < MINIMUM_CAPABILITY:
        return f"compute capability {capability[0]}.{capability[1]} is too old: the kernels need 8.0 or newer"
    return triton_obstacle()
