"""Trials of publishing under kills and under readers: `python -m tests.warehouse.trials`.

A kill trial starts a job, kills it, lets a shell commit a row and be killed in turn, and runs the job again.
Whatever the moment, readers can open the database after each of these, no row that was committed is missing,
and the job that ends has loaded its rows once. The test suite does a few; the command does as many as asked.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from etl.load.benchmarks import reference_files
from tests.etl.tiny import QUICK, write_tiny_model
from warehouse.opening import attach_read_only

ROOT = Path(__file__).resolve().parents[2]
#: Kills itself before or after the n-th call of what brings a publication about.
JOB = """
import os, sys
from pathlib import Path
from warehouse import private_copy, publishing, versions

calls, point = 0, int(sys.argv[1])

def watched(function):
    def call(*arguments, **options):
        tick()
        result = function(*arguments, **options)
        tick()
        return result
    return call

def tick():
    global calls
    calls += 1
    if calls == point:
        os.kill(os.getpid(), 9)

for owner, name in [
    (os, "replace"), (os, "link"), (os, "fsync"), (Path, "unlink"), (Path, "replace"), (versions, "fold_log"),
    (publishing, "compact"), (publishing, "audit"), (private_copy.PrivateCopy, "finish"),
]:
    setattr(owner, name, watched(getattr(owner, name)))
publishing.fold_log = versions.fold_log
from etl.cli import main
sys.exit(main(sys.argv[2:]))
"""
SHELL = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA disable_checkpoint_on_shutdown")
connection.execute("INSERT INTO mine VALUES (?)", [int(sys.argv[2])])
os.kill(os.getpid(), 9)
"""
READER = """
import sys
from pathlib import Path
from warehouse.reading import Reader

reader = Reader(Path(sys.argv[1]))
reads = files = 0
seen = 0
print("open", flush=True)
while seen < int(sys.argv[2]):
    files += reader.refresh()
    cursor = reader.cursor()
    count, highest = cursor.execute("SELECT count(*), max(answer) FROM mine").fetchone()
    cursor.close()
    assert count == highest >= seen, (count, highest, seen)
    seen = highest
    reads += 1
print(reads, files)
"""
#: Calls that a job watches, and a little more: some trials let the job end.
POINTS = 45


class KillTrials:
    """A database that lives through kill after kill."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.path = folder / "sparsity.db"
        self.outcomes: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._loaded = 0
        self._committed: list[int] = []
        self._run(self._load_flags())
        self._loaded += 1
        self._shell("CREATE TABLE mine (answer INTEGER)")

    def load(self, *, shell: bool, point: int | None = None) -> None:
        """Kill a load at a watched call, or at any moment where `point` is 0, and check what is left."""
        flags = self._load_flags()
        self._kill(flags, self._random.randint(1, POINTS) if point is None else point, longest=3.0)
        self._commit_and_check(shell=shell)
        self._run(flags)
        self._loaded += 1
        self._check(self._loaded)

    def run(self, model: Path, *, shell: bool) -> None:
        """Kill a pruning run of a tiny model at any moment, or at a watched call, and check what is left."""
        sparsity = f"0.{10 + self.outcomes.total()}"
        chosen = ["--method", "magnitude", "--pattern", "unstructured", "--sparsity", sparsity]
        skipped = ["--no-cluster", "--no-evaluate", "--no-compare"]
        flags = ["run", "--db", str(self.path), "--model", str(model), *QUICK, *chosen, *skipped]
        self._kill(flags, self._random.choice([0, self._random.randint(1, POINTS)]), longest=15.0)
        self._commit_and_check(shell=shell)
        self._run(flags)
        self._check(None)

    def _load_flags(self) -> list[str]:
        row = json.loads(reference_files()[0].read_text(encoding="utf-8").splitlines()[0])
        row["measured_at"] = f"{2031 + self._loaded}-01-01T00:00:00"
        file = self.path.with_name(f"measured{self._loaded}.jsonl")
        file.write_text(json.dumps(row) + "\n", encoding="utf-8")
        return ["load", "--db", str(self.path), str(file)]

    def _kill(self, flags: list[str], point: int, longest: float) -> None:
        command = [sys.executable, "-c", JOB, str(point), *flags]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as job:
            if point == 0:
                try:
                    job.wait(self._random.uniform(0.3, longest))
                except subprocess.TimeoutExpired:
                    job.kill()
            _, errors = job.communicate()
        if job.returncode not in {0, -9}:
            raise AssertionError(errors.decode())
        remains = "a copy left" if Path(f"{self.path}.work").exists() else "no copy left"
        self.outcomes["ended" if job.returncode == 0 else f"killed, {remains}"] += 1

    def _commit_and_check(self, *, shell: bool) -> None:
        """Look at the database after a kill, and again after a shell that commits a row and is killed."""
        self._check(None)
        if shell:
            value = len(self._committed) + 1
            subprocess.run([sys.executable, "-c", SHELL, str(self.path), str(value)], check=False)
            self._committed.append(value)
            self.outcomes["shell killed"] += 1
            self._check(None)

    def _check(self, loaded: int | None) -> None:
        with attach_read_only(self.path) as connection:
            answers = connection.execute("SELECT answer FROM mine ORDER BY ALL").fetchall()
            rows = connection.execute(
                "SELECT count(*) FROM kernel_benchmarks WHERE year(measured_at) >= 2031"
            ).fetchall()[0][0]
        assert [value for (value,) in answers] == self._committed
        assert rows in ({self._loaded, self._loaded + 1} if loaded is None else {loaded})
        if loaded is not None:
            remains = {
                path.name.removeprefix("sparsity.db") for path in self.path.parent.glob("sparsity.db.*")
            }
            assert remains <= {".lock", ".weights"}, remains

    def _run(self, flags: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "etl.cli", *flags], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def _shell(self, statement: str) -> None:
        script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.argv[2])"
        subprocess.run([sys.executable, "-c", script, str(self.path), statement], check=True)


def publish_under_readers(path: Path, publications: int, readers: int) -> list[tuple[int, int]]:
    """Publish while processes read; return how often each of them read, and from how many files."""
    from warehouse.publishing import Writer

    with Writer(path) as writer:
        writer.begin().execute("CREATE TABLE mine AS SELECT 1 AS answer")
        writer.publish()
    command = [sys.executable, "-c", READER, str(path), str(publications + 1)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(readers)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
    for value in range(2, publications + 2):
        with Writer(path) as writer:
            writer.begin().execute("INSERT INTO mine VALUES (?)", [value])
            writer.publish()
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * readers
    return [(int(reads), int(files)) for reads, files in (line.split() for line in told)]


def main() -> None:
    """Do the trials and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--publications", type=int, default=20)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        trials = KillTrials(Path(name), arguments.seed)
        model = write_tiny_model(Path(name) / "tiny")
        for number in range(arguments.kills):
            shell = number % 2 == 0
            if number % 10 == 9:
                trials.run(model, shell=shell)
            else:
                trials.load(shell=shell, point=0 if number % 3 == 2 else None)
            sys.stdout.write(f"{number + 1} {dict(trials.outcomes)} {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
    with tempfile.TemporaryDirectory() as name:
        read = publish_under_readers(Path(name) / "sparsity.db", arguments.publications, arguments.readers)
    sys.stdout.write(
        f"{arguments.publications} publications, {arguments.readers} readers: {read} (reads, files)\n"
    )


if __name__ == "__main__":
    main()
