"""Writing the result of a query: for people, for programs, for files."""

import csv
import datetime
import decimal
import io
import json
import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import duckdb

from warehouse.quoting import identifier

Relation = duckdb.DuckDBPyRelation
BATCH_ROWS = 10_000
SHOWN_ROWS = 1_000


def as_table(relation: Relation) -> Iterator[bytes]:
    """Draw the result as the duckdb shell does, as wide as the terminal; long results are cut with a note."""
    drawn = io.StringIO()
    width = max(shutil.get_terminal_size((160, 24)).columns, 40)
    # A relation prints itself only; its string form takes no width.
    with redirect_stdout(drawn):
        relation.show(max_width=width, max_rows=SHOWN_ROWS)
    yield drawn.getvalue().rstrip("\n").encode() + b"\n"


def as_csv(relation: Relation) -> Iterator[bytes]:
    """Comma-separated values with a header, every value in DuckDB's own text form."""
    texts = relation.project(", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in relation.columns))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(relation.columns)
    for rows in _batches(texts):
        writer.writerows(rows)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def as_json(relation: Relation) -> Iterator[bytes]:
    """One JSON array, an object a line."""
    separator = b"["
    for line in _objects(relation):
        yield separator + line
        separator = b",\n"
    yield b"]\n" if separator != b"[" else b"[]\n"


def as_json_lines(relation: Relation) -> Iterator[bytes]:
    """One JSON object a line."""
    for line in _objects(relation):
        yield line + b"\n"


def as_parquet(relation: Relation) -> Iterator[bytes]:
    """Write a Parquet file; BIT columns, which Parquet does not know, become text."""
    import pyarrow.parquet  # noqa: PLC0415  # 0.1 s that the other formats do without

    columns = [
        f"CAST({identifier(name)} AS VARCHAR) AS {identifier(name)}"
        if str(kind) == "BIT"
        else identifier(name)
        for name, kind in zip(relation.columns, relation.types, strict=True)
    ]
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(relation.project(", ".join(columns)).to_arrow_table(), buffer)
    yield buffer.getvalue()


WRITERS: dict[str, Callable[[Relation], Iterator[bytes]]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_json_lines,
    "parquet": as_parquet,
}


def _objects(relation: Relation) -> Iterator[bytes]:
    names = relation.columns
    for rows in _batches(relation):
        for row in rows:
            values = {name: _finite(value) for name, value in zip(names, row, strict=True)}
            yield json.dumps(values, default=_json_value, ensure_ascii=False).encode()


def _batches(relation: Relation) -> Iterator[list[tuple]]:
    while rows := relation.fetchmany(BATCH_ROWS):
        yield rows


def _finite(value: object) -> object:
    """JSON has no infinities and no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json_value(value: object) -> object:
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
