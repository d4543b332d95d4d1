"""What speaks for each tempo, gathered onset by onset; and when to forget it.

Conventions: times in s; odds are log probabilities, up to a constant, of the tempos of TEMPOS.

Lags between onsets say which tempos are likely; of the likeliest few, that one gains under which
onsets, looked at beside their neighbours, fall on beats as onsets do (beat_phase.py).

Two memories are kept, a long one to judge by and a short one to doubt by. Where what was played
lately speaks against the tempo that is believed in, look after look, the player has gone on in
another: what is older is forgotten. Once a tempo has held for a while, another one is expected to
have as many onsets in a beat, for that changes less than the tempo does.
"""

from copy import deepcopy
from math import exp, inf, log

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.beat_phase import Pulse, pulses
from muse.tools.jam.tempo.onset_intervals import FASTEST_BPM, MEMORY_S, TEMPOS, LagMemory
from muse.tools.jam.tempo.onsets import Onset, Tail
from muse.tools.jam.tempo.tempo_nets import log_odds

Array = NDArray[np.float64]

LATELY_S = 4.0  # in which the short memory fades to 1 / e
KEPT_S = 8.0  # of what was played, once a tempo is given up
ODDS_MEMORY_S = 8.0  # in which what the net said fades to 1 / e
EVIDENCE = 0.1  # weight of what it says at one look, since it looks at the same onsets again
RIVALS = 3  # likeliest tempos whose beat is looked for
FIT, MOST_FIT = 0.5, 4.0  # weight of how well beats fit, and the most it may speak against one
FASTER = 0.7  # what speaks for a tempo e times as fast, since half of one fits nearly as well
SURPRISE = 4.0  # by how much the odds of what was heard lately must speak against a tempo, ...
DOUBTFUL_LOOKS = 3  # ... at this many looks in a row
DRIFT = 0.1  # in log tempo, within which a tempo is the same that drifts
TOLD_ODDS, TOLD_SPREAD = 20.0, 0.15  # weight of a tempo that was told, until one has settled,
# and how far it reaches in log tempo
MOST_TOLD_DOUBT = 8.0  # what it weighs at the most, for giving up a tempo
PACE_ONSETS = 16  # over which it is taken how many onsets come in a second
PACE_PART = 0.03  # of the latest look in the usual number of onsets a beat
SETTLED_S = 25.0  # at one tempo, before the number is expected to stay ...
HELD_S = 8.0  # ... and at another, before it is taken to change with the music again, ...
HOLD_ODDS = 6.0  # ... and the tempo to hold on by this much
PACE_SPREAD = 0.12  # of its log from one tempo to another
MOST_PACE_ODDS, MOST_PACE_DOUBT = 12.0, 4.0  # what it may weigh, and for giving up a tempo


class Evidence:
    """The odds of all tempos."""

    def __init__(self, start_bpm: float | None = None) -> None:
        """Begin with nothing heard, but perhaps told about what tempo to expect."""
        self._memory, self._lately = LagMemory(), LagMemory(LATELY_S)
        self._heard = np.zeros(len(TEMPOS))
        self._told = told_odds(start_bpm)
        self._looked_s = 0.0
        self._doubts = 0
        self._believed_bpm: float | None = None
        self._usual_pace = 0.0  # log onsets a beat
        self._since_s = 0.0  # when the tempo was first believed in
        self._is_settled = False
        self._from_s = -inf  # onsets before that are of a tempo that was given up
        self._pulses: list[Pulse] = []

    @property
    def odds(self) -> Array:
        """What was heard, what is expected and how well the beats fit, together."""
        return np.asarray(self._expected() + fits(self._pulses))

    @property
    def onsets(self) -> Tail:
        """The latest onsets, but for those of a tempo that was given up."""
        return self._memory.recent().since(self._from_s)

    def pulse(self, bpm: float) -> Pulse:
        """The beat at one of the tempos that were looked at, the nearest."""
        return min(self._pulses, key=lambda pulse: abs(log(pulse.bpm / bpm)))

    @property
    def amount(self) -> float:
        """Onsets that have not faded."""
        return self._memory.amount

    def add(self, onset: Onset) -> None:
        """Take in the next onset."""
        self._memory.add(onset)
        self._lately.add(onset)

    def look(self) -> bool:
        """Judge all tempos by what was heard up to the last onset.

        Returns:
            whether the tempo that was believed in is given up.
        """
        now_s = float(self.onsets.times_s[-1])
        self._heard *= exp(-max(now_s - self._looked_s, 0.0) / ODDS_MEMORY_S)
        self._heard += EVIDENCE * log_odds(self._memory.features())
        self._looked_s = now_s
        believed = self._believed_bpm
        gives_up = believed is not None and self._gives_up(believed)
        rivals = [float(TEMPOS[place]) for place in peaks(self._expected(), RIVALS)]
        if believed is not None and all(abs(log(believed / bpm)) > DRIFT for bpm in rivals):
            rivals.append(believed)
        self._pulses = pulses(rivals, self.onsets)
        return gives_up

    def believe(self, bpm: float) -> None:
        """Take a tempo as the player's, and learn how much is played in a beat."""
        before, pace = self._believed_bpm, self._pace() - log(bpm / 60.0)
        self._believed_bpm = bpm
        if before is None or abs(log(bpm / before)) > DRIFT:
            self._since_s = self._looked_s
            self._usual_pace = self._usual_pace if self._is_settled else pace
        if not self._doubts and (self._held_s >= HELD_S or not self._is_settled):
            self._usual_pace += PACE_PART * (pace - self._usual_pace)
        if self._held_s >= SETTLED_S:
            self._is_settled = True
            self._told = np.zeros(len(TEMPOS))

    @property
    def _held_s(self) -> float:
        """How long the tempo was believed in."""
        return self._looked_s - self._since_s

    def _gives_up(self, bpm: float) -> bool:
        """Forget what was long ago, where the tempo no longer explains what was heard lately."""
        odds = log_odds(self._lately.features())
        expected = np.minimum(self._told, MOST_TOLD_DOUBT)
        expected -= np.minimum(self._unusual(), MOST_PACE_DOUBT)
        likely = odds + expected
        surprise = likely.max() - likely[near(bpm)].max()
        self._doubts = self._doubts + 1 if surprise > SURPRISE else 0
        if self._doubts < DOUBTFUL_LOOKS:
            return False
        self._doubts, self._since_s = 0, self._looked_s
        self._memory = deepcopy(self._lately)
        self._memory.memory_s = MEMORY_S
        self._heard = EVIDENCE * odds
        self._told = np.zeros(len(TEMPOS))
        self._from_s = self._looked_s - KEPT_S
        return True

    def _expected(self) -> Array:
        """What was heard and what is expected."""
        unusual = self._unusual()
        if self._is_settled and self._believed_bpm is not None and self._held_s >= HELD_S:
            unusual[near(self._believed_bpm)] = -HOLD_ODDS
        return np.asarray(self._heard + self._told - unusual)

    def _unusual(self) -> Array:
        """What speaks against tempos at which more or less than usual is played in a beat."""
        if not self._is_settled:
            return np.zeros(len(TEMPOS))
        away = (self._pace() - np.log(TEMPOS / 60.0) - self._usual_pace) / PACE_SPREAD
        return np.asarray(np.minimum(0.5 * away**2, MOST_PACE_ODDS))

    def _pace(self) -> float:
        """Log onsets a second, of the latest."""
        times_s = self._memory.recent().times_s[-PACE_ONSETS:]
        return log((len(times_s) - 1) / max(float(times_s[-1] - times_s[0]), 1e-3))


def near(bpm: float) -> NDArray[np.bool_]:
    """Which of TEMPOS are the same as one."""
    return np.asarray(np.abs(np.log(TEMPOS / bpm)) <= DRIFT)


def told_odds(bpm: float | None) -> Array:
    """What a tempo that was told adds to the odds of each."""
    if bpm is None:
        return np.zeros(len(TEMPOS))
    return np.asarray(TOLD_ODDS * np.exp(-0.5 * (np.log(TEMPOS / bpm) / TOLD_SPREAD) ** 2))


def peaks(odds: Array, count: int) -> list[int]:
    """Where odds are the highest of their neighbourhood, the highest first, at most so many."""
    walled = np.pad(odds, 1, constant_values=-inf)
    tops = np.flatnonzero((odds >= walled[:-2]) & (odds >= walled[2:]))
    return [int(top) for top in tops[np.argsort(-odds[tops], kind="stable")][:count]]


def fits(found: list[Pulse]) -> Array:
    """What the beats add to the odds of each tempo; to all that were not looked at, the least."""
    best = max(pulse.odds for pulse in found)
    weights = [
        max(FIT * (pulse.odds - best), -MOST_FIT) + FASTER * log(pulse.bpm / FASTEST_BPM)
        for pulse in found
    ]
    added = np.full(len(TEMPOS), min(weights))
    for pulse, weight in zip(found, weights, strict=True):
        added[near(pulse.bpm)] = weight
    return added
