"""Asks for a GPU before anything runs on it: the commands, the device, how long it takes."""

from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.dialogs.dialog import Dialog, Options
from tui.kernels.benchmarks import Request, estimate, written_command
from tui.state.devices import INTERPRETER, Device, list_gpus
from tui.state.fetching import Fetcher
from tui.widgets.plain import Label, Static

BATCHES = {str(batch) for batch in range(1, 17)}
NO_GPU = "nvidia-smi finds no GPU here: only the interpreter check can run, which measures no time"


class BenchmarkScreen(Dialog[tuple[Request, Device] | None]):
    """Gives what to measure and where; None when it is left with Esc."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "cancel"),
        Binding("ctrl+s", "start", "start"),
    ]

    @dataclass
    class DevicesFound(Message):
        """The GPUs are known."""

        devices: list[Device]

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request
        self.devices: list[Device] = []
        self.fetcher = Fetcher(self)

    def compose(self) -> ComposeResult:
        """Lay out the devices, the fields and the commands."""
        with Vertical(classes="dialog fitted") as dialog:
            dialog.border_title = "Measure kernels on the mask of this matrix"
            dialog.border_subtitle = "Enter on a device starts · Tab between the fields · Esc cancels"
            yield Label("Device", classes="field-label")
            yield Options(Option("asking nvidia-smi …", disabled=True), compact=True)
            yield Label("Formats", classes="field-label")
            yield Input(" ".join(self.request.formats), compact=True, id="formats")
            yield Label("Batch sizes", classes="field-label")
            yield Input(" ".join(map(str, self.request.batches)), compact=True, id="batches")
            yield Static(id="commands")

    def on_mount(self) -> None:
        """Ask for the GPUs in a worker: the driver may take seconds."""
        self.fetcher.compute("devices", list_gpus, self.DevicesFound)
        self._explain()

    @on(DevicesFound)
    def _list_devices(self, message: DevicesFound) -> None:
        self.devices = [*message.devices, INTERPRETER]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(device)) for device in self.devices])
        options.highlighted = 0
        options.focus()
        self._explain()

    @on(OptionList.OptionHighlighted)
    @on(Input.Changed)
    def _explain(self) -> None:
        """Show what would run."""
        request, complaint = self._read()
        device = self._device()
        if request is None:
            text = Content.styled(complaint, "$error")
        else:
            note = estimate(request, device)
            missing = f"{NO_GPU}\n" if len(self.devices) == 1 else ""
            text = Content.assemble(
                (missing, "$warning"), (f"{note}\n\n", ""), (written_command(request, device), "$muted")
            )
        self.query_one("#commands", Static).update(text)

    @on(OptionList.OptionSelected)
    @on(Input.Submitted)
    def action_start(self) -> None:
        """Leave with what was chosen, unless a field is wrong or the devices are not known yet."""
        request, _ = self._read()
        if request is not None and self.devices:
            self.dismiss((request, self._device()))

    def _device(self) -> Device:
        place = self.query_one(OptionList).highlighted
        return self.devices[place] if self.devices and place is not None else INTERPRETER

    def _read(self) -> tuple[Request | None, str]:
        formats = tuple(self.query_one("#formats", Input).value.split())
        batches = self.query_one("#batches", Input).value.split()
        if not formats:
            return None, "name at least one format, such as sell"
        if not batches or not all(batch in BATCHES for batch in batches):
            return None, "batch sizes are whole numbers from 1 to 16, such as 1 4 16"
        return replace(self.request, formats=formats, batches=tuple(map(int, batches))), ""

    def _line(self, device: Device) -> Content:
        name = device.name if device.index is None else f"GPU {device.index}: {device.name}"
        return Content.assemble((name, "bold"), (f"  {device.state}", "$muted"))
