"""Writing a table to a file whose name says the format."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import UsageError
from warehouse.files import written_whole
from warehouse.formats import WRITERS
from warehouse.location import belongs_to

if TYPE_CHECKING:
    import duckdb

FORMATS = ("csv", "parquet", "json", "jsonl")


def export(
    relation: "duckdb.DuckDBPyRelation", path: Path, *, replace: bool = True, database: Path | None = None
) -> int:
    """Write every row of a relation to a file and return the number of bytes written.

    Nothing else may run on the connection of the relation meanwhile: DuckDB would end the result there.

    Raises:
        UsageError: the name ends in no known format, the file cannot be written, or is there already and
            may not be replaced, or belongs to the database that is read.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        msg = f"{path.name} names no format; end it in {', '.join('.' + name for name in FORMATS)}"
        raise UsageError(msg)
    return write_result(path, WRITERS[kind](relation), replace=replace, database=database)


def write_result(path: Path, chunks: Iterable[bytes], *, replace: bool, database: Path | None) -> int:
    """Write what a format gives into a file, whole or not at all, and return the number of bytes.

    Raises:
        UsageError: as `export` does.
    """
    if database is not None:
        refuse_own_files(path, database)
    with written_whole(path, replace=replace) as partial, partial.open("wb") as file:
        return sum(map(file.write, chunks))


def refuse_own_files(path: Path, database: Path) -> None:
    """Refuse to write onto the database itself or one of the files beside it.

    Raises:
        UsageError: the path leads to one of them, whatever name or link it goes by.
    """
    if belongs_to(path, database):
        msg = f"{path} belongs to the database {database} and is not overwritten; choose another name"
        raise UsageError(msg)
