"""Helpers of the text readers: encodings, numbered lines, times, meters and lines of chords."""

import codecs
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Song
from muse.tools.theory.chords import ChordSymbol, write_leadsheet
from muse.tools.theory.symbol import NONE

NamedSongs = list[tuple[str, Song]]  # suffix of the id ("" for a single song), song
Reader = Callable[[bytes, str], NamedSongs]  # a file's bytes and name -> its songs


def decoded(data: bytes, name: str) -> str:
    """Return text in UTF-8, in UTF-16 with its mark, or else in Windows-1252.

    Raises:
        BadInputError: binary data.
    """
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise BadInputError(f"{name}: not text ({error.reason})") from error
        return data.decode("cp1252", "replace")


def title_id(title: str, taken: Collection[str] = ()) -> str:
    """Return a title in lower case with hyphens, with a number behind it if it is taken."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "untitled"
    number = 2
    while name in taken and f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}" if name in taken else name


@dataclass(frozen=True)
class Line:
    """A line of a text file; `number` counts from 1."""

    number: int
    text: str

    @classmethod
    def all_of(cls, data: bytes, name: str) -> list[Self]:
        """Return the lines that are not blank, stripped.

        Raises:
            BadInputError: the data is not UTF-8.
        """
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInputError(f"{name}: not UTF-8 text ({error.reason})") from error
        numbered = enumerate(text.splitlines(), start=1)
        return [cls(number, line.strip()) for number, line in numbered if line.strip()]


@contextmanager
def error_context(name: str, line: Line) -> Iterator[None]:
    """Prefix a ValueError raised inside with the file's name and the line's number."""
    try:
        yield
    except ValueError as error:
        raise BadInputError(f"{name}, line {line.number}: {error}") from error


def parse_seconds(text: str) -> float:
    """Parse a time from 0 to LONGEST_S seconds; raises BadInputError."""
    try:
        seconds = float(text)
    except ValueError as error:
        raise BadInputError(f"'{text}' is not a time in seconds") from error
    if not 0 <= seconds < LONGEST_S:
        raise BadInputError(f"a time of {text} s is not between 0 and {LONGEST_S:g} s")
    return seconds


LONGEST_S = 1e6  # eleven days; more is an error in the file


def make_chord(start: float, end: float, symbol: ChordSymbol) -> Chord:
    """Return a Song's chord between two beats, with lead-sheet spelling, root, quality and bass."""
    return Chord(
        start,
        end - start,
        write_leadsheet(symbol),
        root_pc=symbol.root_pc,
        quality=symbol.quality,
        quality_code=symbol.quality_code,
        bass_pc=symbol.bass_pc,
    )


class ChordLine:
    """Builder of consecutive chords without gaps."""

    def __init__(self) -> None:
        """Start at beat 0."""
        self.beat = 0.0
        self.spans: list[tuple[float, ChordSymbol]] = []

    def add(self, beats: float, symbol: ChordSymbol | None) -> None:
        """Append some beats of a chord, or of the chord before if `symbol` is None."""
        current = self.spans[-1][1] if self.spans else NONE
        if symbol is not None or not self.spans:
            self.spans.append((self.beat, current if symbol is None else symbol))
        self.beat += beats

    def chords(self) -> list[Chord]:
        """Return the chords of a Song; each starts where its symbol was added."""
        ends = [*(start for start, _ in self.spans[1:]), self.beat]
        return [
            make_chord(start, end, symbol)
            for (start, symbol), end in zip(self.spans, ends, strict=False)
            if end > start
        ]
