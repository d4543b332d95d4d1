"""Where beats fall, once their tempo is about known.

Conventions: times in s; a phase is a part of a beat, 0 to 1.

Onsets fall on beats, and half and quarter way between them: of the tempos near the one that is
given, the one under which they gather there most is taken. An onset is of a kind, by how long it is
since the one before and to the next one, and how loud it is; each kind has its own usual phases,
which were learnt.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.net import learnt

Array = NDArray[np.float64]

REACH, STEPS = 0.03, 25  # tempos tried, to either side of the one that is about right
PARTS = np.array([1, 2, 4])  # of a beat, on which onsets gather
TEMPO_FADE_S, PHASE_FADE_S = 5.0, 10.0  # in which an onset's say fades to 1 / e
GAPS = (0.3, 0.45, 0.7, 1.2)  # beats from onset to onset, between kinds ...
ACCENTS = (0.7, 1.2)  # ... and how loud one is, against the usual
UNKNOWN_GAP = 0.6  # beats, where there is no onset before, or none yet after
KINDS = (len(GAPS) + 1) ** 2 * (len(ACCENTS) + 1)


def sharpened(bpm: float, times_s: Array, accents: Array) -> tuple[float, float]:
    """The tempo to a fraction of a percent, and when a beat falls.

    Args:
        bpm: about right.
        times_s: of onsets, ascending, at least one.
        accents: how loud each is, against the usual.

    Returns:
        the tempo, and the time of the last beat up to the last onset.
    """
    sharp = gathered(bpm, times_s)
    beat_s = 60.0 / sharp
    return sharp, float(times_s[-1] - phase(times_s, accents, beat_s) * beat_s)


def gathered(bpm: float, times_s: Array) -> float:
    """The tempo near one under which onsets gather most on PARTS of beats."""
    tempos = bpm * np.exp(np.linspace(-REACH, REACH, STEPS))
    ages = times_s - times_s[-1]
    turns = np.exp(2j * np.pi * ages[:, None, None] * (tempos[:, None] / 60.0 * PARTS))
    drawn = np.abs(np.tensordot(np.exp(ages / TEMPO_FADE_S), turns, 1)) ** 2
    return float(tempos[int(drawn.sum(axis=1).argmax())])


def phase(times_s: Array, accents: Array, beat_s: float) -> float:
    """How far past a beat the last onset is."""
    usual = learnt()["places"][kinds(times_s, accents, beat_s)]
    phases = usual.shape[1]
    ages = times_s - times_s[-1]
    steps = np.rint(ages / beat_s * phases).astype(np.intp)
    turned = np.take_along_axis(usual, (np.arange(phases) + steps[:, None]) % phases, axis=1)
    fits = np.exp(ages / PHASE_FADE_S) @ turned
    return int(fits.argmax()) / float(phases)


def kinds(times_s: Array, accents: Array, beat_s: float) -> NDArray[np.intp]:
    """The kind of each onset, below KINDS."""
    between = np.diff(times_s) / beat_s
    after = np.searchsorted(GAPS, np.append(between, UNKNOWN_GAP))
    before = np.searchsorted(GAPS, np.insert(between, 0, UNKNOWN_GAP))
    loud = np.searchsorted(ACCENTS, accents)
    return np.asarray((after * (len(GAPS) + 1) + before) * (len(ACCENTS) + 1) + loud)
