"""Figures of harmony: whether notes belong to their chords, and how varied the chords are.

Each takes a Passage; None if it has no chords, or too few. Time without a chord and unreadable
symbols are ignored.
"""

from itertools import groupby

import numpy as np

from muse.tools.evaluation.symbolic.passage import GRID, ChordPiece, Harmony, Mask, Passage

PROGRESSION_LENGTH = 3  # chords per progression
TIME_TOLERANCE = 1e-6  # beats: a chord that starts at most this much after a note applies to it


def notes_in_chord(passage: Passage, strong: bool) -> float | None:
    """Return the share of notes, on strong beats or on others, whose pitch class is in the chord.

    Strong beats are every second beat of a bar with an even number of beats (1 and 3 of 4/4, 1 of
    6/8) and the first of other bars. A note is on the beat of its nearest sixteenth. In [0, 1].
    """
    chosen = passage.pitched & (on_strong_beat(passage) == strong)
    inside, counted = chord_tones(passage)
    chosen &= counted
    return float(inside[chosen].mean()) if chosen.any() else None


def on_strong_beat(passage: Passage) -> Mask:
    """Return whether each note starts on a strong beat, (N,)."""
    pulses = passage.bar_pulses[passage.bar]
    beat = passage.step / GRID / (passage.bar_beats[passage.bar] / pulses)
    strong: Mask = np.where(pulses % 2 == 0, beat % 2 == 0, beat == 0)
    return strong


def chord_tones(passage: Passage) -> tuple[Mask, Mask]:
    """Return whether each note is in its chord, and whether it has a chord; (N,) each."""
    if not passage.chords:
        nothing = np.zeros(len(passage.bar), dtype=bool)
        return nothing, nothing
    lines = passage.bar_start
    begin = np.array([lines[piece.bar] + piece.offset for piece in passage.chords])
    end = begin + np.array([piece.duration for piece in passage.chords])
    time = lines[passage.bar] + passage.step / GRID
    index = np.searchsorted(begin, time + TIME_TOLERANCE, side="right") - 1
    under = (index >= 0) & (time < end[index] - TIME_TOLERANCE)
    members = np.array([chord_members(piece.harmony) for piece in passage.chords])
    return members[index, passage.pitch % 12] & under, under & members[index].any(axis=1)


def chord_members(harmony: Harmony) -> list[bool]:
    """Return whether each of the twelve pitch classes is in a chord; all False without a chord."""
    return [pc in harmony.pitch_classes for pc in range(12)]


def progression(passage: Passage) -> list[Harmony]:
    """Return the chords in order, without gaps; repeated chords count once."""
    chords = [piece.harmony for piece in passage.chords if is_chord(piece)]
    return [harmony for harmony, _ in groupby(chords)]


def is_chord(piece: ChordPiece) -> bool:
    """Return whether the piece has a root."""
    return piece.harmony.root_pc is not None


def chord_irregularity(passage: Passage) -> float | None:
    """Return the share of distinct three-chord progressions (CPI), in (0, 1].

    Chords are equal if root, bass and pitch classes are. Source: Wu and Yang, "The Jazz Transformer
    on the front line", ISMIR 2020; unlike here, the authors' program omits the last progression of
    a song, and returns 1 for a song of three chords.
    """
    chords = progression(passage)
    grams = [
        tuple(chords[i : i + PROGRESSION_LENGTH])
        for i in range(len(chords) - PROGRESSION_LENGTH + 1)
    ]
    return len(set(grams)) / len(grams) if grams else None


def chords_per_bar(passage: Passage) -> float | None:
    """Return the number of chord changes per bar, counting the first chord."""
    chords = progression(passage)
    return len(chords) / passage.bars if chords else None


def distinct_chords(passage: Passage) -> float | None:
    """Return the number of distinct chords."""
    chords = progression(passage)
    return float(len(set(chords))) if chords else None
