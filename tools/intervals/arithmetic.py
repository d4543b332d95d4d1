"""Recognize intervals by arithmetic, without learning: the baselines that a net is compared with.

Conventions: a clip is mono (frames,); a result is in semitones, negative where the second note is
lower. There are two pitch estimates: the highest peak of the spectrum, which is the pitch of a pure
tone and often of no other, and the strongest harmonic series, after Klapuri, "Multiple fundamental
frequency estimation by summing harmonic amplitudes", ISMIR 2006.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.clip_settings import pitch_of
from muse.tools.theory.pitch import A4, A4_HZ

Samples = NDArray[np.float32] | NDArray[np.float64]
Spectrum = NDArray[np.float64]

LOWEST_PITCH, HIGHEST_PITCH = 28.0, 100.0  # MIDI, range of fundamentals
STEP = 0.1  # semitones between two rows of the table
STEPS_PER_SEMITONE = 10
PARTIALS = 20
HIGHEST_PARTIAL_HZ = 10_000.0
LOWEST_PEAK_HZ = 30.0
ALPHA_HZ, BETA_HZ = 27.0, 320.0  # Klapuri's weights of partials, for windows of 46 ms
REMOVED_ROWS = 4  # rows to both sides of a partial that are set to zero with it, 0.4 semitones
LEAST_PARTIAL_SHARE = 0.5  # of a note's power in its partials
LEAST_ODD_SHARE = 0.01  # of that power in odd partials; a note with less is an octave higher
PARTIAL_WIDTH = 0.02  # half the width of a partial by its frequency, at least the window's lobe


def halves(clip: Samples) -> tuple[Samples, Samples]:
    """Split a clip into its first and second half."""
    middle = len(clip) // 2
    return clip[:middle], clip[middle:]


def cut_notes(
    clip: Samples, rate: int, onsets_s: Sequence[float], durations_s: Sequence[float]
) -> list[Samples]:
    """Return the notes of a clip, in the order of their onsets."""
    notes = sorted(zip(onsets_s, durations_s, strict=True))
    return [clip[round(a * rate) : round((a + length) * rate)] for a, length in notes]


def interval_by_peaks(first: Samples, second: Samples, rate: int) -> int:
    """Return the interval from the highest spectral peak of one note to that of the other."""
    return round(pitch_of(peak_hz(second, rate)) - pitch_of(peak_hz(first, rate)))


def interval_by_series(first: Samples, second: Samples, rate: int) -> int:
    """Return the interval from the strongest harmonic series of one note to that of the other."""
    return round(strongest_pitches(second, rate, 1)[0] - strongest_pitches(first, rate, 1)[0])


def together_by_peaks(clip: Samples, rate: int) -> int:
    """Return the interval between the two highest peaks more than half a semitone apart."""
    spectrum, bin_hz = magnitudes(clip, rate)
    first = int(np.argmax(spectrum))
    pitch = pitch_of(refine_peak(spectrum, first) * bin_hz)
    width = 2.0 ** (0.5 / 12)
    rest = spectrum.copy()
    rest[int(first / width) : int(first * width) + 2] = 0.0
    return abs(round(pitch_of(refine_peak(rest, int(np.argmax(rest))) * bin_hz) - pitch))


def together_by_series(clip: Samples, rate: int) -> int:
    """Return the interval between the strongest harmonic series and the strongest after it."""
    first, second = strongest_pitches(clip, rate, 2)
    return abs(round(second - first))


def magnitudes(samples: Samples, rate: int) -> tuple[Spectrum, float]:
    """Return zero-padded magnitudes, zero below 30 Hz, and the width of a bin in Hz."""
    size = 1 << max(len(samples) - 1, 1).bit_length()
    spectrum: Spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    bin_hz = rate / size
    spectrum[: int(LOWEST_PEAK_HZ / bin_hz) + 1] = 0.0
    return spectrum, bin_hz


def peak_hz(samples: Samples, rate: int) -> float:
    """Return the frequency of the highest peak."""
    spectrum, bin_hz = magnitudes(samples, rate)
    return refine_peak(spectrum, int(np.argmax(spectrum))) * bin_hz


def refine_peak(spectrum: Spectrum, position: int) -> float:
    """Return the position of a peak between bins: the vertex of a parabola through logarithms."""
    if not 0 < position < len(spectrum) - 1:
        return float(max(position, 1))
    left, middle, right = np.log(spectrum[position - 1 : position + 2] + 1e-12)
    bend = left - 2 * middle + right
    return position + float(0.5 * (left - right) / bend if bend else 0.0)


def has_fundamental(note: Samples, hertz: float, rate: int) -> bool:
    """Return whether a note has this fundamental: its partials fit it, and not only its octave."""
    spectrum, bin_hz = magnitudes(note, rate)
    orders = np.arange(len(spectrum)) * bin_hz / hertz
    partials = np.rint(orders)
    width = np.clip(PARTIAL_WIDTH * orders, 4 * rate / len(note) / hertz, 0.25)
    power = spectrum**2
    partial_power = power * ((np.abs(orders - partials) < width) & (partials > 0))
    enough = partial_power.sum() > LEAST_PARTIAL_SHARE * power.sum()
    return bool(
        enough and partial_power[partials % 2 == 1].sum() > LEAST_ODD_SHARE * partial_power.sum()
    )


@dataclass(frozen=True)
class SeriesTable:
    """Rows of a logarithmic spectrum in which the partials of each fundamental are.

    Attributes:
        edges: of the rows, in Hz.
        rows: (fundamentals, PARTIALS) row of each partial.
        weights: (fundamentals, PARTIALS) of each partial; 0 above HIGHEST_PARTIAL_HZ.
    """

    edges: Spectrum
    rows: NDArray[np.intp]
    weights: Spectrum


def series_table() -> SeriesTable:
    """Make the table of all fundamentals from LOWEST_PITCH to HIGHEST_PITCH."""
    count = round((HIGHEST_PITCH - LOWEST_PITCH) * STEPS_PER_SEMITONE) + 1
    fundamentals = A4_HZ * 2 ** ((LOWEST_PITCH + STEP * np.arange(count) - A4) / 12)
    partials = np.arange(1, PARTIALS + 1)
    above = np.rint(12 * STEPS_PER_SEMITONE * np.log2(partials)).astype(np.intp)
    hertz = fundamentals[:, None] * partials
    weights = (fundamentals[:, None] + ALPHA_HZ) / (hertz + BETA_HZ)
    rows = count + int(above[-1])
    edges = A4_HZ * 2 ** ((LOWEST_PITCH + STEP * (np.arange(rows + 1) - 0.5) - A4) / 12)
    partial_rows = np.arange(count)[:, None] + above
    return SeriesTable(edges, partial_rows, np.where(hertz < HIGHEST_PARTIAL_HZ, weights, 0.0))


def log_spectrum(samples: Samples, rate: int, edges: Spectrum) -> Spectrum:
    """Return the highest magnitude in each row; rows narrower than a bin take the nearest bin."""
    spectrum, bin_hz = magnitudes(samples, rate)
    starts = np.minimum((edges / bin_hz).round().astype(np.intp), len(spectrum) - 1)
    highest = np.maximum.reduceat(spectrum, starts[:-1])
    highest[edges[:-1] > rate / 2] = 0.0
    return highest


def strongest_pitches(samples: Samples, rate: int, count: int) -> list[float]:
    """Return the pitches (MIDI, with fractions) of the strongest series, removing each in turn."""
    table = series_table()
    rows = log_spectrum(samples, rate, table.edges)
    found = []
    for _ in range(count):
        salience = np.sum(table.weights * rows[table.rows], axis=1)
        best = int(np.argmax(salience))
        found.append(LOWEST_PITCH + STEP * best)
        for row in table.rows[best]:
            rows[max(row - REMOVED_ROWS, 0) : row + REMOVED_ROWS + 1] = 0.0
    return found
