"""Calibration and evaluation text: the running interpreter's own library, or a file or folder of the user.

Of a text far longer than the tokens asked for, only pieces spread evenly over it are read: twenty megabytes
cost no more than two.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
from pathlib import Path

from etl.errors import CalibrationError
from etl.model import corpus
from etl.model.text_files import Content, joined, read_part

STANDARD_LIBRARY = "stdlib"
#: Bytes up to which a text is read whole, and more where so many tokens are asked for: few tokens are longer.
_READ_WHOLE = 2 << 20
_BYTES_PER_TOKEN = 16
#: Bytes of one piece of a longer text.
_PIECE = 64 << 10


def calibration_text(source: str, token_count: int) -> Content:
    """Return the text or token ids behind a calibration source, of which `token_count` tokens will be drawn.

    Raises:
        CalibrationError: the file or folder is absent, empty or not what it should be.
    """
    return corpus.calibration_text() if source == STANDARD_LIBRARY else _user_text(source, token_count)


def evaluation_text(source: str, token_count: int) -> Content:
    """Return the text or token ids behind an evaluation source; for stdlib, the held-out modules.

    Raises:
        CalibrationError: the file or folder is absent, empty or not what it should be.
    """
    return corpus.held_out_text() if source == STANDARD_LIBRARY else _user_text(source, token_count)


def text_fingerprint(text: Content) -> str:
    """Hash of a text or of token ids."""
    content = text.encode() if isinstance(text, str) else b"token ids" + text.astype("<i8").tobytes()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _user_text(source: str, token_count: int) -> Content:
    path = Path(source).expanduser()
    try:
        files = _files(path)
        sizes = [file.stat().st_size for file in files]
        most = max(_READ_WHOLE, _BYTES_PER_TOKEN * token_count)
        if sum(sizes) <= most:
            parts = [read_part(file, 0, size) for file, size in zip(files, sizes, strict=True)]
            text = joined(parts, "\n\n", source)
        else:
            text = joined(_pieces(files, sizes, most // _PIECE), "\n", source)
    except OSError as error:
        msg = f"cannot read the text {error.filename or source}: {error.strerror}"
        raise CalibrationError(msg) from error
    if not (text.strip() if isinstance(text, str) else text.size):
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


def _pieces(files: list[Path], sizes: list[int], count: int) -> list[Content]:
    """Read `count` pieces at evenly spread places of the files' bytes, each from the start of a line."""
    ends = list(itertools.accumulate(sizes))
    pieces = []
    for start in (number * ends[-1] // count for number in range(count)):
        place = bisect.bisect_right(ends, start)
        pieces.append(read_part(files[place], start - (ends[place] - sizes[place]), _PIECE))
    return [piece for piece in pieces if len(piece)]
