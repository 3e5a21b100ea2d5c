"""Calibration and evaluation text: the running interpreter's own library, or a file or folder of the user."""

from __future__ import annotations

import hashlib
from pathlib import Path

from etl.errors import CalibrationError
from etl.model import corpus

STANDARD_LIBRARY = "stdlib"


def calibration_text(source: str) -> str:
    """Return the text behind a calibration source.

    Raises:
        CalibrationError: the file or folder is absent, empty or not UTF-8.
    """
    return corpus.calibration_text() if source == STANDARD_LIBRARY else _user_text(source)


def evaluation_text(source: str) -> str:
    """Return the text behind an evaluation source; for stdlib, the held-out modules.

    Raises:
        CalibrationError: the file or folder is absent, empty or not UTF-8.
    """
    return corpus.held_out_text() if source == STANDARD_LIBRARY else _user_text(source)


def text_fingerprint(text: str) -> str:
    """Hash of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _user_text(source: str) -> str:
    path = Path(source).expanduser()
    if not path.exists():
        msg = f"there is no text at {source}; name a UTF-8 file, a folder of them, or {STANDARD_LIBRARY}"
        raise CalibrationError(msg)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    try:
        text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{source} cannot be read as UTF-8 text: {error}"
        raise CalibrationError(msg) from error
    if not text.strip():
        msg = f"{source} holds no text"
        raise CalibrationError(msg)
    return text
