"""How typical a melody is of real ones, by figures that tell real melodies from made ones.

A figure by itself is neither good nor bad: too many chord tones are as odd as too few, and a melody
that a net finds too likely is as dull as one that it finds unlikely is wild. So each is counted as
its distance from what real songs have, in their standard deviations.
"""

from collections.abc import Callable, Sequence
from math import log

import numpy as np

from muse.tools.evaluation.symbolic.figures import FIGURES as SYMBOLIC_FIGURES
from muse.tools.evaluation.symbolic.passage import GRID, Floats, Passage, passage_of
from muse.tools.evaluation.symbolic.rhythm import Onsets
from muse.tools.evaluation.symbolic.structure import (
    bar_similarities,
    chroma_vectors,
    onset_cosines,
    row_cosines,
)
from muse.tools.melody.realism_norms import load_norms
from muse.tools.song.document import Song

LIMIT = 3.0  # standard deviations: what is further off counts as this, so that no figure rules
WORST = LIMIT**2  # the score of a melody without a note
NATS = "nats_per_note"
# bars after which songs come back, against those in between
RETURNING, LARGEST_LAG = (2, 4, 8, 16), 16
FEWEST_BARS_OF_FORM = 6  # so that at least lags 1 to 5 are there
# of the figures in tools/symbolic; logarithms where songs differ by ratio
PLAIN = (
    *("in_chord_strong", "in_chord_weak", "groove_similarity", "h1", "h4", "scale_consistency"),
    *("leaps", "rest_share", "range"),
)
BY_RATIO = ("repeat_share", "same_pitch")
SMALLEST_SHARE = 0.02  # of a repeated pattern: less, as none, counts as this

Measure = Callable[[Passage], float | None]
Measures = dict[str, float | None]


def score(song: Song, nats_per_note: float | None = None, bars: int | None = None) -> float:
    """How far a song's melody is from real ones: 0 is the most typical, WORST the least.

    The mean over the figures of the squared distance from real melodies' mean, in their standard
    deviations, each at the most LIMIT: a real song scores about 1. Real melodies of about as many
    bars are what it is measured by (realism_norms.py). What cannot be measured, as notes in
    chords where there are none, does not count.

    Args:
        song: with a melody (forms.melody.find_melody_track) and chords.
        nats_per_note: minus the log probability that the net gives a note, with its pitch, advance
            and duration, in the mean of the notes; left out by default.
        bars: measure no more than so many, from the melody's first; all by default.

    Raises:
        BadInputError: no track of the song is a melody.
        ParameterError: `bars` is not above 0.
    """
    return passage_score(passage_of(song, "lead", bars), nats_per_note)


def passage_score(passage: Passage, nats_per_note: float | None = None) -> float:
    """As `score`, of bars that are there already."""
    if not passage.notes:
        return WORST
    own = measures(passage) | {NATS: nats_per_note}
    squares = [
        min(((value - mean) / deviation) ** 2, WORST)
        for name, (mean, deviation) in load_norms()[nearest_length(passage.bars)].items()
        if (value := own[name]) is not None
    ]
    return float(np.mean(squares))


def nearest_length(bars: int) -> int:
    """The length with norms that is nearest by ratio."""
    return min(load_norms(), key=lambda length: abs(log(length / bars)))


def measures(passage: Passage) -> Measures:
    """Every figure of a passage but the net's; None where it has too little in it."""
    return {name: measure(passage) for name, measure in MEASURES.items()}


def returning(passage: Passage) -> float | None:
    """How much more alike bars 2, 4, 8 and 16 apart are than others up to 16 apart, in [-1, 1].

    Bars are compared as for SSMD (symbolic/structure.py), where phrases come back it is above 0,
    and about 0 where bars stand in any order.
    """
    if passage.bars < FEWEST_BARS_OF_FORM:
        return None
    means = {
        lag: float(alike.mean())
        for lag, alike in enumerate(bar_similarities(passage)[:LARGEST_LAG], 1)
    }
    there = [mean for lag, mean in means.items() if lag in RETURNING]
    between = [mean for lag, mean in means.items() if lag not in RETURNING]
    return float(np.mean(there) - np.mean(between))


def alike_in_rhythm(passage: Passage) -> float | None:
    """The mean cosine of two bars' onsets, up to 16 bars apart, in [0, 1]; see structure.py."""
    onsets = Onsets.of(passage, GRID)
    return mean_of([onset_cosines(onsets, lag) for lag in lags_of(passage)])


def alike_in_pitch(passage: Passage) -> float | None:
    """The mean cosine of two bars' pitch classes, as held, up to 16 bars apart, in [0, 1]."""
    chroma = chroma_vectors(passage)
    return mean_of([row_cosines(chroma, lag) for lag in lags_of(passage)])


def lags_of(passage: Passage) -> range:
    """Distances in bars that the passage has, up to LARGEST_LAG."""
    return range(1, min(LARGEST_LAG, passage.bars - 1) + 1)


def mean_of(arrays: Sequence[Floats]) -> float | None:
    """The mean of all numbers; None without any."""
    return float(np.concatenate(arrays).mean()) if arrays else None


def density(passage: Passage) -> float | None:
    """Logarithm of the notes that start in a bar, in the mean."""
    return log(passage.notes / passage.bars) if passage.notes else None


def by_ratio(measure: Measure) -> Measure:
    """The measure's logarithm."""

    def logarithm(passage: Passage) -> float | None:
        value = measure(passage)
        return None if value is None else log(max(value, SMALLEST_SHARE))

    return logarithm


BY_NAME = {figure.name: figure.measure for figure in SYMBOLIC_FIGURES}
MEASURES: dict[str, Measure] = {
    **{name: BY_NAME[name] for name in PLAIN},
    **{f"log_{name}": by_ratio(BY_NAME[name]) for name in BY_RATIO},
    "log_density": density,
    "alike_in_rhythm": alike_in_rhythm,
    "alike_in_pitch": alike_in_pitch,
    "returning": returning,
}
