"""Styled text: lines of spans, which the command line prints.

Conventions: a style is one of rich's, such as "bold" or "#d1495b on #2e86ab"; "" is plain.
"""

from collections.abc import Iterable
from dataclasses import dataclass

DIM = "dim"
STRONG = "bold"


@dataclass(frozen=True)
class Span:
    """Text in one style."""

    text: str
    style: str = ""


Line = list[Span]


def printable(text: str) -> str:
    """Replace line breaks and other control characters by spaces, so that a line stays one line."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def plain(lines: Iterable[Line]) -> str:
    """Return lines as text without styles, each ended by a line break."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def line(text: str, style: str = "") -> Line:
    """Return a line in one style."""
    return [Span(text, style)]


def merged(spans: Iterable[Span]) -> Line:
    """Join neighboring spans of one style."""
    joined: Line = []
    for span in spans:
        if joined and joined[-1].style == span.style:
            joined[-1] = Span(joined[-1].text + span.text, span.style)
        else:
            joined.append(span)
    return joined
