"""Equal faults end equally, whichever of the four commands meets them; as processes where streams matter."""

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULES = {
    "sparsity-etl": "etl.cli",
    "sparsity-sql": "warehouse.cli",
    "sparsity-tui": "tui.cli",
    "sparsity-bench": "kernels.cli",
}
#: A request of each command that writes on standard output and needs no more than a second or two.
ANSWERS = {
    "sparsity-etl": ["run", "--help"],
    "sparsity-sql": ["--list"],
    "sparsity-tui": ["doctor", "--json"],
    "sparsity-bench": ["run", "--help"],
}
#: A request of each command that stands for wrong usage, with what must not reach the terminal behind it.
REQUESTS = {
    "sparsity-etl": ["plan"],
    "sparsity-sql": ["SELECT 1 AS n"],
    "sparsity-tui": ["doctor"],
    "sparsity-bench": ["list"],
}
#: Requests that read the database.
READS = {
    "sparsity-sql": ["SELECT 1 AS n"],
    "sparsity-etl": ["export-mask", "--run", "3", "--layer", "0", "--projection", "q", "--out", "m"],
}
CHECKOUT = Path(__file__).parent.parent
BENCHMARKS = str(CHECKOUT / "kernels" / "results" / "h100.jsonl")
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def run(
    command: str, *arguments: str, wrap: str = '"$@"', cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess:
    """Run a command in a shell, which may close or pipe its streams, as in `"$@" >&-`."""
    module = MODULES[command]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "", **variables}
    environment.pop("SPARSITY_DB", None)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", wrap, "bash", sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        cwd=cwd,
        env=environment,
        timeout=120,
    )


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., Ended]:
    """Return a function that runs a command in this process and an empty folder: faster than a new one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPARSITY_DB", raising=False)

    def run_main(command: str, *arguments: str) -> Ended:
        code = importlib.import_module(MODULES[command]).main(list(arguments))
        return Ended(code, *capsys.readouterr())

    return run_main


@pytest.mark.parametrize("command", MODULES)
def test_a_reader_that_has_gone_is_no_failure(command: str) -> None:
    """`command | head -1` ends with 0 and without a word."""
    done = run(command, *ANSWERS[command], wrap='"$@" | true')
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", MODULES)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(command: str, closed: str) -> None:
    """What would be written there vanishes; no file of ours takes the number of the stream."""
    done = run(command, *ANSWERS[command], wrap=f'"$@" {closed}')
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="the system has no /dev/full")
@pytest.mark.parametrize("command", MODULES)
def test_a_full_disk_is_one_line(command: str) -> None:
    """What was asked for could not be written, which is a failure."""
    done = run(command, *ANSWERS[command], wrap='"$@" >/dev/full')
    assert done.returncode == 1
    assert "No space left on device; make room and try again" in done.stderr
    assert "--debug" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "arguments"), [(name, given) for name, given in REQUESTS.items() if name != "sparsity-bench"]
)
def test_the_root_folder_is_no_database(command: str, arguments: list[str]) -> None:
    """It has no name, which the files beside a database take theirs from."""
    done = run(command, *arguments, "--db", "/")
    assert (done.returncode, done.stderr) == (
        2,
        "error: / is a folder and no database; name a file with --db\n",
    )


def test_upgrade_names_a_circular_link(tmp_path: Path) -> None:
    """A database that cannot be looked at is not called missing."""
    link = tmp_path / "loop.db"
    link.symlink_to(link)
    done = run("sparsity-etl", "upgrade", "--db", str(link))
    assert (done.returncode, "Too many levels of symbolic links" in done.stderr) == (1, True)


@pytest.mark.parametrize("command", MODULES)
def test_a_locale_without_accents_is_no_failure(command: str) -> None:
    """Letters that the terminal lacks come as escapes."""
    done = run(command, *ANSWERS[command], **ASCII)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.parametrize("command", MODULES)
def test_wrong_usage_is_told_in_printable_letters(command: str) -> None:
    """An option that does not exist ends with 2 and one line, which the terminal does not obey."""
    done = run(command, *REQUESTS[command], "--no\x1b]52;c;eA==\x07such\u202e")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert " --help\n" in done.stderr
    assert "\\u001b" in done.stderr or "\\x1b" in done.stderr
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stderr)


#: What is no database of ours: the end of a path in a fresh folder, and what is made there.
PLACES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "missing": ("s.db", lambda path: None),
    "nowhere": ("none/s.db", lambda path: None),
    "folder": ("s.db", Path.mkdir),
    "pipe": ("s.db", os.mkfifo),
    "loop": ("s.db", lambda path: path.symlink_to(path.name)),
    "long": ("a" * 300, lambda path: None),
    "below a file": ("file/s.db", lambda path: path.parent.touch()),
    "sqlite": ("s.db", lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4080))),
    "text": ("s.db", lambda path: path.write_text("hello\n" * 1000)),
    "empty": ("s.db", Path.touch),
    "device": ("s.db", lambda path: path.symlink_to("/dev/null")),
    "WAL": ("replaying WAL file/s.db", lambda path: path.mkdir(parents=True)),
    "no UTF-8": ("s\udcff.db", Path.touch),
}


def place(tmp_path: Path, kind: str) -> str:
    """Make something that is no database of ours, and return its path."""
    ending, make = PLACES[kind]
    make(tmp_path / ending)
    return str(tmp_path / ending)


@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_database_is_told_alike(kind: str, run_here: Callable[..., Ended], tmp_path: Path) -> None:
    """Every command that reads ends with 1 and the same one line, which names the path."""
    path = place(tmp_path, kind)
    told = set()
    for command, request in READS.items():
        done = run_here(command, *request, "--db", path)
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert "Error" not in done.stderr
        assert "extension" not in done.stderr
        assert done.stderr.count("\n") == 1
        told.add(done.stderr)
    assert len(told) == 1


@pytest.mark.parametrize("kind", [kind for kind in PLACES if kind not in {"missing", "nowhere"}])
@pytest.mark.parametrize("request_", [["load", BENCHMARKS], ["run"]], ids=["load", "run"])
def test_no_work_begins_for_what_is_no_database(
    kind: str, request_: list[str], run_here: Callable[..., Ended], tmp_path: Path
) -> None:
    """What writes a database says the same, at once, and leaves what is there as it was."""
    path = Path(place(tmp_path, kind))
    done = run_here("sparsity-etl", *request_, "--db", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert "Error" not in done.stderr
    assert not list(tmp_path.rglob("*.work*"))


@pytest.mark.parametrize("kind", PLACES)
def test_the_doctor_finds_what_is_no_database(
    kind: str, run_here: Callable[..., Ended], tmp_path: Path
) -> None:
    """It goes on to its end, and says of the database what the commands say."""
    done = run_here("sparsity-tui", "doctor", "--db", place(tmp_path, kind))
    assert (done.returncode, done.stderr) == (0, "")
    assert "Error" not in done.stdout


def test_a_locale_without_accents_reaches_paths_with_them(tmp_path: Path) -> None:
    """Loading, asking and exporting work on a path that the locale cannot write."""
    database, output = tmp_path / "é" / "ü.db", tmp_path / "é" / "ö.csv"
    database.parent.mkdir()
    loaded = run("sparsity-etl", "load", BENCHMARKS, "--db", str(database), **ASCII)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    place = ["--db", str(database), "--format", "csv", "--output", str(output)]
    asked = run("sparsity-sql", "SELECT 'ñ' AS é", *place, **ASCII)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert output.read_text(encoding="utf-8") == "é\nñ\n"


@pytest.mark.parametrize("command", ["sparsity-sql", "sparsity-etl", "sparsity-tui"])
def test_a_folder_that_was_removed_is_told(command: str, tmp_path: Path) -> None:
    """Without a current folder the name of the database leads nowhere."""
    wrap = f'cd {tmp_path}; mkdir gone; cd gone; rmdir ../gone; "$@"'
    done = run(command, *REQUESTS[command], wrap=wrap)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the current folder was removed")
