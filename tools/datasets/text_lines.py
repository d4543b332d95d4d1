"""What the readers of text formats share: numbered lines, and errors that name file and line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Song
from muse.tools.theory.chords import ChordSymbol, write_leadsheet
from muse.tools.theory.symbol import NONE

NamedSongs = list[tuple[str, Song]]  # a part of the file's name ("" where there is one), a song
Reader = Callable[[bytes, str], NamedSongs]  # a file's bytes and name -> its songs


@dataclass(frozen=True)
class Line:
    """One line of a text file; `number` counts from 1."""

    number: int
    text: str

    @classmethod
    def all_of(cls, data: bytes, name: str) -> list[Self]:
        """The lines that are not blank, without the blanks around them.

        Raises:
            BadInputError: not UTF-8.
        """
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadInputError(f"{name}: not UTF-8 text ({error.reason})") from error
        numbered = enumerate(text.splitlines(), start=1)
        return [cls(number, line.strip()) for number, line in numbered if line.strip()]


@contextmanager
def at_line(name: str, line: Line) -> Iterator[None]:
    """Put the file's name and the line's number before what goes wrong inside."""
    try:
        yield
    except ValueError as error:
        raise BadInputError(f"{name}, line {line.number}: {error}") from error


def parse_seconds(text: str) -> float:
    """A time in seconds, 0 or more.

    Raises:
        BadInputError: not such a number.
    """
    try:
        seconds = float(text)
    except ValueError as error:
        raise BadInputError(f"'{text}' is not a time in seconds") from error
    if not 0 <= seconds < LONGEST_S:
        raise BadInputError(f"a time of {text} s is not between 0 and {LONGEST_S:g} s")
    return seconds


LONGEST_S = 1e6  # eleven days: more is a slip


def chord_at(start: float, end: float, symbol: ChordSymbol) -> Chord:
    """A Song's chord from beat to beat, spelled as on a lead sheet, with root, quality and bass."""
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
    """Chords one after another without gaps; what repeats goes on."""

    def __init__(self) -> None:
        """Start at beat 0."""
        self.beat = 0.0
        self.spans: list[tuple[float, ChordSymbol]] = []

    def add(self, beats: float, symbol: ChordSymbol | None) -> None:
        """Go on for some beats with a chord, or with the one before where it is None."""
        current = self.spans[-1][1] if self.spans else NONE
        if symbol is not None or not self.spans:
            self.spans.append((self.beat, current if symbol is None else symbol))
        self.beat += beats

    def chords(self) -> list[Chord]:
        """The chords as a Song has them; each begins where it was written."""
        ends = [*(start for start, _ in self.spans[1:]), self.beat]
        return [
            chord_at(start, end, symbol)
            for (start, symbol), end in zip(self.spans, ends, strict=False)
            if end > start
        ]
