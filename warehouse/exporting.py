"""Writing a table to a file whose name says the format."""

from pathlib import Path

import duckdb

from warehouse.errors import UsageError
from warehouse.formats import WRITERS

FORMATS = ("csv", "parquet", "json", "jsonl")


def export(relation: duckdb.DuckDBPyRelation, path: Path) -> int:
    """Write every row of a relation to a file and return the number of bytes written.

    Raises:
        UsageError: the name ends in no known format, or the file cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        msg = f"{path.name} names no format; end it in {', '.join('.' + name for name in FORMATS)}"
        raise UsageError(msg)
    # Run to the end first: a query that fails leaves an existing file as it was.
    content = b"".join(WRITERS[kind](relation))
    try:
        path.write_bytes(content)
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise UsageError(msg) from error
    return len(content)
