"""The columns of a result: unique names, and the types that JSON and Parquet store them in."""

from collections.abc import Callable, Sequence

import duckdb
from duckdb.sqltypes import DuckDBPyType

from warehouse.quoting import identifier

#: Types that Arrow and Parquet hold as they are, at any depth.
IN_PARQUET = frozenset({
    "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint",
    "float", "double", "decimal", "varchar", "blob", "date", "time", "timestamp", "timestamp_s",
    "timestamp_ms", "timestamp_ns", "timestamp with time zone",
})  # fmt: skip
NESTED = frozenset({"list", "array", "struct", "map"})
#: 128-bit integers; the widest decimal of Parquet holds those of up to 38 digits.
WIDE = frozenset({"hugeint", "uhugeint"})
WIDEST_DECIMAL = "DECIMAL(38,0)"


def unique_names(names: Sequence[str]) -> list[str]:
    """Make names unique by a number where they differ at most in letter case: a, a_2, A_3."""
    taken: set[str] = set()
    unique = []
    for original in names:
        name, number = original, 1
        while name.casefold() in taken:
            number += 1
            name = f"{original}_{number}"
        taken.add(name.casefold())
        unique.append(name)
    return unique


def uniquely_named(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the same rows under unique column names."""
    names = unique_names(relation.columns)
    if names == relation.columns:
        return relation
    return relation.project(
        ", ".join(f"#{place} AS {identifier(name)}" for place, name in enumerate(names, 1))
    )


def json_type(kind: DuckDBPyType) -> str:
    """Return the type under which `to_json` keeps every value: fields without a name get their number."""
    return _rebuilt(kind, str)


def parquet_type(kind: DuckDBPyType) -> str:
    """Return the nearest type that Parquet has; what it lacks, such as BIT and INTERVAL, becomes text."""
    return _rebuilt(kind, lambda leaf: str(leaf) if leaf.id in IN_PARQUET else "VARCHAR", lists_only=True)


def holds(kind: DuckDBPyType, prefixes: tuple[str, ...]) -> bool:
    """Tell whether a type, or one inside it, has an id that begins with one of the prefixes."""
    if kind.id in NESTED:
        return any(holds(part, prefixes) for _, part in _parts(kind))
    return kind.id.startswith(prefixes)


def _rebuilt(kind: DuckDBPyType, leaf: Callable[[DuckDBPyType], str], *, lists_only: bool = False) -> str:
    """Return a type with every innermost type replaced by `leaf`; arrays become lists if `lists_only`."""
    if kind.id not in NESTED:
        return leaf(kind)
    parts = [(name, _rebuilt(part, leaf, lists_only=lists_only)) for name, part in _parts(kind)]
    if kind.id == "struct":
        fields = (f"{identifier(name or str(place))} {part}" for place, (name, part) in enumerate(parts, 1))
        return f"STRUCT({', '.join(fields)})"
    if kind.id == "map":
        return f"MAP({', '.join(part for _, part in parts)})"
    size = "" if lists_only or kind.id == "list" else dict(kind.children)["size"]
    return f"{parts[0][1]}[{size}]"


def _parts(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return [(name, part) for name, part in kind.children if isinstance(part, DuckDBPyType)]
