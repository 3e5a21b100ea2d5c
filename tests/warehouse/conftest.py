"""A small published database and another process that holds it."""

import lzma
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warehouse.upgrades import FILES, VERSIONS
from warehouse.publishing import Writer

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has been published once, with one row of the user's own; to be copied, not changed."""
    path = tmp_path_factory.mktemp("published") / "sparsity.db"
    with Writer(path) as writer:
        connection = writer.begin()
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
        writer.publish()
    return path


@pytest.fixture
def database(published: Path, tmp_path: Path) -> Path:
    """A copy of that database which a test may change."""
    return shutil.copy(published, tmp_path / "sparsity.db")


@pytest.fixture
def hold() -> Iterator:
    """Return a function that opens a database in another process, for "read" or for "write"."""
    processes = []

    def start(path: Path, how: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(params=VERSIONS)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database as an earlier version has written it."""
    path = tmp_path / "sparsity.db"
    path.write_bytes(lzma.decompress((FILES / f"{request.param}.db.xz").read_bytes()))
    return path
