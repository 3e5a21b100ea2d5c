"""Kernel measurements into the warehouse, each loaded once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl.load.tables import insert_table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

    import duckdb

    from etl.load.measurements import Measurement

#: Measurements that come with the package, so that a machine without a GPU still sees evidence.
REFERENCE_RESULTS = Path(__file__).resolve().parents[2] / "kernels" / "results"

#: The columns that identify a measurement: rows that agree in all of them are the same one.
_IDENTITY = (
    "device",
    "kernel",
    "value_format",
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


def reference_files() -> list[Path]:
    """Return the files of measurements that come with the package."""
    return sorted(REFERENCE_RESULTS.glob("*.jsonl"))


def load_benchmarks(
    connection: duckdb.DuckDBPyConnection, measurements: Iterable[Measurement], note: Callable[[str], None]
) -> Counter[str]:
    """Insert the measurements that the warehouse lacks; return the rows by table.

    Of several that claim to be the same one, taken at the same moment, and have other figures, one stays;
    `note` is told how many are left out for that reason.
    """
    rows = pa.Table.from_pylist([measurement.model_dump() for measurement in measurements])
    connection.register("measurements", rows)
    same = " AND ".join(f"known.{name} IS NOT DISTINCT FROM measurements.{name}" for name in _IDENTITY)
    try:
        fresh = connection.execute(
            f"SELECT DISTINCT ON ({', '.join(_IDENTITY)}) * FROM measurements"  # noqa: S608  # our own columns
            f" ANTI JOIN kernel_benchmarks AS known ON {same}"
        ).to_arrow_table()
        figures = ", ".join(rows.column_names)
        unknown = connection.execute(
            f"SELECT count(*) FROM (FROM measurements EXCEPT SELECT {figures} FROM kernel_benchmarks)"  # noqa: S608
        ).fetchall()[0][0]
    finally:
        connection.unregister("measurements")
    if unknown > fresh.num_rows:
        note(
            f"{unknown - fresh.num_rows} of the measurements left out: others of the same kernel, shape and"
            " time have other figures; give a new measurement its own measured_at"
        )
    return insert_table(connection, "kernel_benchmarks", fresh)
