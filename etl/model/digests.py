"""SHA-256 digests of files, in several threads, those of large files remembered between runs.

Fourteen gigabytes take half a minute to hash, and nothing to look up: a digest is kept in the user's cache
folder under all that the file system says of the file, and counts only while nothing of that has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from warehouse.errors import SparsityError
from warehouse.files import PRIVATE, PRIVATE_FOLDER, written_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Bytes from which on looking a digest up is quicker than computing it.
_REMEMBERED = 16 << 20
#: Bytes up to which one thread hashes a file; the digest of a larger one is that of its pieces' digests.
_WHOLE, _PIECE = 1 << 30, 256 << 20
_CHUNK = 1 << 20
#: Seconds in which a file can change twice without its times telling so, on the coarsest file systems.
_SETTLED = 2.0
#: The newest entries kept: checkpoints of a hundred shards fit many times over.
_MOST_ENTRIES = 4096


def file_digests(files: Sequence[Path], check: Callable[[Path], None] | None = None) -> list[str]:
    """Return the SHA-256 of every file's content in hexadecimal; above 1 GiB that of 256-MiB pieces' digests.

    `check` looks at every file whose digest is not remembered; one that it raises for is not remembered.

    Raises OSError where a file cannot be read.
    """
    known = _read_cache()
    before = {file: _identity(file) for file in files}
    started = time.time()
    missing = [file for file in files if not before[file] or before[file] not in known]
    digests = dict(zip(missing, _hashed(missing), strict=True))
    if check is not None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(check, missing))
    learned = {
        identity: digests[file]
        for file in missing
        if (identity := _trusted(file, started)) and identity == before[file]
    }
    if learned:
        _write_cache(known | learned)
    return [digests[file] if file in digests else known[before[file]] for file in files]


def _hashed(files: Iterable[Path]) -> list[str]:
    with ThreadPoolExecutor() as pool:
        jobs: list[list[Future[bytes]]] = []
        for file in files:
            size = file.stat().st_size
            step = size if size <= _WHOLE else _PIECE
            jobs.append(
                [pool.submit(_hash, file, start, step) for start in range(0, max(size, 1), step or 1)]
            )
        return [_combined([job.result() for job in pieces]) for pieces in jobs]


def _hash(file: Path, start: int, length: int) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        opened.seek(start)
        while length and (chunk := opened.read(min(_CHUNK, length))):
            digest.update(chunk)
            length -= len(chunk)
    return digest.digest()


def _combined(pieces: list[bytes]) -> str:
    return (pieces[0] if len(pieces) == 1 else hashlib.sha256(b"".join(pieces)).digest()).hex()


def _identity(file: Path) -> str:
    """Return all that tells a file from others and from itself after a change; empty for a small one.

    The time of the last change of the inode cannot be set by hand, as that of the content can.
    """
    path = os.path.realpath(file)
    status = os.stat(path)  # noqa: PTH116  the path is resolved as text
    if status.st_size < _REMEMBERED:
        return ""
    numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return "\0".join([path, *map(str, numbers)])


def _trusted(file: Path, started: float) -> str:
    """Return a file's identity unless it changed so recently that another change would not show."""
    status = file.stat()
    changed = max(status.st_mtime, status.st_ctime)
    return _identity(file) if changed < started - _SETTLED else ""


def _cache_file() -> Path:
    return platformdirs.user_cache_path("sparsity-tui") / "digests.json"


def _read_cache() -> dict[str, str]:
    """Return the digests kept, by identity; none where the file is not the user's own or is damaged."""
    with suppress(OSError, ValueError, RecursionError):
        path = _cache_file()
        if path.stat().st_uid == os.getuid():
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content, dict) and all(isinstance(value, str) for value in content.values()):
                return content
    return {}


def _write_cache(digests: dict[str, str]) -> None:
    """Keep the newest digests; a folder that cannot be written costs only the time to hash again."""
    newest = dict(list(digests.items())[-_MOST_ENTRIES:])
    with suppress(OSError, SparsityError):
        path = _cache_file()
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with written_whole(path, mode=PRIVATE) as partial:
            partial.write_text(json.dumps(newest), encoding="utf-8")
