"""How far an ETL job is, gathered from the JSON lines it writes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """The step an ETL job is in, and the part of the step."""

    number: int = 0
    count: int = 0
    step: str = ""
    subject: str = ""
    done: int = 0
    total: int = 0
    state: str | None = None

    @property
    def share(self) -> float:
        """The share of all steps that is complete, in [0, 1]."""
        if self.state is not None:
            return 1.0
        if not self.count:
            return 0.0
        part = self.done / self.total if self.total else 0.0
        return (self.number - 1 + part) / self.count

    @property
    def sentence(self) -> str:
        """What the job does now."""
        if self.state is not None:
            return f"finished: {self.state}"
        if not self.count:
            return "starting"
        return f"step {self.number} of {self.count}: {self.step} {self.subject}"

    def after(self, events: Iterable[dict[str, Any]]) -> "BuildProgress":
        """Return the progress once some more events have come; unknown events are ignored."""
        progress = self
        for event in events:
            kind = event.get("event")
            if kind == "step" and event.get("state") == "started":
                progress = replace(
                    progress,
                    number=event.get("number", progress.number + 1),
                    count=event.get("count", progress.count),
                    step=event.get("step", ""),
                    subject=event.get("subject", ""),
                    done=0,
                    total=0,
                )
            elif kind == "progress":
                progress = replace(progress, done=event.get("done", 0), total=event.get("total", 0))
            elif kind == "finished":
                progress = replace(progress, state=event.get("state", "finished"))
        return progress
