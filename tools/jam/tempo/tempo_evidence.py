"""Accumulates the evidence for each tempo, and decides when to forget old evidence.

Intervals between onsets give scores of all tempos; for the likeliest few, nets score how well
onsets fall on beats (beat_phase.py), and one of them wins.

There are a long and a short memory of intervals. Where the short one contradicts the accepted
tempo for several updates, the player has changed tempo, and older evidence is dropped. Once a
tempo has been stable for a while, other tempos are expected to have as many onsets per beat as
before, because that number changes less than the tempo does.

Conventions: times in s; log odds are log probabilities up to a constant, of the tempos in TEMPOS.
"""

from copy import deepcopy
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.beat_phase import BeatPhase, estimate_beat_phases
from muse.tools.jam.tempo.onset_intervals import DECAY_S, FASTEST_BPM, TEMPOS, OnsetIntervals
from muse.tools.jam.tempo.onsets import Onset, OnsetArrays
from muse.tools.jam.tempo.tempo_nets import score_tempos

Array = NDArray[np.float64]

SHORT_DECAY_S = 4.0  # in which the short memory decays to 1 / e
KEPT_S = 8.0  # of the past that stays in use when a tempo is abandoned
LOG_ODDS_DECAY_S = 8.0  # in which accumulated scores decay to 1 / e
EVIDENCE_WEIGHT = 0.1  # weight of the scores of one update, since updates share onsets
RIVALS = 3  # number of likeliest tempos for which beats are sought
PHASE_WEIGHT, MAX_PHASE_PENALTY = 0.5, 4.0  # weight of the beat score, and its largest penalty
SPEED_WEIGHT = 0.7  # log odds for a tempo e times as fast, since half a tempo fits nearly as well
SURPRISE = 4.0  # log odds by which recent evidence must contradict a tempo ...
DOUBTFUL_UPDATES = 3  # ... at this many successive updates
DRIFT = 0.1  # in log tempo; a smaller difference is a drift, not another tempo
START_LOG_ODDS, START_SPREAD = 20.0, 0.15  # log odds of the given start tempo, and their
# standard deviation in log tempo; used until a tempo has settled
MAX_START_IN_DOUBT = 8.0  # its largest log odds when a tempo may be abandoned
PACE_ONSETS = 16  # number of onsets over which the onset rate is computed
PACE_WEIGHT = 0.03  # weight of the latest update in the mean number of onsets per beat
SETTLED_S = 25.0  # at one tempo, before the onsets per beat are expected to stay ...
HELD_S = 8.0  # ... and at another tempo, before their mean changes again, ...
HOLD_LOG_ODDS = 6.0  # ... and log odds added to the accepted tempo
PACE_SPREAD = 0.12  # standard deviation of log onsets per beat between tempos
MAX_PACE_PENALTY, MAX_PACE_IN_DOUBT = 12.0, 4.0  # largest penalties: usual, and for abandoning


class TempoEvidence:
    """Log odds of all tempos."""

    def __init__(self, start_bpm: float | None = None) -> None:
        """Start without any onsets, optionally with an approximate start tempo."""
        self._long_term, self._short_term = OnsetIntervals(), OnsetIntervals(SHORT_DECAY_S)
        self._accumulated = np.zeros(len(TEMPOS))
        self._start_log_odds = start_log_odds(start_bpm)
        self._updated_s = 0.0
        self._doubts = 0
        self._accepted_bpm: float | None = None
        self._usual_pace = 0.0  # mean log onsets per beat
        self._since_s = 0.0  # since when the tempo is accepted
        self._is_settled = False
        self._valid_from_s = -inf  # onsets before belong to an abandoned tempo
        self._phases: list[BeatPhase] = []

    @property
    def log_odds(self) -> Array:
        """Log odds of all tempos: intervals, expectations and beat scores together."""
        return np.asarray(self._log_odds_without_phases() + phase_log_odds(self._phases))

    @property
    def onsets(self) -> OnsetArrays:
        """The latest onsets, without those of an abandoned tempo."""
        return self._long_term.recent_onsets().since(self._valid_from_s)

    def phase_at(self, bpm: float) -> BeatPhase:
        """Return the phase of the nearest tempo among those whose beats were sought."""
        return min(self._phases, key=lambda each: abs(log(each.bpm / bpm)))

    @property
    def onset_count(self) -> float:
        """Number of onsets, decayed."""
        return self._long_term.onset_count

    def add(self, onset: Onset) -> None:
        """Add the next onset."""
        self._long_term.add(onset)
        self._short_term.add(onset)

    def update(self) -> bool:
        """Score all tempos with the onsets so far.

        Returns:
            whether the accepted tempo is abandoned.
        """
        now_s = float(self.onsets.times_s[-1])
        self._accumulated *= exp(-max(now_s - self._updated_s, 0.0) / LOG_ODDS_DECAY_S)
        self._accumulated += EVIDENCE_WEIGHT * score_tempos(self._long_term.features())
        self._updated_s = now_s
        accepted = self._accepted_bpm
        is_abandoned = accepted is not None and self._abandons(accepted)
        rivals = [
            float(TEMPOS[place]) for place in find_peaks(self._log_odds_without_phases(), RIVALS)
        ]
        if accepted is not None and all(abs(log(accepted / bpm)) > DRIFT for bpm in rivals):
            rivals.append(accepted)
        self._phases = estimate_beat_phases(rivals, self.onsets)
        return is_abandoned

    def accept_tempo(self, bpm: float) -> None:
        """Accept a tempo as the player's, and update the mean number of onsets per beat."""
        before, pace = self._accepted_bpm, self._pace() - log(bpm / 60.0)
        self._accepted_bpm = bpm
        if before is None or abs(log(bpm / before)) > DRIFT:
            self._since_s = self._updated_s
            self._usual_pace = self._usual_pace if self._is_settled else pace
        if not self._doubts and (self._held_s >= HELD_S or not self._is_settled):
            self._usual_pace += PACE_WEIGHT * (pace - self._usual_pace)
        if self._held_s >= SETTLED_S:
            self._is_settled = True
            self._start_log_odds = np.zeros(len(TEMPOS))

    @property
    def _held_s(self) -> float:
        """How long the tempo has been accepted."""
        return self._updated_s - self._since_s

    def _abandons(self, bpm: float) -> bool:
        """Drop old evidence where recent onsets contradict the tempo; return whether they do."""
        log_odds = score_tempos(self._short_term.features())
        prior = np.minimum(self._start_log_odds, MAX_START_IN_DOUBT)
        prior -= np.minimum(self._pace_penalty(), MAX_PACE_IN_DOUBT)
        likely = log_odds + prior
        surprise = likely.max() - likely[is_near(bpm)].max()
        self._doubts = self._doubts + 1 if surprise > SURPRISE else 0
        if self._doubts < DOUBTFUL_UPDATES:
            return False
        self._doubts, self._since_s = 0, self._updated_s
        self._long_term = deepcopy(self._short_term)
        self._long_term.decay_s = DECAY_S
        self._accumulated = EVIDENCE_WEIGHT * log_odds
        self._start_log_odds = np.zeros(len(TEMPOS))
        self._valid_from_s = self._updated_s - KEPT_S
        return True

    def _log_odds_without_phases(self) -> Array:
        """Return log odds from intervals and expectations."""
        penalty = self._pace_penalty()
        if self._is_settled and self._accepted_bpm is not None and self._held_s >= HELD_S:
            penalty[is_near(self._accepted_bpm)] = -HOLD_LOG_ODDS
        return np.asarray(self._accumulated + self._start_log_odds - penalty)

    def _pace_penalty(self) -> Array:
        """Return penalties of tempos with more or fewer onsets per beat than usual."""
        if not self._is_settled:
            return np.zeros(len(TEMPOS))
        away = (self._pace() - np.log(TEMPOS / 60.0) - self._usual_pace) / PACE_SPREAD
        return np.asarray(np.minimum(0.5 * away**2, MAX_PACE_PENALTY))

    def _pace(self) -> float:
        """Return the log onset rate (onsets per second) of the latest onsets."""
        times_s = self._long_term.recent_onsets().times_s[-PACE_ONSETS:]
        return log((len(times_s) - 1) / max(float(times_s[-1] - times_s[0]), 1e-3))


def is_near(bpm: float) -> NDArray[np.bool_]:
    """Return which of TEMPOS are within DRIFT of a tempo."""
    return np.asarray(np.abs(np.log(TEMPOS / bpm)) <= DRIFT)


def start_log_odds(bpm: float | None) -> Array:
    """Return the log odds that a given start tempo adds to each tempo."""
    if bpm is None:
        return np.zeros(len(TEMPOS))
    return np.asarray(START_LOG_ODDS * np.exp(-0.5 * (np.log(TEMPOS / bpm) / START_SPREAD) ** 2))


def find_peaks(log_odds: Array, count: int) -> list[int]:
    """Return the indices of at most `count` local maxima, the highest first."""
    padded = np.pad(log_odds, 1, constant_values=-inf)
    tops = np.flatnonzero((log_odds >= padded[:-2]) & (log_odds >= padded[2:]))
    return [int(top) for top in tops[np.argsort(-log_odds[tops], kind="stable")][:count]]


def phase_log_odds(phases: list[BeatPhase]) -> Array:
    """Return what beat scores add to the log odds of each tempo; their minimum elsewhere."""
    best = max(phase.log_odds for phase in phases)
    weights = [
        max(PHASE_WEIGHT * (phase.log_odds - best), -MAX_PHASE_PENALTY)
        + SPEED_WEIGHT * log(phase.bpm / FASTEST_BPM)
        for phase in phases
    ]
    added = np.full(len(TEMPOS), min(weights))
    for phase, weight in zip(phases, weights, strict=True):
        added[is_near(phase.bpm)] = weight
    return added
