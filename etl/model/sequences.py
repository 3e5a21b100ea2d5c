"""Token sequences out of text: random ones for calibration, windows in order for evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from etl.errors import CalibrationError

if TYPE_CHECKING:
    from pathlib import Path


def encode(text: str, folder: Path) -> torch.Tensor:
    """Encode a text with the tokenizer of a checkpoint folder; returns (tokens,) int64.

    Raises:
        CalibrationError: the folder holds no tokenizer that transformers can load.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415  # seconds of import that a finished plan does without

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        msg = f"{folder} holds no tokenizer that can be loaded ({reason}); put its tokenizer files there"
        raise CalibrationError(msg) from error
    if tokenizer is None:
        msg = f"{folder} holds no tokenizer; put its tokenizer files there"
        raise CalibrationError(msg)
    # A whole text is longer than any model's window; only windows of it are ever fed to one.
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return torch.tensor(ids, dtype=torch.int64)


def draw_sequences(tokens: torch.Tensor, count: int, length: int, seed: int) -> torch.Tensor:
    """Draw stretches of a text at random places, as the references draw their calibration samples.

    Args:
        tokens: (tokens,) the encoded text.
        count: sequences drawn.
        length: tokens in each.
        seed: seed of the draw.

    Returns:
        (count, length) int64.

    Raises:
        CalibrationError: the text is shorter than one sequence.
    """
    _check_length(tokens, length, "calibration")
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(0, len(tokens) - length + 1, (count,), generator=generator)
    return torch.stack([tokens[start : start + length] for start in starts.tolist()])


def spread_windows(tokens: torch.Tensor, count: int, length: int) -> torch.Tensor:
    """Return up to `count` non-overlapping windows, spread evenly over the text.

    Args:
        tokens: (tokens,) the encoded text.
        count: most windows returned.
        length: tokens in each.

    Returns:
        (windows, length) int64, in the order of the text; tokens after the last whole window are left out.

    Raises:
        CalibrationError: the text is shorter than one window.
    """
    _check_length(tokens, length, "evaluation")
    windows = tokens[: len(tokens) // length * length].view(-1, length)
    chosen = torch.linspace(0, len(windows) - 1, min(count, len(windows))).round().long()
    return windows[chosen]


def _check_length(tokens: torch.Tensor, length: int, purpose: str) -> None:
    if len(tokens) < length:
        msg = f"the {purpose} text has {len(tokens)} tokens, too few for {length}; give a longer text"
        raise CalibrationError(msg)
