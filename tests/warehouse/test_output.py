"""Where `sparsity-sql` writes to: files that are there, the database itself, several results, terminals."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from warehouse.cli import main
from warehouse.errors import UsageError
from warehouse.files import written_whole
from warehouse.folders import folder_written_whole
from warehouse.location import OWN_ENDINGS, belongs_to
from warehouse.publishing import Writer


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for all tests here: none of them may change it."""
    path = tmp_path_factory.mktemp("output") / "sparsity.db"
    with Writer(path) as writer:
        writer.begin().execute("CREATE TABLE mine AS SELECT 42 AS answer")
        writer.publish()
    return path


def run(database: Path, *arguments: str) -> int:
    return main(["--db", str(database), *arguments])


def test_an_existing_file_is_replaced_by_force_alone(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Without --force nothing is asked of the database and the file stays."""
    target = tmp_path / "out.csv"
    target.write_text("precious")
    request = ("SELECT 1 AS n", "--format", "csv", "--output", str(target))
    assert run(database, *request) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text() == "precious"
    assert run(database, *request, "--force") == 0
    assert target.read_text() == "n\n1\n"


@pytest.mark.parametrize("ending", ["", *(f".{ending}" for ending in sorted(OWN_ENDINGS)), ".work.wal"])
def test_the_files_of_the_database_are_no_output(
    database: Path, ending: str, capsys: pytest.CaptureFixture
) -> None:
    """Whether they are there or not, and even with --force."""
    target = database.with_name(database.name + ending)
    before = database.read_bytes()
    assert run(database, "SELECT 1 AS n", "--format", "csv", "--output", str(target), "--force") == 2
    assert "belongs to the database" in capsys.readouterr().err
    assert database.read_bytes() == before


def links(database: Path, folder: Path) -> dict[str, Path]:
    """Return other ways to name the database."""
    (folder / "symlink").symlink_to(database)
    (folder / "second").symlink_to(folder / "symlink")
    (folder / "hardlink").hardlink_to(database)
    (folder / "folder").symlink_to(database.parent)
    return {
        "symlink": folder / "symlink",
        "link of a link": folder / "second",
        "hardlink": folder / "hardlink",
        "linked folder": folder / "folder" / database.name,
        "dots": database.parent / ".." / database.parent.name / database.name,
        "descriptor": Path("/proc/self/cwd") / os.path.relpath(database),
    }


@pytest.mark.parametrize(
    "how", ["symlink", "link of a link", "hardlink", "linked folder", "dots", "descriptor"]
)
def test_the_database_is_known_by_any_name(database: Path, tmp_path: Path, how: str) -> None:
    """Links and detours lead to the same file."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    target = links(database, folder)[how]
    assert run(database, "SELECT 1 AS n", "--format", "csv", "--output", str(target), "--force") == 2
    assert run(database, "SELECT 1") == 0


def test_other_files_beside_the_database_are_fine(database: Path) -> None:
    """A name that only begins alike is a person's own."""
    for name in ("sparsity.db.csv", "sparsity.database", "sparsity.db2.wal", "sparsity.csv"):
        assert not belongs_to(database.with_name(name), database)
    assert belongs_to(database.with_name("sparsity.db.weights") / "a" / "b.csv", database)


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("a.parquet", b"PAR1"),
        ("a.CSV", b"n\n1\n"),
        ("a.json", b'[{"n": 1}]'),
        ("a.jsonl", b'{"n": 1}\n'),
        ("a.txt", "┌".encode()),
        ("a", "┌".encode()),
    ],
)
def test_the_name_of_the_file_says_the_format(
    database: Path, tmp_path: Path, name: str, beginning: bytes
) -> None:
    """Unless --format does; a name that says none gets what a terminal gets."""
    target = tmp_path / name
    assert run(database, "SELECT 1 AS n", "--output", str(target)) == 0
    assert target.read_bytes().startswith(beginning)
    assert run(database, "SELECT 1 AS n", "--output", str(target), "--format", "csv", "--force") == 0
    assert target.read_bytes() == b"n\n1\n"


@pytest.mark.parametrize("flag", ["--file", "--saved"])
def test_an_empty_name_is_told(database: Path, flag: str, capsys: pytest.CaptureFixture) -> None:
    """As an unset variable of a script gives it."""
    assert run(database, flag, "") == 2
    assert "--debug" not in capsys.readouterr().err


def test_a_dash_is_standard_output(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture
) -> None:
    """No file has that name afterwards."""
    monkeypatch.chdir(tmp_path)
    assert run(database, "SELECT 1 AS n", "--output", "-", "--format", "csv") == 0
    assert capfdbinary.readouterr().out == b"n\n1\n"
    assert not list(tmp_path.iterdir())


def test_a_dash_is_no_file_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has to be a file, a mask for instance, is not written to a terminal, nor to a file named so."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="name a file"), written_whole(Path("-")):
        pass
    with pytest.raises(UsageError, match="name a folder"), folder_written_whole(Path("-"), mark="mark"):
        pass
    assert not list(tmp_path.iterdir())


CHANGES = "CREATE TEMP TABLE t (i INTEGER); INSERT INTO t VALUES (1) RETURNING i"
SEVERAL = "SELECT 1 AS a; SELECT 2 AS b"


@pytest.mark.parametrize(
    "text",
    [
        SEVERAL,
        "SELECT 1 AS a; EXPLAIN SELECT 2",
        f"{CHANGES}; UPDATE t SET i = 2 RETURNING i",
        "SET VARIABLE x = 1",
        "-- nothing",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["json", "parquet", "csv"])
def test_a_file_holds_exactly_one_result(
    database: Path, tmp_path: Path, kind: str, text: str, capsys: pytest.CaptureFixture
) -> None:
    """Several results, or none, are wrong usage: no file is written, and none that is there is touched."""
    target = tmp_path / "out"
    assert run(database, text, "--format", kind, "--output", str(target)) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not target.exists()


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_a_second_result_is_noticed_before_the_first_is_written(
    database: Path, kind: str, capfdbinary: pytest.CaptureFixture
) -> None:
    """Changes that return rows count; the word alone, in a text or as a quoted name, does not."""
    assert run(database, f"{CHANGES}; DELETE FROM t RETURNING i", "--format", kind) == 2
    assert capfdbinary.readouterr().out == b""
    quoted = "CREATE TEMP TABLE t AS SELECT 'RETURNING' AS \"returning\"; INSERT INTO t VALUES ('returning')"
    assert run(database, f"{quoted}; FROM t", "--format", kind) == 0


def test_several_results_are_lines_of_json(database: Path, capfdbinary: pytest.CaptureFixture) -> None:
    """Lines and tables come one after the other; an array is one, and nothing is written of two."""
    assert run(database, SEVERAL, "--json") == 0
    assert [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()] == [{"a": 1}, {"b": 2}]
    assert run(database, SEVERAL, "--format", "json") == 2
    assert capfdbinary.readouterr().out == b""


@pytest.mark.parametrize("text", ["", "-- nothing", "/* a */ ; ;", " \n"])
def test_a_text_without_a_statement_is_wrong_usage(
    database: Path, text: str, capsys: pytest.CaptureFixture
) -> None:
    """A file that is empty by mistake does not pass for an answer."""
    assert run(database, text) == 2
    assert "no SQL statement" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl", "parquet"])
def test_a_result_without_rows_is_a_valid_file(database: Path, tmp_path: Path, kind: str) -> None:
    """Its columns are there where the format has them."""
    target = tmp_path / "out"
    assert run(database, "SELECT 1 AS a WHERE false", "--format", kind, "--output", str(target)) == 0
    if kind == "parquet":
        assert pyarrow.parquet.read_table(target).to_pydict() == {"a": []}
    else:
        assert target.read_text() == {"csv": "a\n", "json": "[]\n", "jsonl": ""}[kind]


@pytest.mark.parametrize("kind", ["table", "csv", "json", "jsonl"])
def test_a_terminal_is_sent_no_control_characters(database: Path, kind: str) -> None:
    """Values that would set the clipboard or turn the line come as escapes; a pipe gets their bytes."""
    query = "SELECT 'a' || chr(27) || ']52;c;eA==' || chr(7) || chr(155) || '\u202e' AS x"
    command = [sys.executable, "-m", "warehouse.cli", "--db", str(database), query, "--format", kind]
    ours, theirs = pty.openpty()
    subprocess.run(command, stdout=theirs, check=True)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    text = shown.decode()
    assert "52;c;eA==" in text
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
    piped = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert "\u202e" in piped
    if kind.startswith("json"):
        row = json.loads(piped)
        assert (row[0] if kind == "json" else row) == {"x": "a\x1b]52;c;eA==\x07\x9b\u202e"}
