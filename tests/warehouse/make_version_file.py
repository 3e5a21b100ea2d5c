"""Make the database that this version writes, for the tests of later versions to open.

Run it in a checkout of a version when that version is released:
`python -m tests.warehouse.make_version_file` writes `tests/warehouse/files/VERSION.db.xz`.
"""

import lzma
import tempfile
from pathlib import Path

from etl.cli import main
from tests.etl.tiny import QUICK, write_tiny_model
from warehouse.commands import project_version

FILES = Path(__file__).parent / "files"
FLAGS = ("--method", "magnitude", "wanda", "--pattern", "unstructured", "2:4")


def make() -> Path:
    """Prune the tiny model with two methods and two patterns and return the compressed database."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "sparsity.db"
        model = write_tiny_model(Path(folder) / "tiny")
        if main(["run", "--db", str(database), "--model", str(model), *QUICK, *FLAGS]) != 0:
            msg = "the pipeline failed"
            raise RuntimeError(msg)
        target = FILES / f"{project_version()}.db.xz"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(lzma.compress(database.read_bytes(), preset=9))
    return target


if __name__ == "__main__":
    print(make())  # noqa: T201  # the output of the command
