"""Table of the figures, and their summary over a set of songs.

A figure is a number of one passage, or None if the passage has too little material; over a set, it
is the mean and standard deviation of the songs that have it. Only SSMD is defined on whole sets
(structure.py). A new figure is a function of a Passage and a row of FIGURES.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Literal

from muse.tools.evaluation.symbolic.harmony import (
    chord_irregularity,
    chords_per_bar,
    distinct_chords,
    notes_in_chord,
)
from muse.tools.evaluation.symbolic.melodic_line import (
    leaps,
    longest_repeat,
    longest_same_pitch,
    repeat_share,
)
from muse.tools.evaluation.symbolic.passage import Passage
from muse.tools.evaluation.symbolic.pitches import (
    pitch_class_entropy,
    pitch_range,
    scale_consistency,
)
from muse.tools.evaluation.symbolic.rhythm import (
    empty_bars,
    groove_consistency,
    groove_similarity,
    rest_share,
)

View = Literal["symbolic", "melody", "chords"]
Measure = Callable[[Passage], float | None]
Values = dict[str, float | None]
SSMD_NAME, SSMD_LABEL = "ssmd", "SSMD: distance of form"


@dataclass(frozen=True)
class Figure:
    """One figure: its name in JSON, its label in tables, and its function."""

    name: str
    label: str
    measure: Measure
    of_chords: bool = False  # measured without notes


FIGURES = (
    Figure("groove_similarity", "groove similarity, all bars (GS)", groove_similarity),
    Figure("groove_consistency", "groove consistency, next bars", groove_consistency),
    Figure("h1", "pitch-class entropy, 1 bar (H1, bits)", partial(pitch_class_entropy, bars=1)),
    Figure("h4", "pitch-class entropy, 4 bars (H4, bits)", partial(pitch_class_entropy, bars=4)),
    Figure("scale_consistency", "scale consistency", scale_consistency),
    Figure("in_chord_strong", "notes in chord, strong beats", partial(notes_in_chord, strong=True)),
    Figure("in_chord_weak", "notes in chord, elsewhere", partial(notes_in_chord, strong=False)),
    Figure("range", "range (semitones)", pitch_range),
    Figure("leaps", "leaps (a fourth and wider)", leaps),
    Figure("same_pitch", "longest run of one pitch (notes)", longest_same_pitch),
    Figure("rest_share", "rests, share of time", rest_share),
    Figure("empty_bars", "empty bars", empty_bars),
    Figure("longest_repeat", "longest repeated pattern (notes)", longest_repeat),
    Figure("repeat_share", "longest repeated pattern, share", repeat_share),
    Figure("chord_irregularity", "chord irregularity (CPI)", chord_irregularity, of_chords=True),
    Figure("chords_per_bar", "chords in a bar", chords_per_bar, of_chords=True),
    Figure("distinct_chords", "different chords", distinct_chords, of_chords=True),
)
LABELS = {figure.name: figure.label for figure in FIGURES} | {SSMD_NAME: SSMD_LABEL}


@dataclass(frozen=True)
class Summary:
    """A figure over a set; `sd` is the sample standard deviation, None for one song."""

    mean: float
    sd: float | None
    songs: int


def figures_of(view: View) -> tuple[Figure, ...]:
    """Return the figures of a view: chords alone, a melody over chords, or all."""
    if view == "symbolic":
        return FIGURES
    return tuple(figure for figure in FIGURES if figure.of_chords == (view == "chords"))


def measure(passage: Passage, figures: Sequence[Figure] = FIGURES) -> Values:
    """Return the figures of one passage by name."""
    return {figure.name: figure.measure(passage) for figure in figures}


def summarize(rows: Sequence[Values], name: str) -> Summary | None:
    """Return the summary of a figure over the songs that have it; None if none has."""
    known = [value for row in rows if (value := row[name]) is not None]
    if not known:
        return None
    return Summary(fmean(known), stdev(known) if len(known) > 1 else None, len(known))
