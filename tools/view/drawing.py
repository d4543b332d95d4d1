"""Shared by all pictures: literal text, and files that are written whole."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from muse.tools.files import write_bytes
from muse.tools.view.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SALT = "muse"  # of the ids in an SVG, which are random without it
WITHOUT_CLOCK: dict[str, dict[str, None]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def literal(text: str) -> str:
    """Escape text for matplotlib: no control characters, and no formula between dollars."""
    return printable(text).replace("$", r"\$")


def save_figure(figure: "Figure", path: Path) -> None:
    """Write a picture, whole or not at all; characters missing from the font become boxes.

    The same figure gives the same bytes: the file has no time stamp and no random ids.
    """
    from matplotlib import rc_context

    kind, picture = path.suffix.lower(), BytesIO()
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": SALT}):
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(picture, format=kind.lstrip("."), metadata=WITHOUT_CLOCK.get(kind))
    write_bytes(path, picture.getvalue())
