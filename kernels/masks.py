"""Masks to measure with: drawn at random by pattern, planted with clusters, or exported from a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from kernels.errors import MaskFileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_ROWS, BLOCK_COLUMNS = 16, 64


@dataclass(frozen=True)
class Case:
    """A matrix to measure: keep mask (out, in), where it came from, and its weight if the file had one."""

    mask: torch.Tensor
    pattern: str
    sparsity: float
    source: str
    weight: torch.Tensor | None = None
    name: str = "random"

    @property
    def shape(self) -> tuple[int, int]:
        """Output and input features."""
        return self.mask.shape[0], self.mask.shape[1]


def random_mask(
    shape: tuple[int, int], sparsity: float, pattern: str, generator: torch.Generator
) -> torch.Tensor:
    """Draw a keep mask on the generator's device.

    `unstructured` keeps as many in every row (as Wanda does), `N:M` N of every M consecutive inputs,
    `block` whole blocks of 16 × 64, as many in every row of blocks. Raises UsageError for another pattern.
    """
    if pattern == "block":
        grid = (-(-shape[0] // BLOCK_ROWS), -(-shape[1] // BLOCK_COLUMNS))
        blocks = _keep_per_row(grid, round(grid[1] * (1 - sparsity)), generator)
        whole = blocks.repeat_interleave(BLOCK_ROWS, 0).repeat_interleave(BLOCK_COLUMNS, 1)
        return whole[: shape[0], : shape[1]].contiguous()
    if pattern == "unstructured":
        return _keep_per_row(shape, shape[1] - int(shape[1] * sparsity), generator)
    kept, group = parse_pattern(pattern)
    noise = torch.rand(shape[0], -(-shape[1] // group), group, generator=generator, device=generator.device)
    chosen = noise.topk(kept, dim=-1).indices
    mask = torch.zeros_like(noise, dtype=torch.bool).scatter_(-1, chosen, True)
    return mask.view(shape[0], -1)[:, : shape[1]].contiguous()


def parse_pattern(pattern: str) -> tuple[int, int]:
    """Read N and M of `N:M`; raises UsageError for anything else."""
    match = re.fullmatch(r"([0-9]+):([0-9]+)", pattern)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise UsageError(f"unknown pattern {pattern!r}: use unstructured, block or N:M such as 2:4")
    return int(match[1]), int(match[2])


def _keep_per_row(shape: tuple[int, int], kept: int, generator: torch.Generator) -> torch.Tensor:
    noise = torch.rand(shape, generator=generator, device=generator.device)
    mask = torch.zeros(shape, dtype=torch.bool, device=noise.device)
    return mask.scatter_(1, noise.topk(kept, dim=1).indices, True)


def planted_mask(
    shape: tuple[int, int], clusters: int, flips: float, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Plant clusters of inputs: each cluster keeps a random half of the rows, then bits flip with `flips`.

    Returns the mask (out, in) and each input's cluster (in,). Between clusters inputs differ in half of the
    rows, within one in 2 · flips · (1 − flips): the separation ratio is 0.25 / (flips · (1 − flips)).
    """
    device = generator.device
    labels = torch.randint(clusters, (shape[1],), generator=generator, device=device)
    centres = torch.rand(shape[0], clusters, generator=generator, device=device) < 0.5
    flipped = torch.rand(shape, generator=generator, device=device) < flips
    return centres[:, labels] ^ flipped, labels


def separation_ratio(mask: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean Hamming distance of two inputs in different clusters over that of two in one cluster.

    `mask` is (out, in) bool, `labels` (in,). Infinite where all inputs of every cluster agree.
    """
    points = mask.t().float()
    ones = points.sum(1)
    distance = ones[:, None] + ones[None, :] - 2 * points @ points.t()
    same = labels[:, None] == labels[None, :]
    diagonal = torch.eye(len(labels), dtype=torch.bool, device=mask.device)
    within = float(distance[same & ~diagonal].mean())
    between = float(distance[~same].mean())
    return between / within if within else float("inf")


def read_mask(path: Path) -> Case:
    """Read a safetensors file: `mask` uint8 (out, in), optionally `weight`; metadata names the run.

    Raises MaskFileError when the file is missing, unreadable or holds something else.
    """
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - only mask files need it

    if not path.is_file():
        raise MaskFileError(f"no such mask file: {path}; export one with sparsity-etl export-mask")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise MaskFileError(f"cannot read mask file {path}: {error}") from error
    mask, weight = tensors.get("mask"), tensors.get("weight")
    if mask is None or mask.ndim != 2 or mask.dtype not in {torch.uint8, torch.bool}:
        raise MaskFileError(f"{path} needs a tensor 'mask' of uint8 and shape (out, in)")
    if weight is not None and weight.shape != mask.shape:
        raise MaskFileError(
            f"{path}: weight {tuple(weight.shape)} and mask {tuple(mask.shape)} differ in shape"
        )
    keep = mask.bool()
    sparsity = 1 - float(keep.float().mean())
    return Case(keep, find_pattern(keep), sparsity, metadata.get("run_id", path.stem), weight, path.stem)


def find_pattern(mask: torch.Tensor) -> str:
    """Name a mask's pattern: `2:4` where no four consecutive inputs keep more than two, or unstructured."""
    if mask.shape[1] % 4 == 0 and int(mask.view(mask.shape[0], -1, 4).sum(-1).max()) <= 2:
        return "2:4"
    return "unstructured"
