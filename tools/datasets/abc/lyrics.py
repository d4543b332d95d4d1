"""Syllables of a `w:` line, aligned to the notes of the line of music above it.

Source: the ABC standard 2.1, section 5.1.
"""

import re
from collections.abc import Iterator, Sequence

from muse.tools.datasets.abc.text import unescaped
from muse.tools.datasets.abc.voice import WrittenNote

# a hyphen after a syllable, a held or a skipped note, a bar line, a syllable
SYLLABLE = re.compile(
    r"(?P<hyphen>-)|(?P<hold>_)|(?P<skip>\*)|(?P<bar>\|)|(?P<text>(?:\\-|[^-_*|\s])+)"
)


def sing(text: str, notes: Sequence[WrittenNote | None], verse: int) -> None:
    """Give the syllables of a line to notes.

    Args:
        text: of the `w:` field.
        notes: those of the line; None for a bar line.
        verse: from 0.
    """
    place, last = 0, None
    hyphens = 0
    for kind, word in syllables(text):
        if kind == "bar":
            place = next((i + 1 for i in range(place, len(notes)) if notes[i] is None), len(notes))
            continue
        if kind == "hyphen" and hyphens == 0 and last is not None:
            last.syllables = {**(last.syllables or {}), verse: (last.syllables or {})[verse] + "-"}
            hyphens = 1
            continue
        hyphens = 1 if kind == "hyphen" else 0
        place = next((i for i in range(place, len(notes)) if notes[i] is not None), len(notes))
        if place == len(notes):
            return
        note, place = notes[place], place + 1
        if kind == "text" and note is not None:
            note.syllables = {**(note.syllables or {}), verse: word}
            last = note


def syllables(text: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each sign of a line; in texts, `~` is a space."""
    for found in SYLLABLE.finditer(unescaped(text)):
        word = found[0].replace("\\-", "-").replace("~", " ")
        yield found.lastgroup or "", word
