"""One thing that was looked at: how it stands, in a sentence, and what to do about it."""

from dataclasses import asdict, dataclass
from typing import Literal

State = Literal["good", "limited", "missing"]
MARKS: dict[State, str] = {"good": "✓", "limited": "!", "missing": "✗"}
ARROW = "→"  # before what to do
PLAIN_MARKS: dict[State, str] = {"good": "+", "limited": "!", "missing": "x"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the doctor page; `advice` is empty where nothing is to be done."""

    topic: str
    state: State
    sentence: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the finding as columns by name."""
        return asdict(self)
