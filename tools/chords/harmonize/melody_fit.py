"""How well the notes of a melody go with a chord, as counted in songs.

A melody is taken apart into segments of one note under one chord. For each kind of segment (how
strong its place is, how long it lasts) the table tells how likely a pitch class is over a chord: by
its role in the chord (root, third, ..., a semitone above a tone of the chord), which holds for
every quality; by the counts of that quality on top; times how usual the pitch class is in the key.
Divided by how usual it is over any chord, that is what a note says of the chord beneath.

Conventions: chords and pitch classes of the counts are in the common key (C major, A minor), ids
are those of forms.harmony.CHORD_VOCABULARY; lengths are in beats (quarter notes).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.events import VOCABULARY_SIZE, transposition
from muse.tools.chords.lookahead import joints
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, FIRST_CHORD_ID, chord_of_id
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, pulse_beats
from muse.tools.theory.qualities import QUALITIES
from muse.tools.weights import load_trained_weights

Floats = NDArray[np.float64]
Counts = dict[str, NDArray[Any]]

WEIGHTS = "melody-fit"
DOWNBEAT, STRONG, BEAT, BETWEEN, HELD = range(5)  # places; HELD: it began under the chord before
PLACES = 5
LENGTHS = (0.5, 1.0)  # beats; a segment is up to the first, up to the second, or longer
CLASSES = PLACES * (len(LENGTHS) + 1)
TOUCH = 1e-6  # beats: times that mean the same

# what a tone above the root is called, by its semitones, where the chord has it
TONES = {0: 0, 3: 1, 4: 1, 6: 2, 7: 2, 8: 2, 9: 3, 10: 3, 11: 3, 1: 4, 2: 4, 5: 4}
ABOVE_A_TONE, OUTSIDE = 5, 6  # a semitone above a tone of the chord; any other
ROLES = 7
QUALITY_ESCAPE = 100.0  # weight of the roles against the counts of the quality
KEY_POWER = 0.6  # of how usual a pitch class is in the key
SMOOTHING = 1.0  # added to every count


@dataclass(frozen=True)
class Segment:
    """One note under one chord: its class, 0 to CLASSES - 1, and its pitch class."""

    kind: int
    pitch_class: int


def segment_class(position: float, length: float, meter: Meter, is_held: bool) -> int:
    """The class of a segment.

    Args:
        position: where it begins, in beats from the bar line.
        length: in beats, under that chord.
        meter: of the bar.
        is_held: whether the note began under the chord before.
    """
    size = sum(length > limit + TOUCH for limit in LENGTHS)
    return (HELD if is_held else place_in_bar(position, meter)) * (len(LENGTHS) + 1) + size


def place_in_bar(position: float, meter: Meter) -> int:
    """How strong a place is: the bar line, every second beat of an even bar, a beat, or between."""
    beat = position / pulse_beats(meter)
    if position < TOUCH:
        return DOWNBEAT
    if meter.denominator >= 8 and pulse_beats(meter) == 1.0:
        return BEAT if any(abs(position - joint) < TOUCH for joint in joints(meter)) else BETWEEN
    if abs(beat - round(beat)) > TOUCH:
        return BETWEEN
    count = round(bar_beats(meter) / pulse_beats(meter))
    return STRONG if count % 2 == 0 and round(beat) % 2 == 0 else BEAT


@cache
def roles() -> NDArray[np.int64]:
    """The role of each pitch class above the root in each quality, (qualities, 12)."""
    table = np.full((len(QUALITIES), 12), OUTSIDE)
    for code, row in enumerate(QUALITIES):
        tones = {semitones % 12 for semitones in row.semitones}
        for place in range(12):
            if place in tones:
                table[code, place] = TONES[place]
            elif (place - 1) % 12 in tones:
                table[code, place] = ABOVE_A_TONE
    return table


class MelodyFit:
    """The table, ready to be asked."""

    def __init__(self, counts: Counts) -> None:
        """Take what `count_songs` gives."""
        in_chord = chord_shares(counts["qualities"].astype(np.float64))
        in_key = (counts["keys"] + SMOOTHING).astype(np.float64)
        self.in_key = in_key / in_key.sum(axis=1, keepdims=True)
        self.logs = self.log_ratios(in_chord)

    def log_ratios(self, in_chord: Floats) -> Floats:
        """What each pitch class says of each chord in the common key, (CLASSES, ids, 12)."""
        usual = self.in_key[:, None, :]
        found = np.zeros((CLASSES, VOCABULARY_SIZE, 12))
        for number in range(FIRST_CHORD_ID, VOCABULARY_SIZE):
            root, code = chord_of_id(number)
            found[:, number] = np.roll(in_chord[:, code], root or 0, axis=1)
        weighed = found * usual**KEY_POWER
        total = weighed.sum(axis=2, keepdims=True)
        shares = np.divide(weighed, total, out=np.zeros_like(weighed), where=total > 0)
        with np.errstate(divide="ignore"):
            logs: Floats = np.where(shares > 0, np.log(shares / usual), 0.0)
        return logs

    def of(self, segments: Iterable[Segment], home_pc: int) -> Floats:
        """The summed log ratios of segments for each id, (VOCABULARY_SIZE,); 0 for no chord.

        Args:
            segments: of the melody, at its own pitch.
            home_pc: tonic of the major key with the signature of the melody's key.
        """
        found = np.zeros(VOCABULARY_SIZE)
        for segment in segments:
            found += self.logs[segment.kind, :, (segment.pitch_class - home_pc) % 12]
        absolute: Floats = found[transposition(-home_pc)]
        return absolute


def chord_shares(counted: Floats) -> Floats:
    """Share of each pitch class above the root, (CLASSES, qualities, 12), each row summing to 1."""
    by_role = role_shares(counted)
    seen = counted.sum(axis=2, keepdims=True)
    shares: Floats = (counted + QUALITY_ESCAPE * by_role) / (seen + QUALITY_ESCAPE)
    return shares


def role_shares(counted: Floats) -> Floats:
    """As `chord_shares`, told from the roles of the pitch classes alone."""
    table = roles()
    seen = np.array([counted[:, table == role].sum(axis=1) for role in range(ROLES)]).T
    per_class = counted.sum(axis=2)  # a quality's notes could have had each of its roles
    chances = np.array([per_class @ (table == role).sum(axis=1) for role in range(ROLES)]).T
    rates = (seen + SMOOTHING) / (chances + SMOOTHING * 12)
    each = rates[:, table]
    shares: Floats = each / each.sum(axis=2, keepdims=True)
    return shares


@cache
def load_fit() -> MelodyFit:
    """The table that ships with muse.

    Raises:
        BadInputError: it is not there or damaged.
    """
    return MelodyFit(load_trained_weights(WEIGHTS, CHORD_VOCABULARY.hash).tensors)
