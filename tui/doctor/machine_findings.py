"""What the machine has: GPUs, Triton, and the versions of what is installed; nothing of it is imported."""

import platform
import re
from importlib.metadata import PackageNotFoundError, version

from tui.doctor.findings import Finding
from tui.state.devices import list_gpus
from warehouse.commands import DISTRIBUTION, project_version

NUMERIC_USES = {
    "torch": "sparsity-etl and sparsity-bench need it",
    "triton": "the sparse kernels need it",
}
# What kernels/device.py asks for, which the app does not import.
MINIMUM_TRITON = (3, 4)
PACKAGES = (
    *("textual", "textual-serve", "duckdb", "ibis-framework", "pyarrow", "plotext"),
    *("torch", "triton", "transformers"),
)


def examine_gpus() -> list[Finding]:
    """Ask nvidia-smi for the GPUs."""
    devices = list_gpus()
    if not devices:
        return [
            Finding(
                "GPU",
                "limited",
                "nvidia-smi finds no GPU here: pruning runs on the CPU, kernels are checked but not timed",
                "measure on a machine with one (sparsity-bench run --out bench.jsonl), then here:"
                " sparsity-etl load bench.jsonl",
            )
        ]
    return [Finding("GPU", "good", f"GPU {gpu.index}: {gpu.name}, {gpu.state}") for gpu in devices]


def examine_triton() -> Finding:
    """Look whether the kernels can be compiled."""
    installed = _version("triton")
    if installed is None:
        return Finding(
            "Triton",
            "missing",
            "Triton is not installed: sparsity-bench cannot run its kernels",
            "install it, on Linux: pip install triton",
        )
    if tuple(int(part) for part in re.findall(r"\d+", installed)[:2]) < MINIMUM_TRITON:
        wanted = ".".join(map(str, MINIMUM_TRITON))
        return Finding(
            "Triton",
            "limited",
            f"Triton {installed} is too old for the kernels, which need {wanted}: only dense and csr run",
            "pip install --upgrade torch triton",
        )
    return Finding("Triton", "good", f"Triton {installed} is installed")


def examine_versions() -> list[Finding]:
    """List what is installed in one line, and what is missing in a line each."""
    found = {name: _version(name) for name in PACKAGES}
    own = f"{DISTRIBUTION} {project_version()}, Python {platform.python_version()}, {platform.platform()}"
    installed = ", ".join(f"{name} {number}" for name, number in found.items() if number)
    return [
        Finding("Versions", "good", own),
        Finding("Versions", "good", installed),
        *(
            Finding(
                "Versions",
                "missing",
                f"{name} is not installed: {NUMERIC_USES.get(name, 'a part of the app needs it')}",
                f"pip install {name}",
            )
            for name, number in found.items()
            if number is None
        ),
    ]


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
