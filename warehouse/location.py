"""Where the database file is."""

import os
from pathlib import Path

ENVIRONMENT_VARIABLE = "SPARSITY_DB"
FILE_NAME = "sparsity.db"


def database_path(given: str | os.PathLike[str] | None = None) -> Path:
    """Return the absolute path of the database: the one given, else $SPARSITY_DB, else sparsity.db here.

    Symbolic links are followed, so that publishing replaces the file and not the link.
    """
    chosen = given or os.environ.get(ENVIRONMENT_VARIABLE) or FILE_NAME
    return Path(chosen).expanduser().resolve()
