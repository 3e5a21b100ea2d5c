"""The last gate before the terminal: no control character of a name or value passes it."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# C0, DELETE and C1; the controls of writing direction; separators of lines; halves of surrogate pairs.
CONTROLS = [*range(32), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F)]
CONTROLS += [*range(0x2066, 0x206A), *range(0xD800, 0xE000)]
# Columns stay where they are: what takes no room goes, what takes room is marked.
HARMLESS = {code: "�" * cell_len(chr(code)) for code in CONTROLS}


class ControlFilter(LineFilter):
    """Takes control characters out of everything that is drawn, whichever widget drew it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002  # the base's
        """Return the segments without them."""
        if all(segment.text.isprintable() for segment in segments):
            return segments
        return [Segment(text.translate(HARMLESS), style, control) for text, style, control in segments]
