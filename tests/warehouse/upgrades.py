"""Files of earlier versions, and what is done to them."""

from pathlib import Path

import duckdb

from etl.cli import main

FILES = Path(__file__).parent / "files"


VERSIONS = sorted(path.name.removesuffix(".db.xz") for path in FILES.glob("*.db.xz"))


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def upgrade(path: Path) -> int:
    return main(["upgrade", "--db", str(path)])
