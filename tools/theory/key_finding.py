"""Detect the keys of notes, and where they change.

The Krumhansl-Schmuckler algorithm: the durations of the pitch classes are correlated with the
profiles of the 24 keys (Krumhansl, "Cognitive Foundations of Musical Pitch", 1990, ch. 4), here in
overlapping windows. The path of keys with the largest sum of correlations, minus a cost for each
change (Temperley, Music Perception 17, 1999), finds modulations and ignores chromatic bars. Chords
that name a key (key_evidence.py) are added to the correlations.

Conventions: time in beats (quarter notes); keys are numbered as in key_profiles.py.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.tools.song.document import Key, Song
from muse.tools.song.meter import first_meter
from muse.tools.theory.key_evidence import Harmony, harmonies_of, key_evidence
from muse.tools.theory.key_profiles import KEYS, MODES, profile_matrix, standardized
from muse.tools.theory.sounding_notes import NoteArrays, sounding_notes

Array = NDArray[np.float64]

DEFAULT_PROFILE: Final = "albrecht-shanahan"  # the best profile on validation songs
HOP_BEATS = 4.0  # between two windows
MOST_WINDOWS = 20_000  # in extremely long songs the hop is longer
REACH_BEATS = 8.0  # half width of the triangular window
CHANGE_COST = 3.0  # correlation, summed over windows, that a change of key must gain
SHARPNESS = 0.1  # difference in correlation that changes the odds by a factor e
OVERLAP_BEATS = 0.125  # that legato notes of one line may overlap
CHORD_SHARE = 0.1  # least share of notes that overlap in music with chords
NO_KEY = Key(0.0, 0, "major", 0.0)


def find_key(song: Song, profile: str = DEFAULT_PROFILE) -> Key:
    """Return the key that lasts longest; C major with confidence 0 without notes."""
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
    """Detect the keys of a song's notes, without drums, in order; the first from beat 0 on.

    Args:
        song: any Song; its own keys are ignored. Its chords count, else those found in its notes.
        profile: a name of key_profiles.PROFILES.

    Returns:
        Keys with a confidence in [0, 1]: the share of the key among all 24, weighted by their
        correlation in its stretch. Empty without pitched notes.

    Raises:
        ParameterError: no profile has that name.
    """
    notes = sounding_notes(song)
    harmonies = list(harmonies_of(song.chords)) or harmonies_of_notes(song, notes)
    return keys_of_notes(notes, profile, harmonies)


def harmonies_of_notes(song: Song, notes: NoteArrays) -> list[Harmony]:
    """Find the harmonies of a song's notes; none in a single line, or in extremely long songs."""
    from muse.tools.theory.chord_finding import MOST_CELLS, chords_of_notes, harmonies_of_chords

    if notes.end_beats > MOST_CELLS or is_single_line(notes):
        return []
    return harmonies_of_chords(
        chords_of_notes(notes, first_meter(song), song.tempo_map().bpm_at(0.0))
    )


def is_single_line(notes: NoteArrays) -> bool:
    """Return whether few notes begin while the one before still sounds."""
    overlaps = notes.end[:-1] - notes.start[1:] > OVERLAP_BEATS
    return bool(overlaps.mean() < CHORD_SHARE) if len(overlaps) else True


def keys_of_notes(
    notes: NoteArrays, profile: str = DEFAULT_PROFILE, harmonies: Sequence[Harmony] = ()
) -> list[Key]:
    """Detect the keys of notes, and of their harmonies if given, as `find_keys` does."""
    if not len(notes):
        return []
    hop = max(HOP_BEATS, notes.end_beats / MOST_WINDOWS)
    edges = np.arange(0.0, notes.end_beats + hop, hop)
    weights = pitch_class_weights(notes, edges)
    evidence = key_evidence(harmonies, edges)
    path = key_path(key_fits(windowed(weights), profile) + evidence)
    starts = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    return [
        key_of_stretch(
            key_fits(weights[begin:end].sum(axis=0), profile) + evidence[begin:end].mean(axis=0),
            int(path[begin]),
            float(edges[begin]),
        )
        for begin, end in pairwise(starts)
    ]


def key_of_stretch(fits: Array, number: int, beat: float) -> Key:
    """Return a numbered key with its confidence from the fits (24,) of its stretch."""
    share = float(key_shares(fits)[number])
    return Key(beat, number % 12, MODES[number // 12], round(share, 3))


def key_of_weights(weights: Array, profile: str = DEFAULT_PROFILE) -> Key:
    """Return the likeliest key of weights (12,) >= 0; C major with confidence 0 if all are even."""
    fits = key_fits(weights, profile)
    if not fits.any():
        return NO_KEY
    best = int(fits.argmax())
    return Key(0.0, best % 12, MODES[best // 12], float(key_shares(fits)[best]))


def key_fits(weights: Array, profile: str = DEFAULT_PROFILE) -> Array:
    """Correlate weights (..., 12) with the profile of each key, (..., 24); 0 for equal weights."""
    fits: Array = standardized(weights) @ profile_matrix(profile).T
    return fits


def key_shares(fits: Array) -> Array:
    """Convert correlations (..., 24) to shares that sum to 1."""
    odds = np.exp((fits - fits.max(axis=-1, keepdims=True)) / SHARPNESS)
    shares: Array = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def key_path(fits: Array, change_cost: float = CHANGE_COST) -> NDArray[np.int64]:
    """Return the key of each window, by the largest sum of fits minus the cost of changes.

    Args:
        fits: (windows, 24).
        change_cost: of each change of key, above 0.

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


def pitch_class_weights(notes: NoteArrays, edges: Array) -> Array:
    """Return the beats in which each pitch class sounds between edges, (len(edges) - 1, 12).

    Two notes of one pitch class count twice.
    """
    summed = [
        sounded_until(notes.start[chosen], edges) - sounded_until(notes.end[chosen], edges)
        for chosen in (notes.pitch % 12 == pc for pc in range(12))
    ]
    return np.diff(np.array(summed), axis=1).T


def sounded_until(begins: Array, edges: Array) -> Array:
    """Return at each edge the total time since all beginnings before it, as if no note ended."""
    begins = np.sort(begins)
    so_far = np.concatenate([[0.0], np.cumsum(begins)])
    count = np.searchsorted(begins, edges)
    since: Array = count * edges - so_far[count]
    return since


def windowed(weights: Array, reach: int = round(REACH_BEATS / HOP_BEATS)) -> Array:
    """Apply a triangular window over `reach` neighbors on each side to weights (windows, 12)."""
    kernel = 1.0 - np.abs(np.arange(-reach, reach + 1)) / (reach + 1)
    padded = np.pad(weights, ((reach, reach), (0, 0)))
    return np.array([kernel @ padded[i : i + 2 * reach + 1] for i in range(len(weights))]).reshape(
        -1, 12
    )
