"""Scores of next-chord prediction, the same for all models.

Conventions: every chord of every song is predicted once, the first without context; repeated chords
are merged, and unknown chords are not scored. A model returns natural logarithms of probabilities
over the ids of `harmony_columns.CHORD_VOCABULARY` with absolute roots, so that models with and
without transposition to a common key are compared on equal terms. Ties count as their expectation
under random order, so that scores do not depend on the key of the songs.

Metrics (per chord, then the mean over all chords of all songs):
    top1, top3: whether the chord is among the 1 or 3 likeliest, in [0, 1].
    mrr: 1 / rank of the chord, in (0, 1].
    nll: negative log-probability of the chord, in nats; perplexity is exp of the mean, 1 and up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_events import FIRST_TARGET_ID, VOCABULARY_SIZE
from muse.tools.datasets.chord_songs import ChordSong
from muse.tools.errors import MuseError

Floats = NDArray[np.float64]

EVERYTHING = "all"  # key of all corpora together
SUM_TOLERANCE = 1e-3  # tolerance of sums of probabilities in single precision
TOP = (1, 3)


class Predictor(Protocol):
    """A model that can be scored."""

    def song_log_probs(self, song: ChordSong) -> NDArray[np.floating]:
        """Return the log-probabilities of each chord given the chords before it and the context.

        Args:
            song: complete; row i must not depend on chord i or later ones.

        Returns:
            Shape (chords, VOCABULARY_SIZE).
        """
        ...


@dataclass(frozen=True)
class Figures:
    """Scores of a model on some songs; see the module for the metrics."""

    top1: float
    top3: float
    mrr: float
    nll: float
    perplexity: float
    chords: int
    songs: int


def target_scores(log_probs: NDArray[np.floating], targets: NDArray[np.integer]) -> Floats:
    """Return top 1, top 3, reciprocal rank and NLL of each target.

    Args:
        log_probs: shape (chords, ids).
        targets: ids, shape (chords,).

    Returns:
        Shape (chords, 4).
    """
    own = np.take_along_axis(log_probs, targets[:, None].astype(np.int64), 1)
    likelier = (log_probs > own).sum(1)
    equal = (log_probs == own).sum(1)
    hits = [np.clip((k - likelier) / equal, 0.0, 1.0) for k in TOP]
    return np.stack([*hits, reciprocal_ranks(likelier, equal), -own[:, 0]], axis=1)


def reciprocal_ranks(likelier: NDArray[np.int64], equal: NDArray[np.int64]) -> Floats:
    """Return the mean of 1 / rank over the ranks shared by chords as likely as the target."""
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, VOCABULARY_SIZE + 1))])
    shared: Floats = (harmonic[likelier + equal] - harmonic[likelier]) / equal
    return shared


def song_scores(predictor: Predictor, song: ChordSong) -> Floats:
    """Return the scores of a song's chords that are not unknown, shape (scored, 4).

    Raises:
        MuseError: the model's output has the wrong shape, or is not log-probabilities.
    """
    log_probs = np.asarray(predictor.song_log_probs(song), np.float64)
    if log_probs.shape != (len(song), VOCABULARY_SIZE):
        shape = (len(song), VOCABULARY_SIZE)
        raise MuseError(f"{song.id}: the model returns shape {log_probs.shape}, expected {shape}")
    sums = np.exp(log_probs).sum(1)
    if not (sums <= 1 + SUM_TOLERANCE).all():
        raise MuseError(
            f"{song.id}: the model's probabilities add up to {sums.max():.4f}, expected 1"
        )
    is_scored = song.chord_id >= FIRST_TARGET_ID
    return target_scores(log_probs[is_scored], song.chord_id[is_scored])


def figures(scores: Sequence[Floats]) -> Figures:
    """Return the mean scores of songs; nan without any chord."""
    rows = np.concatenate([np.empty((0, len(TOP) + 2)), *scores])
    means = rows.mean(0) if len(rows) else np.full(len(TOP) + 2, np.nan)
    top1, top3, mrr, nll = means.tolist()
    return Figures(top1, top3, mrr, nll, float(np.exp(nll)), len(rows), len(scores))


def evaluate(predictor: Predictor, songs: Iterable[ChordSong]) -> dict[str, Figures]:
    """Return the scores of a model by corpus, and over all corpora as EVERYTHING.

    Raises:
        MuseError: the model's output has the wrong shape, or is not log-probabilities.
    """
    by_corpus: dict[str, list[Floats]] = {}
    for song in songs:
        by_corpus.setdefault(song.corpus, []).append(song_scores(predictor, song))
    everything = [scores for each in by_corpus.values() for scores in each]
    return {
        **{corpus: figures(scores) for corpus, scores in by_corpus.items()},
        EVERYTHING: figures(everything),
    }


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (0 for one value) of a metric over seeds."""

    mean: float
    deviation: float


def over_seeds(runs: Sequence[Mapping[str, Figures]]) -> dict[str, dict[str, Spread]]:
    """Return the spread of each metric over runs with different seeds, by corpus and metric."""
    found = {}
    for corpus in dict.fromkeys(name for run in runs for name in run):
        rows = [asdict(run[corpus]) for run in runs if corpus in run]
        found[corpus] = {metric: spread([row[metric] for row in rows]) for metric in rows[0]}
    return found


def seed_differences(
    runs: Sequence[Mapping[str, Figures]], others: Sequence[Mapping[str, Figures]]
) -> dict[str, dict[str, Spread]]:
    """Return the spread of the difference of two models' metrics, paired by seed.

    Splits differ more than models do; pairing removes the differences of the splits.
    """
    found = {}
    for corpus in dict.fromkeys(name for run in runs for name in run):
        pairs = [
            (asdict(one[corpus]), asdict(other[corpus]))
            for one, other in zip(runs, others, strict=True)
            if corpus in one and corpus in other
        ]
        metrics = pairs[0][0] if pairs else {}
        found[corpus] = {m: spread([one[m] - other[m] for one, other in pairs]) for m in metrics}
    return found


def spread(values: Sequence[float]) -> Spread:
    """Return mean and standard deviation of values."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Spread(float(np.mean(values)), deviation)
