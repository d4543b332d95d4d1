"""Fits a tempo map to tracked beats: few tempos, exact where the music is steady.

Conventions:
    beat 0 is the start of the audio, and beats before the first tracked one are extrapolated
    backwards. Tempos are (beat, bpm), each valid until the next.
"""

import numpy as np
from numpy.typing import NDArray

from muse.tools.transcription.beats import BeatTrack

Times = NDArray[np.float64]

MIN_JITTER_S = 0.004  # standard deviation of tracked beats, even in sequenced music
MAX_JITTER_S = 0.012
MAD_TO_DEVIATION = 1.4826  # median absolute deviation to standard deviation
NEIGHBORS = 4  # beats to either side that a beat is compared with
OUTLIER = 3.0  # standard deviations at which a beat has half weight
SEGMENT_COST = 12.0  # cost of one more tempo, in log likelihood
START_TOLERANCE_S = 0.012  # distance from the beat grid at which the start counts as on it
ROUNDING_TOLERANCE_S = 0.008  # shift of the end of a segment that rounding its tempo may cause
ROUND_TO_BPM = (1.0, 0.5, 0.1, 0.01, 0.001)
LATE_START = 0.25  # beats; a first tracked beat before this is beat 0
MIN_SEGMENT_BEATS = 4  # from one tempo to the next


def fit_tempo_map(track: BeatTrack) -> list[tuple[float, float]]:
    """Fit tempos to tracked beats, so that the tempo map gives their times.

    Steady music gets a single tempo, rounded as far as the error allows. Beats that deviate from
    their neighbors have little weight.

    Returns:
        (beat, bpm) pairs, the first one at beat 0; an empty list for fewer than two beats.
    """
    times = track.beat_times_s
    if len(times) < 2:
        return []
    jitter_s = estimate_jitter(times)
    weights = beat_weights(times, jitter_s)
    bounds = find_segments(times, weights, jitter_s)
    knot_times = fit_knots(times, weights, bounds)
    beats = [float(bound + lead_in_beats(track)) for bound in bounds]
    return round_tempos(*anchor_start(beats, list(knot_times), times))


def lead_in_beats(track: BeatTrack) -> int:
    """Return the whole beats from the start of the audio to the first tracked beat."""
    if len(track.beat_times_s) < 2:
        return 0
    period = float(np.median(np.diff(track.beat_times_s[:8])))
    before = float(track.beat_times_s[0]) / period
    return max(round(before), 1) if before > LATE_START else 0


def pickup_beats(track: BeatTrack) -> int:
    """Return the beats from the start of the audio to the first bar line, less than a bar."""
    if not len(track.numbers):
        return 0
    return (lead_in_beats(track) - int(track.numbers[0])) % track.numerator


def meters_of_track(track: BeatTrack) -> list[tuple[float, int, int]]:
    """Return meters as (beat, numerator, denominator); a pickup is a short first bar."""
    pickup = pickup_beats(track)
    bars = (float(pickup), track.numerator, track.denominator)
    return [(0.0, pickup, track.denominator), bars] if pickup else [bars]


def estimate_jitter(times: Times) -> float:
    """Estimate the standard deviation of single beats in seconds, from second differences."""
    if len(times) < 4:
        return MIN_JITTER_S
    bend = times[:-2] - 2 * times[1:-1] + times[2:]
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(bend))) / 6.0**0.5
    return float(np.clip(spread, MIN_JITTER_S, MAX_JITTER_S))


def beat_weights(times: Times, jitter_s: float) -> Times:
    """Return a weight in (0, 1] for each beat, small if it deviates from those around it."""
    count = len(times)
    here = np.arange(count)
    off = []
    for reach in range(1, NEIGHBORS + 1):
        away = np.minimum(reach, np.minimum(here, count - 1 - here))
        off.append(times - (times[here - away] + times[here + away]) / 2)
    return 1.0 / (1.0 + (np.median(off, axis=0) / (OUTLIER * jitter_s)) ** 4)


def find_segments(times: Times, weights: Times, jitter_s: float) -> list[int]:
    """Return the indices of the beats where the tempo changes, and of the first and last beat.

    Exact least-squares segmentation by dynamic programming (Bellman 1961): every segment is a line
    of time over beat, and each segment costs SEGMENT_COST.
    """
    count = len(times)
    index = np.arange(count, dtype=np.float64)
    centered = times - np.linspace(times[0], times[-1], count)  # keeps the sums small and exact
    sums = [
        np.concatenate([[0.0], np.cumsum(weights * values)])
        for values in (np.ones(count), index, index**2, centered, centered**2, index * centered)
    ]
    best = np.full(count, np.inf)
    best[0] = 0.0
    origin = np.zeros(count, np.intp)
    for end in range(1, count):
        starts = np.arange(max(end - MIN_SEGMENT_BEATS, 0) + 1)
        cost = best[starts] + residuals(sums, starts, end) / (2 * jitter_s**2)
        origin[end] = int(cost.argmin())
        best[end] = cost[origin[end]] + SEGMENT_COST
    bounds = [count - 1]
    while bounds[-1] > 0:
        bounds.append(int(origin[bounds[-1]]))
    return bounds[::-1]


def residuals(sums: list[Times], starts: NDArray[np.intp], end: int) -> Times:
    """Return the residual sum of squares of a line through points start..end, for each start."""
    size, x, xx, y, yy, xy = (total[end + 1] - total[starts] for total in sums)
    sxx, sxy, syy = xx - x * x / size, xy - x * y / size, yy - y * y / size
    left: Times = np.maximum(syy - sxy**2 / np.maximum(sxx, 1e-12), 0.0)
    return left


def fit_knots(times: Times, weights: Times, bounds: list[int]) -> Times:
    """Return the times of the bounds of the piecewise linear function that fits all beats best."""
    index = np.arange(len(times))
    hats = np.array([np.interp(index, bounds, unit) for unit in np.eye(len(bounds))]).T
    roots = np.sqrt(weights)
    knots: Times = np.linalg.lstsq(hats * roots[:, None], times * roots, rcond=None)[0]
    return knots


def anchor_start(
    beats: list[float], knots: list[float], times: Times
) -> tuple[list[float], list[float]]:
    """Prepend the start of the audio, which is beat 0 at 0 s, to the bounds.

    If the first tempo leads back to it, that tempo begins there. Otherwise the beats before the
    first tracked one get a tempo of their own, or the first beat, if it is beat 0, is lengthened.
    """
    slope = (knots[1] - knots[0]) / (beats[1] - beats[0])
    at_zero = knots[0] - beats[0] * slope
    if abs(at_zero) <= START_TOLERANCE_S:
        return [0.0, *beats[1:]], [0.0, *knots[1:]]
    if beats[0] > 0:
        return [0.0, *beats], [0.0, *knots]
    if beats[1] > 1:
        return [0.0, 1.0, *beats[1:]], [0.0, knots[0] + slope, *knots[1:]]
    return beats, [0.0, *knots[1:]]


def round_tempos(beats: list[float], knots: list[float]) -> list[tuple[float, float]]:
    """Return the tempos between the bounds, each as round as its end allows."""
    tempos: list[tuple[float, float]] = []
    now = 0.0
    for start, end, target in zip(beats, beats[1:], knots[1:], strict=False):
        bpm = roundest_bpm(end - start, target - now)
        if not tempos or tempos[-1][1] != bpm:
            tempos.append((start, bpm))
        now += (end - start) * 60.0 / bpm
    return tempos


def roundest_bpm(beats: float, seconds: float) -> float:
    """Return the roundest tempo of `beats` in `seconds`, within ROUNDING_TOLERANCE_S."""
    exact = 60.0 * beats / max(seconds, 1e-3)
    for step in ROUND_TO_BPM:
        bpm = round(exact / step) * step
        if bpm > 0 and abs(60.0 * beats / bpm - seconds) <= ROUNDING_TOLERANCE_S:
            return round(bpm, 3)
    return round(exact, 6)
