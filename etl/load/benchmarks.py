"""Kernel measurements into the warehouse: a file of JSON lines, checked row by row, loaded once."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl.load.tables import insert_table
from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from collections import Counter

    import duckdb

#: Measurements that come with the package, so that a machine without a GPU still sees evidence.
REFERENCE_RESULTS = Path(__file__).resolve().parents[2] / "kernels" / "results"

_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "TIMESTAMP": pa.timestamp("us"),
}
#: Equal in two rows of one measurement, and only there.
_IDENTITY = (
    "device",
    "kernel",
    "variant",
    "out_features",
    "in_features",
    "batch",
    "dtype",
    "sparsity",
    "pattern",
    "mask_source",
    "cache",
    "measured_at",
)


class BenchmarkFileError(SparsityError):
    """A file of measurements cannot be loaded; nothing of it is."""


def reference_files() -> list[Path]:
    """Return the files of measurements that come with the package."""
    return sorted(REFERENCE_RESULTS.glob("*.jsonl"))


def load_benchmarks(connection: duckdb.DuckDBPyConnection, file: Path) -> Counter[str]:
    """Insert the measurements of a JSON-lines file that the warehouse lacks; return the rows by table.

    Raises:
        BenchmarkFileError: the file cannot be read, or a line of it is no measurement.
    """
    connection.register("measurements", _read(connection, file))
    same = " AND ".join(f"known.{name} IS NOT DISTINCT FROM measurements.{name}" for name in _IDENTITY)
    try:
        fresh = connection.execute(
            f"SELECT DISTINCT ON ({', '.join(_IDENTITY)}) * FROM measurements"  # noqa: S608  # our own columns
            f" ANTI JOIN kernel_benchmarks AS known ON {same}"
        ).to_arrow_table()
    finally:
        connection.unregister("measurements")
    return insert_table(connection, "kernel_benchmarks", fresh)


def _read(connection: duckdb.DuckDBPyConnection, file: Path) -> pa.Table:
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE table_name = 'kernel_benchmarks' AND database_name = current_database() ORDER BY column_index"
    ).fetchall()
    schema = pa.schema([(name, _ARROW_TYPES[kind]) for name, kind, _ in columns])
    required = {name for name, _, nullable in columns if not nullable}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read {file}: {error}"
        raise BenchmarkFileError(msg) from error
    rows = [
        _row(line, schema, required, f"{file}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _row(line: str, schema: pa.Schema, required: set[str], place: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as error:
        msg = f"{place} is not JSON ({error}); load files written by sparsity-bench run"
        raise BenchmarkFileError(msg) from error
    if not isinstance(values, dict):
        msg = f"{place} is not a JSON object; load files written by sparsity-bench run"
        raise BenchmarkFileError(msg)
    missing = sorted(name for name in required if values.get(name) is None)
    unknown = sorted(values.keys() - set(schema.names))
    if missing or unknown:
        complaint = f"lacks {', '.join(missing)}" if missing else f"has an unknown column {unknown[0]}"
        msg = f"{place} {complaint}; load files written by sparsity-bench run"
        raise BenchmarkFileError(msg)
    return {field.name: _value(values.get(field.name), field, place) for field in schema}


def _value(value: object, field: pa.Field, place: str) -> object:
    """Convert one value to the type of its column.

    Raises:
        BenchmarkFileError: it has another type, or is no finite number.
    """
    if value is None:
        return None
    kinds: dict[pa.DataType, tuple[type, ...]] = {
        pa.float64(): (int, float),
        pa.int32(): (int,),
        pa.int64(): (int,),
    }
    fits = isinstance(value, kinds.get(field.type, (str,))) and not isinstance(value, bool)
    if fits and isinstance(value, float):
        fits = math.isfinite(value)
    if fits and field.type == pa.timestamp("us"):
        try:
            moment = datetime.datetime.fromisoformat(str(value))
        except ValueError:
            fits = False
        else:
            return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if not fits:
        msg = f"{place}: {field.name} is {value!r}, no {field.type}; load files written by sparsity-bench run"
        raise BenchmarkFileError(msg)
    return value
