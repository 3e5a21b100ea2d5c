"""Token sequences out of text: random ones for calibration, windows in order for evaluation."""

from __future__ import annotations

import torch

from etl.model.tokenizer import check_length


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
    check_length(len(tokens), length, "calibration")
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
    check_length(len(tokens), length, "evaluation")
    windows = tokens[: len(tokens) // length * length].view(-1, length)
    chosen = torch.linspace(0, len(windows) - 1, min(count, len(windows))).round().long()
    return windows[chosen]
