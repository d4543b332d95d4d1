"""What an onset looks like beside its neighbours, in beats of a tempo.

Conventions: times in s, `back` in beats from the last onset (0 and below). Any number of
performances may be described at once: their axes come first.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.onsets import REMEMBERED, Tail, pitch_bit

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

NEIGHBOURS = (-4, -3, -2, -1, 1, 2, 3, 4)  # onsets before and after that are looked at
LEAST_APART, MOST_APART = 0.02, 8.0  # beats, that count as more or less
WIDE = 12.0  # semitones, of a step in pitch that counts as one
MOST_ACCENT_LOG = 2.0  # of accents, either way
AGE_S, RECENT_S, LONG_BEATS = 10.0, 3.0, 16.0  # by which ages are measured
MOST_AGES = 3.0  # times these that count as more
LEAST_SPAN_S = 0.3  # over which a rate is taken at the least
USUAL_BEAT_S = 0.6  # against which tempos are measured
KICK = sum(pitch_bit(pitch) for pitch in (35, 36))  # of General MIDI's drums
SNARE = sum(pitch_bit(pitch) for pitch in (37, 38, 39, 40))
BESIDE, ALONE = 11, 10  # features of a neighbour, and of the onset itself
FEATURES = len(NEIGHBOURS) * BESIDE + ALONE


def beats_back(tail: Tail, beats_s: Array) -> Array:
    """How far each onset is from the last one, in beats; (..., tempos, onsets), nan for none."""
    ages = tail.times_s - tail.times_s[..., -1:]
    return np.asarray(ages[..., None, :] / beats_s[..., :, None])


def described(tail: Tail, beats_s: Array) -> Floats:
    """The features of each onset.

    Args:
        tail: the onsets, of shape (..., onsets).
        beats_s: lengths of a beat to look at them by, of shape (..., tempos).

    Returns:
        shape (..., tempos, onsets, FEATURES); 0 where there is no onset.
    """
    back = beats_back(tail, beats_s).astype(np.float32)
    found = np.zeros((*back.shape, FEATURES), np.float32)
    for number, step in enumerate(NEIGHBOURS):
        found[..., number * BESIDE : (number + 1) * BESIDE] = beside(tail, back, step)
    found[..., -ALONE:] = alone(tail, back, beats_s)
    found[np.isnan(back)] = 0.0
    return found


def beside(tail: Tail, back: Floats, step: int) -> Floats:
    """What is told of the neighbour that is `step` onsets later; all 0 where there is none."""
    apart = shifted(back, step) - back
    there = np.isfinite(apart)
    apart = np.where(there, apart, 1.0)
    cosine, sine = np.cos(np.pi * apart), np.sin(np.pi * apart)
    twice = 2 * cosine**2 - 1, 2 * sine * cosine
    accents = np.log(tail.accents)
    told = (
        np.ones_like(apart),
        np.log2(np.clip(np.abs(apart), LEAST_APART, MOST_APART)) / 2,
        *(cosine, sine),
        *twice,
        *(2 * twice[0] ** 2 - 1, 2 * twice[0] * twice[1]),
        each((shifted(tail.lowest, step) - tail.lowest) / WIDE, 1.0),
        each((np.roll(tail.pitches, -step, -1) & tail.pitches) != 0, 1.0),
        each(shifted(accents, step) - accents, MOST_ACCENT_LOG),
    )
    stacked = np.stack([np.broadcast_to(one, apart.shape) for one in told], -1)
    return np.asarray(stacked * there[..., None], np.float32)


def alone(tail: Tail, back: Floats, beats_s: Array) -> Floats:
    """What is told of the onset itself, and of how much is played."""
    ages = tail.times_s - tail.times_s[..., -1:]
    known = np.isfinite(ages)
    count = known.sum(-1, keepdims=True)
    usual = np.where(known, tail.lowest, 0.0).sum(-1, keepdims=True) / count
    pace = np.log(beats_s / USUAL_BEAT_S)[..., None]
    rate = (
        np.log(count / np.maximum(-np.nanmin(ages, -1, keepdims=True), LEAST_SPAN_S))[..., None, :]
        + pace
    )
    told = (
        each(np.log(tail.accents), MOST_ACCENT_LOG),
        each((tail.lowest - usual) / WIDE, MOST_AGES),
        each((tail.pitches & np.uint64(KICK)) != 0, 1.0),
        each((tail.pitches & np.uint64(SNARE)) != 0, 1.0),
        each(ages / AGE_S, MOST_AGES),
        each(np.exp(ages / RECENT_S), 1.0),
        each(np.broadcast_to(count / REMEMBERED, known.shape), 1.0),
        np.maximum(back / LONG_BEATS, -MOST_AGES),
        *(pace, rate),
    )
    return np.stack([np.broadcast_to(one, back.shape) for one in told], -1).astype(np.float32)


def shifted(array: NDArray[np.floating], step: int) -> NDArray[np.floating]:
    """What lies `step` places later along the last axis; nan past the end."""
    moved = np.roll(array, -step, -1)
    moved[..., slice(-step, None) if step > 0 else slice(None, -step)] = np.nan
    return moved


def each(values: NDArray[np.generic], most: float) -> Floats:
    """The same for all tempos: an axis more, none beyond `most` either way, 0 where unknown."""
    told = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    return np.clip(told, -most, most)[..., None, :]
