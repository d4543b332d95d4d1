"""The player's tempo and beat, from note onsets alone, as they come.

Conventions: times in s on the session's clock, tempos in quarter notes a minute.

Twice a second at the most, a net weighs how well each tempo explains the lags between onsets
(onset_intervals.py, net.py), and what it says adds up and fades (tempo_evidence.py); nets that find
the beat choose among the likeliest (beat_phase.py). A tempo that differs a little is followed
smoothly; one that differs by more than a tenth must be the likeliest for a while before it is
believed, or the one before must have become untenable.
"""

from dataclasses import dataclass
from math import isfinite, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.beat_clock import FASTEST_BPM, SLOWEST_BPM, Conductor, check_bpm
from muse.tools.jam.tempo.onset_intervals import TEMPOS
from muse.tools.jam.tempo.onsets import USUAL_PITCH, Onset, pitch_bit
from muse.tools.jam.tempo.tempo_evidence import DRIFT, Evidence

CHORD_S = 0.03  # notes that begin within this are one onset
EVERY_S = 0.5  # between two looks at the evidence, at the least
LEAST_ONSETS = 4.0  # that have not faded; with fewer, what was believed is believed on
FOLLOWED = 0.5  # part of the way that a drift is followed at each look
INSISTED = 3  # looks in a row at which another tempo must be the likeliest, to be believed
SAME = 0.06  # in log tempo, within which two looks mean the same
NEAR = 0.04  # in log tempo, what is near enough, for the confidence

LEAST_BPM_CHANGE = 0.002  # in log tempo, what is not worth a change
LEAST_NUDGE_BEATS = 0.02  # phase that is not worth a nudge


@dataclass(frozen=True)
class Estimate:
    """What the player's tempo is taken to be.

    Attributes:
        bpm: the tempo.
        beat_s: when a beat fell, lately.
        confidence: of the tempo, 0 to 1.
    """

    bpm: float
    beat_s: float
    confidence: float

    def next_beat_s(self, now_s: float) -> float:
        """When the first beat falls that is not before a time."""
        beat_s = 60.0 / self.bpm
        return now_s + (self.beat_s - now_s) % beat_s


class TempoFollower:
    """Hears onsets in order and says how fast the player plays; no thread, no clock.

    Attributes:
        estimate: the latest; None while too little was heard.
    """

    def __init__(self, start_bpm: float | None = None) -> None:
        """Begin with nothing heard.

        Args:
            start_bpm: about what the player will play, where it is known.

        Raises:
            ParameterError: a tempo that no conductor can keep.
        """
        if start_bpm is not None:
            check_bpm(start_bpm)
        self.estimate: Estimate | None = None
        self._evidence = Evidence(start_bpm)
        self._chord: Onset | None = None
        self._looked_s = 0.0
        self._rival_bpm = 0.0
        self._rival_looks = 0

    @property
    def bpm(self) -> float | None:
        """The tempo; None while too little was heard."""
        return self.estimate.bpm if self.estimate else None

    def heard(self, onset_s: float, velocity: float, pitch: int = USUAL_PITCH) -> Estimate | None:
        """Take in a note.

        Args:
            onset_s: when it began; one before the latest counts as that, one that is no time as
                none.
            velocity: 1 to 127.
            pitch: MIDI's; where it is told, notes that come back tell of the metre.

        Returns:
            a new estimate, now and then.
        """
        if not isfinite(onset_s):
            return None
        chord = self._chord
        if chord is not None and onset_s - chord.time_s < CHORD_S:
            chord.join(velocity, pitch)
            return None
        self._chord = Onset(onset_s, velocity, pitch_bit(pitch), pitch)
        return self._took(chord) if chord is not None else None

    def _took(self, onset: Onset) -> Estimate | None:
        """Take in an onset that is complete, and look at the evidence if it is time to."""
        self._evidence.add(onset)
        is_soon = self.estimate is not None and onset.time_s - self._looked_s < EVERY_S
        if is_soon or self._evidence.amount < LEAST_ONSETS:
            return None
        self._looked_s = onset.time_s
        gives_up = self._evidence.look()
        self.estimate = self._estimated(self._evidence.odds, gives_up)
        self._evidence.believe(self.estimate.bpm)
        return self.estimate

    def _estimated(self, odds: NDArray[np.float64], gives_up: bool) -> Estimate:
        """The estimate by the odds of all tempos, and by what was believed before."""
        likeliest, before = float(TEMPOS[int(odds.argmax())]), self.bpm
        if before is None or gives_up or self._insists(likeliest, before):
            pulse = self._evidence.pulse(likeliest)
            bpm = pulse.bpm
        elif abs(log(likeliest / before)) <= DRIFT:
            pulse = self._evidence.pulse(likeliest)
            bpm = before * (pulse.bpm / before) ** FOLLOWED
        else:
            pulse, bpm = self._evidence.pulse(before), before
        return Estimate(bpm, pulse.beat_s, confidence(odds, bpm))

    def _insists(self, likeliest: float, before: float) -> bool:
        """Whether another tempo was the likeliest for long enough."""
        if abs(log(likeliest / before)) <= DRIFT:
            self._rival_looks = 0
            return False
        is_same = self._rival_looks > 0 and abs(log(likeliest / self._rival_bpm)) <= SAME
        self._rival_bpm = likeliest
        self._rival_looks = self._rival_looks + 1 if is_same else 1
        if self._rival_looks < INSISTED:
            return False
        self._rival_looks = 0
        return True


def confidence(odds: NDArray[np.float64], bpm: float) -> float:
    """The probability of the tempos near one."""
    chances = np.exp(odds - odds.max())
    near = np.abs(np.log(TEMPOS / bpm)) <= NEAR
    return float(chances[near].sum() / chances.sum())


def follow(conductor: Conductor, estimate: Estimate, now_s: float) -> None:
    """Have the conductor go with the player: take the tempo, and move the beats towards theirs.

    The nearest beat is moved, by the shorter way and over the next beats: none is left out or
    played twice.
    """
    bpm = min(max(estimate.bpm, SLOWEST_BPM), FASTEST_BPM)
    if abs(log(bpm / conductor.bpm)) < LEAST_BPM_CHANGE:
        bpm = conductor.bpm
    conductor.set_bpm(bpm, now_s)
    here = conductor.beat_at(estimate.next_beat_s(now_s))
    late = round(here) - here
    if abs(late) >= LEAST_NUDGE_BEATS:
        conductor.nudge(late, now_s)
