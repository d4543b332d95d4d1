"""Realism of a melody: its distance from real melodies in figures that differ in generated ones.

Neither high nor low values of a figure are good: too many chord tones are as unusual as too few,
and so are notes that a net finds too likely or too unlikely. Each figure therefore enters as its
distance from the mean of real melodies, in standard deviations.
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

LIMIT = 3.0  # standard deviations; larger distances count as this, so that no figure dominates
WORST = LIMIT**2  # score of a melody without notes
NATS = "nats_per_note"
RETURNING, LARGEST_LAG = (2, 4, 8, 16), 16  # bars: lags of typical repeats, and the largest lag
MIN_BARS_OF_FORM = 6  # so that lags 1 to 5 exist
# figures of evaluation/symbolic, as they are or as logarithms
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

    The score is the mean over the figures of the squared distance from the mean of real melodies of
    about the same length (realism_norms.py), in standard deviations, each at most LIMIT. Real songs
    score about 1. Figures that cannot be measured, such as chord tones without chords, are ignored.

    Args:
        song: with a melody track and chords.
        nats_per_note: minus the mean log probability of a note (pitch, advance and duration) under
            the net; ignored by default.
        bars: number of bars to measure, from the melody's first on; all by default.

    Raises:
        BadInputError: no track of the song is a melody.
        ParameterError: `bars` is not above 0.
    """
    return passage_score(passage_of(song, "lead", bars), nats_per_note)


def passage_score(passage: Passage, nats_per_note: float | None = None) -> float:
    """Return the `score` of bars that are already extracted."""
    if not passage.notes:
        return WORST
    figures = measures(passage) | {NATS: nats_per_note}
    squares = [
        min(((value - mean) / deviation) ** 2, WORST)
        for name, (mean, deviation) in load_norms()[nearest_length(passage.bars)].items()
        if (value := figures[name]) is not None
    ]
    return float(np.mean(squares))


def nearest_length(bars: int) -> int:
    """Return the number of bars nearest by ratio for which there are norms."""
    return min(load_norms(), key=lambda length: abs(log(length / bars)))


def measures(passage: Passage) -> Measures:
    """Return all figures but that of the net; None for those that the passage is too short for."""
    return {name: measure(passage) for name, measure in MEASURES.items()}


def returning(passage: Passage) -> float | None:
    """Return the similarity of bars 2, 4, 8 or 16 apart minus that of other bars up to 16 apart.

    Similarities are those of SSMD (evaluation/symbolic/structure.py).

    Returns:
        Difference in [-1, 1]: above 0 if phrases return, about 0 for bars in random order; None for
        fewer than MIN_BARS_OF_FORM bars.
    """
    if passage.bars < MIN_BARS_OF_FORM:
        return None
    means = {
        lag: float(similarities.mean())
        for lag, similarities in enumerate(bar_similarities(passage)[:LARGEST_LAG], 1)
    }
    periodic = [mean for lag, mean in means.items() if lag in RETURNING]
    others = [mean for lag, mean in means.items() if lag not in RETURNING]
    return float(np.mean(periodic) - np.mean(others))


def rhythm_similarity(passage: Passage) -> float | None:
    """Return the mean cosine similarity of onsets of bars up to 16 apart, in [0, 1]."""
    onsets = Onsets.of(passage, GRID)
    return mean_of([onset_cosines(onsets, lag) for lag in lags_of(passage)])


def pitch_similarity(passage: Passage) -> float | None:
    """Return the mean cosine similarity of pitch classes of bars up to 16 apart, in [0, 1]."""
    chroma = chroma_vectors(passage)
    return mean_of([row_cosines(chroma, lag) for lag in lags_of(passage)])


def lags_of(passage: Passage) -> range:
    """Return the lags in bars that the passage has, up to LARGEST_LAG."""
    return range(1, min(LARGEST_LAG, passage.bars - 1) + 1)


def mean_of(arrays: Sequence[Floats]) -> float | None:
    """Return the mean of all numbers; None without any."""
    return float(np.concatenate(arrays).mean()) if arrays else None


def density(passage: Passage) -> float | None:
    """Return the logarithm of the mean number of onsets per bar."""
    return log(passage.notes / passage.bars) if passage.notes else None


def by_ratio(measure: Measure) -> Measure:
    """Return the logarithm of a measure, as a measure."""

    def logarithm(passage: Passage) -> float | None:
        value = measure(passage)
        return None if value is None else log(max(value, SMALLEST_SHARE))

    return logarithm


BY_NAME = {figure.name: figure.measure for figure in SYMBOLIC_FIGURES}
MEASURES: dict[str, Measure] = {
    **{name: BY_NAME[name] for name in PLAIN},
    **{f"log_{name}": by_ratio(BY_NAME[name]) for name in BY_RATIO},
    "log_density": density,
    "alike_in_rhythm": rhythm_similarity,
    "alike_in_pitch": pitch_similarity,
    "returning": returning,
}
