"""Figures of pitch: use of pitch classes, consistency with a scale, and range.

Each takes a Passage; None if it has too few notes. Pitched notes count once each, whatever their
duration. All figures are invariant under transposition.
"""

import numpy as np

from muse.tools.evaluation.symbolic.passage import Floats, Passage

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)  # natural minor scales have the same pitch classes


def pitch_class_entropy(passage: Passage, bars: int) -> float | None:
    """Return the mean entropy of the pitch classes of some bars, in bits, in [0, log2 12 = 3.58].

    The mean over all windows of `bars` bars, one bar apart, that have a note; over the whole
    passage if it is shorter. Source: Wu and Yang, "The Jazz Transformer on the front line", ISMIR
    2020, where it is called H1 and H4.
    """
    if not passage.notes:
        return None
    sums = np.cumsum(np.vstack([np.zeros(12), pitch_class_counts(passage)]), axis=0)
    width = min(bars, passage.bars)
    windows = sums[width:] - sums[:-width]
    return float(entropy_bits(windows[windows.any(axis=1)]).mean())


def pitch_class_counts(passage: Passage) -> Floats:
    """Return the number of notes of each pitch class in each bar, (B, 12)."""
    counts = np.zeros((passage.bars, 12))
    sounding = passage.pitched
    np.add.at(counts, (passage.bar[sounding], passage.pitch[sounding] % 12), 1)
    return counts


def entropy_bits(counts: Floats) -> Floats:
    """Return the Shannon entropy in bits of each nonempty row of counts: (R, C) to (R,)."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
    bits: Floats = np.maximum(-(shares * logs).sum(axis=1), 0.0)
    return bits


def scale_consistency(passage: Passage) -> float | None:
    """Return the share of notes in the best-fitting major or natural minor scale, in [7/12, 1].

    Source: Mogren, "C-RNN-GAN", 2016, as defined in MusPy.
    """
    counts = pitch_class_counts(passage).sum(axis=0)
    if not counts.any():
        return None
    fits = [counts[(np.array(MAJOR_SCALE) + tonic) % 12].sum() for tonic in range(12)]
    return float(max(fits) / counts.sum())


def pitch_range(passage: Passage) -> float | None:
    """Return the semitones from the lowest note to the highest, in [0, 127]."""
    pitches = passage.pitch[passage.pitched]
    return float(np.ptp(pitches)) if len(pitches) else None
