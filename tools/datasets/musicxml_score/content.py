"""What is written in one bar of a part, and the state of the reader.

Positions inside a bar are exact fractions of a quarter note from its bar line. Pitches, keys and
chords are as they sound: a transposing instrument is transposed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from muse.tools.datasets.musicxml_score.numbers import read_fraction
from muse.tools.datasets.repeats import BarMarks
from muse.tools.song.document import Meter
from muse.tools.song.meter import COMMON_TIME
from muse.tools.theory.chords import ChordSymbol

ZERO = Fraction(0)


@dataclass(frozen=True)
class WrittenNote:
    """One written note.

    Attributes:
        start, length: in quarter notes from the bar line.
        pitch: MIDI number as it sounds; of a drum its General MIDI key.
        voice, staff: as in the file, staves from 1.
        is_drum: whether it has no pitch.
        ties, is_tied: whether it is tied to the next note, and to the one before.
        lyrics: syllables by verse.
    """

    start: Fraction
    length: Fraction
    pitch: int
    voice: str = "1"
    staff: int = 1
    is_drum: bool = False
    ties: bool = False
    is_tied: bool = False
    lyrics: tuple[tuple[str, str], ...] = ()


@dataclass
class BarContent:
    """One bar of a part; positions are pairs of a place in the bar and a value.

    Attributes:
        length: end of its longest voice; 0 for an empty bar.
        meter: the signature in force, None for music without meter.
        new_meter: whether a signature is written in this bar.
        is_implicit: whether the bar does not count, as a pickup.
        repeats: by staff, how many bars before it repeats (a percent sign).
        rests: start and length of visible rests, with voice and staff.
    """

    number: str = ""
    is_implicit: bool = False
    length: Fraction = ZERO
    meter: Meter | None = COMMON_TIME
    new_meter: bool = False
    repeats: dict[int, int] = field(default_factory=dict)
    notes: list[WrittenNote] = field(default_factory=list)
    rests: list[WrittenNote] = field(default_factory=list)
    harmonies: list[tuple[Fraction, ChordSymbol]] = field(default_factory=list)
    words: list[tuple[Fraction, str]] = field(default_factory=list)
    sections: list[tuple[Fraction, str]] = field(default_factory=list)
    tempos: list[tuple[Fraction, float]] = field(default_factory=list)
    keys: list[tuple[Fraction, tuple[int, str | None]]] = field(default_factory=list)
    marks: BarMarks = field(default_factory=BarMarks)


@dataclass
class PartState:
    """State of the reader of a part; positions are quarter notes from the bar line."""

    drum_keys: Mapping[str, int]
    divisions: Fraction = Fraction(1)
    meter: Meter | None = COMMON_TIME
    key: tuple[int, str | None] = (0, None)
    bpm: float | None = None
    semitones: int = 0  # from written to sounding pitch
    fifths: int = 0  # the same on the line of fifths
    position: Fraction = ZERO
    last_start: Fraction = ZERO  # of the last note, for the other notes of its chord
    last_length: dict[Fraction, Fraction] = field(default_factory=dict)  # of the first note there
    slashed: set[int] = field(default_factory=set)  # staves that show slashes
    tablatures: set[int] = field(default_factory=set)
    staves: set[int] = field(default_factory=set)
    repeats: dict[int, int] = field(default_factory=dict)
    bars: list[BarContent] = field(default_factory=list)

    @property
    def bar(self) -> BarContent:
        """The bar that is being read."""
        return self.bars[-1]

    def move(self, length: Fraction) -> None:
        """Move the position, at most back to the bar line."""
        self.position = max(self.position + length, ZERO)
        self.bar.length = max(self.bar.length, self.position)


def bar_length(meter: Meter) -> Fraction:
    """Return the length of a full bar in quarter notes."""
    return Fraction(4 * meter.numerator, meter.denominator)


def position_of(element: Element, state: PartState) -> Fraction:
    """Return the position of an element with its offset, not before the bar line."""
    return max(state.position + read_fraction(element, "offset") / state.divisions, ZERO)
