"""The bars of one voice of a tune, as written.

Conventions: all times are in ticks of lengths.py; `start` of notes and marks is counted from the
bar line. A layer is what follows an `&`: 0 for the voice itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from muse.tools.datasets.abc.fields import NO_SIGNATURE, Attributes, Signature
from muse.tools.datasets.abc.lengths import TICKS, WHOLE, bar_ticks, scaled
from muse.tools.song.document import Meter

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MIDDLE_C, OCTAVE = 60, 12
# notes of a bar that an accidental applies to: of any octave, of the same one, only the next
ANY_OCTAVE, SAME_OCTAVE, NOWHERE = SPREADS = ("pitch", "octave", "not")


@dataclass(slots=True)
class WrittenNote:
    """One note; `is_tied` to the next one, `syllables` by verse."""

    start: int
    length: int
    pitch: int
    layer: int
    is_tied: bool = False
    syllables: dict[int, str] | None = None


@dataclass(slots=True)
class Bar:
    """One bar, the marks inside it, and what its bar lines mean.

    Attributes:
        meter, signature, bpm: in force at its start; None for free meter, or without a tempo.
        texts: (start, text) of the chord symbols.
        signatures, tempos: those that change inside the bar.
        starts: times that a section is played which begins here with `|:`, else 0.
        ends: times that the section is played which ends here with `:|`, else 0.
        endings: passes in which an ending that begins here is played; None if none begins.
        is_double: whether a double bar line follows.
        label: of the part that begins here, or "".
    """

    meter: Meter | None
    signature: Signature
    bpm: float | None
    length: int = 0
    notes: list[WrittenNote] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    signatures: list[tuple[int, Signature]] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    starts: int = 0
    ends: int = 0
    endings: frozenset[int] | None = None
    is_double: bool = False
    label: str = ""


@dataclass(slots=True)
class Tuplet:
    """A tuplet that has begun: the factor of its lengths, and how many notes are still to come."""

    factor: Fraction
    left: int


@dataclass
class Voice:
    """A voice while it is read: what is in force, the place in the bar, and the bars so far."""

    id: str
    unit: int
    meter: Meter | None = None
    signature: Signature = NO_SIGNATURE
    bpm: float | None = None
    attributes: Attributes = field(default_factory=Attributes)
    program: int | None = None
    is_drum: bool = False
    semitones: int = 0  # of `%%MIDI transpose`
    bars: list[Bar] = field(default_factory=list)
    position: int = 0
    furthest: int = 0  # longest layer of the bar
    layer: int = 0
    accidentals: dict[tuple[str, int], int] = field(default_factory=dict)
    tied: dict[tuple[str, int], int] = field(default_factory=dict)
    names: list[tuple[str, int, int]] = field(default_factory=list)  # of the event's notes
    event: list[WrittenNote] = field(default_factory=list)  # the last note, chord or rest
    event_length: int = 0
    next_factor: Fraction | None = None  # of a broken rhythm
    tuplets: list[Tuplet] = field(default_factory=list)
    line: list[WrittenNote | None] = field(default_factory=list)  # notes of it; None for bar lines

    def __post_init__(self) -> None:
        """Begin the first bar."""
        self.open_bar()

    @property
    def bar(self) -> Bar:
        """The bar that is being read."""
        return self.bars[-1]

    @property
    def has_music(self) -> bool:
        """Whether any time has passed."""
        return len(self.bars) > 1 or self.furthest > 0 or self.position > 0

    @property
    def shift(self) -> int:
        """Semitones from written to sounding notes."""
        read = self.attributes
        return OCTAVE * (read.octaves or 0) + (read.transposition or 0) + self.semitones

    def open_bar(self) -> None:
        """Begin a bar."""
        self.bars.append(Bar(self.meter, self.signature, self.bpm))
        self.position = self.furthest = 0
        self.layer = 0

    def close_bar(self) -> bool:
        """End the bar and begin the next one, if any time has passed; return whether it has."""
        self.accidentals.clear()
        self.furthest = max(self.furthest, self.position)
        if self.furthest == 0:
            return False
        self.bar.length = self.furthest
        late = [text for text in self.bar.texts if text[0] >= self.furthest]
        self.bar.texts = [text for text in self.bar.texts if text[0] < self.furthest]
        self.open_bar()
        self.bar.texts = [(0, text) for _, text in late]
        return True

    def begin_layer(self) -> None:
        """Go back to the bar line for a further layer."""
        self.furthest = max(self.furthest, self.position)
        self.position = 0
        self.layer += 1
        self.accidentals.clear()

    def set_meter(self, meter: Meter | None) -> None:
        """Change the meter from the next bar line on, or from here at the start of a bar."""
        self.meter = meter
        if self.position == 0:
            self.bar.meter = meter

    def set_signature(self, signature: Signature) -> None:
        """Change the key here."""
        self.signature = signature
        self.accidentals.clear()
        if self.position == 0:
            self.bar.signature = signature
        else:
            self.bar.signatures.append((self.position, signature))

    def set_tempo(self, bpm: float) -> None:
        """Change the tempo here."""
        self.bpm = bpm
        if self.position == 0:
            self.bar.bpm = bpm
        else:
            self.bar.tempos.append((self.position, bpm))

    def factor(self) -> Fraction | None:
        """Return the factor of the next length; a broken rhythm and tuplets are used up by it."""
        factor, self.next_factor = self.next_factor, None
        for tuplet in self.tuplets:
            factor = tuplet.factor * (factor or 1)
            tuplet.left -= 1
        if self.tuplets:
            self.tuplets = [tuplet for tuplet in self.tuplets if tuplet.left > 0]
        return factor

    def add_event(self, notes: Iterable[tuple[int, int, bool]], length: int) -> None:
        """Add the notes of a chord, a single note or, without notes, a rest, and pass its time.

        Args:
            notes: length, pitch, and whether it is tied.
            length: of the event.
        """
        start, layer = self.position, self.layer
        self.event = [WrittenNote(start, own, pitch, layer, tie) for own, pitch, tie in notes]
        self.bar.notes += self.event
        self.event_length = length
        self.position = start + length
        if self.event and not layer:
            self.line.append(self.event[0])

    def stretch_event(self, factor: Fraction) -> None:
        """Change the length of the last event by a factor, as a broken rhythm does."""
        for note in self.event:
            note.length = scaled(note.length, factor)
        length = scaled(self.event_length, factor)
        self.position += length - self.event_length
        self.event_length = length

    def rest_bars(self, count: int) -> None:
        """Add whole bars of rest; the last one is ended by the bar line that follows."""
        for index in range(count):
            if index or self.position > 0:
                self.close_bar()
            self.event, self.event_length = [], 0
            self.position = bar_ticks(self.meter) if self.meter else WHOLE * TICKS

    def pitch_of(self, sign: int | None, letter: str, octaves: int, spread: str) -> int:
        """Return the MIDI pitch of a note, with the accidentals of its bar and of a tie to it.

        Args:
            sign: alteration that is written before it; None without any.
            letter: A to G, in lower case an octave higher.
            octaves: up, from the signs behind the letter.
            spread: to which notes of the bar a sign applies, a value of SPREADS.
        """
        name = letter.upper()
        octaves += letter.islower()
        place = (name, octaves if spread == SAME_OCTAVE else 0)
        if sign is not None:
            alteration = sign
            if spread != NOWHERE:
                self.accidentals[place] = sign
        elif (alteration := self.accidentals.get(place)) is None:  # type: ignore[assignment]
            alteration = self.tied.get((name, octaves), self.signature.alterations.get(name, 0))
        self.names.append((name, octaves, alteration))
        return MIDDLE_C + SEMITONES[name] + alteration + OCTAVE * octaves + self.shift

    def tie_event(self) -> None:
        """Tie the last event to the next one."""
        if not self.event:
            return
        for note in self.event:
            note.is_tied = True
        self.tied = {(name, octaves): alteration for name, octaves, alteration in self.names}
