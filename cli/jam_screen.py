"""Live screen of `muse jam`, updated in place on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.panel import Panel

    from muse.tools.jam.screen import ScreenState

TITLE = "muse jam"
HINT = "Ctrl-C ends the take"


@contextmanager
def drawn_screen() -> "Iterator[Callable[[ScreenState], None]]":
    """Yield the function that replaces the screen by a new one."""
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False) as live:

        def draw(screen: "ScreenState") -> None:
            live.update(panel_of(screen), refresh=True)

        yield draw


def panel_of(screen: "ScreenState") -> "Panel":
    """Return the screen as a rich panel."""
    from rich.panel import Panel
    from rich.text import Text

    from muse.tools.jam.screen import screen_lines

    text = Text("\n".join(screen_lines(screen)))
    return Panel(text, title=TITLE, subtitle=HINT, title_align="left", expand=False)
