"""What a failing query is told: the reason and the person's own words, not those made around them."""

from pathlib import Path

import pytest

from warehouse.cli import main
from warehouse.console import Console
from warehouse.formats import WRITERS
from warehouse.opening import UnreadableDatabaseError, attach_read_only
from warehouse.publishing import Writer
from warehouse.reading import compute
from warehouse.shell import QueryError

FAILING = "SELECT CAST(note AS INTEGER) AS number FROM mine"
LARGE = "CREATE TABLE large AS SELECT hash(i) AS h FROM range(300000) AS r (i)"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for all tests here: none of them changes it."""
    path = tmp_path_factory.mktemp("errors") / "sparsity.db"
    with Writer(path) as writer:
        connection = writer.begin()
        connection.execute("CREATE TABLE mine AS SELECT 'no number' AS note, 1 AS one")
        connection.execute(LARGE)
        writer.publish()
    return path


@pytest.fixture
def damaged(database: Path, tmp_path: Path) -> Path:
    """A copy whose large table has a block that is not what was written."""
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 255
    path = tmp_path / "damaged.db"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", WRITERS)
def test_the_query_around_the_persons_own_is_not_quoted(
    database: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Formats write queries of their own around it, and DuckDB's drawing of tables does."""
    target = str(tmp_path / "out")
    assert main(["--db", str(database), FAILING, "--format", kind, "--output", target]) == 1
    error = capsys.readouterr().err
    assert "Could not convert string 'no number' to INT32" in error
    assert "LINE" not in error


@pytest.mark.parametrize("text", ["SELEC 1", "SELECT 1;\nSELECT 1 +;", "FROM mine ORDER nope"])
def test_the_persons_own_line_is_quoted(
    database: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where DuckDB tells the place in what was typed, it stays."""
    assert main(["--db", str(database), text]) == 1
    assert f": {text.splitlines()[-1]} ^" in capsys.readouterr().err


def test_the_console_quotes_nothing_else_either(database: Path) -> None:
    """The query fails while a page of it is made, or when it is sorted by a column that cannot be."""
    with pytest.raises(QueryError) as caught:
        Console(database).run(FAILING)
    assert "LINE" not in str(caught.value)


def test_statements_after_a_pivot_run(database: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """DuckDB cannot tell the text of a statement behind one that becomes two."""
    text = "PIVOT mine ON note USING sum(one); CREATE TEMP TABLE t (i INTEGER); INSERT INTO t VALUES (2);"
    assert main(["--db", str(database), f"{text} FROM t", "--json"]) == 0
    assert capfdbinary.readouterr().out.splitlines()[-1] == b'{"i": 2}'


@pytest.mark.parametrize("kind", WRITERS)
def test_a_block_that_is_damaged_is_called_so(
    damaged: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is found in the midst of a query; the line says what to do, and no half of a file is left."""
    target = tmp_path / "out"
    query = "SELECT sum(h) AS total FROM large"
    assert main(["--db", str(damaged), query, "--format", kind, "--output", str(target)]) == 1
    error = capsys.readouterr().err
    assert "is damaged; put a copy of it in its place" in error
    assert error.count("\n") == 1
    assert not target.exists()


def test_what_the_app_reads_of_a_damaged_block_is_called_so(damaged: Path) -> None:
    """Screens read through `compute`, the SQL screen through the console."""
    with attach_read_only(damaged) as connection, pytest.raises(UnreadableDatabaseError, match="is damaged"):
        compute(connection, lambda cursor: cursor.execute("SELECT sum(h) FROM large").fetchall(), "1GiB")
    with pytest.raises(QueryError, match="is damaged"):
        Console(damaged).run("SELECT sum(h) FROM large")


def test_a_damaged_catalogue_is_called_so(tmp_path: Path) -> None:
    """What every command reads first lies in blocks as well."""
    path = tmp_path / "sparsity.db"
    with Writer(path) as writer:
        writer.begin()
        writer.publish()
    content = bytearray(path.read_bytes())
    for block in range(3 * 4096, len(content), 262144):
        content[block + 100] ^= 255
    path.write_bytes(content)
    for command in (attach_read_only, lambda path: Writer(path).__enter__()):
        with pytest.raises(UnreadableDatabaseError, match="is damaged"):
            command(path)
