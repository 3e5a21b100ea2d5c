"""Facts about what is under the cursor: one line where room is scarce, columns where there is plenty."""

from dataclasses import dataclass

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

COLUMN_WIDTH = 32  # a longer fact takes several columns


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; `brief` is how it is said in one line, the value alone if None."""

    label: str
    value: str
    brief: str | None = None


class Facts(Widget):
    """Shows facts, the most important first; in one line those that fit."""

    DEFAULT_CSS = """
    Facts { height: 1; width: 1fr; background: $surface; padding: 0 1; }
    """
    title: reactive[str] = reactive("")
    facts: reactive[tuple[Fact, ...]] = reactive(())

    def render(self) -> Content:
        """Fill the widget's height, one line or many."""
        if self.size.height == 1:
            return self._line()
        columns = max(1, self.size.width // COLUMN_WIDTH)
        lines = [Content.styled(self.title, "bold $primary")]
        free = 0
        for fact in self.facts:
            text = Content.assemble((f"{fact.label} ", "$muted"), fact.value)
            taken = min(-(-(text.cell_length + 1) // COLUMN_WIDTH), columns)
            if taken > free:
                lines.append(Content(""))
                free = columns
            lines[-1] += text.pad_right(max(0, taken * COLUMN_WIDTH - text.cell_length))
            free -= taken
        return Content("\n").join(lines)

    def _line(self) -> Content:
        line = Content.styled(self.title, "bold $primary")
        for fact in self.facts:
            longer = line + Content.assemble(("  ", ""), fact.brief or f"{fact.label} {fact.value}")
            if longer.cell_length > self.size.width:
                break
            line = longer
        return line
