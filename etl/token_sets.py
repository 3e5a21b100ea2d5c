"""The token sequences that the steps of one plan share, each encoded when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import torch

from etl.model.sequences import draw_sequences, spread_windows
from etl.model.texts import evaluation_text
from etl.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from etl.model.text_files import Content
    from etl.plan import Plan
    from etl.progress import Progress


class TokenSets:
    """Calibration sequences by seed, and the windows of the evaluation text."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        self._plan = plan
        self._progress = progress

    def calibration(self, seed: int) -> torch.Tensor:
        """Return the calibration sequences (count, length) int64 that a seed draws.

        Raises CalibrationError where the text is too short or cannot be encoded.
        """
        draw = self._plan.draw
        return draw_sequences(self._calibration_tokens, draw.count, draw.length, seed)

    def refit(self, count: int) -> torch.Tensor:
        """Return up to `count` windows (windows, length) int64 of the calibration text to refit blocks on.

        They do not overlap: what is kept back is never fitted. Raises CalibrationError as above.
        """
        return spread_windows(self._calibration_tokens, count, self._plan.draw.length)

    @cached_property
    def evaluation(self) -> torch.Tensor:
        """The tokens (windows · window,) int64 of the evaluation windows, one after the other.

        Raises CalibrationError where the text is too short or cannot be encoded.
        """
        return self.some_windows(self._plan.settings.evaluate.windows)

    def some_windows(self, count: int) -> torch.Tensor:
        """Return the tokens of up to `count` windows of the evaluation text, as `evaluation` does of all."""
        return spread_windows(self._evaluation_tokens, count, self._plan.settings.evaluate.window).flatten()

    @cached_property
    def _evaluation_tokens(self) -> torch.Tensor:
        settings = self._plan.settings.evaluate
        text = evaluation_text(settings.text, settings.windows * settings.window)
        return self._encoded(text, "evaluation text")

    @cached_property
    def _calibration_tokens(self) -> torch.Tensor:
        return self._encoded(self._plan.draw.text(), "calibration text")

    def _encoded(self, text: Content, name: str) -> torch.Tensor:
        if not isinstance(text, str):
            return torch.from_numpy(text)

        def report(done: int, total: int) -> None:
            self._progress.advanced(done, total, f"encoding the {name}")

        return Tokenizer(self._plan.checkpoint.folder).encode(text, report)
