"""Meter: the rules for time signatures, and the bars that they divide a song into.

Conventions: lengths and positions are in quarter notes. A signature holds from its beat until the
next one; before the first one the meter is 4/4, as in a MIDI file. A new signature inside a bar
ends that bar.

Two lengths are called a beat in music, and both are defined here:
    The pulse is what a player counts and a tempo mark refers to (`pulse_beats`): a quarter note,
    or in compound meter three units of the signature, for example a dotted quarter in 6/8.
    The beats of a signature are its units (`Bar.pulses`): 2 in 2/2, 5 in 5/8; in compound meter
    again three units are one beat, so that 6/8 has 2.

Compound meters are those with 6, 9 or 12 eighths or sixteenths in a bar, as in every textbook of
notation. Over longer units the same numerators are usually simple: 6/4 and 6/2 are most often
read as 3 + 3 quarters or halves, with a tempo mark in quarters or halves. 3/8 has one group of
three, and the signature alone does not tell whether it is counted in three or in one, so it is
simple unless a tempo is known and puts ONE_IN_A_BAR_BPM or more bars into a minute: three counts
a bar would then come faster than anyone counts. Other multiples of three, such as 15/8 and 3/16,
are rare and often grouped unevenly, so they are counted in their units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Song
from muse.tools.song.validation import DENOMINATORS, MAX_NUMERATOR

COMMON_TIME: Final = Meter(0.0, 4, 4)
COMPOUND_NUMERATORS: Final = (6, 9, 12)
COMPOUND_DENOMINATORS: Final = (8, 16)
COUNTED_DENOMINATOR: Final = 4  # units up to quarter notes are counted one by one
GROUP: Final = 3  # units in a beat of a compound meter
ONE_IN_A_BAR_BPM: Final = 60.0  # bars of 3/8 a minute, 180 eighths
MAX_BARS: Final = 20_000  # of one song; more are taken for a damaged file
TOUCH: Final = 1e-6  # quarter notes: a note that ends this close to a bar line does not cross it


class Signature(Protocol):
    """Anything with a time signature: a Meter or a Bar."""

    @property
    def numerator(self) -> int:
        """Units in a bar."""

    @property
    def denominator(self) -> int:
        """Units in a whole note."""


@dataclass(frozen=True)
class Bar:
    """One bar of a song.

    Attributes:
        number: from 1.
        start, length: in quarter notes; the length is shorter than the signature's where the next
            signature begins inside the bar.
        numerator, denominator: of the time signature in force.
        new_meter: whether the signature differs from the bar before, as in the first bar.
    """

    number: int
    start: float
    length: float
    numerator: int
    denominator: int
    new_meter: bool

    @property
    def end(self) -> float:
        """Start of the next bar, in quarter notes."""
        return self.start + self.length

    @property
    def pulses(self) -> int:
        """Number of beats in the bar, at least 1: units, or groups of three in compound meter."""
        units = max(round(self.length * self.denominator / 4), 1)
        return units // GROUP if is_compound(units, self.denominator) else units


def is_compound(numerator: int, denominator: int) -> bool:
    """Return whether the beats of a time signature are groups of three units; see the module."""
    return numerator in COMPOUND_NUMERATORS and denominator in COMPOUND_DENOMINATORS


def pulse_beats(meter: Signature, bpm: float | None = None) -> float:
    """Return the length of the beat that a player counts, in quarter notes.

    Args:
        meter: 1.5 for 6/8, 9/8 and 12/8, 0.75 for 6/16, 9/16 and 12/16, else 1.
        bpm: tempo in quarter notes per minute, if known; only 3/8 depends on it.
    """
    if is_compound(meter.numerator, meter.denominator) or is_one_in_a_bar(meter, bpm):
        return GROUP * 4 / meter.denominator
    return 1.0


def is_one_in_a_bar(meter: Signature, bpm: float | None) -> bool:
    """Return whether a meter is 3/8 at a tempo (quarter notes per minute) with one count a bar."""
    if bpm is None or not is_three_eighths(meter):
        return False
    return bpm / bar_beats(meter) >= ONE_IN_A_BAR_BPM


def is_three_eighths(meter: Signature) -> bool:
    """Return whether a time signature is 3/8, which is counted in three or in one by tempo."""
    return (meter.numerator, meter.denominator) == (3, 8)


def beat_groups(meter: Signature, bpm: float | None = None) -> tuple[int, ...]:
    """Return the groups that the units of a bar are counted in, for example (2, 2, 3) for 7/8.

    Halves and quarters are counted singly. Eighths and shorter units go in threes where the bar
    divides by three, else in twos, with a three at the end of an odd bar. 8/8 is 3 + 3 + 2, since
    2 + 2 + 2 + 2 is written 4/4.

    Args:
        meter: the signature.
        bpm: tempo in quarter notes per minute, if known; a slow 3/8 is counted in its units.
    """
    units = meter.numerator
    is_slow = bpm is not None and is_three_eighths(meter) and not is_one_in_a_bar(meter, bpm)
    if meter.denominator <= COUNTED_DENOMINATOR or units == 1 or is_slow:
        return (1,) * units
    if units % GROUP == 0:
        return (GROUP,) * (units // GROUP)
    if (units, meter.denominator) == (8, 8):
        return (3, 3, 2)
    pairs, odd = divmod(units, 2)
    return (2,) * (pairs - odd) + (GROUP,) * odd


def bar_beats(meter: Signature) -> float:
    """Return the length of a full bar in quarter notes."""
    return 4.0 * meter.numerator / meter.denominator


def signature_text(meter: Signature) -> str:
    """Return a time signature as text, for example "6/8"."""
    return f"{meter.numerator}/{meter.denominator}"


def is_same_signature(one: Signature, other: Signature) -> bool:
    """Return whether two time signatures are written alike; 2/4 and 4/8 are not."""
    return (one.numerator, one.denominator) == (other.numerator, other.denominator)


def parse_meter(text: str, beat: float = 0.0) -> Meter:
    """Read a time signature such as "6/8".

    Args:
        text: two numbers with a slash between them.
        beat: from which the signature holds, in quarter notes.

    Raises:
        BadInputError: not two numbers, or a denominator that is not a power of two up to 64.
    """
    above, _, below = text.strip().partition("/")
    if not (above.isdecimal() and below.isdecimal()):
        raise BadInputError(f"'{text}' is not a time signature, such as 4/4 or 6/8")
    numerator, denominator = int(above), int(below)
    if not 1 <= numerator <= MAX_NUMERATOR or denominator not in DENOMINATORS:
        raise BadInputError(f"'{text}' is not a time signature, such as 4/4 or 6/8")
    return Meter(beat, numerator, denominator)


def meter_of_length(beats: float, beat: float) -> Meter:
    """Return a meter at `beat` whose bar lasts `beats` quarter notes: 3/4 for 3, 7/8 for 3.5."""
    length = Fraction(beats / 4).limit_denominator(DENOMINATORS[-1])
    below = max(length.denominator, 4)
    if below not in DENOMINATORS:
        below = DENOMINATORS[-1]
    return Meter(beat, max(round(length * below), 1), below)


def first_meter(song: Song) -> Meter:
    """Return the first time signature of a song, 4/4 if it has none, as one from beat 0 on."""
    meter = song.meters[0] if song.meters else COMMON_TIME
    return Meter(0.0, meter.numerator, meter.denominator)


def song_bars(song: Song) -> list[Bar]:
    """Return the bars of a song up to its last note or chord, the last bar whole.

    Raises:
        BadInputError: more than MAX_BARS bars.
    """
    return bars_until(song.meters, song.end_beats())


def bars_until(meters: Sequence[Meter], end: float) -> list[Bar]:
    """Return the bars from beat 0 up to the beat `end`, the last bar whole.

    Raises:
        BadInputError: more than MAX_BARS bars.
    """
    changes = meter_changes(meters)
    bars: list[Bar] = []
    position = 0.0
    for index, meter in enumerate(changes):
        following = changes[index + 1].beat if index + 1 < len(changes) else float("inf")
        full, count, start = bar_beats(meter), 0, position
        while position < min(end - TOUCH, following - TOUCH):
            if len(bars) >= MAX_BARS:
                raise BadInputError(f"the song has more than {MAX_BARS} bars; the file is damaged")
            length = min(full, following - position)
            new = count == 0 and (not bars or not is_same_signature(bars[-1], meter))
            bars.append(
                Bar(len(bars) + 1, position, length, meter.numerator, meter.denominator, new)
            )
            count += 1
            position = min(start + count * full, following)
    return bars


def meter_changes(meters: Sequence[Meter]) -> list[Meter]:
    """Return the time signatures in order, the last given at each beat, the first at beat 0."""
    latest = {meter.beat: meter for meter in sorted(meters, key=lambda meter: meter.beat)}
    if 0.0 not in latest:
        latest = {0.0: COMMON_TIME, **latest}
    return list(latest.values())


def nearest_bar(bars: Sequence[Bar], beat: float) -> int:
    """Return the index of the bar whose start is nearest to a beat; `bars` must not be empty."""
    return min(range(len(bars)), key=lambda index: abs(bars[index].start - beat))
