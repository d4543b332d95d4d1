"""Decaying histograms of the intervals between onsets, and the tempo features made from them.

A tempo is judged by how often onsets lie a sixth, a quarter, ... one, two, eight of its beats
apart, relative to how often they would at random: for all pairs of onsets, weighted by accents, and
for pairs that share a pitch (two snares, a tone that returns).

Conventions: times in s, tempos in quarter notes per minute. An onset may be several notes that
begin together. Intervals (lags) are counted in bins that are even in log time.
"""

from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.onsets import Onset, OnsetArrays, RecentOnsets

Array = NDArray[np.float64]

DECAY_S = 10.0  # default time in which counts decay to 1 / e
SHORTEST_S, LONGEST_S = 0.05, 13.0  # range of lags
BIN = 0.01  # bin width in log lag
JITTER_S, JITTER_PART = (
    0.012,
    0.012,
)  # standard deviation of human timing: constant, and relative to the lag
SLOWEST_BPM, FASTEST_BPM, TEMPO_STEP = 36.0, 300.0, 0.02  # tempos, even in log tempo
MIN_SPAN_S = 0.3  # the least duration over which a rate is computed
MAX_ACCENT = 4.0  # the largest weight of a loud onset
VELOCITY_PART = 0.1  # weight of the latest onset in the running mean of velocity
MAX_RATIO = 20.0  # to which ratios to the random count are clipped
RATIO_OFFSET = 0.1  # added to ratios before the logarithm

BINS = ceil(log(LONGEST_S / SHORTEST_S) / BIN) + 1
LAGS_S = SHORTEST_S * np.exp(BIN * np.arange(BINS))
TEMPOS = SLOWEST_BPM * np.exp(
    TEMPO_STEP * np.arange(int(log(FASTEST_BPM / SLOWEST_BPM) / TEMPO_STEP) + 1)
)
BEATS_APART = np.array(
    sorted(
        {k / 12 for k in range(2, 25)}
        | {k / 8 for k in range(1, 16, 2)}
        | {k / 2 for k in range(5, 15)}
        | {7.0, 8.0}
    )
)
CHANNELS = 3  # all pairs, weighted by accents, those that share a pitch
FEATURES = CHANNELS * len(BEATS_APART) + 4


class OnsetIntervals:
    """Decaying counts of lags between onsets."""

    def __init__(self, decay_s: float = DECAY_S) -> None:
        """Start without any onsets; counts decay to 1 / e in `decay_s`."""
        self.decay_s = decay_s
        self.last_s: float | None = None
        self._span_s = 0.0  # decayed duration of the counts
        self._usual_velocity = 0.0  # running mean
        self._lags = np.zeros((CHANNELS, BINS))
        self._count = np.zeros(2)  # decayed number of onsets, and sum of accents
        self._recent = RecentOnsets()

    def add(self, onset: Onset) -> None:
        """Add the next onset; onsets come in order."""
        if self.last_s is None:
            self.last_s, self._usual_velocity = onset.time_s, onset.velocity
        self._decay(onset.time_s - self.last_s)
        self.last_s = onset.time_s
        self._usual_velocity += VELOCITY_PART * (onset.velocity - self._usual_velocity)
        accent = min((onset.velocity / max(self._usual_velocity, 1.0)) ** 2, MAX_ACCENT)
        self._count_pairs(onset, accent)
        self._count += (1.0, accent)
        self._recent.add(onset, accent)

    def features(self) -> NDArray[np.float32]:
        """Return the features of each tempo at the last onset, (tempos, FEATURES)."""
        span_s = self._span_s + MIN_SPAN_S
        pairs, accents = self._count**2 / span_s  # expected at random, for a second of lag
        sharing = pairs * self._lags[2].sum() / max(self._lags[0].sum(), 1e-9)
        expected = np.array([pairs, accents, sharing]) + 1e-6
        ratios = np.minimum(self._lags @ WINDOWS / expected[:, None], MAX_RATIO)
        at_tempo = ratios[:, BELOW] * (1 - WITHIN) + ratios[:, BELOW + 1] * WITHIN
        at_tempo[:, ~COUNTED] = 1.0
        rate = np.log(self._count[0] / span_s * 60.0 / TEMPOS)  # onsets per beat
        pace = np.log(60.0 / TEMPOS)
        columns = [*np.log(at_tempo + RATIO_OFFSET).transpose(0, 2, 1).reshape(-1, len(TEMPOS))]
        columns += [rate, pace, pace**2, rate**2]
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def onset_count(self) -> float:
        """Number of onsets, decayed."""
        return float(self._count[0])

    def recent_onsets(self) -> OnsetArrays:
        """Return the latest onsets."""
        return self._recent.arrays()

    def _decay(self, since_s: float) -> None:
        """Let the counts decay over a time."""
        kept = exp(-since_s / self.decay_s)
        self._lags *= kept
        self._count *= kept
        self._span_s = self._span_s * kept + self.decay_s * (1 - kept)

    def _count_pairs(self, onset: Onset, accent: float) -> None:
        """Count the lags from earlier onsets to this one."""
        before = self._recent.arrays()
        lags = onset.time_s - before.times_s
        near = (lags >= SHORTEST_S) & (lags < LONGEST_S)
        bins = np.rint(np.log(lags[near] / SHORTEST_S) / BIN).astype(np.intp)
        shared = (before.pitches[near] & np.uint64(onset.pitches)) != 0
        for channel, weights in enumerate((None, before.accents[near] * accent, shared)):
            self._lags[channel] += np.bincount(bins, weights, BINS)[:BINS]


def smoothing_windows() -> Array:
    """Return the density at each lag of a count in each bin, for human timing; (from, at)."""
    spread = np.hypot(JITTER_S, JITTER_PART * LAGS_S)
    away = (LAGS_S[:, None] - LAGS_S) / spread
    return np.asarray(np.exp(-0.5 * away**2) / (spread * np.sqrt(2 * np.pi)))


def tempo_bins() -> tuple[NDArray[np.intp], Array, NDArray[np.bool_]]:
    """Return the bin below each lag of each tempo, the fraction above it, and if it is in range."""
    bins = np.log(60.0 / TEMPOS[:, None] * BEATS_APART / SHORTEST_S) / BIN
    counted = (bins >= 0) & (bins < BINS - 1)
    below = np.clip(bins, 0, BINS - 2).astype(np.intp)
    return below, np.clip(bins, 0, BINS - 2) - below, counted


WINDOWS = smoothing_windows()
BELOW, WITHIN, COUNTED = tempo_bins()
