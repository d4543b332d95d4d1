"""Evidence of simple signal processing for the notes that sound at once in a segment.

Conventions: audio is mono (frames,); pitches are MIDI with fractions; weights are amplitudes to the
power COMPRESSION, so that loud partials do not outweigh all others. Each set of one, two or three
candidate notes is compared with the peaks of the spectrum: which peaks it explains, and which of
its low partials are missing. In the spirit of Duan, Pardo and Zhang, "Multiple fundamental
frequency estimation by modeling spectral peaks and non-peak regions", IEEE TASLP 2010.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from muse.tools.intervals.arithmetic import (
    LOWEST_PITCH,
    STEP,
    Samples,
    SeriesTable,
    log_spectrum,
    refine_peak,
    series_table,
)
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.theory.pitch import A4, A4_HZ

Values = NDArray[np.float64]

COMPRESSION = 0.9  # power that amplitudes are raised to
SHORTEST_S = 0.06  # of a segment that is analyzed
LOBE = 3.0  # half the main lobe of Blackman's window, in bins without padding
PADDING = 4  # factor of zero padding
PEAK_FLOOR = 10 ** (-45 / 20)  # least amplitude of a peak, relative to the highest
ABOVE_NOISE = 10 ** (12 / 20)  # least amplitude of a peak, relative to the local median
NOISE_HZ = 250.0  # width of that median to each side
MOST_PEAKS = 40
LOWEST_PEAK_HZ, HIGHEST_PEAK_HZ = 35.0, 5000.0
CANDIDATES = 12  # fundamentals from each of two methods
PARTIALS = 16  # of a note that peaks are compared with
LOW_PARTIALS = 5  # that a note is expected to have
TOLERANCE = 0.32  # semitones between a partial and its peak
LEAST_SEPARATION = 0.6  # least semitones between two notes
WEIGHT_ABOVE_HIGHEST = (
    0.3  # weight of a missing partial above a note's highest partial that is present
)
LEAST_TONAL_SHARE = 0.2  # least share of the power in peaks; noise has less
QUIETEST = 1e-5  # amplitude below which a segment is silent, -100 dBFS
MOST_NOTES = 3  # in a hypothesis; three stand for three or more
NO_NOTE = -1  # fills up sets of fewer notes


@dataclass(frozen=True)
class Evidence:
    """Peaks, and how well each candidate note agrees with them.

    Attributes:
        pitches: (candidates,) MIDI with fractions.
        weights: (peaks,) with sum 1.
        explains: (candidates, peaks) whether a peak is a partial of the candidate.
        absent: (candidates,) weighted share of the low partials that are missing.
        periodic: (candidates,) share of the time in which the sound is periodic at that pitch.
    """

    pitches: Values
    weights: Values
    explains: NDArray[np.bool_]
    absent: Values
    periodic: Values


def spectral_peaks(audio: Samples, rate: int) -> tuple[Values, Values]:
    """Return the frequencies in Hz of the peaks above the noise, and their weights."""
    size = PADDING * (1 << (len(audio) - 1).bit_length())
    spectrum = np.abs(np.fft.rfft(audio * np.blackman(len(audio)), size))
    bin_hz = rate / size
    first, last = int(LOWEST_PEAK_HZ / bin_hz), int(min(HIGHEST_PEAK_HZ, 0.45 * rate) / bin_hz)
    reach = max(round(LOBE * rate / len(audio) / bin_hz / 2), 1)
    inner = spectrum[first - reach : last + reach]
    around = np.lib.stride_tricks.sliding_window_view(inner, 2 * reach + 1)
    middle = spectrum[first : first + len(around)]
    highest = around.max(axis=1)
    floor = noise_floor(spectrum, round(NOISE_HZ / bin_hz))[first : first + len(around)]
    found = (middle == highest) & (middle > ABOVE_NOISE * floor)
    found &= middle > PEAK_FLOOR * middle.max()
    bins = np.flatnonzero(found)
    bins = np.sort(bins[np.argsort(middle[bins])[::-1][:MOST_PEAKS]])
    hertz = np.array([refine_peak(spectrum, first + int(peak)) * bin_hz for peak in bins])
    near = (bins[:, None] + np.arange(-reach, reach + 1)).clip(0, len(middle) - 1)
    if np.sum(middle[np.unique(near)] ** 2) < LEAST_TONAL_SHARE * np.sum(spectrum[first:] ** 2):
        return np.zeros(0), np.zeros(0)
    weights = middle[bins] ** COMPRESSION
    return hertz, weights / max(float(weights.sum()), 1e-12)


def noise_floor(spectrum: Values, reach: int) -> Values:
    """Return the local median of the magnitudes at each bin, by blocks of `reach` bins."""
    count = -(-len(spectrum) // reach)
    blocks = np.pad(spectrum, (0, count * reach - len(spectrum)), mode="edge").reshape(count, reach)
    medians = np.median(blocks, axis=1)
    return np.repeat(medians, reach)[: len(spectrum)]


@lru_cache(maxsize=1)
def cached_series_table() -> SeriesTable:
    """Return the table of all fundamentals, made once."""
    return series_table()


def find_candidates(audio: Samples, rate: int, hertz: Values, weights: Values) -> Values:
    """Return candidate pitches: the strongest harmonic series, and the strongest peaks."""
    rows = log_spectrum(audio, rate, cached_series_table().edges) ** COMPRESSION
    salience = np.sum(cached_series_table().weights * rows[cached_series_table().rows], axis=1)
    inner = salience[1:-1]
    maxima = np.flatnonzero((inner >= salience[:-2]) & (inner > salience[2:])) + 1
    best = maxima[np.argsort(salience[maxima])[::-1][:CANDIDATES]]
    strong_peaks = A4 + 12 * np.log2(hertz[np.argsort(weights)[::-1][: CANDIDATES // 2]] / A4_HZ)
    found: list[float] = []
    for pitch in (*(LOWEST_PITCH + STEP * best), *strong_peaks):
        exact = refine_pitch(float(pitch), hertz, weights)
        if all(abs(exact - other) > TOLERANCE for other in found):
            found.append(exact)
    return np.array(found)


def refine_pitch(pitch: float, hertz: Values, weights: Values) -> float:
    """Correct a pitch by the weighted mean deviation of the peaks that are its low partials."""
    orders, off = nearest_partials(np.array([pitch]), hertz)
    low = (orders[0] >= 1) & (orders[0] <= LOW_PARTIALS) & (np.abs(off[0]) < 2 * TOLERANCE)
    if not low.any():
        return pitch
    return pitch + float(np.average(off[0][low], weights=weights[low]))


def nearest_partials(pitches: Values, hertz: Values) -> tuple[Values, Values]:
    """Return each peak's nearest partial of each pitch, and its deviation in semitones."""
    ratios = hertz / (A4_HZ * 2 ** ((pitches[:, None] - A4) / 12))
    orders = np.rint(ratios)
    return orders, 12 * np.log2(ratios / np.maximum(orders, 1))


def compare_candidates(
    hertz: Values, weights: Values, pitches: Values, repeated: tuple[float, float]
) -> Evidence:
    """Compare each pitch with the peaks, and with the pitch at which the sound is periodic."""
    orders, off = nearest_partials(pitches, hertz)
    explains = (orders >= 1) & (orders <= PARTIALS) & (np.abs(off) < TOLERANCE)
    highest = np.where(explains, orders, 0).max(axis=1, initial=0)
    absent = np.zeros(len(pitches))
    for order in range(1, LOW_PARTIALS + 1):
        missing = ~(explains & (orders == order)).any(axis=1)
        absent += missing / order * np.where(highest > order, 1.0, WEIGHT_ABOVE_HIGHEST)
    absent /= np.sum(1 / np.arange(1, LOW_PARTIALS + 1))
    periodic = np.where(np.abs(pitches - repeated[0]) < LEAST_SEPARATION, repeated[1], 0.0)
    return Evidence(pitches, weights, explains, absent, periodic)


@lru_cache(maxsize=2 * CANDIDATES)
def candidate_sets(count: int) -> NDArray[np.intp]:
    """Return all sets (n, MOST_NOTES) of one to MOST_NOTES of `count` candidates."""
    sets = [
        (*chosen, *(NO_NOTE,) * (MOST_NOTES - size))
        for size in range(1, MOST_NOTES + 1)
        for chosen in combinations(range(count), size)
    ]
    return np.array(sets, np.intp).reshape(-1, MOST_NOTES)


def hypotheses(found: Evidence) -> NDArray[np.intp]:
    """Return the sets of candidates, (n, MOST_NOTES), ascending, whose notes are all different.

    Pairs further apart than LARGEST are left out.
    """
    sets = candidate_sets(len(found.pitches))
    pitches = np.where(sets == NO_NOTE, np.nan, found.pitches[sets])
    steps = np.diff(pitches, axis=1)
    two = (sets[:, 1] != NO_NOTE) & (sets[:, 2] == NO_NOTE)
    wrong = (steps <= LEAST_SEPARATION).any(axis=1) | (
        two & (steps[:, 0] >= LARGEST + LEAST_SEPARATION)
    )
    distinct: NDArray[np.intp] = sets[~wrong]
    return distinct


def explained_share(found: Evidence, sets: NDArray[np.intp]) -> Values:
    """Return the share of the peaks, by weight, that each set explains, (n,)."""
    padded = np.vstack([found.explains, np.zeros_like(found.explains[:1])])
    share: Values = padded[sets].any(axis=1) @ found.weights
    return share


def mean_over(values: Values, sets: NDArray[np.intp]) -> Values:
    """Return the mean of the candidates' values over the notes of each set, (n,)."""
    total: Values = np.append(values, 0.0)[sets].sum(axis=1) / (sets != NO_NOTE).sum(axis=1)
    return total
