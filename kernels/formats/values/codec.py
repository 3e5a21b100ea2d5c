"""What every value codec offers: rounding to levels, words of eight values, and three ways to expand them.

    value = level · scale of its group           code = the bits that stand for a level

A tensor core takes the eight values of a lane as four pairs. Pair j is values 2j and 2j + 1, each in one half
of a 32-bit word, so that both expand at once:

    words of eight values   W = bits / 4        pairs a word   4 / W
    pair j   word j · W div 4, from bit bits · (j mod pairs a word) on: value 2j, and 16 bits higher: 2j + 1
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import torch

PAIRS = 4


class Coded(NamedTuple):
    """Codes (rows, columns) int64 and one bfloat16 scale for each group of columns (rows, groups)."""

    codes: torch.Tensor
    scales: torch.Tensor


class Codec(ABC):
    """One way to store values.

    `group` is the number of consecutive inputs of a row that share a scale: 0 for the whole row, None for
    values that need no scale. `zero_word` holds codes of level 0 only. `tolerance` bounds the relative error
    (Frobenius) of normally distributed weights.
    """

    name: ClassVar[str]
    bits: ClassVar[int]
    group: ClassVar[int | None]
    largest: ClassVar[float]
    tolerance: ClassVar[float]
    zero_word: ClassVar[int] = 0
    # Triton function: one code, and whether 16-bit numbers are bfloat16, to its level as float32.
    expand_one: ClassVar[Any]

    @property
    def words(self) -> int:
        """32-bit words of eight values."""
        return self.bits // 4

    @abstractmethod
    def code(self, levels: torch.Tensor) -> torch.Tensor:
        """Round levels, at most `largest` in size, to codes (int64)."""

    @abstractmethod
    def level(self, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Return the levels of codes (int64), in `dtype` for 16-bit values and else in float32."""

    @abstractmethod
    def expand(self, source: str, target: str, dtype: torch.dtype) -> list[str]:
        """PTX that expands a pair, whose codes lie in the low bits of both halves of `source`."""

    def constants(self, dtype: torch.dtype) -> dict[str, int]:
        """32-bit registers that `expand` reads, by name."""
        del dtype
        return {}

    def encode(self, weight: torch.Tensor) -> Coded:
        """Round a matrix (rows, columns) of whole groups to codes, each group scaled to its largest value."""
        if self.group is None:
            return Coded(self.code(weight), weight.new_zeros(weight.shape[0], 0, dtype=torch.bfloat16))
        groups = weight.float().unflatten(1, (-1, self.group or weight.shape[1]))
        scales = self.scale(groups)
        return Coded(self.code(self.levels(groups, scales[..., None]).flatten(1)), scales)

    def scale(self, groups: torch.Tensor) -> torch.Tensor:
        """Return the bfloat16 scales (…) at which the largest of a group of values (…, group) just fits."""
        return (groups.abs().amax(-1) / self.largest).bfloat16()

    def levels(self, values: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        """Divide float32 values by their scales; what is too large is cut to the largest level."""
        levels = values / torch.where(scales == 0, 1, scales).float()
        return levels.clamp(-self.largest, self.largest)

    def rounded(self, values: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        """Return the numbers (float32) that are stored for values under given scales: level · scale."""
        codes = self.code(self.levels(values, scales))
        return self.level(codes, torch.float32) * scales.float()

    def pack(self, codes: torch.Tensor) -> torch.Tensor:
        """Pack codes (…, 8) into words (…, W) int32."""
        halves = codes.view(*codes.shape[:-1], self.words, PAIRS // self.words, 2)
        words = (halves << self._shifts(codes.device)).sum((-1, -2))
        return (words - ((words >> 31) << 32)).int()

    def unpack(self, words: torch.Tensor) -> torch.Tensor:
        """Restore codes (…, 8) from words (…, W)."""
        codes = (words.long()[..., None, None] >> self._shifts(words.device)) & ((1 << self.bits) - 1)
        return codes.flatten(-3)

    def expand_words(self, words: list[str], targets: list[str], dtype: torch.dtype) -> list[str]:
        """PTX that expands the registers `words` of eight values into the four `targets`, a pair each."""
        lines = []
        for pair, target in enumerate(targets):
            word, within = divmod(pair, PAIRS // self.words)
            source = words[word]
            if within:
                lines.append(f"shr.u32 {target}, {source}, {self.bits * within};")
                source = target
            lines += self.expand(source, target, dtype)
        return lines

    def _shifts(self, device: torch.device) -> torch.Tensor:
        pair = torch.arange(PAIRS // self.words, device=device)[:, None] * self.bits
        return pair + torch.tensor([0, 16], device=device)
