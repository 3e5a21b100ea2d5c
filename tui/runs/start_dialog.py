"""Asks what to prune, and shows the command, where it runs and how long it takes before anything starts."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from tui.dialogs.dialog import Dialog
from tui.runs.run_request import METHODS, PlanError, RunRequest, ask_plan, describe_plan
from tui.state.devices import Device, list_gpus
from tui.state.fetching import Fetcher
from tui.widgets.plain import Label, Static

if TYPE_CHECKING:
    from warehouse.ledger import LedgerStep

ASK_AFTER_SECONDS = 0.6  # without a key press
FIELDS = (
    ("model", "Model: a Hugging Face folder; empty for the bundled one"),
    ("methods", f"Methods: {' '.join(METHODS)}"),
    ("sparsities", "Sparsities of unstructured runs: shares of zeros"),
    ("patterns", "Patterns: unstructured, or N:M such as 2:4"),
)


class StartRunScreen(Dialog[RunRequest | None]):
    """Gives what to run; None when it is left with Esc. Ctrl+S starts, once the ETL has agreed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "cancel"),
        Binding("ctrl+s", "start", "start"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    @dataclass
    class Planned(Message):
        """The ETL has said what it would do, or why it would not."""

        request: RunRequest
        text: str
        agreed: bool

    @dataclass
    class DevicesFound(Message):
        """The GPUs are known."""

        devices: list[Device]

    def __init__(self, request: RunRequest, past: "tuple[LedgerStep, ...]") -> None:
        super().__init__()
        self.request = request
        self.past = past
        self.agreed: RunRequest | None = None
        self.fetcher = Fetcher(self)

    def compose(self) -> ComposeResult:
        """Lay out the fields above what they come to."""
        values = {
            "model": self.request.model,
            "methods": " ".join(self.request.methods),
            "sparsities": " ".join(self.request.sparsities),
            "patterns": " ".join(self.request.patterns),
        }
        with Vertical(classes="dialog fitted") as dialog:
            dialog.border_title = "Start an ETL run"
            dialog.border_subtitle = "Tab between the fields · Ctrl+S starts · Esc cancels"
            for name, label in FIELDS:
                yield Label(label, classes="field-label")
                yield Input(values[name], id=name, compact=True)
            yield Label("Command", classes="field-label")
            yield Static(id="command")
            yield Static("asking nvidia-smi …", id="device")
            yield Static(id="plan")

    def on_mount(self) -> None:
        """Ask for the GPUs and for a plan."""
        self.fetcher.compute("devices", list_gpus, self.DevicesFound)
        self._timer = self.set_timer(ASK_AFTER_SECONDS, self._ask, pause=True)
        self._changed()

    @on(Input.Changed)
    def _changed(self) -> None:
        """Show the command at once, and ask the ETL when the typing has paused."""
        self.request = self._read()
        self.agreed = None
        self.query_one("#command", Static).update(Content.styled(self.request.written(), "bold"))
        self.query_one("#plan", Static).update(
            Content.styled("asking the ETL what this would do …", "$muted")
        )
        self._timer.stop()
        self._timer = self.set_timer(ASK_AFTER_SECONDS, self._ask)

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.app.action_focus_next()

    @on(DevicesFound)
    def _show_device(self, message: DevicesFound) -> None:
        first = next(iter(message.devices), None)
        place = "on the CPU: nvidia-smi finds no GPU here"
        if first is not None:
            place = f"on GPU {first.index}: {first.name}, {first.state}"
        self.query_one("#device", Static).update(f"It runs {place}.")

    @on(Planned)
    def _show_plan(self, message: Planned) -> None:
        if message.request != self.request:
            return
        self.agreed = message.request if message.agreed else None
        style = "$foreground" if message.agreed else "bold $error"
        self.query_one("#plan", Static).update(Content.styled(message.text, style))

    def action_start(self) -> None:
        """Leave with what the ETL has agreed to."""
        if self.agreed is not None:
            self.dismiss(self.agreed)
        else:
            self.notify("wait for the plan, or correct the fields", severity="warning", timeout=3)

    def _ask(self) -> None:
        work = partial(_plan, self.request, self.past)
        self.fetcher.compute("plan", work, lambda answer: self.Planned(*answer))

    def _read(self) -> RunRequest:
        texts = {name: self.query_one(f"#{name}", Input).value.strip() for name, _ in FIELDS}
        return replace(
            self.request,
            model=texts["model"],
            methods=tuple(texts["methods"].split()),
            sparsities=tuple(texts["sparsities"].split()),
            patterns=tuple(texts["patterns"].split()),
        )


def _plan(request: RunRequest, past: "tuple[LedgerStep, ...]") -> tuple[RunRequest, str, bool]:
    try:
        return request, describe_plan(ask_plan(request), past), True
    except PlanError as error:
        return request, str(error), False
