r"""A recorded session as JSON lines, `"format": "muse.jam/1"`.

The first line is the header. Each line after it has a `kind`, a `time_s` on the session's clock and
a `beat`, quarter notes from the first bar line after the count-in:

    heard      a MIDI message of the player, `data` in hex
    played     a MIDI message of the accompanist, with its part
    decision   the chord from this beat on, with its odds, the key, and what ear and brain thought
    tempo      from here on, `bpm` quarter notes a minute
    end        the session is over; a take without this line was cut off

Lines are in the order in which they came; the times of different kinds may overlap a little. A take
that was cut off within a line is read without that line.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.files import read_bytes
from muse.tools.jam.events import Part, Who
from muse.tools.jam.midi_bytes import channel_message
from muse.tools.song.validation import (
    MAX_BEATS,
    MAX_BPM,
    MAX_HOURS,
    MIN_BPM,
    SECONDS_PER_HOUR,
    within,
)
from muse.tools.theory.chords import is_chord_symbol
from muse.tools.theory.keys import parse_key

log = logging.getLogger("muse")

FORMAT: Final = "muse.jam/1"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What made a take; numerator and denominator are of all its bars."""

    format: Literal["muse.jam/1"] = FORMAT
    version: str
    numerator: int
    denominator: int
    params: dict[str, Any] = {}
    seed: int | None = None
    model: str | None = None
    model_hash: str | None = None


class Line(msgspec.Struct, frozen=True, tag_field="kind"):
    """What happened, when in s, and on which beat."""

    time_s: float
    beat: float


class Heard(Line, frozen=True, tag="heard"):
    """A message of the player, in hex."""

    data: str


class Played(Line, frozen=True, tag="played"):
    """A message of the accompanist, in hex; the beat is where it was due."""

    part: Part
    data: str


class Odds(msgspec.Struct, frozen=True):
    """A chord, its odds from 0 to 1, and where it is expected."""

    symbol: str
    probability: float
    beat: float | None = None


class Decided(Line, frozen=True, tag="decision"):
    """A decision, as in events.py; the key by its name."""

    symbol: str
    probability: float
    changes: bool
    who: Who
    late: bool
    key: str
    key_confidence: float
    ear: list[Odds] = []
    brain: list[Odds] = []
    coming: list[Odds] = []


class TempoSet(Line, frozen=True, tag="tempo"):
    """A tempo, in quarter notes a minute."""

    bpm: float


class Ended(Line, frozen=True, tag="end"):
    """The session is over."""


AnyLine = Heard | Played | Decided | TempoSet | Ended
Kind = TypeVar("Kind", bound=Line)


@dataclass(frozen=True)
class Taken:
    """A take that was read; each kind by time.

    Attributes:
        header: what made it.
        heard, played, decided, tempos: its lines.
        end: where it ended, or where its last line is.
        is_whole: whether it was ended, and not cut off.
    """

    header: Header
    heard: tuple[Heard, ...]
    played: tuple[Played, ...]
    decided: tuple[Decided, ...]
    tempos: tuple[TempoSet, ...]
    end: Line
    is_whole: bool


_encode = msgspec.json.Encoder().encode
_read_header = msgspec.json.Decoder(Header).decode
_read_line = msgspec.json.Decoder(AnyLine).decode


def written(line: Header | AnyLine) -> bytes:
    """A line with its break."""
    return _encode(line) + b"\n"


def read_take(path: str | Path) -> Taken:
    """Read a take.

    Raises:
        BadInputError: not a take, or a line of it is wrong; the message says which and how.
    """
    name = "standard input" if str(path) == "-" else str(path)
    first, *lines = read_bytes(path).split(b"\n")
    header = header_of(first, name)
    read = []
    for number, line in enumerate(lines, 2):
        try:
            read += [line_of(line, f"{name}, line {number}")] if line.strip() else []
        except BadInputError:
            if number <= len(lines):  # it has a line break, so it was not cut off
                raise
    found = taken(header, read)
    if not found.is_whole:
        log.warning("%s: the session was cut off; what it has is taken", name)
    return found


def header_of(line: bytes, name: str) -> Header:
    """The first line; raises BadInputError."""
    try:
        header = _read_header(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a take of muse jam ({error})") from error
    if not (within(header.numerator, 1, 255) and header.denominator in (1, 2, 4, 8, 16)):
        metre = f"{header.numerator}/{header.denominator}"
        raise BadInputError(f"{name}, line 1: {metre} is not a metre")
    return header


def line_of(line: bytes, place: str) -> AnyLine:
    """One line after the first; raises BadInputError."""
    try:
        read: AnyLine = _read_line(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{place}: {error}") from error
    problem = next(problems(read), None)
    if problem:
        raise BadInputError(f"{place}: {problem}")
    return read


def taken(header: Header, lines: list[AnyLine]) -> Taken:
    """Lines by kind, each by time."""

    def of(kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(sorted((x for x in lines if isinstance(x, kind)), key=lambda x: x.time_s))

    ended = of(Ended)
    last = max(lines, key=lambda line: line.beat, default=Ended(0.0, 0.0))
    end = ended[-1] if ended else Ended(last.time_s, last.beat)
    return Taken(header, of(Heard), of(Played), of(Decided), of(TempoSet), end, bool(ended))


def problems(line: AnyLine) -> Iterator[str]:
    """What in a line cannot be."""
    if not within(line.time_s, 0, MAX_HOURS * SECONDS_PER_HOUR):
        yield f"time_s is {line.time_s}"
    if not within(line.beat, -MAX_BEATS, MAX_BEATS):
        yield f"beat is {line.beat}"
    check = CHECKS.get(type(line))
    if check:
        yield from check(line)


def message_problems(line: Heard | Played) -> Iterator[str]:
    """What is wrong with a message."""
    try:
        data = bytes.fromhex(line.data)
    except ValueError:
        data = b""
    if channel_message(data) is None:
        yield f"data is '{line.data[:16]}', not a MIDI message in hex"


def decision_problems(line: Decided) -> Iterator[str]:
    """What is wrong with a decision."""
    chosen = Odds(line.symbol, line.probability)
    for each in (chosen, *line.ear, *line.brain, *line.coming):
        if not is_chord_symbol(each.symbol):
            yield f"'{each.symbol[:16]}' is not a chord"
        if not within(each.probability, 0, 1):
            yield f"probability is {each.probability}, not 0 to 1"
    if not within(line.key_confidence, 0, 1):
        yield f"key_confidence is {line.key_confidence}, not 0 to 1"
    try:
        parse_key(line.key)
    except BadInputError as error:
        yield str(error)


def tempo_problems(line: TempoSet) -> Iterator[str]:
    """What is wrong with a tempo."""
    if not within(line.bpm, MIN_BPM, MAX_BPM):
        yield f"bpm is {line.bpm}"


CHECKS: dict[type, Callable[[Any], Iterator[str]]] = {
    Heard: message_problems,
    Played: message_problems,
    Decided: decision_problems,
    TempoSet: tempo_problems,
}
