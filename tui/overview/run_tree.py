"""Models and their runs, with what each run costs in perplexity."""

from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets.tree import TreeNode

from tui.drawing.figures import number
from tui.widgets.motions import MOTION_BINDINGS, Motions
from tui.widgets.plain import Tree
from warehouse.overview import RunFigures

METHOD, SPARSITY, PATTERN, PERPLEXITY, RATIO = 11, 4, 9, 7, 7
HEADER = f"   {'method':<{METHOD + SPARSITY + 1}}{'pattern':<{PATTERN}}{'perpl':>7}{'×dense':>7}"


class RunTree(Motions, Tree[RunFigures | str]):
    """The models, each with its runs below; the run under the cursor is the one shown."""

    DEFAULT_CSS = """
    RunTree { background: $background; height: 1fr; scrollbar-size: 1 1; padding: 0; }
    RunTree:focus { background-tint: transparent 0%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOTION_BINDINGS,
        Binding("enter", "choose", show=False),
        Binding("space", "toggle_node", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on a run."""

        run: RunFigures

    class Opened(Message):
        """Enter or `l` on a run: on to its matrices."""

    def __init__(self) -> None:
        super().__init__("models")
        self.show_root = False
        self.guide_depth = 2
        self.compared_run_id: int | None = None
        self.shown_run_id: int | None = None
        self._runs: tuple[RunFigures, ...] = ()
        self._leaves: dict[int | None, TreeNode[RunFigures | str]] = {}

    def show(self, runs: tuple[RunFigures, ...], run_id: int | None) -> None:
        """Show runs by model with the cursor on one of them."""
        if runs != self._runs:
            self._runs = runs
            self._fill()
        chosen = self._leaves.get(run_id)
        if chosen is not None and self.cursor_node is not chosen:
            # Lines are numbered when the tree is next laid out.
            self.call_after_refresh(self.move_cursor, chosen)

    def _fill(self) -> None:
        self.clear()
        self._leaves.clear()
        models: dict[str, TreeNode[RunFigures | str]] = {}
        for run in one_row_a_run(self._runs):
            if run.model_id not in models:
                models[run.model_id] = self.root.add(run.model_id, data=run.model_id, expand=True)
            self._leaves[run.run_id] = models[run.model_id].add_leaf("", data=run)

    def mark(self, shown_run_id: int | None, compared_run_id: int | None) -> None:
        """Mark the run that is shown, and the one that others are compared with."""
        if (shown_run_id, compared_run_id) == (self.shown_run_id, self.compared_run_id):
            return
        self.shown_run_id, self.compared_run_id = shown_run_id, compared_run_id
        self._clear_line_cache()
        self.refresh()

    def render_label(self, node: TreeNode[RunFigures | str], base_style: Style, style: Style) -> Text:
        """Write a run as a row of columns."""
        run = node.data
        if not isinstance(run, RunFigures):
            arrow = "▾ " if node.is_expanded else "▸ "
            return Text(arrow + str(run or ""), base_style + style + Style(bold=True))
        marker = (
            "◆" if run.run_id == self.compared_run_id else "›" if run.run_id == self.shown_run_id else " "
        )
        ratio = "" if run.perplexity_ratio is None else f"{run.perplexity_ratio:.2f}×"
        cost = f"{number(run.perplexity):>{PERPLEXITY}}{ratio:>{RATIO}}"
        return Text(marker + _asked(run) + cost, base_style + style)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[RunFigures | str]) -> None:
        """Tell which run the cursor is on."""
        if isinstance(event.node.data, RunFigures):
            self.post_message(self.Moved(event.node.data))

    def action_choose(self) -> None:
        """Open the run under the cursor, or fold and unfold a model."""
        node = self.cursor_node
        if node is not None and isinstance(node.data, RunFigures):
            self.post_message(self.Opened())
        elif node is not None:
            node.toggle()

    def perform(self, verb: str) -> None:
        """Move the cursor; right unfolds a model or goes on to the heatmap, left goes back to the model."""
        if verb in {"left", "right"}:
            self._sideways(verb)
        elif verb in {"first", "last"}:
            self.cursor_line = 0 if verb == "first" else self.last_line
        else:
            moves = {
                "down": self.action_cursor_down, "up": self.action_cursor_up,
                "page_up": self.action_page_up, "page_down": self.action_page_down,
            }  # fmt: skip
            moves[verb]()

    def _sideways(self, verb: str) -> None:
        node = self.cursor_node
        if verb == "right":
            if node is not None and isinstance(node.data, str) and not node.is_expanded:
                node.expand()
            else:
                self.post_message(self.Opened())
        elif node is not None and isinstance(node.data, RunFigures) and node.parent is not None:
            self.move_cursor(node.parent)
        elif node is not None:
            node.collapse()

    def search_texts(self) -> list[str]:
        """Return a text for every place of the cursor."""
        lines = (self.get_node_at_line(line) for line in range(self.last_line + 1))
        return [_searchable(node) for node in lines]

    def search_position(self) -> int:
        """Return the place of the cursor."""
        return max(self.cursor_line, 0)

    def search_go(self, position: int) -> None:
        """Put the cursor there."""
        self.cursor_line = position


def one_row_a_run(runs: tuple[RunFigures, ...]) -> list[RunFigures]:
    """Return each run once, with its first evaluation text; the dense model of each model first."""
    first: dict[int, RunFigures] = {}
    for run in runs:
        first.setdefault(run.run_id, run)
    return sorted(first.values(), key=lambda run: (run.model_id, run.method != "dense"))


def _asked(run: RunFigures) -> str:
    """Write what was asked of a run in columns, or its name where they do not tell it from others."""
    width = METHOD + SPARSITY + 1 + PATTERN
    sparsity = "" if run.method == "dense" else f"{100 * run.sparsity:.0f}%"
    repair = _repair_words(run.refinement)
    share = f"{100 * run.sparsity:g}%" if run.pattern == "unstructured" else run.pattern
    if run.run_label not in {"dense", " ".join([run.method, share, *repair])}:
        return f"{_cut(run.run_label, width):<{width}}"
    pattern = " ".join([*_pattern_words(run), *repair])
    return (
        f"{_cut(run.method, METHOD):<{METHOD}}{sparsity:>{SPARSITY}} {_cut(pattern, PATTERN + 1):<{PATTERN}}"
    )


def _repair_words(refinement: str | None) -> tuple[str, ...]:
    """Name in one word what repaired a run; none where nothing did."""
    return () if refinement is None else ({"reconstruct": "refit"}.get(refinement, refinement),)


def _pattern_words(run: RunFigures) -> list[str]:
    """Return the pattern where there is one to name, and room for it: what is repaired has less."""
    if run.method == "dense" or (run.pattern == "unstructured" and run.refinement):
        return []
    return ["unstruct" if run.pattern == "unstructured" else run.pattern]


def _cut(text: str, width: int) -> str:
    return text if len(text) < width else text[: width - 2] + "…"


def _searchable(node: TreeNode[RunFigures | str] | None) -> str:
    if node is None:
        return ""
    run = node.data
    if not isinstance(run, RunFigures):
        return str(run)
    return f"{run.run_label} {run.sparsity} {run.pattern}"
