"""The variants of clustering that the screens compare: one is in view at a time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.expressions.clusters import Interval, Size
    from warehouse.expressions.compare import Contest, Distances

    Clustered = Interval | Size | Contest | Distances


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """How the features of a matrix were clustered."""

    algorithm: str
    distance: str
    k: int

    @property
    def name(self) -> str:
        """The variant in words."""
        return f"{self.algorithm} {self.distance}, k = {self.k}"


def variant_named(name: str | None) -> Variant | None:
    """Return the variant that `name` writes in words; None where it writes none."""
    found = re.fullmatch(r"(\S+) (\S+), k = (\d+)", name or "")
    return Variant(found[1], found[2], int(found[3])) if found else None


def variant_of(row: "Clustered") -> Variant:
    """Return the variant of a clustering."""
    return Variant(row.algorithm, row.distance, row.k)


def variants_of(rows: Iterable["Clustered"]) -> list[Variant]:
    """Return the variants among some rows, each once, in order."""
    return sorted({variant_of(row) for row in rows})


def next_variant(variants: list[Variant], shown: Variant) -> Variant:
    """Return the variant after the one shown, going round."""
    return variants[(variants.index(shown) + 1) % len(variants)]
