"""How well melody notes fit a chord, from counts in songs.

A melody is cut into segments of one note over one chord. For each class of segments (metrical
position and duration) a table gives the probability of a pitch class over a chord. It is estimated
from the role of the pitch class in the chord (root, third, ..., a semitone above a chord tone),
counted over all qualities; interpolated with the counts of the chord's own quality; and multiplied
by the probability of the pitch class in the key. Divided by its probability over any chord, this is
the likelihood ratio of the chord given the note.

Conventions: chords and pitch classes of the counts are in the common key (C major, A minor), ids
are those of harmony_columns.CHORD_VOCABULARY; durations are in beats (quarter notes). The counts
are made by training/melody_fit.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.lookahead import change_points
from muse.tools.datasets.chord_events import VOCABULARY_SIZE, transposition
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, FIRST_CHORD_ID, chord_of_id
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, pulse_beats
from muse.tools.theory.qualities import QUALITIES
from muse.tools.weights import load_trained_weights

Floats = NDArray[np.float64]
Counts = dict[str, NDArray[Any]]

WEIGHTS = "melody-fit"
# metrical positions of a segment; HELD: the note began over the chord before
DOWNBEAT, STRONG, BEAT, BETWEEN, HELD = range(5)
POSITIONS = 5
LENGTHS = (0.5, 1.0)  # beats: limits between short, medium and long segments
CLASSES = POSITIONS * (len(LENGTHS) + 1)
TOLERANCE = 1e-6  # beats: times closer than this are equal

# role of a chord tone by semitones above the root
TONES = {0: 0, 3: 1, 4: 1, 6: 2, 7: 2, 8: 2, 9: 3, 10: 3, 11: 3, 1: 4, 2: 4, 5: 4}
ABOVE_A_TONE, OUTSIDE = 5, 6  # a semitone above a chord tone; any other pitch class
ROLES = 7
QUALITY_ESCAPE = 100.0  # weight of the tone roles against the counts of a quality
KEY_POWER = 0.6  # exponent of a pitch class's probability in the key
SMOOTHING = 1.0  # added to every count


@dataclass(frozen=True)
class Segment:
    """One note over one chord.

    Attributes:
        kind: its class, 0 to CLASSES - 1.
        pitch_class: 0 to 11.
    """

    kind: int
    pitch_class: int


def segment_class(position: float, length: float, meter: Meter, is_held: bool) -> int:
    """Return the class of a segment.

    Args:
        position: where it begins, beats from the bar line.
        length: beats over that chord.
        meter: of the bar.
        is_held: whether the note began over the chord before.
    """
    size = sum(length > limit + TOLERANCE for limit in LENGTHS)
    return (HELD if is_held else metrical_class(position, meter)) * (len(LENGTHS) + 1) + size


def metrical_class(position: float, meter: Meter) -> int:
    """Return the metrical class of a position: bar line, strong beat, beat, or between beats."""
    beat = position / pulse_beats(meter)
    if position < TOLERANCE:
        return DOWNBEAT
    if meter.denominator >= 8 and pulse_beats(meter) == 1.0:
        is_on_beat = any(abs(position - point) < TOLERANCE for point in change_points(meter))
        return BEAT if is_on_beat else BETWEEN
    if abs(beat - round(beat)) > TOLERANCE:
        return BETWEEN
    count = round(bar_beats(meter) / pulse_beats(meter))
    return STRONG if count % 2 == 0 and round(beat) % 2 == 0 else BEAT


@cache
def tone_roles() -> NDArray[np.int64]:
    """Return the role in each quality of each pitch class, by semitones above the root.

    Shape (qualities, 12), values 0 to ROLES - 1.
    """
    table = np.full((len(QUALITIES), 12), OUTSIDE)
    for code, row in enumerate(QUALITIES):
        tones = {semitones % 12 for semitones in row.semitones}
        for pc in range(12):
            if pc in tones:
                table[code, pc] = TONES[pc]
            elif (pc - 1) % 12 in tones:
                table[code, pc] = ABOVE_A_TONE
    return table


class MelodyFit:
    """Log likelihood ratios of chords given melody notes."""

    def __init__(self, counts: Counts) -> None:
        """Compute the ratios from the counts of training.melody_fit.count_melody_fit."""
        in_chord = chord_shares(counts["qualities"].astype(np.float64))
        in_key = (counts["keys"] + SMOOTHING).astype(np.float64)
        self.in_key = in_key / in_key.sum(axis=1, keepdims=True)
        self.logs = self.log_ratios(in_chord)

    def log_ratios(self, in_chord: Floats) -> Floats:
        """Return log ratios by chord in the common key and pitch class, (CLASSES, ids, 12)."""
        common = self.in_key[:, None, :]
        probabilities = np.zeros((CLASSES, VOCABULARY_SIZE, 12))
        for number in range(FIRST_CHORD_ID, VOCABULARY_SIZE):
            root, code = chord_of_id(number)
            probabilities[:, number] = np.roll(in_chord[:, code], root or 0, axis=1)
        weighted = probabilities * common**KEY_POWER
        total = weighted.sum(axis=2, keepdims=True)
        shares = np.divide(weighted, total, out=np.zeros_like(weighted), where=total > 0)
        with np.errstate(divide="ignore"):
            logs: Floats = np.where(shares > 0, np.log(shares / common), 0.0)
        return logs

    def log_ratios_of(self, segments: Iterable[Segment], home_pc: int) -> Floats:
        """Return the sum of the segments' log ratios for each id, (VOCABULARY_SIZE,).

        Ids that are not chords have 0.

        Args:
            segments: of the melody, at its own pitch.
            home_pc: tonic of the major key with the signature of the melody's key.
        """
        total = np.zeros(VOCABULARY_SIZE)
        for segment in segments:
            total += self.logs[segment.kind, :, (segment.pitch_class - home_pc) % 12]
        absolute: Floats = total[transposition(-home_pc)]
        return absolute


def chord_shares(counts: Floats) -> Floats:
    """Return the probability of each pitch class above the root, (CLASSES, qualities, 12)."""
    by_role = role_shares(counts)
    seen = counts.sum(axis=2, keepdims=True)
    shares: Floats = (counts + QUALITY_ESCAPE * by_role) / (seen + QUALITY_ESCAPE)
    return shares


def role_shares(counts: Floats) -> Floats:
    """Return `chord_shares` estimated from the roles of the pitch classes alone."""
    table = tone_roles()
    seen = np.array([counts[:, table == role].sum(axis=1) for role in range(ROLES)]).T
    per_class = counts.sum(axis=2)  # notes over a quality could have had any of its roles
    chances = np.array([per_class @ (table == role).sum(axis=1) for role in range(ROLES)]).T
    rates = (seen + SMOOTHING) / (chances + SMOOTHING * 12)
    by_pitch_class = rates[:, table]
    shares: Floats = by_pitch_class / by_pitch_class.sum(axis=2, keepdims=True)
    return shares


@cache
def load_fit() -> MelodyFit:
    """Load the table that ships with muse.

    Raises:
        BadInputError: it is missing or damaged.
    """
    return MelodyFit(load_trained_weights(WEIGHTS, CHORD_VOCABULARY.hash).tensors)
