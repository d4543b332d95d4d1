"""Refines tempos, and finds where the beats fall at each of them.

Onsets fall on beats and on halves and quarters of them. Near a given tempo, the one is taken at
which onsets concentrate most on these positions. Then a net estimates the position of each onset in
the beat from its neighbors, and all onsets together give the phase and a score of the tempo.

Conventions: times in s; a phase is a fraction of a beat, 0 to 1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.models.tempo_nets.config import CYCLE, STEPS
from muse.tools.jam.tempo.onset_features import beats_before_last, describe_onsets
from muse.tools.jam.tempo.onsets import OnsetArrays
from muse.tools.jam.tempo.tempo_nets import score_beat_phases

Array = NDArray[np.float64]

SEARCH_WIDTH, SEARCH_STEPS = 0.03, 25  # in log tempo to either side; number of tempos
SUBDIVISIONS = np.array([1, 2, 4])  # parts of a beat on whose starts onsets fall
ONSET_DECAY_S = 5.0  # in which an onset's weight in the tempo decays to 1 / e


@dataclass(frozen=True)
class BeatPhase:
    """A tempo with the position of its beats.

    Attributes:
        bpm: the refined tempo.
        log_odds: score of tempo and phase, up to a constant that is common to one call.
        beat_s: the time of the last beat at or before the last onset.
    """

    bpm: float
    log_odds: float
    beat_s: float


def estimate_beat_phases(bpms: list[float], onsets: OnsetArrays) -> list[BeatPhase]:
    """Refine some approximate tempos and find the beats at each; needs one onset at least."""
    refined = np.array([refine_tempo(bpm, onsets.times_s) for bpm in bpms])
    beats_s = 60.0 / refined
    positions = beats_before_last(onsets, beats_s)
    log_odds = score_beat_phases(describe_onsets(onsets, beats_s), positions)
    highest = log_odds.max(axis=1, keepdims=True)
    odds = np.exp(log_odds - highest)
    scores = highest[:, 0] + np.log(odds.sum(axis=1))
    phases = likeliest_phase(odds.reshape(-1, CYCLE, STEPS).sum(axis=1))
    beat_s = onsets.times_s[-1] - phases * beats_s
    return [BeatPhase(*map(float, row)) for row in zip(refined, scores, beat_s, strict=True)]


def likeliest_phase(odds: Array) -> Array:
    """Return the likeliest phase of each tempo, interpolated, from odds (tempos, STEPS)."""
    best = odds.argmax(axis=1)
    near = np.take_along_axis(odds, (best[:, None] + np.array([-1, 0, 1])) % STEPS, 1)
    return np.asarray((best + (near[:, 2] - near[:, 0]) / near.sum(axis=1)) / STEPS)


def refine_tempo(bpm: float, times_s: Array) -> float:
    """Return the tempo near `bpm` at which onsets concentrate most on SUBDIVISIONS of the beat."""
    tempos = bpm * np.exp(np.linspace(-SEARCH_WIDTH, SEARCH_WIDTH, SEARCH_STEPS))
    ages = times_s - times_s[-1]
    phasors = np.exp(2j * np.pi * ages[:, None, None] * (tempos[:, None] / 60.0 * SUBDIVISIONS))
    concentration = np.abs(np.tensordot(np.exp(ages / ONSET_DECAY_S), phasors, 1)) ** 2
    return float(tempos[int(concentration.sum(axis=1).argmax())])
