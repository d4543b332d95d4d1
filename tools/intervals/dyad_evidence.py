"""What arithmetic has to say of the notes that sound at once in a stretch.

Conventions: audio is mono (frames,); pitches are MIDI's with fractions; weights are amplitudes to
the power COMPRESSION, so that loud partials do not outweigh all the others. Each set of one, two or
three of the likeliest notes is held against the peaks of the spectrum: which of them it explains,
and which low partials it promises that are not there. After Duan, Pardo and Zhang, "Multiple
fundamental frequency estimation by modeling spectral peaks and non-peak regions", IEEE TASLP 2010,
in spirit.
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
    refined,
    series_table,
)
from muse.tools.intervals.clip_settings import LARGEST
from muse.tools.theory.pitch import A4, A4_HZ

Values = NDArray[np.float64]

COMPRESSION = 0.9  # power of amplitudes
SHORTEST_S = 0.06
LOBE = 3.0  # half the main lobe of Blackman's window, in bins without padding
PADDING = 4  # times
PEAK_FLOOR = 10 ** (-45 / 20)  # of the highest peak, beneath which peaks are not counted
ABOVE_NOISE = 10 ** (12 / 20)  # times the median round it, beneath which they are not
NOISE_HZ = 250.0  # to both sides, of that median
MOST_PEAKS = 40
LOWEST_PEAK_HZ, HIGHEST_PEAK_HZ = 35.0, 5000.0
CANDIDATES = 12  # fundamentals that are tried
PARTIALS = 16  # of a note that peaks can be
LOW_PARTIALS = 5  # that a note is expected to have
TOLERANCE = 0.32  # semitones between a partial and its peak
APART = 0.6  # semitones between two notes
ABOVE_ALL = 0.3  # of a missing partial, where no higher one is there to make it likely
TONAL = 0.2  # share of the power that peaks have to have; a noise's have less
QUIETEST = 1e-5  # amplitude below which all is silence, -100 dBFS
MOST_NOTES = 3  # in a hypothesis; three stand for three or more
NO_NOTE = -1  # in the place of a candidate


@dataclass(frozen=True)
class Evidence:
    """Peaks, and what each of the candidates makes of them.

    Attributes:
        pitches: (candidates,), MIDI's with fractions.
        weights: (peaks,), of sum 1.
        explains: (candidates, peaks), whether a peak is a partial of it.
        absent: (candidates,), share of the low partials that are missing.
        periodic: (candidates,), share of the time in which the sound repeats at that pitch.
    """

    pitches: Values
    weights: Values
    explains: NDArray[np.bool_]
    absent: Values
    periodic: Values


def spectral_peaks(audio: Samples, rate: int) -> tuple[Values, Values]:
    """Frequencies in Hz of the peaks that stand out, and their weights."""
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
    places = np.flatnonzero(found)
    places = np.sort(places[np.argsort(middle[places])[::-1][:MOST_PEAKS]])
    hertz = np.array([refined(spectrum, first + int(place)) * bin_hz for place in places])
    near = (places[:, None] + np.arange(-reach, reach + 1)).clip(0, len(middle) - 1)
    if np.sum(middle[np.unique(near)] ** 2) < TONAL * np.sum(spectrum[first:] ** 2):
        return np.zeros(0), np.zeros(0)
    weights = middle[places] ** COMPRESSION
    return hertz, weights / max(float(weights.sum()), 1e-12)


def noise_floor(spectrum: Values, reach: int) -> Values:
    """The median of the magnitudes round each bin, by blocks of half that width."""
    count = -(-len(spectrum) // reach)
    blocks = np.pad(spectrum, (0, count * reach - len(spectrum)), mode="edge").reshape(count, reach)
    medians = np.median(blocks, axis=1)
    return np.repeat(medians, reach)[: len(spectrum)]


@lru_cache(maxsize=1)
def table() -> SeriesTable:
    """The table of all fundamentals, made once."""
    return series_table()


def candidates(audio: Samples, rate: int, hertz: Values, weights: Values) -> Values:
    """Pitches of the strongest harmonic series, and of the strongest peaks."""
    rows = log_spectrum(audio, rate, table().edges) ** COMPRESSION
    salience = np.sum(table().weights * rows[table().places], axis=1)
    inner = salience[1:-1]
    tops = np.flatnonzero((inner >= salience[:-2]) & (inner > salience[2:])) + 1
    best = tops[np.argsort(salience[tops])[::-1][:CANDIDATES]]
    pure = A4 + 12 * np.log2(hertz[np.argsort(weights)[::-1][: CANDIDATES // 2]] / A4_HZ)
    found: list[float] = []
    for pitch in (*(LOWEST_PITCH + STEP * best), *pure):
        exact = tuned(float(pitch), hertz, weights)
        if all(abs(exact - other) > TOLERANCE for other in found):
            found.append(exact)
    return np.array(found)


def tuned(pitch: float, hertz: Values, weights: Values) -> float:
    """The pitch by the peaks that are its low partials, each as heavy as it weighs."""
    orders, off = places(np.array([pitch]), hertz)
    low = (orders[0] >= 1) & (orders[0] <= LOW_PARTIALS) & (np.abs(off[0]) < 2 * TOLERANCE)
    if not low.any():
        return pitch
    return pitch + float(np.average(off[0][low], weights=weights[low]))


def places(pitches: Values, hertz: Values) -> tuple[Values, Values]:
    """Which partial of each pitch a peak is nearest to, and by how many semitones it is off."""
    ratios = hertz / (A4_HZ * 2 ** ((pitches[:, None] - A4) / 12))
    orders = np.rint(ratios)
    return orders, 12 * np.log2(ratios / np.maximum(orders, 1))


def evidence(
    hertz: Values, weights: Values, pitches: Values, repeated: tuple[float, float]
) -> Evidence:
    """What each pitch makes of the peaks, and of the pitch at which the sound repeats."""
    orders, off = places(pitches, hertz)
    explains = (orders >= 1) & (orders <= PARTIALS) & (np.abs(off) < TOLERANCE)
    highest = np.where(explains, orders, 0).max(axis=1, initial=0)
    absent = np.zeros(len(pitches))
    for order in range(1, LOW_PARTIALS + 1):
        missing = ~(explains & (orders == order)).any(axis=1)
        absent += missing / order * np.where(highest > order, 1.0, ABOVE_ALL)
    absent /= np.sum(1 / np.arange(1, LOW_PARTIALS + 1))
    periodic = np.where(np.abs(pitches - repeated[0]) < APART, repeated[1], 0.0)
    return Evidence(pitches, weights, explains, absent, periodic)


@lru_cache(maxsize=2 * CANDIDATES)
def choices(count: int) -> NDArray[np.intp]:
    """All sets (n, MOST_NOTES) of one to MOST_NOTES of so many candidates; NO_NOTE fills up."""
    sets = [
        (*chosen, *(NO_NOTE,) * (MOST_NOTES - size))
        for size in range(1, MOST_NOTES + 1)
        for chosen in combinations(range(count), size)
    ]
    return np.array(sets, np.intp).reshape(-1, MOST_NOTES)


def hypotheses(found: Evidence) -> NDArray[np.intp]:
    """The sets of candidates (n, MOST_NOTES), ascending, that are as many different notes.

    Of two notes those further apart than LARGEST are left out.
    """
    sets = choices(len(found.pitches))
    pitches = np.where(sets == NO_NOTE, np.nan, found.pitches[sets])
    steps = np.diff(pitches, axis=1)
    two = (sets[:, 1] != NO_NOTE) & (sets[:, 2] == NO_NOTE)
    wrong = (steps <= APART).any(axis=1) | (two & (steps[:, 0] >= LARGEST + APART))
    kept: NDArray[np.intp] = sets[~wrong]
    return kept


def explained(found: Evidence, sets: NDArray[np.intp]) -> Values:
    """The share of the peaks (n,), by weight, that are partials of the notes of each set."""
    padded = np.vstack([found.explains, np.zeros_like(found.explains[:1])])
    share: Values = padded[sets].any(axis=1) @ found.weights
    return share


def mean_over(values: Values, sets: NDArray[np.intp]) -> Values:
    """The mean (n,) over the notes of each set of what is told of each candidate."""
    total: Values = np.append(values, 0.0)[sets].sum(axis=1) / (sets != NO_NOTE).sum(axis=1)
    return total
