"""The SQL editor: a text area coloured as one types, with completions under the cursor."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import TextArea
from textual.widgets.option_list import Option

from tui.widgets.steady_list import SteadyList

if TYPE_CHECKING:
    from warehouse.completion import Completion, Vocabulary

# Colours of the theme by kind of token; weight and slant tell the kinds apart without colour.
TOKEN_STYLES = {
    "keyword": ("primary", "bold"),
    "string": ("success", ""),
    "number": ("accent", ""),
    "comment": ("muted", "italic"),
}
TALLEST, WIDEST = 8, 56


class CompletionList(SteadyList):
    """The completions at the cursor; the editor keeps the focus and moves the selection."""

    can_focus = False
    DEFAULT_CSS = f"""
    CompletionList {{
        display: none; overlay: screen; constrain: inside inflect; width: {WIDEST}; height: auto;
        max-height: {TALLEST}; background: $panel; border: none; padding: 0; scrollbar-size: 1 1;
    }}
    CompletionList > .option-list--option-highlighted {{ background: $primary; color: $background; }}
    """

    def offer(self, completions: "list[Completion]", place: Offset) -> None:
        """Show completions below a place of the screen; none hides the list."""
        self.clear_options()
        self.display = bool(completions)
        if not completions:
            return
        longest = max(len(completion.text) for completion in completions)
        self.add_options(
            Option(
                Content.assemble(
                    f" {completion.text:<{min(longest, 30)}}  ", (completion.note, "$text-muted")
                )
            )
            for completion in completions
        )
        self.highlighted = 0
        self.absolute_offset = place


class SqlEditor(TextArea):
    """Completes with Tab, or with Enter once a completion was chosen with the arrows."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    SqlEditor { border: none; padding: 0; background: $background; height: 1fr; width: 1fr;
        scrollbar-size: 1 1; }
    SqlEditor:focus { border: none; }
    """

    def __init__(self) -> None:
        super().__init__(soft_wrap=True, tab_behavior="focus", compact=True, highlight_cursor_line=False)
        self.vocabulary: Vocabulary | None = None
        self.completions: list[Completion] = []
        self._chosen = False
        self._scanned: tuple[str, dict[int, list[tuple[int, int, str]]]] = ("", {})

    @property
    def completion_list(self) -> CompletionList:
        """The list of completions, which the screen holds."""
        return self.screen.query_one(CompletionList)

    def load(self, text: str) -> None:
        """Replace the text, with undo, and show its beginning."""
        with self.prevent(TextArea.Changed):
            self.replace(text, self.document.start, self.document.end, maintain_selection_offset=False)
        self.move_cursor(self.document.start)
        self.close_completions()

    def suggest(self) -> None:
        """Offer completions at the cursor."""
        from warehouse.completion import complete  # noqa: PLC0415  # imports DuckDB

        if self.vocabulary is None:
            return
        before = self.get_text_range(self.document.start, self.cursor_location)
        after = self.get_text_range(self.cursor_location, self.document.end)
        self.completions = complete(self.vocabulary, before, after)
        self._chosen = False
        self.completion_list.offer(self.completions, self.cursor_screen_offset + Offset(-1, 1))

    def close_completions(self) -> None:
        """Offer nothing."""
        if self.completions:
            self.completions = []
            self.completion_list.offer([], Offset())

    def on_key(self, event: events.Key) -> None:
        """Steer the list of completions while it is open."""
        if not self.completions:
            return
        if event.key in {"down", "up"}:
            self._chosen = True
            options = self.completion_list
            options.action_cursor_down() if event.key == "down" else options.action_cursor_up()
        elif event.key == "tab" or (event.key == "enter" and self._chosen):
            self.accept()
        elif event.key == "escape":
            self.close_completions()
        else:
            return
        event.stop()
        event.prevent_default()

    def accept(self) -> None:
        """Put the chosen completion in place of what was typed of it."""
        chosen = self.completions[self.completion_list.highlighted or 0]
        row, column = self.cursor_location
        self.close_completions()
        with self.prevent(TextArea.Changed):
            self.replace(chosen.text, (row, column - chosen.replaced), (row, column))

    @on(TextArea.Changed)
    def _changed(self) -> None:
        """Suggest while a word is typed; pasted and loaded texts change more than one character."""
        before = self.get_text_range((self.cursor_location[0], 0), self.cursor_location)
        typed = self.has_focus and before[-1:] and (before[-1].isidentifier() or before[-1] == ".")
        if typed:
            self.suggest()
        else:
            self.close_completions()

    def on_blur(self) -> None:
        """Offer nothing while something else has the focus."""
        self.close_completions()

    def get_line(self, line_index: int) -> Text:
        """Return a line in the colours of its tokens."""
        line = super().get_line(line_index)
        variables = self.app.theme_variables
        for start, end, kind in self._tokens().get(line_index, ()):
            colour, weight = TOKEN_STYLES.get(kind, ("foreground", ""))
            # Themes of the terminal's own colours name them in a way that only Textual reads.
            hue = variables[colour] if variables[colour].startswith("#") else ""
            line.stylize(f"{weight} {hue}".strip(), start, end)
        return line

    def _tokens(self) -> dict[int, list[tuple[int, int, str]]]:
        """Return (start, end, kind) of the tokens of every line, in characters of the line."""
        from warehouse.tokens import scan  # noqa: PLC0415  # imports DuckDB

        text = self.text
        if self._scanned[0] != text:
            by_line: dict[int, list[tuple[int, int, str]]] = {}
            for token in scan(text):
                row = text.count("\n", 0, token.start)
                place = token.start - (text.rfind("\n", 0, token.start) + 1)
                for piece in text[token.start : token.end].split("\n"):
                    by_line.setdefault(row, []).append((place, place + len(piece), token.kind))
                    row, place = row + 1, 0
            self._scanned = (text, by_line)
        return self._scanned[1]
