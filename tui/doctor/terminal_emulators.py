"""Terminals that can be told apart by their variables, and what is known of their clipboard (OSC 52).

No reply of a terminal says whether it accepted a text; its documentation is the only source.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tui.doctor.findings import State


@dataclass(frozen=True, slots=True)
class Emulator:
    """A terminal program; `advice` says what to set where copying does not work by itself."""

    name: str
    clipboard: State = "good"
    advice: str = ""


UNKNOWN = Emulator("", "limited", "nothing is known of it: press c on the doctor page (D), then paste")
WHERE_NEW = "older versions do not: press c on the doctor page (D), then paste"
_KITTY = Emulator("kitty")
_ALACRITTY = Emulator("Alacritty")
_GHOSTTY = Emulator("Ghostty")
_NEWER = {name: Emulator(name, "limited", WHERE_NEW) for name in ("Konsole", "a VTE terminal", "VS Code")}
# (variable, beginning of its value, terminal); the first match counts. Over SSH only TERM arrives.
_SIGNS = (
    ("TERM_PROGRAM", "iTerm.app", Emulator(
        "iTerm2", "limited", "allow it in Settings > General > Selection: applications may access clipboard"
    )),
    ("TERM_PROGRAM", "Apple_Terminal", Emulator(
        "macOS Terminal", "missing", "it has no OSC 52: select with the mouse, or use another terminal"
    )),
    ("TERM_PROGRAM", "WezTerm", Emulator("WezTerm")),
    ("TERM_PROGRAM", "ghostty", _GHOSTTY),
    ("TERM_PROGRAM", "vscode", _NEWER["VS Code"]),
    ("TERM", "xterm-kitty", _KITTY),
    ("TERM", "xterm-ghostty", _GHOSTTY),
    ("TERM", "alacritty", _ALACRITTY),
    ("TERM", "foot", Emulator("foot")),
    ("TERM", "linux", Emulator("the Linux console", "missing", "it has no clipboard")),
    ("KITTY_WINDOW_ID", "", _KITTY),
    ("ALACRITTY_WINDOW_ID", "", _ALACRITTY),
    ("WT_SESSION", "", Emulator("Windows Terminal")),
    ("KONSOLE_VERSION", "", _NEWER["Konsole"]),
    ("VTE_VERSION", "", _NEWER["a VTE terminal"]),
    ("XTERM_VERSION", "", Emulator(
        "xterm", "limited", "allow it in ~/.Xresources: XTerm*disallowedWindowOps: 20,21,SetXprop"
    )),
)  # fmt: skip


def recognise(environment: Mapping[str, str]) -> Emulator:
    """Return the terminal that the variables identify."""
    signs = (
        emulator
        for name, beginning, emulator in _SIGNS
        if name in environment and environment[name].startswith(beginning)
    )
    return next(signs, UNKNOWN)


def copying_is_certain(environment: Mapping[str, str]) -> bool:
    """Whether a text that is sent by OSC 52 surely arrives: nothing is known of what stands in between."""
    between = {"TMUX", "STY", "TEXTUAL_DRIVER"} & environment.keys()
    return not between and recognise(environment).clipboard == "good"
