"""Measuring kernels on the mask of a matrix: the commands, how long it takes."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from tui.state import jobs
from tui.state.devices import Device
from tui.state.folders import state_folder

UNSTRUCTURED_FORMATS = ("dense", "csr", "masked", "bitmask", "sell", "clustered")
PATTERN_FORMATS = ("dense", "csr", "masked", "nm")
# Compiling and tuning a format for a new shape; settings that are kept make later runs far shorter.
SECONDS_PER_FORMAT = 20
INTERPRETED_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure, on the mask of one matrix of a run."""

    database: Path
    run_id: int
    layer: int
    projection: str
    formats: tuple[str, ...]
    batches: tuple[int, ...] = (1,)

    @property
    def stem(self) -> str:
        """A file name for the mask and the results."""
        return f"run-{self.run_id}-block-{self.layer}-{self.projection}"


def default_formats(pattern: str) -> tuple[str, ...]:
    """Return the formats that a mask of a pattern can be stored in."""
    return PATTERN_FORMATS if ":" in pattern else UNSTRUCTURED_FORMATS


def folder() -> Path:
    """Return where masks and results are kept."""
    return state_folder() / "benchmarks"


def steps(request: Request, device: Device) -> list[list[str]]:
    """Return the commands, for `folder()`: write the mask, measure, load what was measured."""
    mask, results = f"{request.stem}.safetensors", f"{request.stem}.jsonl"
    etl, bench = jobs.program("sparsity-etl", "etl.cli"), jobs.program("sparsity-bench", "kernels.cli")
    place = ["--run", str(request.run_id), "--layer", str(request.layer), "--projection", request.projection]
    database = ["--db", str(request.database)]
    batches = [str(batch) for batch in request.batches]
    measure = ["--mask", mask, "--formats", *request.formats, "--batch", *batches]
    return [
        [*etl, "export-mask", *place, "--out", mask, *database],
        [*bench, "run", *measure, "--device", device.option, "--out", results],
        [*etl, "load", results, "--json", *database],
    ]


def shell_command(request: Request, device: Device) -> list[str]:
    """Return one command that runs the steps in order and stops at the first that fails."""
    place = str(folder())
    # What an earlier benchmark wrote is loaded already; results would be appended to it.
    earlier = [f"{request.stem}.safetensors", f"{request.stem}.jsonl"]
    begin = [["mkdir", "-p", place], ["cd", place], ["rm", "-f", *earlier]]
    return ["sh", "-c", " && ".join(shlex.join(step) for step in (*begin, *steps(request, device)))]


def written_command(request: Request, device: Device) -> str:
    """Write the steps as a person would type them, one per line."""
    return "\n".join(shlex.join([Path(step[0]).name, *step[1:]]) for step in steps(request, device))


def estimate(request: Request, device: Device) -> str:
    """Say about how long it takes."""
    products = len(request.formats) * len(request.batches)
    each = INTERPRETED_SECONDS if device.index is None else SECONDS_PER_FORMAT
    minutes = products * each / 60
    time = f"{products * each} seconds" if minutes < 2 else f"{minutes:.0f} minutes"
    return f"{products} products, about {time} the first time; settings found are kept for the next"
