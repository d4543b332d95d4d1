"""How realistic a melody is, by figures that distinguish real from generated melodies.

A figure has no good direction: too many chord tones are as odd as too few, and a melody that a net
finds too likely is as dull as an unlikely one is wild. So each figure counts by its distance from
the mean of real songs, in their standard deviations.
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

LIMIT = 3.0  # standard deviations: larger distances count as this, so that no figure dominates
WORST = LIMIT**2  # score of a melody without notes
NATS = "nats_per_note"
# distances in bars at which songs repeat themselves, and the largest one compared with them
RETURNING, LARGEST_LAG = (2, 4, 8, 16), 16
MIN_BARS_OF_FORM = 6  # so that there are at least lags 1 to 5
# of the figures in tools/symbolic; logarithms where songs differ by ratio
PLAIN = (
    *("in_chord_strong", "in_chord_weak", "groove_similarity", "h1", "h4", "scale_consistency"),
    *("leaps", "rest_share", "range"),
)
BY_RATIO = ("repeat_share", "same_pitch")
SMALLEST_SHARE = 0.02  # smaller shares of repeated patterns count as this

Measure = Callable[[Passage], float | None]
Measures = dict[str, float | None]


def score(song: Song, nats_per_note: float | None = None, bars: int | None = None) -> float:
    """Return how far a song's melody is from real ones: 0 is the most typical, WORST the least.

    This is the mean over the figures of the squared distance from the mean of real melodies of
    about the same length (realism_norms.py), in standard deviations, each at most LIMIT: real songs
    score about 1. Figures that cannot be measured, such as notes in chords without chords, do not
    count.

    Args:
        song: with a melody track and chords.
        nats_per_note: minus the mean log probability of a note (pitch, advance and duration) under
            the net; left out by default.
        bars: measure at most this many, from the melody's first; all by default.

    Raises:
        BadInputError: no track of the song is a melody.
        ParameterError: `bars` is not above 0.
    """
    return passage_score(passage_of(song, "lead", bars), nats_per_note)


def passage_score(passage: Passage, nats_per_note: float | None = None) -> float:
    """Return the `score` of bars that were extracted already."""
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
    """Return the length with norms that is nearest by ratio."""
    return min(load_norms(), key=lambda length: abs(log(length / bars)))


def measures(passage: Passage) -> Measures:
    """Return every figure of a passage but the net's; None if the passage is too short for it."""
    return {name: measure(passage) for name, measure in MEASURES.items()}


def returning(passage: Passage) -> float | None:
    """Return how much more similar bars 2, 4, 8 or 16 apart are than others up to 16 apart.

    Bars are compared as for SSMD (evaluation/symbolic/structure.py). The value, -1 to 1, is above 0
    where phrases return, and about 0 where bars are in random order.
    """
    if passage.bars < MIN_BARS_OF_FORM:
        return None
    means = {
        lag: float(alike.mean())
        for lag, alike in enumerate(bar_similarities(passage)[:LARGEST_LAG], 1)
    }
    there = [mean for lag, mean in means.items() if lag in RETURNING]
    between = [mean for lag, mean in means.items() if lag not in RETURNING]
    return float(np.mean(there) - np.mean(between))


def alike_in_rhythm(passage: Passage) -> float | None:
    """Return the mean cosine of two bars' onsets, up to 16 bars apart, in [0, 1]."""
    onsets = Onsets.of(passage, GRID)
    return mean_of([onset_cosines(onsets, lag) for lag in lags_of(passage)])


def alike_in_pitch(passage: Passage) -> float | None:
    """Return the mean cosine of two bars' pitch classes, up to 16 bars apart, in [0, 1]."""
    chroma = chroma_vectors(passage)
    return mean_of([row_cosines(chroma, lag) for lag in lags_of(passage)])


def lags_of(passage: Passage) -> range:
    """Return the distances in bars within the passage, up to LARGEST_LAG."""
    return range(1, min(LARGEST_LAG, passage.bars - 1) + 1)


def mean_of(arrays: Sequence[Floats]) -> float | None:
    """Return the mean of all numbers; None without any."""
    return float(np.concatenate(arrays).mean()) if arrays else None


def density(passage: Passage) -> float | None:
    """Return the logarithm of the mean number of notes that start in a bar."""
    return log(passage.notes / passage.bars) if passage.notes else None


def by_ratio(measure: Measure) -> Measure:
    """Return a measure that gives the logarithm of this one."""

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
