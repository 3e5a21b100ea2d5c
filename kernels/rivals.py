"""Dense products with narrow weights from libraries: what a sparse format has to beat to be worth deploying.

PyTorch's two kernels are there on every GPU that runs them; Humming (vLLM's, `pip install humming-kernels`)
where it is installed. Each is checked against the product of the unrounded matrix at its own tolerance.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = 128
LARGEST_FP8 = 448


class Prepared(NamedTuple):
    """A product ready to be called, and the bytes of its stored weights."""

    call: Callable[[], torch.Tensor]
    packed_bytes: int


class Rival(ABC):
    """One kernel of a library; `tolerance` is the relative error that its rounding may cause."""

    function: ClassVar[str]
    package: ClassVar[str] = "torch"
    value_format: str
    tolerance: float

    @abstractmethod
    def prepare(self, weight: torch.Tensor, x: torch.Tensor) -> Prepared:
        """Store weight (out, in) in memory of its own, to be multiplied by x (batch, in)."""

    @property
    def label(self) -> str | None:
        """Library, version and function, None where the library is missing."""
        try:
            return f"{self.package} {version(self.package)} {self.function}"
        except PackageNotFoundError:
            return None


class TorchFP8(Rival):
    """Weights and x in e4m3, one scale each; x is rounded ahead of the call, which favours this kernel."""

    function = "_scaled_mm"
    value_format = "fp8"
    tolerance = 0.06

    def prepare(self, weight: torch.Tensor, x: torch.Tensor) -> Prepared:
        """See Rival."""
        stored, scale = _to_fp8(weight)
        inputs, input_scale = _to_fp8(x)

        def call() -> torch.Tensor:
            return torch._scaled_mm(  # noqa: SLF001 - the only door to this kernel
                inputs, stored.t(), scale_a=input_scale, scale_b=scale, out_dtype=x.dtype
            )

        return Prepared(call, stored.nbytes)


class TorchInt4(Rival):
    """Groups of 128 inputs with a bfloat16 scale and zero point each."""

    function = "_weight_int4pack_mm"
    value_format = "int4"
    tolerance = 0.15

    def prepare(self, weight: torch.Tensor, x: torch.Tensor) -> Prepared:
        """See Rival."""
        groups = weight.float().unflatten(1, (-1, GROUP))
        scale = (groups.abs().amax(-1, keepdim=True) / 7).clamp(min=1e-12)
        codes = ((groups / scale).round() + 8).flatten(1).to(torch.uint8)
        stored = torch._convert_weight_to_int4pack(codes[:, ::2] << 4 | codes[:, 1::2], 8)  # noqa: SLF001
        scales = torch.cat([scale, torch.zeros_like(scale)], -1).transpose(0, 1).bfloat16().contiguous()

        def call() -> torch.Tensor:
            return torch._weight_int4pack_mm(x, stored, GROUP, scales)  # noqa: SLF001

        return Prepared(call, stored.nbytes + scales.nbytes)


class Humming(Rival):
    """16-bit x times weights of 4 or 8 bits, with a scale for each 128 inputs or, in 8 bits, for each row."""

    function = "HummingLayer"
    package = "humming-kernels"
    DTYPES: ClassVar = {"int4": "int4", "int8": "int8", "fp8": "float8e4m3"}
    TOLERANCES: ClassVar = {"int4": 0.15, "int8": 0.03, "fp8": 0.05}

    def __init__(self, value_format: str) -> None:
        self.value_format = value_format
        self.tolerance = self.TOLERANCES[value_format]

    def prepare(self, weight: torch.Tensor, x: torch.Tensor) -> Prepared:
        """See Rival."""
        from humming.layer import HummingLayer  # noqa: PLC0415 - an extra  # ty: ignore[import-not-found]

        config: dict[str, str | int] = {"dtype": self.DTYPES[self.value_format]}
        if self.value_format == "int4":
            config["group_size"] = GROUP
        sizes = {"shape_n": weight.shape[0], "shape_k": weight.shape[1]}
        layer = HummingLayer(**sizes, weight_config=config, torch_dtype=x.dtype).cuda()
        layer.load_from_unquantized(weight)
        layer.transform()
        stored = sum(parameter.nbytes for parameter in layer.parameters())
        return Prepared(lambda: layer(x), stored)


def _to_fp8(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Round a matrix to e4m3 times one float32 scale."""
    scale = matrix.float().abs().max() / LARGEST_FP8
    return (matrix.float() / scale).to(torch.float8_e4m3fn), scale


RIVALS: tuple[Rival, ...] = (TorchFP8(), TorchInt4(), *(Humming(name) for name in Humming.DTYPES))


def installed_rivals() -> list[Rival]:
    """Return the rivals whose library is there."""
    return [rival for rival in RIVALS if rival.label is not None]
