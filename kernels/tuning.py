"""Settings found by measuring, kept on disk per device so that a second start measures nothing."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from kernels.errors import KernelError
from kernels.files import replace_whole

if TYPE_CHECKING:
    from kernels.device import Machine

# Raised when a format's layout or a kernel's settings change their meaning: older files are then ignored.
VERSION = 4
SHIPPED = Path(__file__).parent / "tuned"


@dataclass(frozen=True)
class Problem:
    """What settings are tuned for."""

    kernel: str
    out_features: int
    in_features: int
    batch: int
    dtype: str
    pattern: str
    sparsity: float
    value_format: str = "16"

    @property
    def key(self) -> str:
        """Text that identifies the problem in a file; sparsity to the percent."""
        shape = f"{self.out_features}x{self.in_features}"
        kernel = self.kernel if self.value_format == "16" else f"{self.kernel}-{self.value_format}"
        return f"{kernel} {shape} batch={self.batch} {self.dtype} {self.pattern} {self.sparsity:.2f}"

    def distance(self, other: Problem) -> float:
        """Measure how far another problem is, in octaves of size and tenths of sparsity; inf elsewhere."""
        same = (self.kernel, self.value_format) == (other.kernel, other.value_format)
        if not same or (self.batch == 1) != (other.batch == 1):
            return math.inf
        pairs = zip(
            (self.out_features, self.in_features, self.batch),
            (other.out_features, other.in_features, other.batch),
            strict=True,
        )
        octaves = sum(abs(math.log2(mine / theirs)) for mine, theirs in pairs)
        return octaves + 10 * abs(self.sparsity - other.sparsity)


@dataclass(frozen=True)
class Tuned:
    """The best layout and launch settings of a problem."""

    layout: dict[str, int]
    launch: dict[str, int]
    latency_us: float


class TuningStore:
    """Settings of one device: the person's own file first, then what the package ships."""

    def __init__(self, machine: Machine, folder: Path | None = None) -> None:
        self.path = (folder or cache_folder()) / f"{machine.slug}.json"
        self._shipped = _read(SHIPPED / f"{machine.slug}.json")
        self._own = _read(self.path)

    def find(self, problem: Problem) -> Tuned | None:
        """Return the settings of exactly this problem."""
        found = self._own.get(problem.key) or self._shipped.get(problem.key)
        return found[1] if found else None

    def nearest(self, problem: Problem) -> Tuned | None:
        """Return the settings of the most similar problem of the same kernel."""
        known = [*self._own.values(), *self._shipped.values()]
        candidates = [(problem.distance(other), tuned) for other, tuned in known]
        best = min(candidates, key=lambda pair: pair[0], default=(math.inf, None))
        return best[1] if best[0] < math.inf else None

    def keep(self, problem: Problem, tuned: Tuned) -> None:
        """Remember settings and write the file, whole or not at all."""
        self._own[problem.key] = (problem, tuned)
        write_store(self.path, self._own)


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/sparsity-tui/tuning`, by default under `~/.cache`."""
    return platformdirs.user_cache_path("sparsity-tui") / "tuning"


def write_store(path: Path, entries: dict[str, tuple[Problem, Tuned]]) -> None:
    """Replace the file by one with these entries; raises KernelError where the folder cannot be written."""
    records = [asdict(problem) | asdict(tuned) for problem, tuned in entries.values()]
    text = json.dumps({"version": VERSION, "entries": records}, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(path, text + "\n")
    except OSError as error:
        raise KernelError(f"cannot keep tuned settings in {path}: {error}; set XDG_CACHE_HOME") from error


def _read(path: Path) -> dict[str, tuple[Problem, Tuned]]:
    """Entries of a file; nothing for a missing, damaged or older one, which tuning then replaces."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
        if stored["version"] != VERSION:
            return {}
        names = Problem.__dataclass_fields__
        pairs = [
            (
                Problem(**{name: record[name] for name in names if name in record}),
                Tuned(record["layout"], record["launch"], record["latency_us"]),
            )
            for record in stored["entries"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {problem.key: (problem, tuned) for problem, tuned in pairs}
