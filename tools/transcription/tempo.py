"""A tempo map from tracked beats: few tempos, exact where the music is steady.

Conventions:
    beat 0 is the start of the audio; beats are whole numbers from there, and those in front of the
    first tracked one are counted on backwards. Tempos are (beat, bpm), each held until the next.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.transcription.beats import BeatTrack

Times = NDArray[np.float64]

LEAST_JITTER_S = 0.004  # of tracked beats, even of a machine's
MOST_JITTER_S = 0.012
MAD_TO_DEVIATION = 1.4826  # median absolute deviation to standard deviation
NEIGHBOURS = 4  # to either side that a beat is held against
OUT_OF_LINE = 3.0  # deviations at which a beat counts half
SEGMENT_COST = 12.0  # of one more tempo, in units of log likelihood
SAME_S = 0.012  # a start of the song this near to the grid counts as on it
ROUND_S = 0.008  # a rounder tempo may move a far end of its stretch by this much
ROUND_TO_BPM = (1.0, 0.5, 0.1, 0.01, 0.001)
LATE_PICKUP = 0.25  # of a beat: a first beat before this is counted as beat 0
SHORTEST_BEATS = 4  # from one tempo to the next


def fit_tempo_map(track: BeatTrack) -> list[tuple[float, float]]:
    """The tempos of tracked beats, so that the map leads back to their times.

    Steady playing gives one tempo, a round number where that is within the error; changes are kept.
    A beat that was tracked out of line with its neighbours counts for little.

    Returns:
        (beat, bpm) pairs, the first one at beat 0; none for fewer than two beats.
    """
    times = track.beat_times_s
    if len(times) < 2:
        return []
    jitter_s = jitter_of(times)
    trust = trust_in(times, jitter_s)
    bounds = segments(times, trust, jitter_s)
    knot_times = continuous_fit(times, trust, bounds)
    beats = [float(bound + lead_in_beats(track)) for bound in bounds]
    return rounded(*anchored(beats, list(knot_times), times))


def lead_in_beats(track: BeatTrack) -> int:
    """Whole beats between the start of the audio and the first tracked beat."""
    if len(track.beat_times_s) < 2:
        return 0
    period = float(np.median(np.diff(track.beat_times_s[:8])))
    before = float(track.beat_times_s[0]) / period
    return max(round(before), 1) if before > LATE_PICKUP else 0


def pickup_beats(track: BeatTrack) -> int:
    """Beats from the start of the audio to the first bar line, less than a bar."""
    if not len(track.numbers):
        return 0
    return (lead_in_beats(track) - int(track.numbers[0])) % track.numerator


def meters_of_track(track: BeatTrack) -> list[tuple[float, int, int]]:
    """(beat, numerator, denominator): a short first bar when the music starts with a pickup."""
    pickup = pickup_beats(track)
    bars = (float(pickup), track.numerator, track.denominator)
    return [(0.0, pickup, track.denominator), bars] if pickup else [bars]


def jitter_of(times: Times) -> float:
    """Standard deviation of single beats in seconds, by how far each lies off its neighbours."""
    if len(times) < 4:
        return LEAST_JITTER_S
    bend = times[:-2] - 2 * times[1:-1] + times[2:]
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(bend))) / 6.0**0.5
    return float(np.clip(spread, LEAST_JITTER_S, MOST_JITTER_S))


def trust_in(times: Times, jitter_s: float) -> Times:
    """Weight of each beat in (0, 1], small for one that lies off the middle of those around it."""
    count = len(times)
    here = np.arange(count)
    off = []
    for reach in range(1, NEIGHBOURS + 1):
        away = np.minimum(reach, np.minimum(here, count - 1 - here))
        off.append(times - (times[here - away] + times[here + away]) / 2)
    return 1.0 / (1.0 + (np.median(off, axis=0) / (OUT_OF_LINE * jitter_s)) ** 4)


def segments(times: Times, trust: Times, jitter_s: float) -> list[int]:
    """Indices of the beats where the tempo changes, with the first and the last beat.

    Exact least squares segmentation by dynamic programming (Bellman 1961): every stretch is a line
    of time over beat, and one more stretch costs SEGMENT_COST.
    """
    count = len(times)
    index = np.arange(count, dtype=np.float64)
    centred = times - np.linspace(times[0], times[-1], count)  # keeps the sums small and exact
    sums = [
        np.concatenate([[0.0], np.cumsum(trust * values)])
        for values in (np.ones(count), index, index**2, centred, centred**2, index * centred)
    ]
    best = np.full(count, np.inf)
    best[0] = 0.0
    origin = np.zeros(count, np.intp)
    for end in range(1, count):
        starts = np.arange(max(end - SHORTEST_BEATS, 0) + 1)
        cost = best[starts] + residuals(sums, starts, end) / (2 * jitter_s**2)
        origin[end] = int(cost.argmin())
        best[end] = cost[origin[end]] + SEGMENT_COST
    bounds = [count - 1]
    while bounds[-1] > 0:
        bounds.append(int(origin[bounds[-1]]))
    return bounds[::-1]


def residuals(sums: list[Times], starts: NDArray[np.intp], end: int) -> Times:
    """Sum of squares that a line leaves of the points start..end, for each start."""
    size, x, xx, y, yy, xy = (total[end + 1] - total[starts] for total in sums)
    sxx, sxy, syy = xx - x * x / size, xy - x * y / size, yy - y * y / size
    left: Times = np.maximum(syy - sxy**2 / np.maximum(sxx, 1e-12), 0.0)
    return left


def continuous_fit(times: Times, trust: Times, bounds: list[int]) -> Times:
    """Times of the bounds such that straight lines between them fit all beats best."""
    index = np.arange(len(times))
    hats = np.array([np.interp(index, bounds, unit) for unit in np.eye(len(bounds))]).T
    weights = np.sqrt(trust)
    knots: Times = np.linalg.lstsq(hats * weights[:, None], times * weights, rcond=None)[0]
    return knots


def anchored(
    beats: list[float], knots: list[float], times: Times
) -> tuple[list[float], list[float]]:
    """The bounds with the start of the audio, which is beat 0 at 0 s, in front.

    Where the first tempo leads back there it is simply made to begin there; else the lead-in gets a
    tempo of its own, and a first beat that is nearly at the start a longer one.
    """
    slope = (knots[1] - knots[0]) / (beats[1] - beats[0])
    at_zero = knots[0] - beats[0] * slope
    if abs(at_zero) <= SAME_S:
        return [0.0, *beats[1:]], [0.0, *knots[1:]]
    if beats[0] > 0:
        return [0.0, *beats], [0.0, *knots]
    if beats[1] > 1:
        return [0.0, 1.0, *beats[1:]], [0.0, knots[0] + slope, *knots[1:]]
    return beats, [0.0, *knots[1:]]


def rounded(beats: list[float], knots: list[float]) -> list[tuple[float, float]]:
    """Tempos between the bounds, each the roundest that still leads to its end."""
    tempos: list[tuple[float, float]] = []
    now = 0.0
    for start, end, target in zip(beats, beats[1:], knots[1:], strict=False):
        bpm = roundest(end - start, target - now)
        if not tempos or tempos[-1][1] != bpm:
            tempos.append((start, bpm))
        now += (end - start) * 60.0 / bpm
    return tempos


def roundest(beats: float, seconds: float) -> float:
    """The roundest tempo that takes so many beats in so many seconds, within ROUND_S."""
    exact = 60.0 * beats / max(seconds, 1e-3)
    for step in ROUND_TO_BPM:
        bpm = round(exact / step) * step
        if bpm > 0 and abs(60.0 * beats / bpm - seconds) <= ROUND_S:
            return round(bpm, 3)
    return round(exact, 6)
