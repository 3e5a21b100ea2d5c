"""What is asked of a pruning method, checked before any model is read.

Free of torch, so that planning stays quick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NoReturn

from etl.errors import PruningRequestError
from etl.pruning.patterns import Pattern

#: The scopes over which each method may compare scores; the first is the default.
METHOD_SCOPES: dict[str, tuple[str, ...]] = {
    "magnitude": ("matrix", "row", "model"),
    "wanda": ("row", "matrix", "model"),
    "sparsegpt": ("block",),
}
TIE_RULES = ("exact", "reference")


@dataclass(frozen=True)
class PruningRequest:
    """One pruning run: method, share of zeros in [0, 1), pattern, scope and settings.

    `PruningRequest.of` fills in defaults. `layers` None prunes every block; otherwise the blocks outside it
    stay dense but still carry the inputs. `ties="exact"` prunes exactly `int(count · sparsity)`, the first
    of equal scores; `"reference"` does as the published magnitude code: every |W| at or below the threshold
    goes, so that ties prune more than asked. `damping` is SparseGPT's share of the Hessian's mean diagonal,
    `block_size` its columns per block. An N:M pattern compares inside its groups whatever the scope.
    Raises PruningRequestError for a combination that makes no sense.
    """

    method: str
    sparsity: float
    pattern: Pattern = field(default_factory=Pattern)
    scope: str = "matrix"
    layers: tuple[int, ...] | None = None
    ties: str = "exact"
    damping: float = 0.01
    block_size: int = 128

    @classmethod
    def of(
        cls,
        method: str,
        sparsity: float | None = None,
        *,
        pattern: str = "unstructured",
        scope: str | None = None,
        layers: tuple[int, ...] | None = None,
        ties: str = "exact",
        damping: float = 0.01,
        block_size: int = 128,
    ) -> PruningRequest:
        """Make a request; `sparsity` None takes what N:M implies, `scope` None the method's default.

        Raises PatternError or PruningRequestError.
        """
        parsed = Pattern.parse(pattern)
        share = parsed.implied_sparsity if sparsity is None else sparsity
        if share is None:
            _refuse("unstructured pruning needs a sparsity, such as 0.5")
        if scope is None:
            scope = _scopes_of(method)[0]
        return cls(method, share, parsed, scope, layers, ties, damping, block_size)

    def __post_init__(self) -> None:
        scopes = _scopes_of(self.method)
        if self.scope not in scopes:
            _refuse(f'{self.method} has no scope "{self.scope}"; choose one of {", ".join(scopes)}')
        self._check_sparsity()
        self._check_settings()

    def _check_sparsity(self) -> None:
        if not 0 <= self.sparsity < 1:
            _refuse(f"sparsity {self.sparsity} lies outside [0, 1); it is the share of zeros, such as 0.5")
        implied = self.pattern.implied_sparsity
        if implied is not None and not math.isclose(self.sparsity, implied):
            _refuse(f"pattern {self.pattern} means sparsity {implied:g}, not {self.sparsity:g}; leave it out")

    def _check_settings(self) -> None:
        if self.ties not in TIE_RULES:
            _refuse(f'ties "{self.ties}" is not known; choose one of {", ".join(TIE_RULES)}')
        if self.ties == "reference" and (self.method != "magnitude" or self.scope != "matrix"):
            _refuse('ties "reference" exists for magnitude in scope "matrix" alone; use "exact"')
        if not 0 < self.damping < math.inf:
            _refuse(f"damping {self.damping} must be above 0, such as 0.01")
        if self.block_size < 1:
            _refuse(f"block_size {self.block_size} must be at least 1, such as 128")
        if self.layers is not None and (not self.layers or min(self.layers) < 0):
            _refuse("layers must name at least one block, counted from 0")


def _scopes_of(method: str) -> tuple[str, ...]:
    if method not in METHOD_SCOPES:
        _refuse(f'method "{method}" is not known; choose one of {", ".join(METHOD_SCOPES)}')
    return METHOD_SCOPES[method]


def _refuse(message: str) -> NoReturn:
    raise PruningRequestError(message)
