"""What all pictures share: words as they are, and files that are whole."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from muse.tools.files import replacing
from muse.tools.view.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SALT = "muse"  # what the names within an SVG are made of, else they are random
WITHOUT_CLOCK: dict[str, dict[str, None]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def literal(text: str) -> str:
    """The text as it is drawn: without control characters, and a dollar begins no formula."""
    return printable(text).replace("$", r"\$")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a picture, whole or not at all; letters that the font lacks are drawn as boxes.

    The same figure gives the same bytes: no clock in the file, and names in it that are not drawn.
    """
    from matplotlib import rc_context

    kind = path.suffix.lower()
    with (
        warnings.catch_warnings(),
        rc_context({"svg.hashsalt": SALT}),
        replacing(path) as temporary,
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(temporary, metadata=WITHOUT_CLOCK.get(kind))
