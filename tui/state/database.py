"""The database in view: opened when it appears, read again when it is replaced.

Nothing here imports DuckDB until a worker thread needs it: its 0.15 s overlap with the start of Textual.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from tui.terminal.footprint import QUERY_MEMORY, query_limits
from warehouse.errors import SparsityError
from warehouse.overview import Overview, read_overview, read_prunings

if TYPE_CHECKING:
    from concurrent.futures import Future

    import duckdb

    from warehouse.reading import Reader


class OutdatedViewsError(SparsityError):
    """The views in the file are not those this program reads."""


class Database:
    """Looks after one file for the app; `look` is called every second, from worker threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reader: Reader | None = None
        self._lock = threading.Lock()
        self._refused: tuple[int, int] | None = None
        self._prefetched: Future[Overview | None] | None = None

    def prefetch(self) -> None:
        """Begin the first look in a thread; the next `look` gives its result."""
        pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self._prefetched = pool.submit(self._look, again=False)
        pool.shutdown(wait=False)

    def look(self, *, again: bool = False) -> Overview | None:
        """Return the runs and prunings in the file if they are new, or if asked to look `again`; else None.

        A file that was refused once is not tried again until it changes, unless another program held it.

        Raises:
            SparsityError: the file is missing, or cannot be read.
        """
        prefetched, self._prefetched = self._prefetched, None
        if prefetched is not None:
            return prefetched.result()
        return self._look(again=again)

    def read_all(self) -> Overview:
        """Return everything there is about the runs and matrices.

        Raises:
            OutdatedViewsError: the file was made by another version.
        """
        return self._read(read_overview)

    def _look(self, *, again: bool) -> Overview | None:
        from warehouse.locking import LockedError  # noqa: PLC0415  # imports DuckDB
        from warehouse.opening import MissingDatabaseError  # noqa: PLC0415

        if not self._lock.acquire(blocking=again):
            return None
        # Asked for before the file is read: one that is replaced meanwhile is not the one that is refused.
        identity = self._identity()
        try:
            if not again and identity is not None and identity == self._refused:
                return None
            return self._read(read_prunings) if self._attach() or again else None
        except (MissingDatabaseError, LockedError):
            raise
        except SparsityError:
            self._refused = identity
            raise
        finally:
            self._lock.release()

    def _attach(self) -> bool:
        """Attach the file, or its replacement; tell whether there is something new to read."""
        from warehouse.reading import Reader  # noqa: PLC0415

        if self.reader is not None:
            return self.reader.refresh()
        self.reader = Reader(self.path, query_limits())
        return True

    def _read(self, read: "Callable[[duckdb.DuckDBPyConnection], Overview]") -> Overview:
        import duckdb  # noqa: PLC0415

        from warehouse.reading import compute  # noqa: PLC0415

        if self.reader is None:
            msg = f"{self.path} is not open"
            raise SparsityError(msg)
        cursor = self.reader.cursor()
        try:
            return compute(cursor, read, QUERY_MEMORY)
        except duckdb.Error as error:
            msg = (
                f"the views in {self.path} are of another version of this program;"
                f" bring them up to date with: sparsity-etl upgrade --db {self.path}"
            )
            raise OutdatedViewsError(msg) from error
        finally:
            cursor.close()

    def _identity(self) -> tuple[int, int] | None:
        """Return inode and time of change, which tell the file from its replacements; None without a file."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
