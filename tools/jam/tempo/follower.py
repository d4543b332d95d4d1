"""Estimates the player's tempo and beat from note onsets, as they come.

At most twice a second, a net scores how well each tempo explains the intervals between onsets
(onset_intervals.py); its scores accumulate and decay (tempo_evidence.py). Nets that find the beat
choose among the likeliest tempos (beat_phase.py). A tempo that differs by less than a tenth is
followed smoothly. One that differs by more must be the likeliest for several updates before it is
accepted, or the former tempo must have become untenable.

Conventions: times in s on the session's clock, tempos in quarter notes per minute.
"""

from dataclasses import dataclass
from math import isfinite, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.beat_clock import BeatClock, check_bpm
from muse.tools.jam.tempo.onset_intervals import TEMPOS
from muse.tools.jam.tempo.onsets import USUAL_PITCH, Onset, pitch_bit
from muse.tools.jam.tempo.tempo_evidence import DRIFT, TempoEvidence
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM

CHORD_S = 0.03  # notes that begin within this time are one onset
UPDATE_INTERVAL_S = 0.5  # the least time between two updates
MIN_ONSETS = 4.0  # undecayed number of onsets below which the tempo is not updated
FOLLOW_PART = 0.5  # fraction of a drift that is followed at each update
MIN_RIVAL_UPDATES = 3  # successive updates at which another tempo must be the likeliest
SAME_TEMPO = 0.06  # in log tempo, within which two updates agree
CONFIDENCE_WIDTH = 0.04  # in log tempo, of the range whose probability is the confidence

MIN_TEMPO_CHANGE = 0.002  # in log tempo; smaller changes are ignored
MIN_NUDGE_BEATS = 0.02  # smaller phase differences are ignored


@dataclass(frozen=True)
class TempoEstimate:
    """An estimate of the player's tempo and beat.

    Attributes:
        bpm: the tempo.
        beat_s: the time of a recent beat.
        confidence: of the tempo, 0 to 1.
    """

    bpm: float
    beat_s: float
    confidence: float

    def next_beat_s(self, now_s: float) -> float:
        """Return the time of the first beat at or after a time."""
        beat_s = 60.0 / self.bpm
        return now_s + (self.beat_s - now_s) % beat_s


class TempoFollower:
    """Online tempo estimation from onsets in order, without threads or a clock.

    Attributes:
        estimate: the latest; None before there are enough onsets.
    """

    def __init__(self, start_bpm: float | None = None) -> None:
        """Start without any onsets.

        Args:
            start_bpm: the approximate tempo of the player, where it is known.

        Raises:
            ParameterError: the tempo is out of range.
        """
        if start_bpm is not None:
            check_bpm(start_bpm)
        self.estimate: TempoEstimate | None = None
        self._evidence = TempoEvidence(start_bpm)
        self._pending: Onset | None = None
        self._updated_s = 0.0
        self._rival_bpm = 0.0
        self._rival_updates = 0

    @property
    def bpm(self) -> float | None:
        """The estimated tempo; None before there are enough onsets."""
        return self.estimate.bpm if self.estimate else None

    def add_note(
        self, onset_s: float, velocity: float, pitch: int = USUAL_PITCH
    ) -> TempoEstimate | None:
        """Add a note.

        Args:
            onset_s: one before the latest onset takes its time; one that is not finite is ignored.
            velocity: 1 to 127.
            pitch: MIDI pitch, where it is known; repeated pitches are evidence of the meter.

        Returns:
            a new estimate, or None where there is none with this note.
        """
        if not isfinite(onset_s):
            return None
        pending = self._pending
        if pending is not None and onset_s - pending.time_s < CHORD_S:
            pending.join(velocity, pitch)
            return None
        self._pending = Onset(onset_s, velocity, pitch_bit(pitch), pitch)
        return self._add_onset(pending) if pending is not None else None

    def _add_onset(self, onset: Onset) -> TempoEstimate | None:
        """Add a complete onset, and update the estimate if it is due."""
        self._evidence.add(onset)
        is_soon = self.estimate is not None and onset.time_s - self._updated_s < UPDATE_INTERVAL_S
        if is_soon or self._evidence.onset_count < MIN_ONSETS:
            return None
        self._updated_s = onset.time_s
        is_abandoned = self._evidence.update()
        self.estimate = self._estimate(self._evidence.log_odds, is_abandoned)
        self._evidence.accept_tempo(self.estimate.bpm)
        return self.estimate

    def _estimate(self, log_odds: NDArray[np.float64], is_abandoned: bool) -> TempoEstimate:
        """Return the new estimate.

        Args:
            log_odds: (TEMPOS,), of all tempos.
            is_abandoned: whether the former tempo was abandoned.
        """
        likeliest, before = float(TEMPOS[int(log_odds.argmax())]), self.bpm
        if before is None or is_abandoned or self._insists(likeliest, before):
            phase = self._evidence.phase_at(likeliest)
            bpm = phase.bpm
        elif abs(log(likeliest / before)) <= DRIFT:
            phase = self._evidence.phase_at(likeliest)
            bpm = before * (phase.bpm / before) ** FOLLOW_PART
        else:
            phase, bpm = self._evidence.phase_at(before), before
        return TempoEstimate(bpm, phase.beat_s, confidence(log_odds, bpm))

    def _insists(self, likeliest: float, before: float) -> bool:
        """Return whether another tempo was the likeliest often enough to replace the former one."""
        if abs(log(likeliest / before)) <= DRIFT:
            self._rival_updates = 0
            return False
        is_same = self._rival_updates > 0 and abs(log(likeliest / self._rival_bpm)) <= SAME_TEMPO
        self._rival_bpm = likeliest
        self._rival_updates = self._rival_updates + 1 if is_same else 1
        if self._rival_updates < MIN_RIVAL_UPDATES:
            return False
        self._rival_updates = 0
        return True


def confidence(log_odds: NDArray[np.float64], bpm: float) -> float:
    """Return the probability of the tempos near `bpm`."""
    odds = np.exp(log_odds - log_odds.max())
    near = np.abs(np.log(TEMPOS / bpm)) <= CONFIDENCE_WIDTH
    return float(odds[near].sum() / odds.sum())


def follow(beat_clock: BeatClock, estimate: TempoEstimate, now_s: float) -> None:
    """Set the beat clock's tempo to an estimate, and nudge its beats towards the player's.

    The nearest beat is moved, in the shorter direction and over the next beats, so that none is
    skipped or played twice.
    """
    bpm = min(max(estimate.bpm, SLOWEST_BPM), FASTEST_BPM)
    if abs(log(bpm / beat_clock.bpm)) < MIN_TEMPO_CHANGE:
        bpm = beat_clock.bpm
    beat_clock.set_bpm(bpm, now_s)
    position = beat_clock.beat_at(estimate.next_beat_s(now_s))
    offset = round(position) - position
    if abs(offset) >= MIN_NUDGE_BEATS:
        beat_clock.nudge(offset, now_s)
