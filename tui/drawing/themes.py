"""The two themes of the app; Textual's own work as well, including those of the terminal's 16 colours."""

from typing import TYPE_CHECKING, Any

from textual.theme import Theme

from tui.drawing.colours import Palette

if TYPE_CHECKING:
    from textual.app import App

DARK = Theme(
    name="sparsity-dark",
    primary="#5BB8AE",
    secondary="#8FA8C8",
    accent="#F0B266",
    warning="#E5C07B",
    error="#E5786D",
    success="#8CC084",
    foreground="#D5DCE4",
    background="#11151A",
    surface="#171D24",
    panel="#232B35",
    dark=True,
    variables={"footer-key-foreground": "#F0B266", "border-blurred": "#3A4552", "muted": "#8793A1"},
)
LIGHT = Theme(
    name="sparsity-light",
    primary="#0F6E66",
    secondary="#3D5A80",
    accent="#A64B00",
    warning="#8A6100",
    error="#B3261E",
    success="#2E6B2E",
    foreground="#1D232A",
    background="#FBFAF7",
    surface="#F3F1EB",
    panel="#E4E1D8",
    dark=False,
    variables={"footer-key-foreground": "#A64B00", "border-blurred": "#B8B4A8", "muted": "#66707A"},
)
MUTED = "#808A96"  # reads on dark and on light
DEFAULT_THEME = DARK.name
ANSI_THEME = "ansi-dark"


def palette_of(app: "App[Any]") -> Palette:
    """Return the colours figures are drawn in; none on terminals with 16 colours or fewer."""
    theme = app.current_theme
    return Palette(dark=theme.dark, plain=bool(theme.ansi) or app.no_color)
