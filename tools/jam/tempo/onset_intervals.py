"""How far apart onsets lie: the evidence for a tempo, kept up to date onset by onset.

Conventions: times in s, tempos in quarter notes a minute. An onset may be several notes that begin
together. Lags are counted in bins that are even in log time, and fade with time.

A tempo is judged by how often onsets lie a sixth, a quarter, ... a whole, two, eight of its beats
apart, against how often they would if they fell at random: for all pairs of onsets, for loud ones,
and for pairs that share a pitch (a snare and the next one, a tone that comes back).
"""

from math import ceil, exp, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.onsets import Latest, Onset, Tail

Array = NDArray[np.float64]

MEMORY_S = 10.0  # in which what was heard fades to 1 / e, where nothing else is told
SHORTEST_S, LONGEST_S = 0.05, 13.0  # lags that are counted
BIN = 0.01  # width of a bin, in log lag
JITTER_S, JITTER_PART = 0.012, 0.012  # of human timing: constant, and of the lag
SLOWEST_BPM, FASTEST_BPM, TEMPO_STEP = 36.0, 300.0, 0.02  # tempos judged, even in log tempo
LEAST_SPAN_S = 0.3  # over which a rate is taken at the least
MOST_ACCENT = 4.0  # weight of a loud onset, and of ...
LOUDNESS_PART = 0.1  # ... the latest onset in the usual velocity
MOST_TIMES = 20.0  # more often than at random counts as this often
CHANCE = 0.1  # added to how often, before its log is taken

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
CHANNELS = 3  # all pairs, loud ones, those that share a pitch
FEATURES = CHANNELS * len(BEATS_APART) + 4


class LagMemory:
    """Counts of lags, fading."""

    def __init__(self, memory_s: float = MEMORY_S) -> None:
        """Begin with nothing heard; what is heard fades to 1 / e in `memory_s`."""
        self.memory_s = memory_s
        self.last_s: float | None = None
        self._span_s = 0.0  # over which was heard what has not faded
        self._usual = 0.0  # velocity
        self._lags = np.zeros((CHANNELS, BINS))
        self._count = np.zeros(2)  # of onsets, and of their accents
        self._latest = Latest()

    def add(self, onset: Onset) -> None:
        """Take in the next onset; they come in order."""
        if self.last_s is None:
            self.last_s, self._usual = onset.time_s, onset.velocity
        self._fade(onset.time_s - self.last_s)
        self.last_s = onset.time_s
        self._usual += LOUDNESS_PART * (onset.velocity - self._usual)
        accent = min((onset.velocity / max(self._usual, 1.0)) ** 2, MOST_ACCENT)
        self._count_pairs(onset, accent)
        self._count += (1.0, accent)
        self._latest.add(onset, accent)

    def features(self) -> NDArray[np.float32]:
        """The evidence for each of TEMPOS at the last onset, one at least; (tempos, FEATURES)."""
        span_s = self._span_s + LEAST_SPAN_S
        pairs, accents = self._count**2 / span_s  # by chance, in a second of lag
        sharing = pairs * self._lags[2].sum() / max(self._lags[0].sum(), 1e-9)
        chance = np.array([pairs, accents, sharing]) + 1e-6
        often = np.minimum(self._lags @ WINDOWS / chance[:, None], MOST_TIMES)
        seen = often[:, BELOW] * (1 - WITHIN) + often[:, BELOW + 1] * WITHIN
        seen[:, ~COUNTED] = 1.0
        rate = np.log(self._count[0] / span_s * 60.0 / TEMPOS)  # onsets a beat
        pace = np.log(60.0 / TEMPOS)
        columns = [*np.log(seen + CHANCE).transpose(0, 2, 1).reshape(-1, len(TEMPOS))]
        columns += [rate, pace, pace**2, rate**2]
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def amount(self) -> float:
        """Onsets that have not faded."""
        return float(self._count[0])

    def recent(self) -> Tail:
        """The onsets that are remembered."""
        return self._latest.tail()

    def _fade(self, since_s: float) -> None:
        """Let what was heard fade."""
        kept = exp(-since_s / self.memory_s)
        self._lags *= kept
        self._count *= kept
        self._span_s = self._span_s * kept + self.memory_s * (1 - kept)

    def _count_pairs(self, onset: Onset, accent: float) -> None:
        """Count the lags from the onsets before to this one."""
        before = self._latest.tail()
        lags = onset.time_s - before.times_s
        near = (lags >= SHORTEST_S) & (lags < LONGEST_S)
        bins = np.rint(np.log(lags[near] / SHORTEST_S) / BIN).astype(np.intp)
        shared = (before.pitches[near] & np.uint64(onset.pitches)) != 0
        for channel, weights in enumerate((None, before.accents[near] * accent, shared)):
            self._lags[channel] += np.bincount(bins, weights, BINS)[:BINS]


def windows() -> Array:
    """What a count in each bin adds to the density at each lag, for human timing; (from, at)."""
    spread = np.hypot(JITTER_S, JITTER_PART * LAGS_S)
    away = (LAGS_S[:, None] - LAGS_S) / spread
    return np.asarray(np.exp(-0.5 * away**2) / (spread * np.sqrt(2 * np.pi)))


def places() -> tuple[NDArray[np.intp], Array, NDArray[np.bool_]]:
    """Where each lag of each tempo lies: the bin below, how far past it, whether it is counted."""
    bins = np.log(60.0 / TEMPOS[:, None] * BEATS_APART / SHORTEST_S) / BIN
    counted = (bins >= 0) & (bins < BINS - 1)
    below = np.clip(bins, 0, BINS - 2).astype(np.intp)
    return below, np.clip(bins, 0, BINS - 2) - below, counted


WINDOWS = windows()
BELOW, WITHIN, COUNTED = places()
