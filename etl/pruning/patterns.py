"""What a pruning method may take away: any weight, M − N of every M inputs, or whole dimensions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etl.errors import PatternError

_N_OF_M = re.compile(r"([0-9]+):([0-9]+)")


@dataclass(frozen=True)
class Pattern:
    """`kept` of every `group` consecutive inputs of one output row; both None when unstructured.

    `sliced` says that whole dimensions go, which leaves smaller matrices and no mask.
    """

    kept: int | None = None
    group: int | None = None
    sliced: bool = False

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read `"unstructured"`, `"sliced"` or `"N:M"`, where N inputs of every M are kept and 1 ≤ N < M.

        Raises PatternError for anything else.
        """
        if text in {"unstructured", "sliced"}:
            return cls(sliced=text == "sliced")
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
        """The share of zeros that N:M fixes, 1 − N/M; None for the other patterns."""
        if self.kept is None or self.group is None:
            return None
        return 1 - self.kept / self.group

    @property
    def pruned(self) -> int:
        """How many inputs of each group go: M − N, 0 for the other patterns."""
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
        if self.group is not None:
            return f"{self.kept}:{self.group}"
        return "sliced" if self.sliced else "unstructured"


def group_of(pattern: str) -> int | None:
    """Return M of an N:M pattern as a run stores it, None of any other."""
    return Pattern.parse(pattern).group if ":" in pattern else None
