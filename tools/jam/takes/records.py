r"""A recorded session as JSON lines, `"format": "muse.jam/1"`.

The first line is the header. Each line after it has a `kind`, a `time_s` on the session's clock and
a `beat`, quarter notes from the first bar line after the count-in:

    heard      a MIDI message of the player, `data` in hex
    played     a MIDI message of the band, with its part
    decision   the chord from this beat on, its probability, the key, and what both models predicted
    tempo      from here on, `bpm` quarter notes per minute
    end        the session is over; a take without this line was cut off

In a decision, `who` says who decided (see WHO; `chart` is a given chart), `ear` has the candidates
of the melody listener, `brain` those of the chord model, and `coming` the upcoming chords. Lines
are in the order in which they were recorded; the times of different kinds may overlap a little. If
a take was cut off within a line, that line is ignored.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.files import input_name, read_bytes
from muse.tools.jam.events import BandPart, DecidedBy
from muse.tools.jam.midi_bytes import channel_message
from muse.tools.song.validation import (
    DENOMINATORS,
    MAX_BEATS,
    MAX_BPM,
    MAX_HOURS,
    MAX_NUMERATOR,
    MIN_BPM,
    SECONDS_PER_HOUR,
    within,
)
from muse.tools.theory.chords import is_chord_symbol
from muse.tools.theory.keys import parse_key

log = logging.getLogger("muse")

FORMAT: Final = "muse.jam/1"
# the value of `who` in a decision, by who decided
WHO: Final[dict[DecidedBy, Literal["both", "ear", "brain", "chart"]]] = {
    "both": "both",
    "melody listener": "ear",
    "chord model": "brain",
    "chart": "chart",
}


class MeterRecord(msgspec.Struct, frozen=True):
    """A time signature from a beat on, with the groups that its units are counted in."""

    beat: float
    numerator: int
    denominator: int
    groups: list[int]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """How a take was made.

    Numerator and denominator are the first meter; `meters` has all of them, and is missing in
    takes of earlier versions, which have only one.
    """

    format: Literal["muse.jam/1"] = FORMAT
    version: str
    numerator: int
    denominator: int
    meters: list[MeterRecord] = []
    params: dict[str, Any] = {}
    seed: int | None = None
    model: str | None = None
    model_hash: str | None = None


class Line(msgspec.Struct, frozen=True, tag_field="kind"):
    """Something that happened, at a time in s and on a beat."""

    time_s: float
    beat: float


class HeardLine(Line, frozen=True, tag="heard"):
    """A message of the player, in hex."""

    data: str


class PlayedLine(Line, frozen=True, tag="played"):
    """A message of the band, in hex; the beat is the one on which it was due."""

    part: BandPart
    data: str


class CandidateRecord(msgspec.Struct, frozen=True):
    """A chord, its probability from 0 to 1, and the beat on which it is expected."""

    symbol: str
    probability: float
    beat: float | None = None


class DecisionLine(Line, frozen=True, tag="decision"):
    """A decision, as in events.Decision; the key by its name."""

    symbol: str
    probability: float
    changes: bool
    who: Literal["both", "ear", "brain", "chart"]
    late: bool
    key: str
    key_confidence: float
    ear: list[CandidateRecord] = []
    brain: list[CandidateRecord] = []
    coming: list[CandidateRecord] = []


class TempoLine(Line, frozen=True, tag="tempo"):
    """A tempo, in quarter notes per minute."""

    bpm: float


class EndLine(Line, frozen=True, tag="end"):
    """The end of the session."""


AnyLine = HeardLine | PlayedLine | DecisionLine | TempoLine | EndLine
Kind = TypeVar("Kind", bound=Line)


@dataclass(frozen=True)
class Take:
    """A take that was read from a file; each kind of line by time.

    Attributes:
        header: how it was made.
        player_messages, band_messages, decisions, tempos: its lines, by kind.
        end: the end of the session, or its last line where it was cut off.
        is_whole: whether it has an end, and was not cut off.
    """

    header: Header
    player_messages: tuple[HeardLine, ...]
    band_messages: tuple[PlayedLine, ...]
    decisions: tuple[DecisionLine, ...]
    tempos: tuple[TempoLine, ...]
    end: Line
    is_whole: bool


_encode = msgspec.json.Encoder().encode
_read_header = msgspec.json.Decoder(Header).decode
_read_line = msgspec.json.Decoder(AnyLine).decode


def encode_line(line: Header | AnyLine) -> bytes:
    """Return a line as JSON, with a line break."""
    return _encode(line) + b"\n"


def read_take(path: str | Path) -> Take:
    """Read a take.

    Raises:
        BadInputError: the file is not a take, or one of its lines is invalid; the message says
            which line, and what is wrong.
    """
    name = input_name(path)
    first, *lines = read_bytes(path).split(b"\n")
    header = parse_header(first, name)
    read = []
    for number, line in enumerate(lines, 2):
        try:
            read += [parse_line(line, f"{name}, line {number}")] if line.strip() else []
        except BadInputError:
            if number <= len(lines):  # only the last line can be cut off
                raise
    take = take_from_lines(header, read)
    if not take.is_whole:
        log.warning("%s: the recording was cut off; using what it contains", name)
    return take


def parse_header(line: bytes, name: str) -> Header:
    """Parse the first line; raises BadInputError."""
    try:
        header = _read_header(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a take of muse jam ({error})") from error
    signatures = [(each.numerator, each.denominator) for each in header.meters]
    for numerator, denominator in [(header.numerator, header.denominator), *signatures]:
        if not (within(numerator, 1, MAX_NUMERATOR) and denominator in DENOMINATORS):
            raise BadInputError(f"{name}, line 1: {numerator}/{denominator} is not a meter")
    problem = next(meter_problems(header.meters), None)
    if problem:
        raise BadInputError(f"{name}, line 1: {problem}")
    return header


def meter_problems(meters: Sequence[MeterRecord]) -> Iterator[str]:
    """Yield what is invalid in the meters of a header."""
    for number, each in enumerate(meters):
        if not within(each.beat, 0, MAX_BEATS) or (number == 0 and each.beat):
            yield f"a meter is on beat {each.beat}"
        if number and each.beat <= meters[number - 1].beat:
            yield "the meters are not in order"
        if sum(each.groups) != each.numerator or min(each.groups) < 1:
            yield f"groups {each.groups} do not fill {each.numerator}/{each.denominator}"


def parse_line(line: bytes, location: str) -> AnyLine:
    """Parse a line after the first; raises BadInputError with its location."""
    try:
        read: AnyLine = _read_line(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{location}: {error}") from error
    problem = next(problems(read), None)
    if problem:
        raise BadInputError(f"{location}: {problem}")
    return read


def take_from_lines(header: Header, lines: list[AnyLine]) -> Take:
    """Sort lines by kind, and each kind by time."""

    def of(kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(sorted((x for x in lines if isinstance(x, kind)), key=lambda x: x.time_s))

    ended = of(EndLine)
    last = max(lines, key=lambda line: line.beat, default=EndLine(0.0, 0.0))
    end = ended[-1] if ended else EndLine(last.time_s, last.beat)
    return Take(
        header, of(HeardLine), of(PlayedLine), of(DecisionLine), of(TempoLine), end, bool(ended)
    )


def problems(line: AnyLine) -> Iterator[str]:
    """Yield what is invalid in a line."""
    if not within(line.time_s, 0, MAX_HOURS * SECONDS_PER_HOUR):
        yield f"time_s is {line.time_s}"
    if not within(line.beat, -MAX_BEATS, MAX_BEATS):
        yield f"beat is {line.beat}"
    check = CHECKS.get(type(line))
    if check:
        yield from check(line)


def message_problems(line: HeardLine | PlayedLine) -> Iterator[str]:
    """Yield what is invalid in a message."""
    try:
        data = bytes.fromhex(line.data)
    except ValueError:
        data = b""
    if channel_message(data) is None:
        yield f"data is '{line.data[:16]}', not a MIDI message in hex"


def decision_problems(line: DecisionLine) -> Iterator[str]:
    """Yield what is invalid in a decision."""
    chosen = CandidateRecord(line.symbol, line.probability)
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


def tempo_problems(line: TempoLine) -> Iterator[str]:
    """Yield what is invalid in a tempo."""
    if not within(line.bpm, MIN_BPM, MAX_BPM):
        yield f"bpm is {line.bpm}"


CHECKS: dict[type, Callable[[Any], Iterator[str]]] = {
    HeardLine: message_problems,
    PlayedLine: message_problems,
    DecisionLine: decision_problems,
    TempoLine: tempo_problems,
}
