"""What the player does within one beat, as counts by pitch class that the harmony models read.

Conventions: beats are quarter notes; times are rounded to twelfths of a beat, which holds straight
sixteenths and triplets. The metrical position of a beat is its kind of place in the bar. A segment
is the part of a note that sounds within one beat. A triad is numbered by its root, in semitones
above the home of the key (the tonic of the major key with its signature), times the number of
KINDS, plus its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.events import SoloNote
from muse.tools.jam.grid import StepMeter
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import QUALITIES, Quality

Floats = NDArray[np.float64]

KINDS = ("maj", "min", "dim", "aug", "sus4")  # of triads, by the plainest quality of each
TRIADS = 12 * len(KINDS)
BAR_LINE, HALF_BAR, OTHER = range(3)  # metrical positions
POSITIONS = 3
GRID = 12  # divisions of a beat that times are rounded to
SLOTS = 4  # sixteenths of a beat, for comparing rhythms

# how a segment begins: the first three kinds are on the beat, by its metrical position
OFF_BEAT, BETWEEN, HELD = 3, 4, 5  # an eighth after the beat, elsewhere, or before the beat
ONSET_KINDS = 6
LONG_BEATS = 0.5  # longer segments count as long
SEGMENT_KINDS = 2 * ONSET_KINDS  # short segments, then long ones
ON_BEAT_KINDS = POSITIONS + 1  # of notes that sound as a beat begins: by position, or held
TAIL_BEATS = 0.06  # a note held no longer than this into a beat does not count in it
MAX_NOTES = 64  # of a beat that are counted, the latest
MAX_SEGMENTS = 8.0  # total count of a beat; more are scaled down to it
MAX_LINE_NOTES = 8  # of a beat

SILENT_SLOT = -1


@dataclass(frozen=True)
class BeatFeatures:
    """Notes of one beat, counted by kind and pitch class.

    Attributes:
        segments: (SEGMENT_KINDS, 12), how many segments of each kind.
        on_beat: (ON_BEAT_KINDS, 12), notes that sound as the beat begins.
        slots: (SLOTS,), the highest pitch that begins in each sixteenth; SILENT_SLOT for none.
        line: pitch classes by onset time, the highest where several notes begin together.
    """

    segments: Floats
    on_beat: Floats
    slots: NDArray[np.int64]
    line: tuple[int, ...] = ()


def metrical_position(beat: int, meter: Meter) -> int:
    """Return the metrical position of a beat: BAR_LINE, HALF_BAR or OTHER."""
    if isinstance(meter, StepMeter):
        step = meter.step(beat)
        return BAR_LINE if step.is_bar_line else HALF_BAR if step.is_half_bar else OTHER
    bar = bar_beats(meter)
    position = floor(beat % bar + 1e-9)
    if position == 0:
        return BAR_LINE
    return HALF_BAR if position * 2 == bar else OTHER


def extract_beat_features(notes: Sequence[SoloNote], beat: int, position: int) -> BeatFeatures:
    """Count what notes do in the beat that begins at `beat`.

    Args:
        notes: some of the player's; one without an end lasts to the end of the beat at least.
        beat: a whole number.
        position: metrical position of that beat.
    """
    segments, on_beat = np.zeros((SEGMENT_KINDS, 12)), np.zeros((ON_BEAT_KINDS, 12))
    slots = np.full(SLOTS, SILENT_SLOT)
    sounding = [note for note in notes if sounds_in(note, beat)][-MAX_NOTES:]
    for note in sounding:
        begin, pc = round_to_grid(note.start_beat) - beat, note.pitch % 12
        end = clipped_end(note, beat) - beat
        if begin < 0:
            segments[HELD + ONSET_KINDS * (end > LONG_BEATS), pc] += 1
            on_beat[POSITIONS, pc] += 1
            continue
        segments[onset_kind(begin, position) + ONSET_KINDS * (end - begin > LONG_BEATS), pc] += 1
        on_beat[position, pc] += begin == 0
        slot = floor(begin * SLOTS + 1e-9)
        slots[slot] = max(slots[slot], note.pitch)
    return BeatFeatures(
        limit_total(segments), limit_total(on_beat), slots, melodic_line(sounding, beat)
    )


def melodic_line(notes: Sequence[SoloNote], beat: int) -> tuple[int, ...]:
    """Return the pitch classes of the highest notes that begin in a beat, by onset time."""
    highest: dict[float, int] = {}
    for note in notes:
        begin = round_to_grid(note.start_beat)
        if begin >= beat:
            highest[begin] = max(highest.get(begin, 0), note.pitch)
    return tuple(highest[begin] % 12 for begin in sorted(highest))[:MAX_LINE_NOTES]


def round_to_grid(beat: float) -> float:
    """Return a time in beats, rounded to the grid."""
    return round(beat * GRID) / GRID


def clipped_end(note: SoloNote, beat: int) -> float:
    """Return where a note ends, at most the end of the beat and at least one grid step long."""
    end = beat + 1.0 if note.end_beat is None else min(note.end_beat, beat + 1.0)
    return max(round_to_grid(end), round_to_grid(note.start_beat) + 1 / GRID)


def sounds_in(note: SoloNote, beat: int) -> bool:
    """Return whether a note begins within a beat or is held into it."""
    begin = round_to_grid(note.start_beat)
    return begin < beat + 1 and (begin >= beat or clipped_end(note, beat) > beat + TAIL_BEATS)


def onset_kind(fraction: float, position: int) -> int:
    """Return the kind of an onset, from its time as a fraction of the beat, 0 to 1."""
    if fraction == 0:
        return position
    return OFF_BEAT if abs(fraction - 0.5) < 0.5 / GRID else BETWEEN


def limit_total(counts: Floats) -> Floats:
    """Return the counts, scaled down so that their sum is at most MAX_SEGMENTS."""
    scaled: Floats = counts * min(1.0, MAX_SEGMENTS / max(counts.sum(), 1.0))
    return scaled


def triad_kind(row: Quality) -> int | None:
    """Return the index in KINDS of a chord quality; None where it contains no triad."""
    tones = {semitones % 12 for semitones in row.semitones}
    if 4 in tones:
        return KINDS.index("aug" if 8 in tones and 7 not in tones else "maj")
    if 3 in tones:
        return KINDS.index("dim" if 6 in tones and 7 not in tones else "min")
    return KINDS.index("sus4") if 7 in tones and tones & {2, 5} else None


TRIAD_KIND_OF_CODE = tuple(triad_kind(row) for row in QUALITIES)


def triad_of(root_pc: int | None, quality_code: int | None, home_pc: int = 0) -> int | None:
    """Return the number of a chord's triad in a key; None without a chord or triad."""
    if root_pc is None or quality_code is None:
        return None
    kind = TRIAD_KIND_OF_CODE[quality_code]
    return None if kind is None else (root_pc - home_pc) % 12 * len(KINDS) + kind


def triad_of_symbol(symbol: ChordSymbol, home_pc: int = 0) -> int | None:
    """Return the number of a symbol's triad, as `triad_of` does."""
    return triad_of(symbol.root_pc, symbol.quality_code, home_pc)


def symbol_of_triad(triad: int, home_pc: int, tonic: int) -> ChordSymbol:
    """Return the plain chord of a triad, spelled near a tonic on the line of fifths."""
    root, kind = divmod(triad, len(KINDS))
    return ChordSymbol(spell((root + home_pc) % 12, tonic), KINDS[kind])


def shift_home(triads: Floats, semitones: int) -> Floats:
    """Return an array over triads (last axis), relative to a home that is `semitones` higher."""
    return np.roll(triads, -semitones * len(KINDS), axis=-1)
