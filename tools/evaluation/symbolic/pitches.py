"""Figures of pitch: how many pitch classes are in use, whether they fit a scale, the range.

Each takes a Passage; None where it has too few notes. Only pitched notes count, each once, however
long it is. All but the range are the same after a transposition, and so is the range.
"""

import numpy as np

from muse.tools.evaluation.symbolic.passage import Floats, Passage

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)  # the natural minor scales are the same twelve sets


def pitch_class_entropy(passage: Passage, bars: int) -> float | None:
    """Entropy in bits of the pitch classes of so many bars, in [0, log2 12 = 3.58].

    The mean over all windows of that many bars, one bar apart, that have a note; over the whole
    passage where it is shorter. Source: Wu and Yang, "The Jazz Transformer on the front line",
    ISMIR 2020, where it is H1 and H4.
    """
    if not passage.notes:
        return None
    sums = np.cumsum(np.vstack([np.zeros(12), pitch_class_counts(passage)]), axis=0)
    width = min(bars, passage.bars)
    windows = sums[width:] - sums[:-width]
    return float(entropy_bits(windows[windows.any(axis=1)]).mean())


def pitch_class_counts(passage: Passage) -> Floats:
    """Notes of each pitch class in each bar, (B, 12)."""
    counts = np.zeros((passage.bars, 12))
    sounding = passage.pitched
    np.add.at(counts, (passage.bar[sounding], passage.pitch[sounding] % 12), 1)
    return counts


def entropy_bits(counts: Floats) -> Floats:
    """Shannon entropy in bits of each row of counts, none of them empty: (R, C) to (R,)."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log2(shares, where=shares > 0, out=np.zeros_like(shares))
    bits: Floats = np.maximum(-(shares * logs).sum(axis=1), 0.0)
    return bits


def scale_consistency(passage: Passage) -> float | None:
    """Share of notes that are in the major or natural minor scale they fit best, in [7/12, 1].

    Source: Mogren, "C-RNN-GAN", 2016, as MusPy has it.
    """
    counts = pitch_class_counts(passage).sum(axis=0)
    if not counts.any():
        return None
    fits = [counts[(np.array(MAJOR_SCALE) + tonic) % 12].sum() for tonic in range(12)]
    return float(max(fits) / counts.sum())


def pitch_range(passage: Passage) -> float | None:
    """Semitones from the lowest note to the highest, in [0, 127]."""
    pitches = passage.pitch[passage.pitched]
    return float(np.ptp(pitches)) if len(pitches) else None
