"""Features of an onset and its neighbors, with distances in beats of a hypothetical tempo.

Conventions: times in s; positions are in beats from the last onset (0 and below). Any number of
performances may be processed at once: their axes come first.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.tempo.onsets import MAX_ONSETS, OnsetArrays, pitch_bit

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

NEIGHBORS = (-4, -3, -2, -1, 1, 2, 3, 4)  # onsets before and after, by number
MIN_DISTANCE, MAX_DISTANCE = 0.02, 8.0  # beats, to which distances are clipped
PITCH_SCALE = 12.0  # semitones that count as 1
MAX_LOG_ACCENT = 2.0  # to which log accents are clipped, either way
AGE_S, RECENT_S, LONG_BEATS = 10.0, 3.0, 16.0  # units of an onset's age
MAX_AGE = 3.0  # in these units, to which ages are clipped
MIN_SPAN_S = 0.3  # the least duration over which a rate is computed
USUAL_BEAT_S = 0.6  # reference for the tempo feature
KICK = sum(pitch_bit(pitch) for pitch in (35, 36))  # General MIDI drums
SNARE = sum(pitch_bit(pitch) for pitch in (37, 38, 39, 40))
NEIGHBOR_FEATURES, OWN_FEATURES = (
    11,
    10,
)  # number of features of a neighbor, and of the onset itself
FEATURES = len(NEIGHBORS) * NEIGHBOR_FEATURES + OWN_FEATURES


def beats_before_last(tail: OnsetArrays, beats_s: Array) -> Array:
    """Return the position of each onset in beats from the last one.

    Args:
        tail: onsets, (..., onsets).
        beats_s: lengths of a beat, (..., tempos).

    Returns:
        (..., tempos, onsets); nan where there is no onset.
    """
    ages = tail.times_s - tail.times_s[..., -1:]
    return np.asarray(ages[..., None, :] / beats_s[..., :, None])


def describe_onsets(tail: OnsetArrays, beats_s: Array) -> Floats:
    """Return the features of each onset at each tempo.

    Args:
        tail: onsets, (..., onsets).
        beats_s: lengths of a beat, (..., tempos).

    Returns:
        (..., tempos, onsets, FEATURES); 0 where there is no onset.
    """
    back = beats_before_last(tail, beats_s).astype(np.float32)
    found = np.zeros((*back.shape, FEATURES), np.float32)
    for number, step in enumerate(NEIGHBORS):
        found[..., number * NEIGHBOR_FEATURES : (number + 1) * NEIGHBOR_FEATURES] = (
            neighbor_features(tail, back, step)
        )
    found[..., -OWN_FEATURES:] = own_features(tail, back, beats_s)
    found[np.isnan(back)] = 0.0
    return found


def neighbor_features(tail: OnsetArrays, back: Floats, step: int) -> Floats:
    """Return the features of the neighbor `step` onsets later; all 0 where there is none."""
    distance = shift(back, step) - back
    exists = np.isfinite(distance)
    distance = np.where(exists, distance, 1.0)
    cosine, sine = np.cos(np.pi * distance), np.sin(np.pi * distance)
    twice = 2 * cosine**2 - 1, 2 * sine * cosine
    accents = np.log(tail.accents)
    columns = (
        np.ones_like(distance),
        np.log2(np.clip(np.abs(distance), MIN_DISTANCE, MAX_DISTANCE)) / 2,
        *(cosine, sine),
        *twice,
        *(2 * twice[0] ** 2 - 1, 2 * twice[0] * twice[1]),
        expand((shift(tail.lowest, step) - tail.lowest) / PITCH_SCALE, 1.0),
        expand((np.roll(tail.pitches, -step, -1) & tail.pitches) != 0, 1.0),
        expand(shift(accents, step) - accents, MAX_LOG_ACCENT),
    )
    stacked = np.stack([np.broadcast_to(one, distance.shape) for one in columns], -1)
    return np.asarray(stacked * exists[..., None], np.float32)


def own_features(tail: OnsetArrays, back: Floats, beats_s: Array) -> Floats:
    """Return the features of the onset itself, and of how much is played."""
    ages = tail.times_s - tail.times_s[..., -1:]
    known = np.isfinite(ages)
    count = known.sum(-1, keepdims=True)
    usual = np.where(known, tail.lowest, 0.0).sum(-1, keepdims=True) / count
    pace = np.log(beats_s / USUAL_BEAT_S)[..., None]
    rate = (
        np.log(count / np.maximum(-np.nanmin(ages, -1, keepdims=True), MIN_SPAN_S))[..., None, :]
        + pace
    )
    columns = (
        expand(np.log(tail.accents), MAX_LOG_ACCENT),
        expand((tail.lowest - usual) / PITCH_SCALE, MAX_AGE),
        expand((tail.pitches & np.uint64(KICK)) != 0, 1.0),
        expand((tail.pitches & np.uint64(SNARE)) != 0, 1.0),
        expand(ages / AGE_S, MAX_AGE),
        expand(np.exp(ages / RECENT_S), 1.0),
        expand(np.broadcast_to(count / MAX_ONSETS, known.shape), 1.0),
        np.maximum(back / LONG_BEATS, -MAX_AGE),
        *(pace, rate),
    )
    return np.stack([np.broadcast_to(one, back.shape) for one in columns], -1).astype(np.float32)


def shift(array: NDArray[np.floating], step: int) -> NDArray[np.floating]:
    """Return the values `step` places later along the last axis; nan past the end."""
    moved = np.roll(array, -step, -1)
    moved[..., slice(-step, None) if step > 0 else slice(None, -step)] = np.nan
    return moved


def expand(values: NDArray[np.generic], most: float) -> Floats:
    """Return values with an axis for tempos, clipped to `most` either way, and 0 for nan."""
    columns = np.nan_to_num(np.asarray(values, np.float32), nan=0.0)
    return np.clip(columns, -most, most)[..., None, :]
