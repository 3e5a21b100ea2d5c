"""`sparsity-sql`: formats, exit codes, and nothing that leaves the database."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.escapes import ESCAPES, aimed, is_untouched
from warehouse.cli import main

QUERY = (
    "SELECT '101'::BIT AS bits, [1, 2] AS list, 1::HUGEINT AS huge, 2.5::DECIMAL(4, 2) AS price,"
    " true AS flag, NULL AS nothing, 'nan'::DOUBLE AS odd, 'a,\"b' AS text"
)


def run(database: Path, *arguments: str) -> int:
    return main(["--db", str(database), *arguments])


def test_json_is_one_array(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """The whole output parses as one array, with numbers as numbers and NaN as null."""
    assert run(database, QUERY, "--format", "json") == 0
    assert json.loads(capfdbinary.readouterr().out) == [
        {
            "bits": "101",
            "list": [1, 2],
            "huge": 1,
            "price": 2.5,
            "flag": True,
            "nothing": None,
            "odd": None,
            "text": 'a,"b',
        }
    ]


def test_json_flag_writes_one_object_a_line(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """--json suits programs that read line by line."""
    assert run(database, "SELECT unnest([1, 2]) AS n", "--json") == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"n": 1}, {"n": 2}]


def test_csv_quotes_what_needs_it(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """A CSV reader gets the values back as DuckDB writes them."""
    assert run(database, QUERY, "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(capfdbinary.readouterr().out.decode())))
    assert rows[0]["bits"] == "101"
    assert rows[0]["text"] == 'a,"b'
    assert rows[0]["flag"] == "true"
    assert rows[0]["nothing"] == ""


def test_parquet_goes_to_a_file(database: Path, tmp_path: Path) -> None:
    """A Parquet file holds the rows, BIT as text."""
    target = tmp_path / "out.parquet"
    assert (
        run(database, "SELECT '101'::BIT AS bits, 7 AS n", "--format", "parquet", "--output", str(target))
        == 0
    )
    assert pyarrow.parquet.read_table(target).to_pylist() == [{"bits": "101", "n": 7}]


def test_table_shows_names_and_values(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """The default format is drawn as the duckdb shell draws it."""
    assert run(database, "SELECT answer FROM mine") == 0
    output = capfdbinary.readouterr().out.decode()
    assert "answer" in output
    assert "42" in output
    assert "┌" in output


def test_file_and_standard_input(
    database: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQL comes from a file or a pipe as well, and every statement with rows is shown."""
    script = tmp_path / "two.sql"
    script.write_text("SELECT 1 AS one; SELECT 2 AS two;")
    assert run(database, "--file", str(script), "--format", "csv") == 0
    assert capfdbinary.readouterr().out == b"one\n1\ntwo\n2\n"
    for request in (["-"], ["--file", "-"]):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 3 AS three"))
        assert run(database, *request, "--format", "csv") == 0
        assert capfdbinary.readouterr().out == b"three\n3\n"


def test_pivot_is_one_question(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """PIVOT, which DuckDB carries out as two statements, gives one result."""
    text = "PIVOT (VALUES ('a', 1), ('b', 2)) t(name, value) ON name USING sum(value)"
    assert run(database, text, "--format", "csv") == 0
    assert capfdbinary.readouterr().out == b"a,b\n1,2\n"


def test_saved_queries_run(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """The list names saved queries, and each of them can be run."""
    assert run(database, "--list") == 0
    names = [line.split()[0] for line in capfdbinary.readouterr().out.decode().splitlines()]
    assert "perplexity_by_method" in names
    for name in names:
        assert run(database, "--saved", name) == 0


@pytest.mark.parametrize("attack", ESCAPES)
def test_nothing_is_written_or_read_elsewhere(
    database: Path, attack: str, capsys: pytest.CaptureFixture, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every way out of the database that is known ends in one line and exit code 1."""
    before = database.read_bytes()
    folder = tmp_path_factory.mktemp("escape")
    assert run(database, aimed(attack, folder)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert database.read_bytes() == before
    assert is_untouched(folder)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["SELEC 1"], 1),
        (["SELECT * FROM no_such_table"], 1),
        (["--saved", "no_such_query"], 2),
        (["--file", "/no/such/file.sql"], 2),
        (["SELECT 1", "--output", "/no/such/folder/x.csv", "--format", "csv"], 2),
    ],
)
def test_failures_have_exit_codes_and_one_line(
    database: Path, arguments: list[str], code: int, capsys: pytest.CaptureFixture
) -> None:
    """A failing query exits with 1, a wrong request with 2, each with one line."""
    assert run(database, *arguments) == code
    assert capsys.readouterr().err.count("\n") == 1


def test_failing_query_keeps_an_existing_output_file(database: Path, tmp_path: Path) -> None:
    """The file of an earlier result is not emptied by a query that fails half-way."""
    target = tmp_path / "kept.csv"
    target.write_text("precious")
    query = "SELECT CASE WHEN n > 5 THEN error('boom') ELSE n END FROM range(10) r(n)"
    assert run(database, query, "--format", "csv", "--output", str(target), "--force") == 1
    assert target.read_text() == "precious"


def test_no_query_is_wrong_usage(capsys: pytest.CaptureFixture) -> None:
    """Without a query one line says what is missing, and where the usage is explained."""
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "sparsity-sql: error: one of the arguments query --file --saved --list is required;"
        " see sparsity-sql --help\n"
    )
