"""What a benchmark measures: formats, shapes, sparsities, batches and values, as a list of products."""
# ruff: noqa: PLR0917 - a product has more sizes than five.

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import torch

from kernels.formats import LIBRARY_NAMES, get_format
from kernels.interpreting import INTERPRETED_ROWS
from kernels.masks import Case, random_mask
from kernels.tuning import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kernels.device import Machine
    from kernels.rivals import Rival
    from kernels.shapes import Shape

# The pattern each format is measured on; the others take unstructured masks.
OWN_PATTERN = {"dense": "dense", "nm": "2:4", "bsr": "block", "activation": "activation"}
SEED = 0


@dataclass(frozen=True)
class Job:
    """One product to measure."""

    kernel: str
    case: Callable[[], Case]
    problem: Problem
    mask_source: str
    rival: Rival | None = None


@dataclass
class Plan:
    """What to measure; `masks` replace random ones."""

    shapes: list[Shape]
    formats: list[str]
    sparsities: list[float]
    batches: list[int]
    value_formats: list[str] = field(default_factory=lambda: ["16"])
    rivals: list[Rival] = field(default_factory=list)
    dtype: torch.dtype = torch.bfloat16
    masks: list[Case] = field(default_factory=list)
    replays: int = 20
    retune: bool = False

    def jobs(self, device: torch.device) -> list[Job]:
        """List all products; masks are drawn only when their turn comes."""
        found: list[Job] = []
        cases = [(c, c.shape) for c in self.masks] or [(None, s) for s in self.shapes]
        for given, shape in cases:
            for kernel in self.formats:
                if given is not None:
                    found += self._given(kernel, given)
                else:
                    found += self._random(kernel, (shape[0], shape[1]), device)
            found += self._against((shape[0], shape[1]), device)
        return found

    def _against(self, shape: tuple[int, int], device: torch.device) -> Iterator[Job]:
        """List the dense products of other libraries."""
        dtype = str(self.dtype).removeprefix("torch.")
        case = partial(_draw, shape, 0.0, "dense", device)
        for rival in self.rivals:
            for batch in self.batches:
                problem = Problem("dense", *shape, batch, dtype, "dense", 0.0, rival.value_format)
                yield Job("dense", case, problem, "random", rival)

    def _random(self, kernel: str, shape: tuple[int, int], device: torch.device) -> Iterator[Job]:
        pattern = OWN_PATTERN.get(kernel, "unstructured")
        sparsities = {"dense": [0.0], "2:4": [0.5]}.get(pattern, self.sparsities)
        rows = shape[0] if device.type != "cpu" else min(shape[0], INTERPRETED_ROWS)
        for sparsity in sparsities:
            case = partial(_draw, (rows, shape[1]), sparsity, pattern, device)
            yield from self._batched(kernel, case, shape, pattern, sparsity, "random")

    def _given(self, kernel: str, case: Case) -> Iterator[Job]:
        fits = kernel != "nm" or case.pattern == "2:4"
        if fits and kernel != "activation":
            yield from self._batched(
                kernel, lambda: case, case.shape, case.pattern, case.sparsity, case.source
            )

    def _batched(
        self,
        kernel: str,
        case: Callable[[], Case],
        shape: tuple[int, int],
        pattern: str,
        sparsity: float,
        source: str,
    ) -> Iterator[Job]:
        dtype = str(self.dtype).removeprefix("torch.")
        kind = get_format(kernel)
        values = [name for name in self.value_formats if name in kind.value_formats]
        for value_format, batch in product(values, self.batches):
            if batch <= kind.max_batch:
                sizes = (*shape, batch, dtype, pattern, round(sparsity, 4))
                yield Job(kernel, case, Problem(kernel, *sizes, value_format), source)


def _draw(shape: tuple[int, int], sparsity: float, pattern: str, device: torch.device) -> Case:
    generator = torch.Generator(device=device).manual_seed(SEED)
    if pattern in {"dense", "activation"}:
        mask = torch.ones(shape, dtype=torch.bool, device=device)
    else:
        mask = random_mask(shape, sparsity, pattern, generator)
    return Case(mask, pattern, sparsity, "random")


def runnable_formats(machine: Machine, names: list[str]) -> list[str]:
    """Keep the formats this machine can run: without Triton, or on an old GPU, those of the libraries."""
    return [name for name in names if machine.reason is None or name in LIBRARY_NAMES]
