"""Which positions a pruning method may choose freely: anywhere, or N kept of every M consecutive inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.errors import PatternError

_N_OF_M = re.compile(r"([0-9]+):([0-9]+)")


@dataclass(frozen=True)
class Pattern:
    """`kept` of every `group` consecutive inputs of one output row; both None when unstructured."""

    kept: int | None = None
    group: int | None = None

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read `"unstructured"` or `"N:M"`, where N inputs of every M are kept and 1 ≤ N < M.

        Raises PatternError for anything else.
        """
        if text == "unstructured":
            return cls()
        match = _N_OF_M.fullmatch(text)
        if match is None:
            msg = f'pattern "{text}" is not known; write unstructured, or N:M with N kept of every M (2:4)'
            raise PatternError(msg)
        kept, group = int(match[1]), int(match[2])
        if not 1 <= kept < group:
            msg = f"pattern {text} keeps {kept} of every {group}; N:M needs 1 ≤ N < M, such as 2:4"
            raise PatternError(msg)
        return cls(kept, group)

    @property
    def implied_sparsity(self) -> float | None:
        """The share of zeros that N:M fixes, 1 − N/M; None for the unstructured pattern."""
        if self.kept is None or self.group is None:
            return None
        return 1 - self.kept / self.group

    @property
    def pruned(self) -> int:
        """How many inputs of each group go: M − N, 0 for the unstructured pattern."""
        return 0 if self.kept is None or self.group is None else self.group - self.kept

    def check_width(self, matrix: str, in_features: int) -> None:
        """Raise PatternError unless the groups tile a row of `in_features` inputs of `matrix`."""
        if self.group is not None and in_features % self.group:
            msg = (
                f"pattern {self} does not fit {matrix}: its {in_features} inputs are no multiple of "
                f"{self.group}; choose an M that divides them, or unstructured"
            )
            raise PatternError(msg)

    def __str__(self) -> str:
        return "unstructured" if self.group is None else f"{self.kept}:{self.group}"
