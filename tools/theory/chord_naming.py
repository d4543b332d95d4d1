"""Name the segments of a chord finder: bass, tensions and spelling.

Conventions: time in beats (quarter notes), pitch classes 0 to 11 from C.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.tools.song.document import Chord
from muse.tools.theory.chord_features import Cells
from muse.tools.theory.chords import NONE, ChordSymbol, respelled, write_leadsheet
from muse.tools.theory.intervals import Interval
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import spell
from muse.tools.theory.qualities import NO_CHORD, quality

BASS_SHARE = 0.3  # least share of a segment for a bass other than the root
SEVENTHS = (Interval(7, -1), Interval(7))  # possible basses besides the degrees of a chord
# quality with a tension by (quality without it, semitones above the root); first match counts
TENSIONS: Final[dict[tuple[str, int], str]] = {
    ("7", 1): "7b9",
    ("7", 9): "13",
    ("7", 2): "9",
    ("min7", 2): "min9",
    ("maj7", 2): "maj9",
    ("7sus4", 2): "9sus4",
}
TENSION_SHARE = 0.25  # least share of a segment in which a tension sounds ...
TENSION_RATIO = 0.75  # ... and least ratio to the shortest of the degrees in COLORS
COLORS = (3, 4, 5, 10, 11)  # semitones above the root: thirds, fourth and sevenths


@dataclass(frozen=True)
class DetectedChord:
    """A chord found in notes.

    Attributes:
        start_beats, end_beats: where it begins and ends.
        root_pc: pitch class of the root; None for no chord.
        quality: name in the table of qualities.
        bass_pc: pitch class of the bass.
        probability: in [0, 1].
    """

    start_beats: float
    end_beats: float
    root_pc: int | None
    quality: str
    bass_pc: int | None
    probability: float


def named_chord(
    cells: Cells, span: slice, root_pc: int | None, name: str, probability: float
) -> DetectedChord:
    """Return the chord of a segment, with its bass and its tension.

    Args:
        cells: of the song.
        span: first cell, and the one after the last.
        root_pc: pitch class of the root; None for no chord.
        name: of the quality, without tensions.
        probability: in [0, 1].
    """
    begin, end = float(cells.edges[span.start]), float(cells.edges[span.stop])
    if root_pc is None:
        return DetectedChord(begin, end, None, NO_CHORD, None, probability)
    bass_pc = bass_of(cells, span, root_pc, name)
    shares = np.roll(cells.accompaniment[span].mean(axis=0), -root_pc)
    return DetectedChord(begin, end, root_pc, with_tension(shares, name), bass_pc, probability)


def bass_of(cells: Cells, span: slice, root_pc: int, name: str) -> int:
    """Return the bass of a segment: its lowest note if that is a lasting chord tone, else the root.

    The root is also the bass if the segment begins on it and it lasts at least as long.
    """
    share = cells.bass[span].mean(axis=0)
    lowest = int(cells.lowest[span].min()) % 12
    tones = {(root_pc + degree.semitones) % 12 for degree in bass_degrees(name)}
    begins_on_root = cells.start[span.start, root_pc] > 0 and share[root_pc] >= share[lowest]
    is_bass = lowest in tones and share[lowest] >= BASS_SHARE and not begins_on_root
    return lowest if is_bass else root_pc


def bass_degrees(name: str) -> tuple[Interval, ...]:
    """Return the degrees that a chord of a quality may have in its bass."""
    return (*SEVENTHS, *quality(name).intervals)


def with_tension(shares: NDArray[np.float64], name: str) -> str:
    """Return the quality with the tension that sounds as long as the chord's own degrees.

    Args:
        shares: (12,) share of the time in which each step above the root sounds.
        name: a quality.
    """
    own = [shares[step] for step in quality(name).semitones if step in COLORS]
    needed = max(TENSION_SHARE, TENSION_RATIO * min(own, default=1.0))
    qualities = (
        full for (plain, step), full in TENSIONS.items() if plain == name and shares[step] >= needed
    )
    return next(qualities, name)


def merged(chords: Iterable[DetectedChord]) -> list[DetectedChord]:
    """Merge neighbors with one name; their probability is the mean over time."""
    named = groupby(chords, key=lambda chord: (chord.root_pc, chord.quality, chord.bass_pc))
    return [one_chord(list(group)) for _, group in named]


def one_chord(group: Sequence[DetectedChord]) -> DetectedChord:
    """Merge successive chords with one name."""
    lengths = [chord.end_beats - chord.start_beats for chord in group]
    probability = float(np.average([chord.probability for chord in group], weights=lengths))
    return replace(group[0], end_beats=group[-1].end_beats, probability=probability)


def clipped(chords: Sequence[DetectedChord], end_beats: float) -> list[DetectedChord]:
    """Clip chords to the time from beat 0 to the end of the notes."""
    begun = [replace(chord, start_beats=max(chord.start_beats, 0.0)) for chord in chords]
    inside = [chord for chord in begun if chord.start_beats < min(chord.end_beats, end_beats)]
    return [*inside[:-1], replace(inside[-1], end_beats=end_beats)]


def song_chord(chord: DetectedChord, key: Tonality) -> Chord:
    """Convert to a chord of a Song, spelled in a key."""
    symbol = symbol_of(chord, key)
    is_chord = chord.root_pc is not None
    return Chord(
        start_beats=chord.start_beats,
        duration_beats=chord.end_beats - chord.start_beats,
        symbol=write_leadsheet(symbol),
        root_pc=chord.root_pc,
        quality=chord.quality,
        quality_code=symbol.quality_code,
        bass_pc=chord.bass_pc if is_chord else None,
        probability=round(chord.probability, 3),
    )


def symbol_of(chord: DetectedChord, key: Tonality) -> ChordSymbol:
    """Return the chord symbol, spelled in a key."""
    if chord.root_pc is None or chord.bass_pc is None:
        return NONE
    root = spell(chord.root_pc, key.tonic)
    above = (chord.bass_pc - chord.root_pc) % 12
    degrees = {degree.semitones: degree for degree in bass_degrees(chord.quality)}
    bass = root + degrees[above].fifths if above else None
    return respelled(ChordSymbol(root, chord.quality, bass=bass), key)
