"""Calibration and evaluation text: the running interpreter's own library, or a file or folder of the user.

Of a text far longer than the tokens asked for, only pieces spread evenly over it are read: twenty megabytes
cost no more than two.
"""

from __future__ import annotations

import bisect
import codecs
import hashlib
import itertools
from pathlib import Path

from etl.errors import CalibrationError
from etl.model import corpus

STANDARD_LIBRARY = "stdlib"
#: Bytes up to which a text is read whole, and more where so many tokens are asked for: few tokens are longer.
_READ_WHOLE = 2 << 20
_BYTES_PER_TOKEN = 16
#: Bytes of one piece of a longer text.
_PIECE = 64 << 10


def calibration_text(source: str, token_count: int) -> str:
    """Return the text behind a calibration source, of which about `token_count` tokens will be drawn.

    Raises:
        CalibrationError: the file or folder is absent, empty or not UTF-8.
    """
    return corpus.calibration_text() if source == STANDARD_LIBRARY else _user_text(source, token_count)


def evaluation_text(source: str, token_count: int) -> str:
    """Return the text behind an evaluation source; for stdlib, the held-out modules.

    Raises:
        CalibrationError: the file or folder is absent, empty or not UTF-8.
    """
    return corpus.held_out_text() if source == STANDARD_LIBRARY else _user_text(source, token_count)


def text_fingerprint(text: str) -> str:
    """Hash of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _user_text(source: str, token_count: int) -> str:
    path = Path(source).expanduser()
    try:
        files = _files(path)
        sizes = [file.stat().st_size for file in files]
        most = max(_READ_WHOLE, _BYTES_PER_TOKEN * token_count)
        if sum(sizes) <= most:
            text = "\n\n".join(_decoded(file, file.read_bytes(), final=True) for file in files)
        else:
            text = "\n".join(_pieces(files, sizes, most // _PIECE))
    except OSError as error:
        msg = f"cannot read the text {error.filename or source}: {error.strerror}"
        raise CalibrationError(msg) from error
    if not text.strip():
        msg = f"{source} holds no text"
        raise CalibrationError(msg)
    return text


def _files(path: Path) -> list[Path]:
    """Return the file, or the files in a folder, sorted, but for hidden ones: .git is no text."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        msg = f"there is no text at {path}; name a UTF-8 file, a folder of them, or {STANDARD_LIBRARY}"
        raise CalibrationError(msg)
    found = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in found if not any(p.startswith(".") for p in file.relative_to(path).parts))


def _pieces(files: list[Path], sizes: list[int], count: int) -> list[str]:
    """Read `count` pieces at evenly spread places of the files' bytes, each from the start of a line."""
    ends = list(itertools.accumulate(sizes))
    pieces = []
    for start in (number * ends[-1] // count for number in range(count)):
        place = bisect.bisect_right(ends, start)
        offset = start - (ends[place] - sizes[place])
        with files[place].open("rb") as file:
            file.seek(offset)
            content = file.read(_PIECE)
        if offset:
            content = content.partition(b"\n")[2] or content.lstrip(bytes(range(0x80, 0xC0)))
        pieces.append(_decoded(files[place], content, final=offset + _PIECE >= sizes[place]))
    return pieces


def _decoded(file: Path, content: bytes, *, final: bool) -> str:
    """Decode UTF-8, with line ends as text files are read; a character cut off at the end is left out."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content, final)
    except UnicodeDecodeError as error:
        msg = f"{file} is no UTF-8 text ({error.reason}); name text files only, or a folder of them"
        raise CalibrationError(msg) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
