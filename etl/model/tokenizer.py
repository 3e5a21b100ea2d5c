"""The tokenizer of a checkpoint: loaded without running any code of the checkpoint, fed a piece at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from etl.errors import CalibrationError

if TYPE_CHECKING:
    from pathlib import Path

#: Called after each piece: how many characters are encoded, and how many there are.
Progress = Callable[[int, int], None]

#: Characters encoded at a time: a tokenizer takes some 150 bytes of memory for each.
_PIECE = 1 << 20
#: The start of a line of text after a line of text: tokenizers that split at line ends give the same tokens.
_CUT = re.compile(r"(?<=\S\n)(?=\S)")
#: Characters that surely hold a token.
_CHARACTERS_PER_TOKEN = 32


class Tokenizer:
    """The tokenizer in a checkpoint folder.

    Raises CalibrationError when there is none that transformers can load, or when it needs code of its own,
    which is never run.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer  # noqa: PLC0415  # seconds of import that a finished plan does without

        try:
            # None in the place of False would ask on standard input.
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # transformers and its Rust code raise errors of many kinds
            reason = own_code(folder, "tokenizer_config.json") or " ".join(str(error).split())
            msg = f"{folder} holds no tokenizer that can be loaded ({reason}); put its tokenizer files there"
            raise CalibrationError(msg) from error
        if tokenizer is None:
            msg = f"{folder} holds no tokenizer; put its tokenizer files there"
            raise CalibrationError(msg)
        self._tokenizer = tokenizer
        self._folder = folder

    def encode(self, text: str, progress: Progress | None = None) -> torch.Tensor:
        """Encode a text without special tokens; returns (tokens,) int64.

        Raises CalibrationError when the tokenizer's own settings do not let it.
        """
        parts = []
        done = 0
        for piece in _pieces(text):
            if progress:
                progress(done, len(text))
            parts.append(torch.tensor(self._ids(piece), dtype=torch.int64))
            done += len(piece)
        return torch.cat(parts)

    def _ids(self, text: str) -> list[int]:
        try:
            # A whole text is longer than any model's window; only windows of it are ever fed to one.
            return self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        except Exception as error:  # what a value of the wrong type in tokenizer_config.json leads to
            reason = " ".join(str(error).split())
            msg = f"the tokenizer in {self._folder} cannot encode text ({reason}); download its files again"
            raise CalibrationError(msg) from error

    def check_length(self, text: str, wanted: int, purpose: str) -> None:
        """Raise CalibrationError unless a text has `wanted` tokens, encoding no more of it than needed."""
        start = text[: wanted * _CHARACTERS_PER_TOKEN]
        count = len(self.encode(start))
        if count < wanted and len(start) < len(text):
            count = len(self.encode(text))
        check_length(count, wanted, purpose)


def check_length(count: int, wanted: int, purpose: str) -> None:
    """Raise CalibrationError when a text of `count` tokens is shorter than one stretch of it."""
    if count < wanted:
        msg = f"the {purpose} text has {count} tokens, too few for {wanted}; give a longer text"
        raise CalibrationError(msg)


def own_code(folder: Path, name: str) -> str | None:
    """Say that a checkpoint's JSON file names Python code to run, or return None where it does not."""
    try:
        content: Any = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if isinstance(content, dict) and content.get("auto_map"):
        return f"{name} asks for Python code of the checkpoint, by auto_map, which is never run"
    return None


def _pieces(text: str) -> list[str]:
    """Cut a text before lines, into pieces of at most so many characters; one piece where it is short."""
    pieces = []
    start = 0
    while len(text) - start > _PIECE:
        end = start + _PIECE
        cuts = [match.start() for match in _CUT.finditer(text, start + 1, end)]
        pieces.append(text[start : (cuts or [end])[-1]])
        start += len(pieces[-1])
    return [*pieces, text[start:]]
