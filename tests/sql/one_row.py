"""One sound row of any table, made from the types of its columns, and that row with one value replaced."""

import duckdb

#: A value of every type that suits any column, unless the column wants another.
OF_TYPE = {
    "INTEGER": 1, "BIGINT": 1, "FLOAT": 1.0, "DOUBLE": 1.0, "VARCHAR": "a", "JSON": "{}", "BIT": "1",
    "TIMESTAMP": "2025-01-02 03:04:05",
}  # fmt: skip
OF_COLUMN = {"sparsity": 0.5, "activation_sparsity": 0.5, "run_id_b": 2}


def columns(db: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return the columns of a table with their types."""
    relation = db.table(table)
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


def insert_row(db: duckdb.DuckDBPyConnection, table: str, **replaced: object) -> None:
    """Insert one row, every column filled."""
    values = {name: OF_COLUMN.get(name, OF_TYPE[kind]) for name, kind in columns(db, table).items()}
    places = ", ".join("?" for _ in values)
    db.execute(f"INSERT INTO {table} VALUES ({places})", [*(values | replaced).values()])
