"""The GPUs of this machine, as nvidia-smi names them."""

import csv
import io
import subprocess
from dataclasses import dataclass

GPU_QUERY = "index,name,memory.used,memory.total,utilization.gpu"
ASK_SECONDS = 10  # nvidia-smi waits for a driver that is being loaded


@dataclass(frozen=True, slots=True)
class Device:
    """Where kernels can run: a GPU by its number, or the interpreter (None)."""

    index: int | None
    name: str
    state: str = ""

    @property
    def option(self) -> str:
        """The device as `sparsity-bench --device` names it."""
        return "cpu" if self.index is None else f"cuda:{self.index}"


INTERPRETER = Device(None, "interpreter", "checks that results are right, measures no time")


def list_gpus() -> list[Device]:
    """Return the GPUs that nvidia-smi names; none where there is no nvidia-smi or no driver."""
    command = ["nvidia-smi", f"--query-gpu={GPU_QUERY}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return read_gpus(answer.stdout)


def read_gpus(table: str) -> list[Device]:
    """Read the comma-separated answer of nvidia-smi; lines of another form are ignored."""
    devices = []
    for row in csv.reader(io.StringIO(table), skipinitialspace=True):
        if len(row) == 5 and row[0].isdigit():
            index, name, used, total, busy = row
            devices.append(Device(int(index), name, f"{used} of {total} MiB used, {busy}% busy"))
    return devices
