"""What a file holds for a model to read: plain text, documents as JSON lines, or token ids."""

from __future__ import annotations

import codecs
import difflib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from etl.errors import CalibrationError

if TYPE_CHECKING:
    from pathlib import Path

#: Text, or token ids (count,) int64.
Content = str | np.ndarray

_TEXT_FIELD = "text"
#: Fields in which common tools store the token ids of a document.
_ID_FIELDS = ("input_ids", "token_ids", "tokens", "ids")
#: How alike the name of a field must be to be taken for the text: content is, id and title are not.
_ALIKE = 0.5


def read_part(file: Path, start: int, length: int) -> Content:
    """Read about `length` bytes of a file from byte `start` on: whole lines where it is read in parts.

    A name ending in .npy holds token ids; one ending in .jsonl or .ndjson one document per line, with its
    text in the field `text` or the one nearest to it by name, or with token ids; any other is UTF-8 text.

    Raises:
        CalibrationError: the file is not what its name says; for JSON lines the line is named.
        OSError: the file cannot be read.
    """
    suffix = file.suffix.lower()
    if suffix == ".npy":
        return _stored_ids(file, start, length)
    if suffix in {".jsonl", ".ndjson"}:
        return _documents(file, start, length)
    return _plain_text(file, start, length)


def joined(parts: list[Content], separator: str, source: str) -> Content:
    """Put parts together: texts with a separator, token ids one after the other.

    Raises CalibrationError where `source` mixes both.
    """
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts):
        return separator.join(texts)
    if texts:
        msg = f"{source} mixes text and token ids; give one or the other"
        raise CalibrationError(msg)
    return np.concatenate(parts)


def _plain_text(file: Path, start: int, length: int) -> str:
    """Decode UTF-8, with line ends as text files are read; a character cut off at the end is left out."""
    with file.open("rb") as opened:
        opened.seek(start)
        content = opened.read(length)
        final = not opened.read(1)
    if start:
        content = content.partition(b"\n")[2] or content.lstrip(bytes(range(0x80, 0xC0)))
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(content, final)
    except UnicodeDecodeError as error:
        msg = f"{file} is no UTF-8 text ({error.reason}); name text files only, or a folder of them"
        raise CalibrationError(msg) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stored_ids(file: Path, start: int, length: int) -> np.ndarray:
    """Return token ids of a NumPy file of one dimension, or of the rows of one of two, in order."""
    try:
        stored = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        msg = f"{file} is no NumPy file of token ids ({error}); save whole numbers with numpy.save"
        raise CalibrationError(msg) from error
    if not isinstance(stored, np.ndarray) or stored.dtype.kind not in "iu" or stored.ndim not in {1, 2}:
        msg = f"{file} holds no token ids; save whole numbers in one or two dimensions with numpy.save"
        raise CalibrationError(msg)
    size = file.stat().st_size
    first, count = start * stored.size // size, -(-length * stored.size // size)
    return stored.reshape(-1)[first : first + count].astype(np.int64)


def _documents(file: Path, start: int, length: int) -> Content:
    """Return the documents of the whole lines that begin after `start`, or at it where it is 0."""
    parts = []
    with file.open("rb") as opened:
        opened.seek(start)
        if start:
            opened.readline()
        place = opened.tell()
        for line in opened.readlines(length):
            if line.strip():
                parts.append(_document(line, file, place))
            place += len(line)
    return joined(parts, "\n\n", str(file)) if parts else ""


def _document(line: bytes, file: Path, place: int) -> Content:
    """Return the text or the ids in a JSON line that begins at byte `place`."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _line_error(file, place, f"is no JSON ({error})") from error
    if isinstance(value, dict):
        value = _chosen_field(value, file, place)
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value):
        return np.array(value, dtype=np.int64)
    raise _line_error(file, place, "holds neither a text nor a list of token ids")


def _chosen_field(document: dict[str, Any], file: Path, place: int) -> object:
    """Return the field `text`, else token ids, else the text field nearest by name, else the only one."""
    for name in (_TEXT_FIELD, *_ID_FIELDS):
        if name in document:
            return document[name]
    texts = [name for name, value in document.items() if isinstance(value, str)]
    alike = difflib.get_close_matches(_TEXT_FIELD, texts, n=1, cutoff=_ALIKE)
    if alike or len(texts) == 1:
        return document[(alike or texts)[0]]
    fields = ", ".join(document) or "none"
    raise _line_error(file, place, f"has no field {_TEXT_FIELD} (its fields: {fields})")


def _line_error(file: Path, place: int, what: str) -> CalibrationError:
    """Return the error that names the line which begins at byte `place`."""
    number = 1
    with file.open("rb") as opened:
        while place > 0 and (chunk := opened.read(min(1 << 20, place))):
            number += chunk.count(b"\n")
            place -= len(chunk)
    return CalibrationError(
        f'{file}: line {number} {what}; write one document per line, as {{"{_TEXT_FIELD}": …}}'
    )
