"""The key of notes, and where it changes.

Krumhansl and Schmuckler's way: the time that each pitch class sounds is correlated with the
profiles of the 24 keys (Krumhansl, "Cognitive Foundations of Musical Pitch", 1990, ch. 4), here in
a window around every bar; the path through the keys that fits best, at a price for each change
(Temperley, Music Perception 17, 1999), finds modulations and passes over a chromatic bar.

Conventions: time in beats (quarter notes); keys are numbered as in key_profiles.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.tools.song.document import Key, Song
from muse.tools.theory.key_profiles import KEYS, MODES, profile_matrix, standardised
from muse.tools.theory.sounding_notes import Sounding, sounding_notes

Array = NDArray[np.float64]

DEFAULT_PROFILE: Final = "albrecht-shanahan"  # the best of them on songs kept for trying
HOP_BEATS = 4.0  # between two looks at the key
MOST_LOOKS = 20_000  # in a song that seems longer than a day they lie further apart
REACH_BEATS = 8.0  # notes this far to each side are heard with a look, the far ones less
CHANGE_COST = 3.0  # correlation, summed over the looks, that a new key must gain
SHARPNESS = 0.1  # correlations this far apart differ in odds by a factor e
NO_KEY = Key(0.0, 0, "major", 0.0)


def find_key(song: Song, profile: str = DEFAULT_PROFILE) -> Key:
    """The key that lasts longest; C major with confidence 0 where there are no notes."""
    keys = find_keys(song, profile)
    ends = [*(key.beat for key in keys[1:]), song.end_beats()]
    lasting = {(key.tonic_pc, key.mode): 0.0 for key in keys}
    for key, end in zip(keys, ends, strict=False):
        lasting[key.tonic_pc, key.mode] += end - key.beat
    if not lasting:
        return NO_KEY
    tonic_pc, mode = max(lasting, key=lambda name: lasting[name])
    sure = [key.confidence for key in keys if (key.tonic_pc, key.mode) == (tonic_pc, mode)]
    return Key(0.0, tonic_pc, mode, max(sure))


def find_keys(song: Song, profile: str = DEFAULT_PROFILE) -> list[Key]:
    """The keys of a song's notes, drums left out, in order; the first from beat 0 on.

    Args:
        song: any Song; what it says of its keys is not looked at.
        profile: a name of key_profiles.PROFILES.

    Returns:
        Keys with a confidence in [0, 1], the share of the key among all 24 when they are weighed by
        how well they fit the stretch. Empty without pitched notes.

    Raises:
        ParameterError: no profile has that name.
    """
    return keys_of_notes(sounding_notes(song), profile)


def keys_of_notes(notes: Sounding, profile: str = DEFAULT_PROFILE) -> list[Key]:
    """As `find_keys`, of notes."""
    if not len(notes):
        return []
    hop = max(HOP_BEATS, notes.end_beats / MOST_LOOKS)
    edges = np.arange(0.0, notes.end_beats + hop, hop)
    weights = pitch_class_weights(notes, edges)
    path = key_path(key_fits(windowed(weights), profile))
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    return [
        key_of_stretch(weights[begin:end], int(path[begin]), float(edges[begin]), profile)
        for begin, end in pairwise(starts)
    ]


def key_of_stretch(weights: Array, number: int, beat: float, profile: str) -> Key:
    """A key's number, with the confidence that the weights (windows, 12) of its stretch give it."""
    shares = key_shares(key_fits(weights.sum(axis=0), profile))
    return Key(beat, number % 12, MODES[number // 12], round(float(shares[number]), 3))


def key_of_weights(weights: Array, profile: str = DEFAULT_PROFILE) -> Key:
    """The likeliest key of weights (12,), none negative; flat ones: C major, confidence 0."""
    fits = key_fits(weights, profile)
    if not fits.any():
        return NO_KEY
    best = int(fits.argmax())
    return Key(0.0, best % 12, MODES[best // 12], float(key_shares(fits)[best]))


def key_fits(weights: Array, profile: str = DEFAULT_PROFILE) -> Array:
    """Correlation of weights (..., 12) with each key's profile, (..., 24); 0 for flat ones."""
    fits: Array = standardised(weights) @ profile_matrix(profile).T
    return fits


def key_shares(fits: Array) -> Array:
    """Correlations (..., 24) as shares that sum to 1."""
    odds = np.exp((fits - fits.max(axis=-1, keepdims=True)) / SHARPNESS)
    shares: Array = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def key_path(fits: Array, change_cost: float = CHANGE_COST) -> NDArray[np.int64]:
    """The key of each window: the path of largest summed fit, less the cost of each change.

    Args:
        fits: (windows, 24).
        change_cost: what each change of key costs, above 0.

    Returns:
        (windows,) numbers of keys.
    """
    total = fits[0]
    came_from = np.tile(np.arange(KEYS), (len(fits), 1))
    for i in range(1, len(fits)):
        best = total.argmax()
        changes = total[best] - change_cost > total
        came_from[i, changes] = best
        total = np.where(changes, total[best] - change_cost, total) + fits[i]
    path = [int(total.argmax())]
    for row in came_from[:0:-1]:
        path.append(int(row[path[-1]]))
    return np.array(path[::-1])


def pitch_class_weights(notes: Sounding, edges: Array) -> Array:
    """Beats that each pitch class sounds between the edges: (len(edges) - 1, 12).

    Two notes of one class count twice.
    """
    summed = [
        sounded_until(notes.start[chosen], edges) - sounded_until(notes.end[chosen], edges)
        for chosen in (notes.pitch % 12 == pc for pc in range(12))
    ]
    return np.diff(np.array(summed), axis=1).T


def sounded_until(begins: Array, edges: Array) -> Array:
    """At each edge, the summed time since all that began before it: what never ends."""
    begins = np.sort(begins)
    so_far = np.concatenate([[0.0], np.cumsum(begins)])
    count = np.searchsorted(begins, edges)
    since: Array = count * edges - so_far[count]
    return since


def windowed(weights: Array, reach: int = round(REACH_BEATS / HOP_BEATS)) -> Array:
    """Weights (windows, 12) with those of `reach` neighbours added, fading to both sides."""
    kernel = 1.0 - np.abs(np.arange(-reach, reach + 1)) / (reach + 1)
    padded = np.pad(weights, ((reach, reach), (0, 0)))
    return np.array([kernel @ padded[i : i + 2 * reach + 1] for i in range(len(weights))]).reshape(
        -1, 12
    )
