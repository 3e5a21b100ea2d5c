"""What every storage format offers: pack, unpack, a reference, a kernel, and an account of its bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeVar

import torch

from kernels.errors import LaunchError, PackingError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DTYPES = (torch.bfloat16, torch.float16)
Config = dict[str, int]
P = TypeVar("P", bound="Packed")


class Entries(NamedTuple):
    """Stored entries of a packed matrix, explicit zeros included: `(n,)` rows, columns, values."""

    rows: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor


@dataclass(frozen=True)
class Packed:
    """A packed matrix of `shape` (out_features, in_features); subclasses add the tensors."""

    shape: tuple[int, int]
    dtype: torch.dtype

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the stored tensors by field name."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in stored.items() if isinstance(value, torch.Tensor)}

    @property
    def device(self) -> torch.device:
        """Device of the stored tensors."""
        return next(iter(self.tensors().values())).device

    @property
    def packed_bytes(self) -> int:
        """Bytes of everything stored."""
        return sum(tensor.nbytes for tensor in self.tensors().values())

    @property
    def bits_per_weight(self) -> float:
        """Stored bits over all positions, kept or pruned."""
        return 8 * self.packed_bytes / max(self.shape[0] * self.shape[1], 1)

    def copy(self: P) -> P:
        """Copy with its own memory, so that a benchmark can rotate through cold buffers."""
        return replace(self, **{name: value.clone() for name, value in self.tensors().items()})


class Format(ABC):
    """One storage format.

    `value_format` says how values are stored: as they are (`16`) or rounded to fewer bits (formats/values/).
    `layout` settings change what is stored, `launch` settings only how the kernel runs; both are
    plain integers so that tuned ones can be kept as JSON.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    limits: ClassVar[str]
    needs_triton: ClassVar[bool] = True
    max_batch: ClassVar[int] = 16
    code_depends_on_rows: ClassVar[bool] = False
    value_formats: ClassVar[tuple[str, ...]] = ("16",)

    def __init__(self, value_format: str = "16") -> None:
        if value_format not in self.value_formats:
            raise UsageError(
                f"{self.name} has no {value_format} values: choose from {', '.join(self.value_formats)}"
            )
        self.value_format = value_format

    def pack(
        self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int] | None = None
    ) -> Packed:
        """Store the entries of `weight` (out, in) where `mask` (out, in) is true.

        Raises PackingError when the mask does not suit the format. Packed values must not be changed
        afterwards: kernels read them before they wait for the kernel ahead of them.
        """
        check_matrix(weight, mask)
        if layout is None:
            density = float(mask.float().mean()) if mask.numel() else 0.0
            layout = self.layouts((weight.shape[0], weight.shape[1]), density, 1)[0]
        packed = self.store(weight, mask, layout)
        if weight.is_cuda:
            torch.cuda.synchronize(weight.device)
        return packed

    @abstractmethod
    def store(self, weight: torch.Tensor, mask: torch.Tensor, layout: Mapping[str, int]) -> Packed:
        """Lay out a checked matrix as `layout` says."""

    @abstractmethod
    def entries(self, packed: Packed) -> Entries:
        """Decode every stored entry by the format's own rules."""

    @abstractmethod
    def launch(self, packed: Packed, x: torch.Tensor, out: torch.Tensor, launch: Mapping[str, int]) -> None:
        """Write x Wᵀ to `out`; operands are already checked."""

    def layouts(self, shape: tuple[int, int], density: float, batch: int) -> Sequence[Config]:
        """Layouts worth trying; the first is the default."""
        del shape, density, batch
        return [{}]

    def launches(self, packed: Packed, batch: int) -> Sequence[Config]:
        """Launch settings worth trying for a packed matrix; the first is the default."""
        del packed, batch
        return [{}]

    def bytes_moved(self, packed: Packed, batch: int) -> int:
        """Bytes one call must move at least: the packed matrix, x and y once each, 2 bytes an element."""
        return packed.packed_bytes + 2 * batch * sum(packed.shape)

    def unpack(self, packed: Packed) -> torch.Tensor:
        """Restore the stored matrix (out, in) exactly: 16 bits, or float32 where values were rounded."""
        rows, columns, values = self.entries(packed)
        dense = torch.zeros(packed.shape[0] * packed.shape[1], dtype=torch.float32, device=values.device)
        # Padding may repeat a position with value 0, so entries add up instead of overwriting.
        dense.index_add_(0, rows * packed.shape[1] + columns, values.float())
        return dense.view(packed.shape).to(values.dtype)

    def reference(self, packed: Packed, x: torch.Tensor) -> torch.Tensor:
        """Compute x Wᵀ (batch, out) in float64 straight from the stored entries, on any device."""
        rows, columns, values = self.entries(packed)
        y = torch.zeros(packed.shape[0], x.shape[0], dtype=torch.float64, device=x.device)
        y.index_add_(0, rows, values.double()[:, None] * x.double().t()[columns])
        return y.t()

    def multiply(
        self,
        packed: Packed,
        x: torch.Tensor,
        out: torch.Tensor | None = None,
        launch: Mapping[str, int] | None = None,
    ) -> torch.Tensor:
        """Compute y = x Wᵀ for `x` (batch, in), accumulating in float32.

        Raises LaunchError for operands of the wrong shape, dtype or device.
        """
        y = self._check_operands(packed, x, out)
        if launch is None:
            launch = self.launches(packed, x.shape[0])[0]
        if y.numel():
            self.launch(packed, x, y, launch)
        return y

    def _check_operands(self, packed: Packed, x: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
        rows, columns = packed.shape
        if x.ndim != 2 or x.shape[1] != columns:
            raise LaunchError(f"x must be (batch, {columns}), got {tuple(x.shape)}")
        if not 1 <= x.shape[0] <= self.max_batch:
            raise LaunchError(f"{self.name} takes a batch of 1 to {self.max_batch}, got {x.shape[0]}")
        if x.dtype != packed.dtype or x.device != packed.device:
            raise LaunchError(
                f"x is {x.dtype} on {x.device}, the packed matrix {packed.dtype} on {packed.device}:"
                " make them agree"
            )
        if not x.is_contiguous():
            raise LaunchError("x must be contiguous: call x.contiguous()")
        if out is None:
            return torch.empty(x.shape[0], rows, dtype=x.dtype, device=x.device)
        if out.shape != (x.shape[0], rows) or out.dtype != x.dtype or not out.is_contiguous():
            raise LaunchError(f"out must be contiguous {x.dtype} of shape {(x.shape[0], rows)}")
        return out


def check_matrix(weight: torch.Tensor, mask: torch.Tensor) -> None:
    """Raise PackingError unless weight and mask are one matrix of a supported dtype."""
    if weight.ndim != 2 or weight.shape != mask.shape:
        raise PackingError(
            f"weight {tuple(weight.shape)} and mask {tuple(mask.shape)} must be one matrix shape"
        )
    if weight.dtype not in DTYPES:
        raise PackingError(f"weight is {weight.dtype}: convert it to bfloat16 or float16")
    if mask.dtype != torch.bool:
        raise PackingError(f"mask is {mask.dtype}: it must be torch.bool")


def ceil_div(a: int, b: int) -> int:
    """Return a / b rounded up."""
    return -(-a // b)


def running_totals(counts: torch.Tensor) -> torch.Tensor:
    """Return where each of `counts` (n,) things begins, and behind the last the total (n + 1,)."""
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])


def number_within(counts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the group of each member, and its number there, for groups of `counts` (n,) members."""
    group = torch.repeat_interleave(counts)
    number = torch.arange(group.numel(), device=counts.device) - (counts.cumsum(0) - counts)[group]
    return group, number


def expect(packed: Packed, kind: type[P]) -> P:
    """Narrow a packed matrix to the format's own class; raises LaunchError for another format's."""
    if not isinstance(packed, kind):
        raise LaunchError(
            f"expected a {kind.__name__}, got a {type(packed).__name__}: use the format that packed it"
        )
    return packed


def next_power_of_2(n: int) -> int:
    """Return the smallest power of two that is at least `n`."""
    return 1 << (n - 1).bit_length()
