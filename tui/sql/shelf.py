"""What can be asked: saved questions, earlier queries, and the views and tables with their columns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets.tree import TreeNode

from tui.widgets.motions import MOTION_BINDINGS, Motions
from tui.widgets.plain import Tree

if TYPE_CHECKING:
    from tui.sql.history import Entry
    from warehouse.completion import Relation, Vocabulary

SHOWN_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the shelf: `text` is a query to load or a name to insert, `note` says what it is."""

    kind: str
    text: str
    label: str
    note: str = ""


class SqlShelf(Motions, Tree[Item]):
    """Enter on a question, an earlier query or a relation loads it; on a column inserts its name."""

    DEFAULT_CSS = """
    SqlShelf { background: $background; height: 1fr; scrollbar-size: 1 1; padding: 0; overflow-x: hidden; }
    SqlShelf:focus { background-tint: $background 0%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOTION_BINDINGS,
        Binding("enter", "choose", show=False),
        Binding("space", "toggle_node", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Enter was pressed on a line."""

        item: Item

    @dataclass
    class Moved(Message):
        """The cursor is on a line."""

        item: Item

    def __init__(self) -> None:
        super().__init__("shelf")
        self.show_root = False
        self.guide_depth = 2
        self._groups: dict[str, TreeNode[Item]] = {}
        for name in ("questions", "earlier", "views", "tables"):
            self._groups[name] = self.root.add(
                name, data=Item("group", "", name), expand=name in {"questions", "earlier"}
            )

    def show_questions(self, questions: dict[str, tuple[str, str]]) -> None:
        """List the saved queries, given by name as (question, text)."""
        items = [Item("query", text.strip(), question, name) for name, (question, text) in questions.items()]
        self._fill("questions", items)
        self.call_after_refresh(self.move_cursor, next(iter(self._groups["questions"].children), None))

    def show_history(self, entries: "list[Entry]") -> None:
        """List what was run, the latest first."""
        latest = entries[: -SHOWN_HISTORY - 1 : -1]
        self._fill(
            "earlier", [Item("query", e.text, " ".join(e.text.split()), "run earlier") for e in latest]
        )

    def show_vocabulary(self, vocabulary: "Vocabulary") -> None:
        """List the relations, each with its columns below."""
        for group, kind in (("views", "view"), ("tables", "table")):
            node = self._groups[group]
            node.remove_children()
            for relation in vocabulary.relations:
                if relation.kind == kind:
                    self._add_relation(node, relation)

    def render_label(self, node: TreeNode[Item], base_style: Style, style: Style) -> Text:
        """Write groups in bold with an arrow, relations with an arrow, columns with their type."""
        item = node.data
        if item is None:
            return Text("")
        arrow = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        weight = Style(bold=True) if item.kind == "group" else Style()
        count = f" ({len(node.children)})" if item.kind == "group" else ""
        label = Text(f"{arrow}{item.label}{count}", base_style + style + weight)
        if item.kind == "column":
            label.append(f" {item.note}", base_style + style + Style(dim=True))
        depth = 0 if item.kind == "group" else 1 if item.kind != "column" else 2
        label.truncate(max(8, self.size.width - 2 * depth - 1), overflow="ellipsis")
        return label

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Item]) -> None:
        """Tell which line the cursor is on."""
        if event.node.data is not None:
            self.post_message(self.Moved(event.node.data))

    def action_choose(self) -> None:
        """Take the line under the cursor, or fold and unfold a group."""
        node = self.cursor_node
        if node is None or node.data is None:
            return
        if node.data.kind == "group":
            node.toggle()
        else:
            self.post_message(self.Chosen(node.data))

    def perform(self, verb: str) -> None:
        """Move the cursor; right unfolds, left folds or goes to the group."""
        node = self.cursor_node
        if verb == "right" and node is not None:
            node.expand()
        elif verb == "left" and node is not None:
            node.collapse() if node.is_expanded else self._to_parent(node)
        elif verb in {"first", "last"}:
            self.cursor_line = 0 if verb == "first" else self.last_line
        elif verb not in {"left", "right"}:
            moves = {
                "down": self.action_cursor_down, "up": self.action_cursor_up,
                "page_up": self.action_page_up, "page_down": self.action_page_down,
            }  # fmt: skip
            moves[verb]()

    def search_texts(self) -> list[str]:
        """Return a text for every visible line."""
        nodes = (self.get_node_at_line(line) for line in range(self.last_line + 1))
        return [f"{node.data.label} {node.data.note}" if node and node.data else "" for node in nodes]

    def search_position(self) -> int:
        """Return the line of the cursor."""
        return max(self.cursor_line, 0)

    def search_go(self, position: int) -> None:
        """Put the cursor on a line."""
        self.cursor_line = position

    def _fill(self, group: str, items: list[Item]) -> None:
        node = self._groups[group]
        node.remove_children()
        for item in items:
            node.add_leaf(item.label, data=item)

    def _add_relation(self, group: TreeNode[Item], relation: "Relation") -> None:
        item = Item("relation", relation.name, relation.name, relation.comment or relation.kind)
        node = group.add(relation.name, data=item)
        for column in relation.columns:
            node.add_leaf(
                column.name, data=Item("column", column.name, column.name, column.type_name.lower())
            )

    def _to_parent(self, node: TreeNode[Item]) -> None:
        if node.parent is not None and node.parent is not self.root:
            self.move_cursor(node.parent)
