"""Blocks built as Llama's: what of them SliceGPT needs to know, and what they become when they are sliced."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from etl.errors import CheckpointError

#: What a block must be made of, and which Linear of attention and MLP writes into the residual stream.
_PARTS = ("input_layernorm", "self_attn", "post_attention_layernorm", "mlp")
_ATTENTION_OUTPUT, _MLP_OUTPUT = "o_proj", "down_proj"


class ScaleFreeNorm(nn.Module):
    """x / √(Σ x² / size + eps) for x (…, width): the RMS norm of the unsliced `size` dimensions."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self._size = size
        self._eps = eps

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Normalise in float32, as RMS norms do; the dtype stays."""
        wide = hidden.float()
        mean = wide.square().sum(-1, keepdim=True) / self._size
        return (wide * torch.rsqrt(mean + self._eps)).to(hidden.dtype)


class SlicedBlock(nn.Module):
    """A transformer block whose residual stream changes its basis after attention and after the MLP.

    x (…, k₁) becomes h = x·A + attention(norm(x)) (…, k₂), and h·B + mlp(norm(h)) (…, k₃), with the shortcuts
    A = Q₁ᵀQ₂ and B = Q₂ᵀQ₃; a shortcut that is None stands for a basis that does not change.
    """

    attention_shortcut: nn.Parameter | None
    mlp_shortcut: nn.Parameter | None

    def __init__(
        self, attention: nn.Module, mlp: nn.Module, norms: tuple[ScaleFreeNorm, ScaleFreeNorm]
    ) -> None:
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = norms
        self.self_attn = attention
        self.mlp = mlp
        self.register_parameter("attention_shortcut", None)
        self.register_parameter("mlp_shortcut", None)

    def attend(self, hidden: torch.Tensor, *positional: Any, **named: Any) -> torch.Tensor:
        """Return what goes into the MLP; further arguments are what the model passes to its blocks."""
        attended = self.self_attn(self.input_layernorm(hidden), *positional, **named)[0]
        kept = hidden if self.attention_shortcut is None else hidden @ self.attention_shortcut
        return kept + attended

    def feed(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return the output of the block, given what goes into its MLP."""
        kept = hidden if self.mlp_shortcut is None else hidden @ self.mlp_shortcut
        return kept + self.mlp(self.post_attention_layernorm(hidden))

    def forward(self, hidden_states: torch.Tensor, *positional: Any, **named: Any) -> torch.Tensor:
        """Run the whole block."""
        return self.feed(self.attend(hidden_states, *positional, **named))


class AttentionHalf(nn.Module):
    """The part of a block up to its MLP as a module, so that it can be run alone."""

    def __init__(self, block: SlicedBlock) -> None:
        super().__init__()
        self._block = block

    def forward(self, hidden_states: torch.Tensor, *positional: Any, **named: Any) -> torch.Tensor:
        """Return what goes into the MLP."""
        return self._block.attend(hidden_states, *positional, **named)


@dataclass(frozen=True)
class Half:
    """Attention or MLP of a block: its norm, its module, and its Linears by what they touch.

    `readers` read the residual stream through the norm, `writer` adds to it; both by their name in `module`.
    """

    norm: nn.Module
    module: nn.Module
    readers: tuple[str, ...]
    writer: str


def halves(block: nn.Module, size: int, architecture: str) -> tuple[Half, Half]:
    """Find attention and MLP of a block whose residual stream has `size` dimensions.

    Raises CheckpointError for a block that is not built as Llama's: an RMS norm without bias before each of
    attention and MLP, and Linears that end in o_proj and down_proj.
    """
    parts = dict(block.named_children())
    others = {
        name for name, part in parts.items() if name not in _PARTS and any(True for _ in part.parameters())
    }
    if others or not set(_PARTS) <= parts.keys():
        raise unlike_llama(architecture)
    found = (
        _half(parts["input_layernorm"], parts["self_attn"], _ATTENTION_OUTPUT, size),
        _half(parts["post_attention_layernorm"], parts["mlp"], _MLP_OUTPUT, size),
    )
    if found[0] is None or found[1] is None:
        raise unlike_llama(architecture)
    return found[0], found[1]


def _half(norm: nn.Module, module: nn.Module, writer: str, size: int) -> Half | None:
    linears = {name: part for name, part in module.named_children() if isinstance(part, nn.Linear)}
    readers = tuple(name for name, linear in linears.items() if name != writer and linear.in_features == size)
    if not is_rms_norm(norm) or not readers or len(readers) + 1 != len(linears) or writer not in linears:
        return None
    return Half(norm, module, readers, writer) if linears[writer].out_features == size else None


def is_rms_norm(norm: nn.Module) -> bool:
    """Tell whether a module is an RMS norm with a scale and no bias."""
    return type(norm).__name__.endswith("RMSNorm") and [name for name, _ in norm.named_parameters()] == [
        "weight"
    ]


def norm_eps(norm: nn.Module) -> float:
    """Return the constant that an RMS norm adds to the mean of the squares."""
    return float(getattr(norm, "variance_epsilon", None) or getattr(norm, "eps", None) or 0.0)


@torch.no_grad()
def norm_scale(norm: nn.Module, size: int) -> torch.Tensor:
    """Return by what an RMS norm multiplies each dimension (size,), however it stores that.

    A vector of ones has the root mean square 1, so that its norm is the scale over √(1 + eps).
    """
    weight = next(norm.parameters())
    ones = torch.ones(size, dtype=weight.dtype, device=weight.device)
    return norm(ones) * math.sqrt(1 + norm_eps(norm))


@torch.no_grad()
def fold_norms(block: nn.Module, size: int, architecture: str) -> SlicedBlock:
    """Return a loaded block with the scales of its norms in the Linears behind them, changed in place."""
    for half in halves(block, size, architecture):
        scale = norm_scale(half.norm, size)
        for name in half.readers:
            half.module.get_parameter(f"{name}.weight").mul_(scale)
    return sliced_block(block, size, architecture)


def sliced_block(block: nn.Module, size: int, architecture: str) -> SlicedBlock:
    """Return a block with scale-free norms around the same attention and MLP, its basis unchanged."""
    first, second = halves(block, size, architecture)
    norms = (ScaleFreeNorm(size, norm_eps(first.norm)), ScaleFreeNorm(size, norm_eps(second.norm)))
    sliced = SlicedBlock(first.module, second.module, norms)
    if hasattr(block, "attention_type"):
        # Some releases of transformers choose the mask of a block by this attribute.
        sliced.attention_type = block.attention_type
    return sliced


def unlike_llama(architecture: str) -> CheckpointError:
    """Return the error that says which models can be sliced."""
    msg = (
        f"the blocks of {architecture} are not built as Llama's, an RMS norm without bias before attention "
        "and before the MLP, which slicegpt needs; choose another method"
    )
    return CheckpointError(msg)
