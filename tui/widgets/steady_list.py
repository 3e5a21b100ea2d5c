"""A list of options that may change between being drawn and being clicked."""

from textual import events
from textual.widgets import OptionList


class SteadyList(OptionList):
    """Ignores a click on an option that has gone since the list was drawn."""

    async def _on_click(self, event: events.Click) -> None:
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked >= self.option_count:
            # Textual would look the option up by its old place.
            event.prevent_default()
