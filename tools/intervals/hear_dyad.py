"""How many notes sound at once in a stretch of sound, and which: none, one, two or more.

Conventions: audio is mono (frames,); pitches are MIDI's with fractions; weights are amplitudes to
the power COMPRESSION, so that loud partials do not outweigh all the others. One note, each pair of
the likeliest ones and the best three are held against the peaks of the spectrum: a hypothesis gains
by the peaks it explains and loses by the low partials it promises that are not there. After
Duan, Pardo and Zhang, "Multiple fundamental frequency estimation by modeling spectral peaks and
non-peak regions", IEEE TASLP 2010, in spirit, with plain sums in place of trained densities.
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
from muse.tools.intervals.recipe import A4, A4_HZ, LARGEST
from muse.tools.intervals.yin import note_pitch

Values = NDArray[np.float64]
Scores = dict[tuple[int, ...], float]  # of hypotheses: the candidates that sound

COMPRESSION = 0.9  # power of amplitudes
LONGEST_S = 1.0  # of sound that is looked at
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
ABSENT = 0.5  # what is lost where all low partials are missing
ABOVE_ALL = 0.3  # of that, for one that no higher one is there to make likely
COST = (0.0, 0.0, 0.15, 0.24)  # of so many notes: what they have to explain beyond fewer
PERIODIC = 0.1  # gained by a single note at whose pitch the sound repeats
EXTENDED = 8  # likeliest pairs that a third note is added to
STRONGEST = 6  # candidates of which each three are tried
CLEAR = 0.4  # share of the peaks, by weight, that notes have to explain
TONAL = 0.2  # share of the power that peaks have to have; a noise's have less
QUIETEST = 1e-5  # amplitude below which all is silence, -100 dBFS


@dataclass(frozen=True)
class Chord:
    """What sounds at once.

    Attributes:
        pitches: MIDI's with fractions, ascending; empty where nothing has a pitch; three stand for
            three or more.
        explained: share of the spectrum's peaks, by weight.
        margin: by how much it is better than the best one of another size.
    """

    pitches: tuple[float, ...]
    explained: float
    margin: float


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


NOTHING = Chord((), 0.0, 0.0)


def hear_dyad(audio: Samples, rate: int) -> Chord:
    """What sounds in a stretch in which nothing begins or ends.

    Args:
        audio: (frames,); of more than LONGEST_S the first part is looked at.
        rate: in Hz.
    """
    part = audio[: round(LONGEST_S * rate)]
    if len(part) < SHORTEST_S * rate or np.abs(part).max() < QUIETEST:
        return NOTHING
    hertz, weights = spectral_peaks(part, rate)
    if not len(hertz):
        return NOTHING
    repeated = note_pitch(part, rate)
    pitches = candidates(part, rate, hertz, weights)
    return best_chord(evidence(hertz, weights, pitches, repeated))


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


def best_chord(found: Evidence) -> Chord:
    """The likeliest hypothesis, and by how much it is likelier than those of another size."""
    count = range(len(found.pitches))
    singles: Scores = {(one,): value(found, (one,)) for one in count}
    pairs: Scores = {
        pair: value(found, pair)
        for pair in combinations(count, 2)
        if APART < abs(found.pitches[pair[0]] - found.pitches[pair[1]]) < LARGEST + APART
    }
    threes = triples(found, sorted(pairs, key=pairs.__getitem__)[-EXTENDED:])
    every: Scores = {**singles, **pairs, **threes}
    chosen = max(every, key=every.__getitem__)
    pitches = tuple(sorted(float(found.pitches[one]) for one in chosen))
    size = kind(pitches)
    rest = [
        score
        for notes, score in every.items()
        if kind(tuple(sorted(float(found.pitches[one]) for one in notes))) != size
    ]
    explained = float(found.weights[found.explains[list(chosen)].any(axis=0)].sum())
    if explained < CLEAR:
        return Chord((), explained, CLEAR - explained)
    return Chord(pitches, explained, every[chosen] - max(rest, default=0.0))


def triples(found: Evidence, pairs: list[tuple[int, ...]]) -> Scores:
    """Three of the strongest candidates, and each pair given with each other candidate added."""
    count = len(found.pitches)
    chosen: list[tuple[int, ...]] = list(combinations(range(min(STRONGEST, count)), 3))
    chosen += [(*pair, other) for pair in pairs for other in range(count) if other not in pair]
    return {three: value(found, three) for three in chosen if apart(found.pitches[list(three)])}


def apart(pitches: Values) -> bool:
    """Whether no two of them are one note."""
    return bool(np.diff(np.sort(pitches)).min() > APART)


def kind(pitches: tuple[float, ...]) -> tuple[int, int]:
    """How many notes, and the size of the interval of two."""
    return len(pitches), round(pitches[1] - pitches[0]) if len(pitches) == 2 else 0


def value(found: Evidence, notes: tuple[int, ...]) -> float:
    """What a hypothesis explains, less what it promises in vain and what its notes cost."""
    chosen = list(notes)
    explained = found.weights[found.explains[chosen].any(axis=0)].sum()
    found_value = explained - ABSENT * found.absent[chosen].mean() - COST[len(chosen)]
    if len(chosen) == 1:
        found_value += PERIODIC * found.periodic[chosen[0]] * (1 - 2 * found.absent[chosen[0]])
    return float(found_value)
