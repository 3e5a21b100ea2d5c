"""What the tests of private copies do to databases, and what they look at."""

from pathlib import Path

from warehouse.opening import attach_read_only
from warehouse.publishing import Writer

FINISHED = (
    "INSERT INTO etl_steps (etl_run_id, step, subject, fingerprint, state, started_at, rows_written)"
    " VALUES (1, 'prune', 'something', 'f', 'finished', now()::TIMESTAMP, 1)"
)


def leave_copy(path: Path, statement: str = "INSERT INTO mine VALUES (43)") -> Path:
    """Do a job that ends before it publishes; return its copy."""
    with Writer(path) as writer:
        writer.begin().execute(statement)
    return Path(f"{path}.work")


def publish_row(path: Path, value: int) -> None:
    with Writer(path) as writer:
        writer.begin().execute("INSERT INTO mine VALUES (?)", [value])
        writer.publish()


def fail(path: Path, error: BaseException, statement: str = "INSERT INTO mine VALUES (43)") -> None:
    with Writer(path) as writer:
        writer.begin().execute(statement)
        raise error


def answers(path: Path) -> list[int]:
    with attach_read_only(path) as connection:
        return [row[0] for row in connection.execute("SELECT answer FROM mine ORDER BY ALL").fetchall()]


def remains(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()} - {"sparsity.db", "sparsity.db.lock"}


def ask(path: Path, query: str) -> list[tuple]:
    """Return the rows of a query on a database that is opened for it alone."""
    with attach_read_only(path) as connection:
        return connection.execute(query).fetchall()
