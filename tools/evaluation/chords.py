"""How well a model tells the next chord: one evaluation for all models.

Conventions: every chord of every song is asked for once, the first from nothing; repeats are merged
and unknown chords are not asked for. A model gives natural logarithms of probabilities over the ids
of forms.harmony.CHORD_VOCABULARY with absolute roots, so that one that works in a common key and
one that does not are asked the same. Where chords are equally likely, hits and ranks are those to
be expected from drawing lots: a model's figures do not depend on the key that songs are in.

Metrics (for each chord, then the mean over all chords of all songs):
    top1, top3: whether the chord is the likeliest, or one of the three likeliest, in [0, 1].
    mrr: 1 / rank of the chord, in (0, 1].
    nll: minus the logarithm of its probability, in nats; perplexity is exp of the mean, 1 and up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from muse.tools.chords.events import FIRST_TARGET_ID, VOCABULARY_SIZE
from muse.tools.chords.song_arrays import ChordSong
from muse.tools.errors import MuseError

Floats = NDArray[np.float64]

EVERYTHING = "all"  # the row of all corpora together
SUM_TOLERANCE = 1e-3  # how far above 1 probabilities may add up: single precision
TOP = (1, 3)


class Predictor(Protocol):
    """A model that can be scored."""

    def song_log_probs(self, song: ChordSong) -> NDArray[np.floating]:
        """Logarithms of the probabilities of each chord, given those before it and the context.

        Args:
            song: whole; row i must not depend on chord i or on any later one.

        Returns:
            Shape (chords, VOCABULARY_SIZE).
        """
        ...


@dataclass(frozen=True)
class Figures:
    """What a model scores on some songs; see the module for the metrics."""

    top1: float
    top3: float
    mrr: float
    nll: float
    perplexity: float
    chords: int
    songs: int


def target_scores(log_probs: NDArray[np.floating], targets: NDArray[np.integer]) -> Floats:
    """Top 1, top 3, reciprocal rank and NLL of each target.

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
    """The mean of 1 / rank over the ranks that chords as likely as the target share."""
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, VOCABULARY_SIZE + 1))])
    shared: Floats = (harmonic[likelier + equal] - harmonic[likelier]) / equal
    return shared


def song_scores(predictor: Predictor, song: ChordSong) -> Floats:
    """The scores of the chords of a song that are asked for, shape (asked, 4).

    Raises:
        MuseError: what the model gives are not logarithms of probabilities.
    """
    log_probs = np.asarray(predictor.song_log_probs(song), np.float64)
    if log_probs.shape != (len(song), VOCABULARY_SIZE):
        shape = (len(song), VOCABULARY_SIZE)
        raise MuseError(f"{song.id}: the model gives shape {log_probs.shape}, not {shape}")
    sums = np.exp(log_probs).sum(1)
    if not (sums <= 1 + SUM_TOLERANCE).all():
        raise MuseError(f"{song.id}: the model's probabilities add up to {sums.max():.4f}, not 1")
    asked = song.chord_id >= FIRST_TARGET_ID
    return target_scores(log_probs[asked], song.chord_id[asked])


def figures(scores: Sequence[Floats]) -> Figures:
    """The figures of songs whose chords are scored; nan without any chord."""
    rows = np.concatenate([np.empty((0, len(TOP) + 2)), *scores])
    means = rows.mean(0) if len(rows) else np.full(len(TOP) + 2, np.nan)
    top1, top3, mrr, nll = means.tolist()
    return Figures(top1, top3, mrr, nll, float(np.exp(nll)), len(rows), len(scores))


def evaluate(predictor: Predictor, songs: Iterable[ChordSong]) -> dict[str, Figures]:
    """The figures of a model by corpus, and of all corpora together under EVERYTHING.

    Raises:
        MuseError: what the model gives are not logarithms of probabilities.
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
    """Mean and standard deviation (of a sample; 0 from one alone) of a metric over seeds."""

    mean: float
    deviation: float


def over_seeds(runs: Sequence[Mapping[str, Figures]]) -> dict[str, dict[str, Spread]]:
    """Corpus -> metric -> its mean and spread over runs that differ in their seed."""
    found = {}
    for corpus in dict.fromkeys(name for run in runs for name in run):
        rows = [asdict(run[corpus]) for run in runs if corpus in run]
        found[corpus] = {metric: spread([row[metric] for row in rows]) for metric in rows[0]}
    return found


def ahead_of(
    runs: Sequence[Mapping[str, Figures]], others: Sequence[Mapping[str, Figures]]
) -> dict[str, dict[str, Spread]]:
    """Corpus -> metric -> by how much a model's figures are above another's, seed by seed.

    Splits differ more from one another than models do; this tells the models apart.
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
    """Mean and standard deviation of values."""
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return Spread(float(np.mean(values)), deviation)
