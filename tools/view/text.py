"""Text with colours, for whoever prints it: lines of spans.

Conventions: a style is one of rich's, such as "bold" or "#d1495b on #2e86ab"; "" is plain.
"""

from collections.abc import Iterable
from dataclasses import dataclass

DIM = "dim"
STRONG = "bold"


@dataclass(frozen=True)
class Span:
    """A run of letters in one style."""

    text: str
    style: str = ""


Line = list[Span]


def printable(text: str) -> str:
    """The text with line breaks and other control characters as blanks, so that a line is one."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def plain(lines: Iterable[Line]) -> str:
    """The lines as text, each ended by a line break."""
    return "".join("".join(span.text for span in line).rstrip() + "\n" for line in lines)


def line(text: str, style: str = "") -> Line:
    """A line in one style."""
    return [Span(text, style)]


def merged(spans: Iterable[Span]) -> Line:
    """The same line with neighbours of one style joined."""
    joined: Line = []
    for span in spans:
        if joined and joined[-1].style == span.style:
            joined[-1] = Span(joined[-1].text + span.text, span.style)
        else:
            joined.append(span)
    return joined
