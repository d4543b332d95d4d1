"""Where beats fall, and which of a few tempos fits best with that.

Conventions: times in s; a phase is a part of a beat, 0 to 1.

Onsets fall on beats, and half and quarter way between them: of the tempos near the one that is
given, the one under which they gather there most is taken. Then each onset, looked at beside its
neighbours, tells where in a beat it is likely to be, and all together how well that fits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.models.tempo_nets.config import CYCLE, STEPS
from muse.tools.jam.tempo.onset_features import beats_back, described
from muse.tools.jam.tempo.onsets import Tail
from muse.tools.jam.tempo.tempo_nets import beat_odds

Array = NDArray[np.float64]

REACH, TRIED = 0.03, 25  # tempos tried, to either side of the one that is about right
PARTS = np.array([1, 2, 4])  # of a beat, on which onsets gather
TEMPO_FADE_S = 5.0  # in which an onset's say in the tempo fades to 1 / e


@dataclass(frozen=True)
class Pulse:
    """A tempo, and where its beats fall.

    Attributes:
        bpm: the tempo, to a fraction of a percent.
        odds: how well it fits, up to a constant that is the same for all that are compared.
        beat_s: the time of the last beat up to the last onset.
    """

    bpm: float
    odds: float
    beat_s: float


def pulses(bpms: list[float], tail: Tail) -> list[Pulse]:
    """What the beat would be at each of some tempos that are about right; one onset at least."""
    sharp = np.array([gathered(bpm, tail.times_s) for bpm in bpms])
    beats_s = 60.0 / sharp
    odds = beat_odds(described(tail, beats_s), beats_back(tail, beats_s))
    most = odds.max(axis=1, keepdims=True)
    chances = np.exp(odds - most)
    fits = most[:, 0] + np.log(chances.sum(axis=1))
    begins = tail.times_s[-1] - phase(chances.reshape(-1, CYCLE, STEPS).sum(axis=1)) * beats_s
    return [Pulse(*map(float, told)) for told in zip(sharp, fits, begins, strict=True)]


def phase(chances: Array) -> Array:
    """The likeliest phase of each tempo, between steps; chances are of (tempos, STEPS)."""
    best = chances.argmax(axis=1)
    near = np.take_along_axis(chances, (best[:, None] + np.array([-1, 0, 1])) % STEPS, 1)
    return np.asarray((best + (near[:, 2] - near[:, 0]) / near.sum(axis=1)) / STEPS)


def gathered(bpm: float, times_s: Array) -> float:
    """The tempo near one under which onsets gather most on PARTS of beats."""
    tempos = bpm * np.exp(np.linspace(-REACH, REACH, TRIED))
    ages = times_s - times_s[-1]
    turns = np.exp(2j * np.pi * ages[:, None, None] * (tempos[:, None] / 60.0 * PARTS))
    drawn = np.abs(np.tensordot(np.exp(ages / TEMPO_FADE_S), turns, 1)) ** 2
    return float(tempos[int(drawn.sum(axis=1).argmax())])
