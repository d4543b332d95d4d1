"""The key of a handful of notes.

Conventions: pitch classes 0 to 11 from C. Krumhansl and Schmuckler's way: the time each pitch class
sounds is correlated with the stability listeners gave it in each of the 24 keys (Krumhansl,
"Cognitive Foundations of Musical Pitch", 1990, table 2.1).
"""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from muse.tools.transcription.notes import NoteEvent

Mode = Literal["major", "minor"]

# stability of each degree in semitones above the tonic, 1 to 7
PROFILES: dict[Mode, tuple[float, ...]] = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
SHARPNESS = 0.1  # correlations this far apart differ in odds by a factor e
NO_KEY: tuple[int, Mode, float] = (0, "major", 0.0)


def guess_key(notes: Iterable[NoteEvent]) -> tuple[int, Mode, float]:
    """The likeliest key of pitched notes, each counted by its length.

    Returns:
        tonic pitch class, mode, and a confidence in [0, 1]: the share of this key when the 24 keys
        are weighed by their correlation. C major with confidence 0 when nothing speaks for any.
    """
    return key_of_weights(pitch_class_weights(notes))


def pitch_class_weights(notes: Iterable[NoteEvent]) -> NDArray[np.float64]:
    """Seconds that each pitch class sounds, weighed by the confidence of its notes: (12,)."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += (note.offset_s - note.onset_s) * note.confidence
    return weights


def key_of_weights(weights: NDArray[np.float64]) -> tuple[int, Mode, float]:
    """The likeliest key of (12,) non-negative weights; see `guess_key`."""
    if weights.std() <= 1e-9 * max(weights.max(), 1e-12):
        return NO_KEY
    modes = list(PROFILES)
    profiles = np.array([np.roll(PROFILES[mode], tonic) for mode in modes for tonic in range(12)])
    fits = np.corrcoef(weights, profiles)[0, 1:]
    shares = np.exp((fits - fits.max()) / SHARPNESS)
    best = int(fits.argmax())
    return best % 12, modes[best // 12], float(shares[best] / shares.sum())
