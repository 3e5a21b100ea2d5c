"""The command palette: every action that can be run here, and why the others cannot."""

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.state.host import host_of
from tui.state.registry import Action


class ActionCommands(Provider):
    """Offers the actions of the registry."""

    async def discover(self) -> Hits:
        """List everything before anything is typed."""
        for action, text, note in self._entries():
            yield DiscoveryHit(text, partial(self._perform, action), help=note)

    async def search(self, query: str) -> Hits:
        """List what matches."""
        matcher = self.matcher(query)
        for action, text, note in self._entries():
            score = max(matcher.match(text), matcher.match(action.name))
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._perform, action), help=note)

    def _entries(self) -> list[tuple[Action, str, str]]:
        actions = host_of(self.app).actions
        entries = []
        for action in actions.available():
            if action.verb == "palette":
                continue
            reason = actions.why_not(action)
            keys = " ".join(actions.key_names(action))
            note = f"not now: {reason}" if reason else f"{keys:<8} {action.name}"
            entries.append((action, action.help, note))
        return entries

    def _perform(self, action: Action) -> None:
        host_of(self.app).action_perform(action.name)
