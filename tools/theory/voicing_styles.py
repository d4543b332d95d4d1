"""Voicing styles: the shapes of one chord, as semitones above the root, lowest first.

Conventions:
    a shape is an ascending tuple of semitones above the root of the chord, 12 and more an octave
    higher; it is tried in every octave of the range. Slots are the degrees 1 3 5 7 9 11 13; a
    fourth or second that replaces the third is in slot 3, a sixth without a seventh in slot 7.

Every shape has the third and the seventh, or what replaces them. STYLES gives the rule and the
source of each style.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.functions import color_of
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import Tonality, scale_pcs
from muse.tools.theory.pitch import OCTAVE, pitch_class

Shape = tuple[int, ...]
Slots = dict[int, int]  # slot: semitones above the root

MOST_TONES = 5  # in one hand
DROP_TONES = 4  # voices of a drop voicing
FIFTH = Interval(5)
SIXTH, SHARP_NINTH = 9, 3  # semitones within an octave

# tensions that a style may add, by (color of the chord, whether it has slot 7)
EVANS: dict[tuple[str, bool], tuple[int, ...]] = {
    ("major", True): (9,),
    ("minor", True): (9,),
    ("dominant", True): (9, 13),
    ("open", True): (9,),
}
NEO_SOUL: dict[tuple[str, bool], tuple[int, ...]] = {
    ("major", True): (9, 13),
    ("major", False): (9,),
    ("minor", True): (9, 11),
    ("minor", False): (9, 11),
    ("dominant", True): (9, 13),
    ("hdim", True): (11,),
    ("open", True): (9, 13),
}
# slots from the bottom up, each at the next pitch above the last; the first group is used that has
# a stack whose slots the chord all has
SHELLS = (
    """1 7 3 5 9, 1 7 9 3 5, 1 5 7 9 3, 1 7 3 13 9, 1 3 7 9 13, 1 3 7 9 5,
    1 11 7 3 5, 1 7 3 5 11, 1 5 7 3 11""",
    "1 7 3 5, 1 5 7 3, 1 7 3 9, 1 7 3 11",
    "1 5 9 3, 1 5 3 9",
)
ADDED_NINTHS = "5 1 9 3, 1 9 3 5, 3 5 1 9, 9 3 5 1"
SEVENTHS = "1 3 5 7, 3 5 7 1, 5 7 1 3, 7 1 3 5"
ROOTLESS_STACKS = (
    """7 3 13 9, 3 7 9 13, 7 9 3 13, 3 7 9 5, 7 9 3 5, 7 3 5 9, 3 5 7 9,
    7 3 13 9 5, 11 7 3 5 9, 11 7 3 5, 3 7 9 11, 7 3 11 9, 7 3 5 11, 3 5 7 11""",
    ADDED_NINTHS,
    SEVENTHS,
)


@dataclass(frozen=True)
class Style:
    """A way to voice chords.

    Attributes:
        rule: in one line.
        source: of the rule.
        low: default lowest MIDI pitch.
        high: default highest MIDI pitch.
        shapes: yields the shapes for (symbol, key, whether there is a separate bass).
    """

    rule: str
    source: str
    low: int
    high: int
    shapes: Callable[[ChordSymbol, Tonality | None, bool], Iterator[Shape]]


def slots_of(symbol: ChordSymbol) -> Slots:
    """Return the semitones of the chord's own tones by slot; of two ninths the higher one."""
    degrees = {(degree.number - 1) % 7 + 1: degree.semitones for degree in symbol.intervals}
    has_third, has_seventh = 3 in degrees, 7 in degrees
    slots = {}
    for number, semitones in degrees.items():
        slot = {2: 9, 4: 11, 6: 13}.get(number, number)
        if number == 6 and not has_seventh:
            slot = 7
        slots[slot] = semitones % OCTAVE
    for stand_in in (11, 9):
        if not has_third and 3 not in slots and stand_in in slots:
            slots[3] = slots.pop(stand_in)
    return slots


def with_tensions(
    symbol: ChordSymbol, key: Tonality | None, allowed: dict[tuple[str, bool], tuple[int, ...]]
) -> Slots:
    """Return the slots of the chord, with the tensions that its color and the key allow."""
    own, color = slots_of(symbol), color_of(symbol)
    slots = dict(own)
    for slot in allowed.get((color, 7 in own), ()):
        is_apt = slot not in own and (slot != 13 or takes_thirteenth(own))
        tension = tension_in(symbol, slot, color == "dominant", key) if is_apt else None
        if tension is not None:
            slots[slot] = tension
    return slots


def takes_thirteenth(slots: Slots) -> bool:
    """Return whether a chord can have a thirteenth: not with a sixth or an altered tension."""
    return slots.get(5) == 7 and slots.get(9, 2) == 2 and slots.get(7) != SIXTH


def tension_in(
    symbol: ChordSymbol, slot: int, may_be_flat: bool, key: Tonality | None
) -> int | None:
    """Return the natural tension if the key has it, else the flat one on a dominant, else None."""
    natural = Interval(slot).semitones % OCTAVE
    if key is None:
        return natural
    scale = scale_pcs(key)
    choices = (natural, natural - 1) if may_be_flat else (natural,)
    root = symbol.root_pc or 0
    return next((each for each in choices if (root + each) % OCTAVE in scale), None)


def stacked(slots: Slots, numbers: str) -> Shape | None:
    """Stack slots from the bottom up, each at the next pitch above the last.

    Returns None if a slot is missing, or if a sharp ninth would be a semitone below the third.
    """
    wanted = [int(number) for number in numbers.split()]
    if any(number not in slots for number in wanted):
        return None
    if (9, 3) in pairwise(wanted) and slots[9] == SHARP_NINTH:
        return None
    shape = [slots[wanted[0]]]
    for number in wanted[1:]:
        shape.append(shape[-1] + 1 + (slots[number] - shape[-1] - 1) % OCTAVE)
    return tuple(shape)


def reduced_tones(symbol: ChordSymbol, most: int, keep_root: bool) -> list[int]:
    """Return at most `most` tones of a chord, in semitones within an octave, ascending.

    The perfect fifth is dropped first, or the root if a ninth can replace it; then the lowest
    tension. Third, seventh and altered fifth stay.
    """
    degrees = list(symbol.intervals)
    tensions = [degree for degree in degrees if degree.number > 8]
    order = [FIFTH, Interval(1), *tensions]
    if keep_root:
        order = [FIFTH, *tensions]
    elif tensions and max(degree.number for degree in tensions) == 9:
        order = [Interval(1), FIFTH, *tensions]
    for degree in order:
        if len(degrees) > most and degree in degrees:
            degrees.remove(degree)
    return sorted({degree.semitones % OCTAVE for degree in degrees})


def rotations(tones: list[int]) -> Iterator[Shape]:
    """Yield close position with each tone in turn at the bottom."""
    for first in range(len(tones)):
        yield (*tones[first:], *(tone + OCTAVE for tone in tones[:first]))


def bass_above_root(symbol: ChordSymbol, has_bass: bool) -> int | None:
    """Return the semitones of a slash chord's bass above the root; None with a separate bass."""
    if symbol.bass is None or symbol.root is None or has_bass:
        return None
    return (pitch_class(symbol.bass) - pitch_class(symbol.root)) % OCTAVE


def on_bass(shapes: list[Shape], bass: int | None) -> Iterator[Shape]:
    """Yield the shapes with the bass at the bottom; if there are none, add the bass below each."""
    if bass is None:
        yield from shapes
        return
    right = [shape for shape in shapes if (shape[0] - bass) % OCTAVE == 0]
    yield from right
    if not right:
        for shape in shapes:
            yield (shape[0] - 1 - (shape[0] - 1 - bass) % OCTAVE, *shape)


def close_position(symbol: ChordSymbol, key: Tonality | None, has_bass: bool) -> Iterator[Shape]:
    """Yield shapes within an octave, with each tone in turn at the bottom."""
    tones = reduced_tones(symbol, MOST_TONES, keep_root=True)
    return on_bass(list(rotations(tones)), bass_above_root(symbol, has_bass))


def open_position(symbol: ChordSymbol, key: Tonality | None, has_bass: bool) -> Iterator[Shape]:
    """Yield close position with every other tone an octave higher."""
    tones = reduced_tones(symbol, MOST_TONES, keep_root=True)
    shapes = [
        tuple(sorted(tone + OCTAVE * (place % 2) for place, tone in enumerate(shape)))
        for shape in rotations(tones)
    ]
    return on_bass(shapes, bass_above_root(symbol, has_bass))


def drop_two(symbol: ChordSymbol, key: Tonality | None, has_bass: bool) -> Iterator[Shape]:
    """Yield four voices in close position, with the second from the top an octave lower."""
    tones = reduced_tones(symbol, DROP_TONES, keep_root=False)
    shapes = list(rotations(tones))
    if 1 < len(tones) < DROP_TONES:
        shapes = [(*shape, shape[0] + OCTAVE) for shape in shapes]
    if len(tones) > 1:
        shapes = [tuple(sorted((*s[:-2], s[-2] - OCTAVE, s[-1]))) for s in shapes]
    return on_bass(shapes, bass_above_root(symbol, has_bass))


def rootless(symbol: ChordSymbol, key: Tonality | None, has_bass: bool) -> Iterator[Shape]:
    """Yield shapes from the third or the seventh up; a chord without a seventh keeps its root."""
    slots = with_tensions(symbol, key, EVANS)
    if 7 not in slots or 3 not in slots:
        yield from rotations(reduced_tones(symbol, DROP_TONES, keep_root=False))
        return
    fifth = next((slot for slot in (13, 11, 5) if slot in slots), 1)
    ninth = 9 if 9 in slots else 1
    for numbers in (f"3 {fifth} 7 {ninth}", f"7 {ninth} 3 {fifth}"):
        shape = stacked(slots, numbers)
        if shape:
            yield shape


def neo_soul(symbol: ChordSymbol, key: Tonality | None, has_bass: bool) -> Iterator[Shape]:
    """Yield a shell with an upper structure; a separate bass takes the root of the shell."""
    slots = with_tensions(symbol, key, NEO_SOUL)
    for group in stacks_for(symbol, slots, has_bass):
        shapes = fullest(slots, slots_of(symbol), group)
        if shapes:
            yield from on_bass(shapes, bass_above_root(symbol, has_bass))
            return
    yield from open_position(symbol, key, has_bass)


def stacks_for(symbol: ChordSymbol, slots: Slots, has_bass: bool) -> tuple[str, ...]:
    """Return the groups of stacks to try; they contain the root over a bass other than it."""
    if symbol.bass is not None:
        return (SEVENTHS,) if 7 in slots else (ADDED_NINTHS,)
    return ROOTLESS_STACKS if has_bass else SHELLS


def fullest(slots: Slots, own: Slots, group: str) -> list[Shape]:
    """Return the stacks of a group that fit, and of these the ones with most of the tensions."""
    found = [
        (stacked(slots, numbers), set(map(int, numbers.split()))) for numbers in group.split(",")
    ]
    tensions = {slot for slot in own if slot > 7}
    most = max((len(tensions & numbers) for shape, numbers in found if shape), default=0)
    return [shape for shape, numbers in found if shape and len(tensions & numbers) == most]


STYLES = {
    "closed": Style(
        rule="all tones within an octave, any of them lowest; at most five",
        source="close position: Aldwell and Schachter, Harmony and Voice Leading",
        low=48,
        high=79,
        shapes=close_position,
    ),
    "open": Style(
        rule="close position with every other tone an octave higher",
        source="open position: Aldwell and Schachter, Harmony and Voice Leading",
        low=43,
        high=81,
        shapes=open_position,
    ),
    "drop-2": Style(
        rule="four voices, the second from the top an octave lower; 9 for the root",
        source="Levine, The Jazz Piano Book: drop 2 block chords",
        low=45,
        high=79,
        shapes=drop_two,
    ),
    "rootless": Style(
        rule="3 5 7 9 or 7 9 3 5, on dominants 13 for the fifth; triads keep their root",
        source="Bill Evans; Levine, The Jazz Piano Book: left-hand voicings",
        low=48,
        high=74,
        shapes=rootless,
    ),
    "neo-soul": Style(
        rule="root and seventh below, third, ninth, eleventh or thirteenth above, fourths stacked",
        source="Levine, The Jazz Piano Book: shells, So What chords, fourths, upper structures",
        low=41,
        high=77,
        shapes=neo_soul,
    ),
}
