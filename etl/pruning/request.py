"""What is asked of a pruning method, checked before any model is read.

Free of torch, so that planning stays quick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

from etl.errors import PatternError, PruningRequestError
from etl.pruning.patterns import Pattern
from etl.pruning.pruner import Updater
from etl.pruning.registry import pruner, slices

TIE_RULES = ("exact", "reference")


#: Formats of kept values that are narrower than a checkpoint's own.
VALUE_FORMATS = ("fp8", "int8", "int4")
#: The formats of values kept as they are, by torch's name of the dtype.
DTYPE_FORMATS = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
ALLOCATIONS = ("uniform", "linear", "owl")
REFINEMENTS = ("swaps", "reconstruct")
#: Settings that fingerprints hold only where they differ from their defaults.
_LATER = (
    "value_format",
    "group_size",
    "allocation",
    "allocation_spread",
    "refine",
    "true_sequential",
    "projections",
)


@dataclass(frozen=True)
class PruningRequest:
    """One pruning run: method, share of zeros in [0, 1), pattern, scope and settings.

    `PruningRequest.of` fills in defaults. `layers` None prunes every block; otherwise the blocks outside it
    stay dense but still carry the inputs; `projections` restricts the matrices in the same way.
    `ties="exact"` prunes exactly `int(count · sparsity)`, the first of equal scores; `"reference"` does as
    the published magnitude code: every |W| at or below the threshold goes, so that ties prune more than
    asked. `damping` is SparseGPT's share of the Hessian's mean diagonal, `block_size` its columns per block.
    An N:M pattern compares inside its groups whatever the scope. `value_format` None keeps values in the
    checkpoint's dtype; otherwise `group_size` consecutive inputs of a row share a scale, all of them where it
    is 0. `allocation` says how sparsity is spread over the blocks, `allocation_spread` how far from each
    other theirs may lie, as `etl.pruning.allocation` explains. `refine` says what repairs a block after
    pruning; `reconstruct` refits it in `refine_steps` updates on `refine_samples` sequences.
    `true_sequential` prunes the matrices of a block one after the other, each on inputs that those before it,
    pruned already, produce. Raises PruningRequestError for a combination that makes no sense.
    """

    method: str
    sparsity: float
    pattern: Pattern = field(default_factory=Pattern)
    scope: str = "matrix"
    layers: tuple[int, ...] | None = None
    ties: str = "exact"
    damping: float = 0.01
    block_size: int = 128
    value_format: str | None = None
    group_size: int = 128
    allocation: str = "uniform"
    refine: str | None = None
    true_sequential: bool = False
    projections: tuple[str, ...] | None = None
    refine_samples: int = 256
    refine_steps: int = 250
    allocation_spread: float = 0.08

    @classmethod
    def of(
        cls,
        method: str,
        sparsity: float | None = None,
        *,
        pattern: str | None = None,
        scope: str | None = None,
        **settings: Any,
    ) -> PruningRequest:
        """Make a request; `sparsity` None takes what N:M implies, `pattern`, `scope` None the method's own.

        Raises PatternError or PruningRequestError.
        """
        parsed = Pattern.parse(pattern or ("sliced" if slices(method) else "unstructured"))
        share = parsed.implied_sparsity if sparsity is None else sparsity
        if share is None and not pruner(method).prunes:
            share = 0.0
        if share is None:
            _refuse(f"{parsed} pruning needs a sparsity, such as 0.5")
        return cls(method, share, parsed, scope or pruner(method).scopes[0], **settings)

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this run from others: its settings, the later ones only where not at their defaults."""
        settings = {item.name: getattr(self, item.name) for item in fields(self)} | {
            "pattern": str(self.pattern)
        }
        for item in fields(self):
            if item.name in _LATER and settings[item.name] == item.default:
                del settings[item.name]
        if self.value_format is None:
            settings.pop("group_size", None)
        if self.allocation == "uniform":
            settings.pop("allocation_spread", None)
        if self.refine != "reconstruct":
            del settings["refine_samples"], settings["refine_steps"]
        return settings

    def __post_init__(self) -> None:
        scopes = pruner(self.method).scopes
        if self.scope not in scopes:
            _refuse(f'{self.method} has no scope "{self.scope}"; choose one of {", ".join(scopes)}')
        self._check_sparsity()
        self._check_slicing()
        self._check_settings()
        self._check_later_settings()

    def _check_sparsity(self) -> None:
        if not 0 <= self.sparsity < 1:
            _refuse(f"sparsity {self.sparsity} lies outside [0, 1); it is the share of zeros, such as 0.5")
        implied = self.pattern.implied_sparsity
        if implied is not None and not math.isclose(self.sparsity, implied):
            _refuse(f"pattern {self.pattern} means sparsity {implied:g}, not {self.sparsity:g}; leave it out")

    def _check_slicing(self) -> None:
        if not slices(self.method):
            if self.pattern.sliced:
                _refuse(f"{self.method} prunes single weights and cannot be sliced; choose another pattern")
            return
        if not self.pattern.sliced:
            _refuse(
                f"{self.method} takes whole dimensions away and has no pattern {self.pattern}; leave it out"
            )
        for name in (*_LATER, "layers"):
            default = next(item.default for item in fields(self) if item.name == name)
            if name != "group_size" and getattr(self, name) != default:
                _refuse(f"{self.method} slices the whole model; {name} does not apply to it, leave it out")

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

    def _check_later_settings(self) -> None:
        for name, value, known in (
            ("value_format", self.value_format, VALUE_FORMATS),
            ("allocation", self.allocation, ALLOCATIONS),
            ("refine", self.refine, REFINEMENTS),
        ):
            if value is not None and value not in known:
                _refuse(f'{name} "{value}" is not known; choose one of {", ".join(known)}')
        if self.group_size < 0:
            _refuse(f"group_size {self.group_size} must be 0, for whole rows, or more, such as 128")
        if self.projections is not None and not self.projections:
            _refuse("projections must name at least one, such as q")
        self._check_values()
        self._check_allocation()
        self._check_refinement()

    def _check_values(self) -> None:
        if not pruner(self.method).prunes:
            if self.value_format is None:
                _refuse(f"{self.method} rounds weights and prunes none; give a value_format, such as int4")
            if self.sparsity or self.pattern.group is not None:
                _refuse(
                    f"{self.method} prunes nothing; leave sparsity and pattern out, or choose a method that "
                    f"prunes, which rounds to {self.value_format} as well"
                )
        group = self.pattern.group
        if self.value_format is not None and group is not None and self.group_size % group:
            _refuse(
                f"{self.value_format} in groups of {self.group_size} inputs cannot hold pattern "
                f"{self.pattern}, whose {group} inputs would have two scales; choose a multiple of {group}"
            )

    def check_fit(self, matrix: str, in_features: int) -> None:
        """Raise PatternError unless the pattern's and the values' groups tile a row of `matrix`."""
        self.pattern.check_width(matrix, in_features)
        if self.value_format is not None and self.group_size and in_features % self.group_size:
            msg = (
                f"group_size {self.group_size} does not divide the {in_features} inputs of {matrix}; choose "
                f"one that does, such as {math.gcd(self.group_size, in_features)}, or 0 for one scale a row"
            )
            raise PatternError(msg)

    def _check_allocation(self) -> None:
        if not 0 < self.allocation_spread < 0.5:
            _refuse(f"allocation_spread {self.allocation_spread} must lie between 0 and 0.5, such as 0.08")
        if self.allocation == "uniform":
            return
        if self.pattern.group is not None:
            _refuse(
                f"pattern {self.pattern} fixes the sparsity of every block, so allocation {self.allocation} "
                "cannot spread it; add --pattern unstructured, or leave allocation out"
            )
        if self.scope == "model":
            _refuse(
                "scope model spreads sparsity over the blocks by itself; choose another scope, "
                f"or leave allocation {self.allocation} out"
            )

    def _check_refinement(self) -> None:
        if self.refine == "swaps" and not pruner(self.method).prunes:
            _refuse(f"{self.method} prunes nothing, so that swaps has nothing to exchange; leave refine out")
        if self.refine == "swaps" and isinstance(pruner(self.method), Updater):
            _refuse(
                f"{self.method} moves the weights it keeps, and swaps compares masks of unmoved ones; "
                "choose a method that only prunes, such as wanda"
            )
        if self.refine_samples < 2:
            _refuse(f"refine_samples {self.refine_samples} must be at least 2: one to fit, one kept back")
        if self.refine_steps < 1:
            _refuse(f"refine_steps {self.refine_steps} must be at least 1, such as 250")
        if self.refine is not None and self.sparsity == 0 and self.value_format is None:
            _refuse(f"at sparsity 0 there is nothing for {self.refine} to repair; leave refine out")


def _refuse(message: str) -> NoReturn:
    raise PruningRequestError(message)
