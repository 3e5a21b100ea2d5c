"""The calibration sets of a pipeline: how many sequences are drawn, from which text, by which seeds.

Free of torch, so that planning stays quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.model.texts import calibration_text

if TYPE_CHECKING:
    from etl.model.text_files import Content
    from etl.settings.keys import Calibration

#: Sequences drawn where no number is given: the references draw 128, of which a small model needs fewer.
DEFAULT_SAMPLES, LARGE_MODEL_SAMPLES = 32, 128
#: Parameters above which a model counts as large.
LARGE_MODEL = 1_000_000_000


@dataclass(frozen=True)
class Draw:
    """`count` sequences of `length` tokens, drawn at random places of a text, once for every seed."""

    source: str
    count: int
    length: int
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, settings: Calibration, parameter_count: int) -> Draw:
        """Take the settings of [calibration]; without a number of samples it follows the model's size."""
        usual = LARGE_MODEL_SAMPLES if parameter_count > LARGE_MODEL else DEFAULT_SAMPLES
        seeds = tuple(dict.fromkeys(settings.calibration_seed))
        return cls(settings.calibration, settings.samples or usual, settings.length, seeds)

    @property
    def token_count(self) -> int:
        """How many tokens one seed draws."""
        return self.count * self.length

    def text(self) -> Content:
        """Return the text, or the token ids, that sequences are drawn from.

        Raises CalibrationError where the source is absent, empty or not what it should be.
        """
        return calibration_text(self.source, self.token_count)
