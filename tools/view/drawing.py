"""What all pictures share: words as they are, and files that are whole."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from muse.tools.files import replacing
from muse.tools.view.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def literal(text: str) -> str:
    """The text as it is drawn: without control characters, and a dollar begins no formula."""
    return printable(text).replace("$", r"\$")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a picture, whole or not at all; letters that the font lacks are drawn as boxes."""
    with warnings.catch_warnings(), replacing(path) as temporary:
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(temporary)
