"""Figures of harmony: whether notes are in the chord beneath, and how chords come again.

Each takes a Passage; None where it has no chords, or too few. Stretches without a chord, and
symbols that cannot be read, do not count.
"""

from itertools import groupby

import numpy as np

from muse.tools.evaluation.symbolic.passage import GRID, ChordPiece, Harmony, Mask, Passage

GRAM = 3  # chords: the length of a progression that is unique or comes again
TOUCH = 1e-6  # beats: a chord that starts this little after a note is under it


def notes_in_chord(passage: Passage, strong: bool) -> float | None:
    """Share of the notes on strong beats, or of the others, whose pitch class the chord has.

    Strong are every second beat of a bar with an even number of them (1 and 3 of 4/4, 1 of 6/8) and
    the first of other bars. A note's beat is that of its nearest sixteenth. In [0, 1].
    """
    chosen = passage.pitched & (on_strong_beat(passage) == strong)
    inside, counted = chord_tones(passage)
    chosen &= counted
    return float(inside[chosen].mean()) if chosen.any() else None


def on_strong_beat(passage: Passage) -> Mask:
    """Whether each note starts on a strong beat, (N,)."""
    pulses = passage.bar_pulses[passage.bar]
    beat = passage.step / GRID / (passage.bar_beats[passage.bar] / pulses)
    strong: Mask = np.where(pulses % 2 == 0, beat % 2 == 0, beat == 0)
    return strong


def chord_tones(passage: Passage) -> tuple[Mask, Mask]:
    """Whether each note is in its chord, and whether there is a chord under it; (N,) each."""
    if not passage.chords:
        nothing = np.zeros(len(passage.bar), dtype=bool)
        return nothing, nothing
    lines = passage.bar_start
    begin = np.array([lines[piece.bar] + piece.offset for piece in passage.chords])
    end = begin + np.array([piece.duration for piece in passage.chords])
    time = lines[passage.bar] + passage.step / GRID
    index = np.searchsorted(begin, time + TOUCH, side="right") - 1
    under = (index >= 0) & (time < end[index] - TOUCH)
    members = np.array([members_of(piece.harmony) for piece in passage.chords])
    return members[index, passage.pitch % 12] & under, under & members[index].any(axis=1)


def members_of(harmony: Harmony) -> list[bool]:
    """Which of the twelve pitch classes a chord has; none where it is no chord."""
    return [pc in harmony.pitch_classes for pc in range(12)]


def progression(passage: Passage) -> list[Harmony]:
    """The chords in order, what is not a chord left out, one for each that is held or repeated."""
    chords = [piece.harmony for piece in passage.chords if is_chord(piece)]
    return [harmony for harmony, _ in groupby(chords)]


def is_chord(piece: ChordPiece) -> bool:
    """Whether the piece has a root."""
    return piece.harmony.root_pc is not None


def chord_irregularity(passage: Passage) -> float | None:
    """CPI: progressions of three chords that differ, as a share of all of them, in (0, 1].

    Chords are equal when root, bass and pitch classes are. Source: Wu and Yang, "The Jazz
    Transformer on the front line", ISMIR 2020; the authors' program leaves the last progression of
    a song out, and takes a song of three chords for 1.
    """
    chords = progression(passage)
    grams = [tuple(chords[i : i + GRAM]) for i in range(len(chords) - GRAM + 1)]
    return len(set(grams)) / len(grams) if grams else None


def chords_per_bar(passage: Passage) -> float | None:
    """Changes of chord in a bar, the first chord counted."""
    chords = progression(passage)
    return len(chords) / passage.bars if chords else None


def distinct_chords(passage: Passage) -> float | None:
    """How many chords there are that differ."""
    chords = progression(passage)
    return float(len(set(chords))) if chords else None
