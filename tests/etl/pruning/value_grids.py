"""Levels of the value formats by their definitions, in float64, beside the codecs under test."""

import torch

#: e4m3: fractions of eight below 2⁻⁶, then eight steps to each power of two, up to 448.
_E4M3 = [step * 2.0**-9 for step in range(8)]
_E4M3 += [(8 + step) * 2.0 ** (power - 3) for power in range(-6, 9) for step in range(8)][:-1]
LEVELS = {
    "int4": torch.arange(-7, 8, dtype=torch.float64),
    "int8": torch.arange(-127, 128, dtype=torch.float64),
    "fp8": torch.tensor([-level for level in reversed(_E4M3[1:])] + _E4M3, dtype=torch.float64),
}


def scale(group: torch.Tensor, value_format: str) -> torch.Tensor:
    """The bfloat16 scale (…) of groups of values (…, group), in float64."""
    largest = group.abs().amax(-1) / LEVELS[value_format][-1]
    return largest.float().bfloat16().double()


def nearest(values: torch.Tensor, scales: torch.Tensor, value_format: str) -> torch.Tensor:
    """The nearest level times scale, by trying every level; float64 of any shape."""
    levels = LEVELS[value_format] * scales[..., None]
    chosen = (levels - values[..., None]).abs().argmin(-1, keepdim=True)
    return levels.gather(-1, chosen)[..., 0]
