"""What a player does within one beat, as the counts that the ear's tables are read by.

Conventions: beats are quarter notes; times are rounded to twelfths of a beat, on which straight
sixteenths and triplets lie. A place is where a beat falls in its bar. A triad is a root, in
semitones above the home of the key (the tonic of the major key with its signature), times the
number of KINDS, plus its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import SoloNote
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import QUALITIES, Quality

Floats = NDArray[np.float64]

KINDS = ("maj", "min", "dim", "aug", "sus4")  # the class of a triad, by its plainest quality
TRIADS = 12 * len(KINDS)
BAR_LINE, HALF_BAR, OTHER = range(3)  # places
PLACES = 3
GRID = 12  # parts of a beat that times are rounded to
SLOTS = 4  # sixteenths of a beat, for comparing rhythms

# how a stretch of a note within a beat begins; the first three on the beat, by its place
OFF_BEAT, BETWEEN, HELD = 3, 4, 5  # an eighth behind the beat, elsewhere, or before the beat
BEGINNINGS = 6
LONG_BEATS = 0.5  # what sounds longer within the beat counts as long
STRETCHES = 2 * BEGINNINGS  # short ones, then long ones
STRUCK = PLACES + 1  # what sounds as a beat begins: struck there by place, or held
TAIL_BEATS = 0.06  # a note held this little into a beat is not heard in it
MOST_NOTES = 64  # of a beat that are listened to
MOST_STRETCHES = 8.0  # that count in full: what is more in one beat tells no more together
MOST_IN_LINE = 8  # notes of a beat that make up the line

SILENT_SLOT = -1


@dataclass(frozen=True)
class BeatSound:
    """What was played in one beat, by pitch class.

    Attributes:
        stretches: (STRETCHES, 12) how many of each kind.
        struck: (STRUCK, 12) what sounds as the beat begins.
        slots: (SLOTS,) the pitch that begins in each sixteenth, SILENT_SLOT where none does.
        line: pitch classes in the order in which they begin, the highest where several do at once.
    """

    stretches: Floats
    struck: Floats
    slots: NDArray[np.int64]
    line: tuple[int, ...] = ()


def place_of(beat: int, meter: Meter) -> int:
    """Where a beat falls in its bar: the first from the bar line on, the middle, or another."""
    bar = bar_beats(meter)
    position = floor(beat % bar + 1e-9)
    if position == 0:
        return BAR_LINE
    return HALF_BAR if position * 2 == bar else OTHER


def listened(notes: Sequence[SoloNote], beat: int, place: int) -> BeatSound:
    """What notes do in the beat that begins at `beat`.

    Args:
        notes: some of the player's; one that still sounds is held to the end of the beat at least.
        beat: a whole number of beats.
        place: of that beat.
    """
    stretches, struck = np.zeros((STRETCHES, 12)), np.zeros((STRUCK, 12))
    slots = np.full(SLOTS, SILENT_SLOT)
    heard = [note for note in notes if sounds_in(note, beat)][-MOST_NOTES:]
    for note in heard:
        begin, pc = on_grid(note.start_beat) - beat, note.pitch % 12
        end = ends_at(note, beat) - beat
        if begin < 0:
            stretches[HELD + BEGINNINGS * (end > LONG_BEATS), pc] += 1
            struck[PLACES, pc] += 1
            continue
        stretches[beginning(begin, place) + BEGINNINGS * (end - begin > LONG_BEATS), pc] += 1
        struck[place, pc] += begin == 0
        slot = floor(begin * SLOTS + 1e-9)
        slots[slot] = max(slots[slot], note.pitch)
    return BeatSound(bounded(stretches), bounded(struck), slots, line_of(heard, beat))


def line_of(notes: Sequence[SoloNote], beat: int) -> tuple[int, ...]:
    """Pitch classes of the highest notes that begin in a beat, by the time they begin."""
    highest: dict[float, int] = {}
    for note in notes:
        begin = on_grid(note.start_beat)
        if begin >= beat:
            highest[begin] = max(highest.get(begin, 0), note.pitch)
    return tuple(highest[begin] % 12 for begin in sorted(highest))[:MOST_IN_LINE]


def on_grid(beat: float) -> float:
    """A time, rounded."""
    return round(beat * GRID) / GRID


def ends_at(note: SoloNote, beat: int) -> float:
    """Where a note ends as far as a beat can tell: what lasts longer ends with the beat."""
    end = beat + 1.0 if note.end_beat is None else min(note.end_beat, beat + 1.0)
    return max(on_grid(end), on_grid(note.start_beat) + 1 / GRID)


def sounds_in(note: SoloNote, beat: int) -> bool:
    """Whether a note begins within a beat or is held into it."""
    begin = on_grid(note.start_beat)
    return begin < beat + 1 and (begin >= beat or ends_at(note, beat) > beat + TAIL_BEATS)


def beginning(position: float, place: int) -> int:
    """The kind of beginning of a note that begins within a beat, at a position of 0 to 1."""
    if position == 0:
        return place
    return OFF_BEAT if abs(position - 0.5) < 0.5 / GRID else BETWEEN


def bounded(counts: Floats) -> Floats:
    """The counts, made smaller where they are many."""
    scaled: Floats = counts * min(1.0, MOST_STRETCHES / max(counts.sum(), 1.0))
    return scaled


def kind_of_quality(row: Quality) -> int | None:
    """The place in KINDS of a quality; None where it is no triad with more upon it."""
    tones = {semitones % 12 for semitones in row.semitones}
    if 4 in tones:
        return KINDS.index("aug" if 8 in tones and 7 not in tones else "maj")
    if 3 in tones:
        return KINDS.index("dim" if 6 in tones and 7 not in tones else "min")
    return KINDS.index("sus4") if 7 in tones and tones & {2, 5} else None


KIND_OF_CODE = tuple(kind_of_quality(row) for row in QUALITIES)


def triad_of(root_pc: int | None, quality_code: int | None, home_pc: int = 0) -> int | None:
    """The triad of a chord in a key; None for no chord and for what has no triad."""
    if root_pc is None or quality_code is None:
        return None
    kind = KIND_OF_CODE[quality_code]
    return None if kind is None else (root_pc - home_pc) % 12 * len(KINDS) + kind


def triad_of_symbol(symbol: ChordSymbol, home_pc: int = 0) -> int | None:
    """As `triad_of`, of a symbol."""
    return triad_of(symbol.root_pc, symbol.quality_code, home_pc)


def symbol_of_triad(triad: int, home_pc: int, tonic: int) -> ChordSymbol:
    """The plain chord of a triad, spelled near a tonic on the line of fifths."""
    root, kind = divmod(triad, len(KINDS))
    return ChordSymbol(spell((root + home_pc) % 12, tonic), KINDS[kind])


def moved_home(triads: Floats, semitones: int) -> Floats:
    """Figures by triad, last axis TRIADS, told from a home so many semitones higher."""
    return np.roll(triads, -semitones * len(KINDS), axis=-1)
