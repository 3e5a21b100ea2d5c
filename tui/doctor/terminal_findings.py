"""What the terminal supports, from its variables and, inside tmux, from what tmux says of itself."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console

from tui.doctor.findings import Finding, State
from tui.doctor.terminal_emulators import Emulator, recognise
from tui.terminal.terminal import is_in_browser

SMALLEST = (80, 24)
TMUX_SECONDS = 2
HALF_BLOCKS = "▀▄█░▒▓"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the program runs: variables, the encoding it writes in, columns × lines (None: no terminal)."""

    environment: Mapping[str, str]
    encoding: str
    size: tuple[int, int] | None


def examine_terminal(surroundings: Surroundings) -> list[Finding]:
    """Look at the terminal, its colours, its clipboard and its characters."""
    environment = surroundings.environment
    emulator = recognise(environment)
    return [
        _terminal(surroundings, emulator),
        *_between(environment),
        _colours(environment),
        _clipboard(environment, emulator),
        _characters(surroundings),
    ]


def _terminal(surroundings: Surroundings, emulator: Emulator) -> Finding:
    environment, size = surroundings.environment, surroundings.size
    if is_in_browser(environment):
        name = "in a web browser, through textual-serve"
    else:
        program = environment.get("TERM_PROGRAM")
        told = f", TERM_PROGRAM {program} {environment.get('TERM_PROGRAM_VERSION', '')}".rstrip()
        name = f"TERM is {environment.get('TERM') or 'not set'}{told if program else ''}"
        name += f": {emulator.name}" if emulator.name else ""
    if size is None:
        return Finding(
            "Terminal",
            "limited",
            f"standard output is no terminal; {name}",
            "in a script or a pipe use sparsity-sql in the place of the app",
        )
    sentence = f"{size[0]} columns × {size[1]} lines, {name}"
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        advice = (
            f"the screens need {SMALLEST[0]} × {SMALLEST[1]}: enlarge the window, or press z for one pane"
        )
        return Finding("Terminal", "limited", sentence, advice)
    return Finding("Terminal", "good", sentence)


def _between(environment: Mapping[str, str]) -> list[Finding]:
    """Say what stands between the program and the terminal."""
    found = []
    if "SSH_CONNECTION" in environment:
        place = environment["SSH_CONNECTION"].partition(" ")[0]
        found.append(Finding("Terminal", "good", f"over SSH from {place}: fewer frames, no animation"))
    multiplexer = _multiplexer(environment)
    if multiplexer:
        found.append(Finding("Terminal", "good", f"inside {multiplexer}"))
    return found


def _colours(environment: Mapping[str, str]) -> Finding:
    if "NO_COLOR" in environment:
        sentence = "NO_COLOR is set: figures are told by numbers and bars, without colour"
        return Finding("Colours", "good", sentence)
    told = f"COLORTERM is {environment.get('COLORTERM') or 'not set'}"
    if is_in_browser(environment):
        told = "the browser draws them all"
    match _colour_system(environment):
        case "truecolor":
            return Finding("Colours", "good", f"16.7 million colours ({told})")
        case "256":
            advice = (
                "where the terminal draws all colours: export COLORTERM=truecolor (SSH does not pass it on)"
            )
            return Finding("Colours", "limited", f"256 colours, gradients are coarser ({told})", advice)
        case "standard":
            advice = (
                "press T and choose ansi-dark or ansi-light; or export COLORTERM=truecolor where it is true"
            )
            return Finding("Colours", "limited", f"16 colours ({told})", advice)
        case _:
            advice = "set TERM, for instance TERM=xterm-256color"
            return Finding("Colours", "missing", f"no colours ({told})", advice)


def _colour_system(environment: Mapping[str, str]) -> str | None:
    """Return the colour system that Rich detects, which Textual uses."""
    if environment.get("TEXTUAL_COLOR_SYSTEM", "auto") != "auto":
        return environment["TEXTUAL_COLOR_SYSTEM"]
    return Console(force_terminal=True, legacy_windows=False, _environ=environment).color_system


def _clipboard(environment: Mapping[str, str], emulator: Emulator) -> Finding:
    if is_in_browser(environment):
        sentence = "the browser takes what is copied on pages of this machine and over HTTPS"
        return Finding("Clipboard", "good", f"{sentence}; it may ask first")
    multiplexer = _multiplexer(environment)
    if multiplexer == "GNU screen":
        sentence = "GNU screen does not pass on what is copied (OSC 52)"
        return Finding("Clipboard", "missing", sentence, "use tmux, or the terminal without screen")
    if multiplexer == "tmux":
        return _tmux_clipboard(_tmux_setting())
    known: dict[State, str] = {
        "good": "takes what is copied (OSC 52)",
        "limited": "may take what is copied (OSC 52)",
        "missing": "does not take what is copied",
    }
    sentence = f"{emulator.name or 'this terminal'} {known[emulator.clipboard]}"
    return Finding("Clipboard", emulator.clipboard, sentence, emulator.advice)


def _tmux_clipboard(setting: str | None) -> Finding:
    if setting == "on":
        return Finding("Clipboard", "good", "tmux passes on what is copied (set-clipboard is on)")
    advice = "tmux set -s set-clipboard on; to keep it, put the same line without tmux into ~/.tmux.conf"
    told = "does not tell its set-clipboard" if setting is None else f"has set-clipboard {setting}"
    state: State = "limited" if setting is None else "missing"
    return Finding("Clipboard", state, f"tmux {told}; it passes on what is copied when that is on", advice)


def _tmux_setting() -> str | None:
    try:
        answer = subprocess.run(
            ["tmux", "show-options", "-sv", "set-clipboard"],
            capture_output=True,
            text=True,
            timeout=TMUX_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _characters(surroundings: Surroundings) -> Finding:
    environment = surroundings.environment
    encoding = surroundings.encoding.upper().replace("UTF8", "UTF-8")
    locale = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "not set"
    if encoding != "UTF-8":
        sentence = f"text is written as {encoding}, which has no half-blocks: pictures cannot be drawn"
        return Finding("Text", "missing", sentence, "export LC_ALL=C.UTF-8")
    if environment.get("TERM") == "linux":
        sentence = f"UTF-8, but the Linux console has few characters; what shows here is drawn: {HALF_BLOCKS}"
        return Finding("Text", "limited", sentence, "a terminal in a window, or over SSH, draws them all")
    if _multiplexer(environment) and "UTF" not in locale.upper():
        sentence = (
            f"UTF-8, but the locale is {locale}: a multiplexer may draw _ for half-blocks {HALF_BLOCKS}"
        )
        return Finding("Text", "limited", sentence, "export LC_ALL=C.UTF-8 before it is started, or: tmux -u")
    return Finding("Text", "good", f"UTF-8 with half-blocks for pictures: {HALF_BLOCKS}")


def _multiplexer(environment: Mapping[str, str]) -> str | None:
    if environment.get("TMUX"):
        return "tmux"
    return "GNU screen" if environment.get("STY") else None
