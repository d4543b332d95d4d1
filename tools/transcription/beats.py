"""Tracks beats, downbeats and meter of a mono recording whose tempo may change.

Conventions:
    feature frames as in onsets.py; a beat is what a listener would tap, and counts as a quarter
    note; the first beat of a bar has number 0. Tempos are in beats per minute, times in seconds.

A table weights the features of beat_features.py at every sixteenth of a possible bar, and
bar_pointer.py finds the sequence of beats with the highest total score.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio import onsets
from muse.tools.audio.filters import running_max
from muse.tools.audio.onsets import Features, Mono
from muse.tools.errors import ParameterError
from muse.tools.progress import Report, silent
from muse.tools.transcription import bar_pointer
from muse.tools.transcription.bar_pointer import BAR_LENGTHS, Beat, BeatPath, Costs, Scores
from muse.tools.transcription.beat_features import beat_features, normalize_features

MIN_BPM, MAX_BPM = 45.0, 210.0  # range of the tempos that are detected
PRIOR_BPM = 90.0  # center of the prior over tempos ...
PRIOR_OCTAVES = 0.6  # ... and its standard deviation
COSTS = Costs(tempo=100.0, jump=25.0)
EVIDENCE = 0.5  # weight of the features, since neighboring frames are not independent
TRIPLE_COST = 0.5  # per second, for bars of three, so that unclear music is in four
GIVEN_BPM_TOLERANCE = 0.06  # relative deviation from a tempo that was given
WINDOW_S, COMMIT_S = 90.0, 70.0  # length of a search window, and of its part with final beats
FRAME_LAG = 0.5  # frames from an onset to the peak of its onset strength
QUIET_PEAK = 0.3  # a recording without beats is amplified to this peak and tried again ...
SILENT_PEAK = 3e-4  # ... unless it is softer than this, -70 dBFS
SILENT = 0.01  # mean onset strength below which there are no beats

REFINE_BANDS = 3  # lowest bands in which the onset of a beat is searched ...
REFINE_REACH = 2  # ... within this many frames of its position

# Weight of each feature as evidence for each sixteenth of a bar of four, and an offset: linear
# discriminant weights from renderings of 60 POP909 songs (MIT), with and without drums, and of
# drums of the Groove MIDI Dataset (CC BY 4.0). Columns: the features of beat_features.py, and the
# offset.
SIXTEENTHS = (
    (2.73, 1.09, 0.79, -0.32, -0.05, 0.52, -3.66),
    (-0.33, -0.16, -0.12, 0.28, -0.25, 0.03, -0.06),
    (-0.33, 0.71, 0.15, 0.34, 0.01, -0.22, -0.18),
    (-0.15, -0.28, 0.10, 0.50, -0.10, -0.28, -0.07),
    (0.21, 1.06, 1.43, 0.01, 0.52, -0.04, -1.70),
    (-0.14, -0.03, -0.20, 0.14, -0.07, -0.30, -0.07),
    (-0.15, 0.36, 0.59, 0.41, 0.17, 0.03, -0.34),
    (-0.12, 0.00, 0.03, 0.32, -0.08, -0.10, -0.02),
    (1.54, 1.12, 0.63, -0.08, 0.13, 0.13, -1.93),
    (-0.24, 0.04, -0.14, 0.30, -0.14, -0.22, -0.04),
    (-0.20, 0.69, 0.29, 0.53, -0.06, -0.20, -0.29),
    (-0.21, 0.01, -0.06, 0.20, 0.01, -0.25, -0.04),
    (0.30, 1.12, 1.49, -0.27, 0.70, 0.05, -1.86),
    (-0.07, 0.01, -0.19, 0.20, -0.18, -0.20, -0.03),
    (-0.12, 0.60, 0.47, 0.25, -0.01, 0.09, -0.28),
    (-0.08, 0.03, 0.05, 0.09, -0.07, -0.03, 0.00),
)
# the quarter of that bar whose weights each bar position of bar_pointer.py uses
QUARTERS = (0, 1, 2, 3, 0, 1, 3)
SIXTEENTHS_PER_BEAT = 4


@dataclass(frozen=True)
class BeatTrack:
    """The beats of a recording.

    Attributes:
        beat_times_s: (beats,), ascending.
        numbers: (beats,), number in the bar, 0 for a downbeat.
        numerator: beats per bar, 4 or 3.
        denominator: of the meter; always 4, since a beat counts as a quarter note.
        confidence: in [0, 1], how much better the beats fit the features than random times.
        meter_confidence: in [0, 1], 0.5 where bars of three and of four fit equally well.
    """

    beat_times_s: NDArray[np.float64]
    numbers: NDArray[np.intp]
    numerator: int
    denominator: int
    confidence: float
    meter_confidence: float

    @property
    def bpm(self) -> NDArray[np.float64]:
        """Tempo at each beat, from the beats around it, (beats,)."""
        return local_bpm(self.beat_times_s)

    @property
    def downbeat_times_s(self) -> NDArray[np.float64]:
        """Times of the downbeats."""
        first: NDArray[np.bool_] = self.numbers == 0
        return self.beat_times_s[first]


NO_BEATS = BeatTrack(np.zeros(0), np.zeros(0, np.intp), 4, 4, 0.0, 0.0)


def track_beats(
    audio: Mono, sample_rate: int, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """Track the beats of mono audio of shape (samples,).

    Args:
        audio: the whole mix.
        sample_rate: in Hz.
        bpm: the tempo, if known; beats then stay within GIVEN_BPM_TOLERANCE of it.
        report: called with the progress.

    Returns:
        the beats; NO_BEATS for silence.

    Raises:
        ParameterError: bpm outside MIN_BPM / 2 to MAX_BPM * 2.
    """
    return track_beats_stream(onsets.mono_blocks(audio), sample_rate, bpm, report)


def track_beats_file(
    path: str | Path, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """Track the beats of an audio file of any length; memory grows by 100 bytes per frame."""
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        beats = track_beats_stream(blocks, sample_rate, bpm, report)
    if beats is not NO_BEATS:
        return beats
    with onsets.blocks_of_file(path) as (blocks, _):
        peak = max((float(np.abs(block).max(initial=0.0)) for block in blocks), default=0.0)
    if not SILENT_PEAK < peak < QUIET_PEAK:
        return NO_BEATS
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        louder = (block * np.float32(QUIET_PEAK / peak) for block in blocks)
        return track_beats_stream(louder, sample_rate, bpm, report)


def track_beats_stream(
    blocks: Iterable[Mono], sample_rate: int, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """Track the beats of a stream of mono blocks; see `track_beats`."""
    check_bpm(bpm)
    grid = onsets.framing(sample_rate)
    features = beat_features(blocks, grid)
    strength = features[:, :-1].mean(axis=1)
    if strength.mean() < SILENT:
        return NO_BEATS
    last = int(np.flatnonzero(strength >= SILENT)[-1])  # no beats in the reverberation at the end
    features = features[: last + 1]
    return search_beats(normalize_features(features, grid.frame_rate), grid.frame_rate, bpm, report)


def check_bpm(bpm: float | None) -> None:
    """Raise ParameterError for a tempo outside MIN_BPM / 2 to MAX_BPM * 2."""
    low, high = MIN_BPM / 2, MAX_BPM * 2
    if bpm is not None and not low <= bpm <= high:
        raise ParameterError(f"the tempo is {bpm:g} bpm; it must be {low:g} to {high:g}")


def search_beats(
    features: Features, frame_rate: float, bpm: float | None, report: Report
) -> BeatTrack:
    """Find the beats of normalized features, window by window."""
    periods = candidate_periods(frame_rate, bpm)
    window, commit = round(WINDOW_S * frame_rate), round(COMMIT_S * frame_rate)
    beats: list[Beat] = []
    strengths: list[float] = []
    first = None
    begin, start = 0, None
    while True:
        scores = beat_scores(features[begin : begin + window], periods, frame_rate, bpm)
        found = bar_pointer.find_path(scores, periods, COSTS, start)
        first = first or found
        is_last = begin + window >= len(features)
        final = [beat for beat in found.beats if is_last or beat.frame < commit]
        strengths += [float(scores[beat.frame, beat.period, beat.position]) for beat in final]
        beats += [replace(beat, frame=beat.frame + begin) for beat in final]
        report("beats", min(1.0, (begin + window) / len(features)))
        if is_last or len(final) < 2:
            break
        start, begin = replace(final[-1], frame=0), begin + final[-1].frame
        del beats[-1], strengths[-1]
    return make_track(beats, strengths, first, refine_times(beats, features) / frame_rate)


def refine_times(beats: list[Beat], features: Features) -> NDArray[np.float64]:
    """Move each beat to the peak of the onset strength near it; return fractional frames, (beats,).

    A beat without a peak within REFINE_REACH frames is not moved.
    """
    curve = features[:, :REFINE_BANDS].sum(axis=1)
    peak = (curve == running_max(curve, 3)) & (curve > 0)
    frames = np.array([min(beat.frame, len(curve) - 1) for beat in beats], np.intp)
    sharp = frames.astype(np.float64)
    for away in sorted(range(-REFINE_REACH, REFINE_REACH + 1), key=abs, reverse=True):
        near = np.clip(frames + away, 0, len(curve) - 1)
        sharp = np.where(peak[near], onsets.between(curve, near), sharp)
    return sharp - FRAME_LAG


def candidate_periods(frame_rate: float, bpm: float | None) -> NDArray[np.intp]:
    """Return the beat periods to try, in frames."""
    slowest, fastest = MIN_BPM, MAX_BPM
    if bpm is not None:
        slowest, fastest = bpm / (1 + GIVEN_BPM_TOLERANCE), bpm * (1 + GIVEN_BPM_TOLERANCE)
    longest, shortest = 60 * frame_rate / slowest, 60 * frame_rate / fastest
    return np.arange(int(shortest), int(np.ceil(longest)) + 1)


def beat_scores(
    features: Features, periods: NDArray[np.intp], frame_rate: float, bpm: float | None
) -> Scores:
    """Return the scores of beats that `bar_pointer.find_path` takes."""
    table = np.array(SIXTEENTHS, np.float32).reshape(-1, SIXTEENTHS_PER_BEAT, 7)[list(QUARTERS)]
    frames = len(features)
    evidence = features @ table[..., :-1].transpose(1, 2, 0) + table[:, :, -1].T[:, None, :]
    scores = np.zeros((frames, len(periods), len(QUARTERS)), np.float32)
    for index, period in enumerate(periods):
        for part in range(SIXTEENTHS_PER_BEAT):
            ahead = min(round(part * int(period) / SIXTEENTHS_PER_BEAT), frames)
            scores[: frames - ahead, index] += evidence[part, ahead:]
    scores *= EVIDENCE
    seconds = periods / frame_rate
    if bpm is None:
        scores -= (tempo_cost(60.0 / seconds) * seconds).astype(np.float32)[:, None]
    scores[:, :, BAR_LENGTHS[0] :] -= (TRIPLE_COST * seconds).astype(np.float32)[:, None]
    return scores


def tempo_cost(bpm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cost of tempos under the prior, in log likelihood per second."""
    octaves = np.log2(bpm / PRIOR_BPM)
    return np.asarray(0.5 * (octaves / PRIOR_OCTAVES) ** 2)


def make_track(
    beats: list[Beat], strengths: list[float], first: BeatPath, times_s: NDArray[np.float64]
) -> BeatTrack:
    """Make the track; `first` is the path of the first window, which decided the meter."""
    if len(beats) < 2:
        return NO_BEATS
    positions = np.array([beat.position for beat in beats])
    meter = int(positions[0] >= BAR_LENGTHS[0])
    margin = first.score_by_meter[meter] - first.score_by_meter[1 - meter]
    return BeatTrack(
        beat_times_s=np.maximum(times_s, 0.0),
        numbers=positions - bar_pointer.FIRST_POSITIONS[meter],
        numerator=BAR_LENGTHS[meter],
        denominator=4,
        confidence=float(logistic(np.mean(strengths))),
        meter_confidence=float(logistic(margin / 10.0)),
    )


def logistic(value: float | np.floating) -> float:
    """Return 1 / (1 + e^-value), without overflow."""
    return float(0.5 * (1.0 + np.tanh(0.5 * value)))


def local_bpm(times_s: NDArray[np.float64], reach: int = 2) -> NDArray[np.float64]:
    """Return the tempo over `reach` beats to either side of each beat, in beats per minute."""
    count = len(times_s)
    if count < 2:
        return np.zeros(count)
    here = np.arange(count)
    low, high = np.maximum(here - reach, 0), np.minimum(here + reach, count - 1)
    return 60.0 * (high - low) / np.maximum(times_s[high] - times_s[low], 1e-3)
