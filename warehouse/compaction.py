"""Giving back the space of rows that were rewritten or deleted, which DuckDB keeps inside the file."""

from pathlib import Path

import duckdb

from warehouse.quoting import literal

#: Share of free blocks from which a file is written anew; below it a copy costs more than it gives back.
FREE_SHARE = 0.1


def compact(path: Path) -> bool:
    """Write a closed database anew if much of the file is free; tell whether it was.

    The new file takes the place of the old one in one step. A database that DuckDB cannot copy, for what a
    user has added to it, stays as it is.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH {literal(path)} AS whole (READ_ONLY)")
        free = connection.execute(
            "SELECT free_blocks / total_blocks FROM pragma_database_size() WHERE database_name = 'whole'"
        ).fetchone()
        if not free or free[0] < FREE_SHARE:
            return False
        target = path.with_name(path.name + ".compact")
        target.unlink(missing_ok=True)
        connection.execute(f"ATTACH {literal(target)} AS dense")
        try:
            connection.execute("COPY FROM DATABASE whole TO dense")
        except duckdb.Error:
            connection.execute("DETACH dense")
            target.unlink()
            return False
        connection.execute("DETACH dense")
    target.replace(path)
    return True
