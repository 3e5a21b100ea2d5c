"""Writing the result of a query: for people, for programs, for files.

Columns are read by position, since a join may give several the same name. DuckDB itself writes the values: as
text in tables and CSV, by `to_json` in JSON, through Arrow in Parquet.
"""

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import duckdb

from warehouse.columns import (
    WIDE,
    WIDEST_DECIMAL,
    holds,
    json_type,
    parquet_type,
    unique_names,
    uniquely_named,
)
from warehouse.quoting import identifier

Relation = duckdb.DuckDBPyRelation
BATCH_ROWS = 10_000
SHOWN_ROWS = 1_000
#: A Parquet file up to this size is put together in memory, a larger one in the folder for temporary files.
MEMORY_BYTES = 64 * 2**20
#: A cell of CSV, quoted where it must be. Some readers skip empty lines, so that no row is written as one.
_CELL = """CASE WHEN {column} = '' OR regexp_matches({column}, '[",\\r\\n]')
    THEN concat('"', replace({column}, '"', '""'), '"') ELSE {column} END"""
_EMPTY_LINE = '""'
#: A string of JSON, or a word for a number that JSON lacks.
_TEXT_OR_NO_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?\b(?:nan|inf(?:inity)?)\b', re.IGNORECASE)


def as_table(relation: Relation) -> Iterator[bytes]:
    """Draw the result as the duckdb shell does, as wide as the terminal; long results are cut with a note."""
    drawn = io.StringIO()
    width = max(shutil.get_terminal_size((160, 24)).columns, 40)
    # A relation prints itself only; its string form takes no width.
    with redirect_stdout(drawn):
        relation.show(max_width=width, max_rows=SHOWN_ROWS)
    yield drawn.getvalue().rstrip("\n").encode() + b"\n"


def as_csv(relation: Relation) -> Iterator[bytes]:
    """Comma-separated values with a header, every value in DuckDB's own text form; names as they are.

    NULL is empty and an empty text is "", except where a line would be empty.
    """
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(relation.columns)
    yield header.getvalue().encode()
    places = range(1, len(relation.columns) + 1)
    texts = relation.project(", ".join(f"CAST(#{place} AS VARCHAR) AS c{place}" for place in places))
    cells = ", ',', ".join(_CELL.format(column=f"c{place}") for place in places)
    lines = texts.project(f"concat({cells})")
    for rows in _batches(lines):
        yield "".join(f"{line or _EMPTY_LINE}\n" for (line,) in rows).encode()


def as_json(relation: Relation) -> Iterator[bytes]:
    """One JSON array, an object per line."""
    separator = b"["
    for line in _objects(relation):
        yield separator + line
        separator = b",\n"
    yield b"]\n" if separator != b"[" else b"[]\n"


def as_json_lines(relation: Relation) -> Iterator[bytes]:
    """One JSON object per line."""
    for line in _objects(relation):
        yield line + b"\n"


def as_parquet(relation: Relation) -> Iterator[bytes]:
    """Write a Parquet file; what Parquet has no type for, infinite dates too, becomes text."""
    import pyarrow as pa  # noqa: PLC0415  # 0.1 s that the other formats do without
    import pyarrow.parquet as pq  # noqa: PLC0415

    reader = _in_parquet_types(uniquely_named(relation)).to_arrow_reader(BATCH_ROWS)
    with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
        try:
            with pq.ParquetWriter(file, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
        except (OSError, pa.ArrowException) as error:
            # Arrow passes on an error of the query without its type.
            raise duckdb.Error(str(error)) from error
        file.seek(0)
        while chunk := file.read(2**20):
            yield chunk


WRITERS: dict[str, Callable[[Relation], Iterator[bytes]]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_json_lines,
    "parquet": as_parquet,
}
#: Formats that hold one result and no more; in a file, that goes for tables of CSV, too.
SINGLE = frozenset({"json", "parquet"})
FILES = SINGLE | {"csv"}


def _objects(relation: Relation) -> Iterator[bytes]:
    """Yield an object per row; NaN and infinities, which JSON lacks, become null at any depth."""
    names = [json.dumps(name, ensure_ascii=False) for name in unique_names(relation.columns)]
    # Cast even to the same type: of an untyped column to_json alone would not compute the values.
    values = ", ".join(
        f"to_json(CAST(#{place} AS {json_type(kind)}))" for place, kind in enumerate(relation.types, 1)
    )
    for rows in _batches(relation.project(values)):
        for row in rows:
            pairs = (f"{name}: {_strict(value)}" for name, value in zip(names, row, strict=True))
            yield f"{{{', '.join(pairs)}}}".encode()


def _strict(value: str | None) -> str:
    if value is None:
        return "null"
    if "n" not in value and "N" not in value:
        return value
    return _TEXT_OR_NO_NUMBER.sub(lambda found: found[0] if found[0][0] == '"' else "null", value)


def _batches(relation: Relation) -> Iterator[list[tuple]]:
    while rows := relation.fetchmany(BATCH_ROWS):
        yield rows


def _in_parquet_types(relation: Relation) -> Relation:
    """Cast what Parquet cannot hold; the values say so where the type alone does not."""
    targets = [WIDEST_DECIMAL if kind.id in WIDE else parquet_type(kind) for kind in relation.types]
    doubts = {
        place: f"TRY_CAST(#{place} AS {WIDEST_DECIMAL}) IS NULL AND #{place} IS NOT NULL"
        if kind.id in WIDE
        else f"contains(CAST(#{place} AS VARCHAR), 'infinity')"
        for place, kind in enumerate(relation.types, 1)
        if kind.id in WIDE or holds(kind, ("date", "timestamp"))
    }
    if doubts:
        found = relation.aggregate(
            ", ".join(f"coalesce(bool_or({doubt}), false)" for doubt in doubts.values())
        )
        for place, beyond in zip(doubts, found.fetchone() or (), strict=True):
            if beyond:
                targets[place - 1] = "VARCHAR"
    return relation.project(
        ", ".join(
            f"CAST(#{place} AS {target}) AS {identifier(name)}"
            for place, (name, target) in enumerate(zip(relation.columns, targets, strict=True), 1)
        )
    )
