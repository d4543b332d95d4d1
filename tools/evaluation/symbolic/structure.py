"""SSMD: distance between the form of two sets of songs.

Conventions: a song's similarities are a list by lag: element k holds those of bars i and i + k + 1
for every i, each in [0, 1].
"""

from collections.abc import Sequence

import numpy as np

from muse.tools.evaluation.symbolic.passage import GRID, Floats, Integers, Passage
from muse.tools.evaluation.symbolic.rhythm import Onsets

MAX_LAG = 32  # bars; repetitions further apart are ignored
Similarities = list[Floats]


def bar_similarities(passage: Passage) -> Similarities:
    """Return the similarities of a song's bars by lag, up to MAX_LAG bars.

    A similarity is the mean of two cosines: of the bars' onset vectors (sixteenths with an onset)
    and of their chroma vectors (beats of each pitch class, over the notes that start in the bar).
    Two empty vectors have similarity 1, an empty and a nonempty one 0. Drums are in the onset
    vectors only.
    """
    onsets, chroma = Onsets.of(passage, GRID), chroma_vectors(passage)
    lags = range(1, min(MAX_LAG, passage.bars - 1) + 1)
    return [(onset_cosines(onsets, lag) + row_cosines(chroma, lag)) / 2 for lag in lags]


def chroma_vectors(passage: Passage) -> Floats:
    """Return the beats of each pitch class in each bar, (B, 12)."""
    vectors = np.zeros((passage.bars, 12))
    pitched = passage.pitched
    where = (passage.bar[pitched], passage.pitch[pitched] % 12)
    np.add.at(vectors, where, passage.duration[pitched])
    return vectors


def onset_cosines(onsets: Onsets, lag: int) -> Floats:
    """Return the cosine of the onsets of each bar and of the bar `lag` later, (B - lag,)."""
    counts = onsets.counts.astype(np.float64)
    return cosines(onsets.shared(lag), counts[:-lag], counts[lag:])


def row_cosines(vectors: Floats, lag: int) -> Floats:
    """Return the cosine of each row and the row `lag` later: (B, D) to (B - lag,)."""
    powers = (vectors**2).sum(axis=1)
    return cosines((vectors[:-lag] * vectors[lag:]).sum(axis=1), powers[:-lag], powers[lag:])


def cosines(products: Floats | Integers, first: Floats, second: Floats) -> Floats:
    """Return cosines from inner products and squared norms; 1 if both vectors are empty."""
    norms = np.sqrt(first * second)
    cosine = np.clip(products / np.where(norms > 0, norms, 1.0), 0.0, 1.0)
    return np.where((first == 0) & (second == 0), 1.0, cosine)


def ssmd(songs: Sequence[Similarities], reference: Sequence[Similarities]) -> float | None:
    """Return the distance of self-similarity matrices of two sets of songs.

    For each lag, the similarities of bars at that distance are pooled over a set's songs, each song
    with equal weight. The 1-Wasserstein distance of the two pools (the area between their
    distribution functions) is averaged over the lags that both sets have.

    Returns:
        In [0, 1]; 0 for equal sets. Shuffling bars increases it, since music repeats after 4, 8 and
        16 bars rather than after any number. Two draws of the same music differ by their sampling
        error, which is the baseline for comparisons. None if no lag is in both sets.
    """
    lags = min(max((len(song) for song in group), default=0) for group in (songs, reference))
    if not lags:
        return None
    distances = [
        wasserstein(pool_at_lag(songs, lag), pool_at_lag(reference, lag)) for lag in range(lags)
    ]
    return float(np.mean(distances))


def pool_at_lag(songs: Sequence[Similarities], lag: int) -> tuple[Floats, Floats]:
    """Return the similarities of all songs at a lag, and weights with a sum of 1; (V,) each."""
    values = [song[lag] for song in songs if len(song) > lag]
    weights = [np.full(len(each), 1 / (len(each) * len(values))) for each in values]
    return np.concatenate(values), np.concatenate(weights)


def wasserstein(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> float:
    """Return the 1-Wasserstein distance of two weighted samples, (values, weights) each."""
    values = np.concatenate([first[0], second[0]])
    weights = np.concatenate([first[1], -second[1]])
    order = np.argsort(values, kind="stable")
    apart = np.abs(np.cumsum(weights[order]))[:-1]
    return float((apart * np.diff(values[order])).sum())
