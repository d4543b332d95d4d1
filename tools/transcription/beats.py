"""Beats, downbeats and metre from a mono recording whose tempo may change.

Conventions:
    feature frames as in onsets.py; a beat is what one would tap, and is taken as a quarter note;
    the first beat of a bar has number 0. Tempo in beats a minute, times in seconds.

The features of rhythm.py are weighed at every sixteenth of a possible bar by a table, and
bar_pointer.py finds the walk of beats that explains them best.
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
from muse.tools.transcription.bar_pointer import METRES, Beat, Costs, Scores, Walk
from muse.tools.transcription.beat_features import beat_features, normalised

SLOWEST_BPM, FASTEST_BPM = 45.0, 210.0
USUAL_BPM = 90.0  # the tempo expected where the music leaves it open ...
USUAL_OCTAVES = 0.6  # ... and the spread of that expectation
COSTS = Costs(tempo=100.0, jump=25.0)
EVIDENCE = 0.5  # weight of the features, since neighbouring frames are not independent
TRIPLE_COST = 0.5  # a second, for bars of three: what is unclear is common time
TOLD_BPM_SPAN = 0.06  # a tempo that was told may be wrong by this part of it
WINDOW_S, COMMIT_S = 90.0, 70.0  # searched at a time, and how far into that the beats are final
FRAME_LAG = 0.5  # frames from an onset to the peak of its strength
SILENT = 0.01  # mean onset strength under which there is nothing to follow

SHARP_BANDS = 3  # up to the mid, where a beat's onset is looked for ...
SHARP_REACH = 2  # ... this many frames from where the walk puts it

# How much each feature speaks for each sixteenth of a bar of four against any other moment, and an
# offset: linear discriminant weights from renderings of 60 POP909 songs (MIT), with and without
# drums, and of drums of the Groove MIDI Dataset (CC BY 4.0).
# Columns: the features of rhythm.py and the offset.
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
# the quarters of that bar which stand for each place in the bar of bar_pointer.py
QUARTERS = (0, 1, 2, 3, 0, 1, 3)
SIXTEENTHS_A_BEAT = 4


@dataclass(frozen=True)
class BeatTrack:
    """The beats of a recording.

    Attributes:
        beat_times_s: (beats,), ascending.
        numbers: (beats,), place in the bar, 0 for a downbeat.
        numerator: beats of a bar, 4 or 3.
        denominator: of the metre; always 4, a beat is taken as a quarter note.
        confidence: in [0, 1], how much better the beats fit the music than moments at random.
        meter_confidence: in [0, 1], 0.5 where three and four fit equally well.
    """

    beat_times_s: NDArray[np.float64]
    numbers: NDArray[np.intp]
    numerator: int
    denominator: int
    confidence: float
    meter_confidence: float

    @property
    def bpm(self) -> NDArray[np.float64]:
        """Tempo at each beat, from a line through the beats around it; (beats,)."""
        return local_bpm(self.beat_times_s)

    @property
    def downbeat_times_s(self) -> NDArray[np.float64]:
        """The first beats of bars."""
        first: NDArray[np.bool_] = self.numbers == 0
        return self.beat_times_s[first]


NO_BEATS = BeatTrack(np.zeros(0), np.zeros(0, np.intp), 4, 4, 0.0, 0.0)


def track_beats(
    audio: Mono, sample_rate: int, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """Follow the beats of mono audio of shape (frames,).

    Args:
        audio: the whole mix, or anything with a pulse.
        sample_rate: in Hz.
        bpm: the tempo when it is known; beats then stay within TOLD_BPM_SPAN of it.
        report: told how far the work is.

    Returns:
        the beats; none where there is nothing to follow.

    Raises:
        ParameterError: bpm outside SLOWEST_BPM / 2 to FASTEST_BPM * 2.
    """
    return track_beats_stream(onsets.mono_blocks(audio), sample_rate, bpm, report)


def track_beats_file(
    path: str | Path, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """As `track_beats`, of an audio file of any length, in some 100 bytes a frame of features."""
    with onsets.blocks_of_file(path) as (blocks, sample_rate):
        return track_beats_stream(blocks, sample_rate, bpm, report)


def track_beats_stream(
    blocks: Iterable[Mono], sample_rate: int, bpm: float | None = None, report: Report = silent
) -> BeatTrack:
    """As `track_beats`, of a stream of mono blocks."""
    check_bpm(bpm)
    grid = onsets.framing(sample_rate)
    features = beat_features(blocks, grid)
    strength = features[:, :-1].mean(axis=1)
    if strength.mean() < SILENT:
        return NO_BEATS
    last = int(np.flatnonzero(strength >= SILENT)[-1])  # beats end before the hall dies away
    features = features[: last + 1]
    return follow(normalised(features, grid.frame_rate), grid.frame_rate, bpm, report)


def check_bpm(bpm: float | None) -> None:
    """Raise ParameterError for a tempo that no music has."""
    low, high = SLOWEST_BPM / 2, FASTEST_BPM * 2
    if bpm is not None and not low <= bpm <= high:
        raise ParameterError(f"a tempo of {bpm:g} bpm cannot be followed; give {low:g} to {high:g}")


def follow(features: Features, frame_rate: float, bpm: float | None, report: Report) -> BeatTrack:
    """The beats of normalised features, searched window by window."""
    periods = periods_of(frame_rate, bpm)
    window, commit = round(WINDOW_S * frame_rate), round(COMMIT_S * frame_rate)
    beats: list[Beat] = []
    strengths: list[float] = []
    first = None
    begin, start = 0, None
    while True:
        scores = beat_scores(features[begin : begin + window], periods, frame_rate, bpm)
        found = bar_pointer.walk(scores, periods, COSTS, start)
        first = first or found
        is_last = begin + window >= len(features)
        kept = [beat for beat in found.beats if is_last or beat.frame < commit]
        strengths += [float(scores[beat.frame, beat.period, beat.place]) for beat in kept]
        beats += [replace(beat, frame=beat.frame + begin) for beat in kept]
        report("beats", min(1.0, (begin + window) / len(features)))
        if is_last or len(kept) < 2:
            break
        start, begin = replace(kept[-1], frame=0), begin + kept[-1].frame
        del beats[-1], strengths[-1]
    return as_track(beats, strengths, first, sharpened(beats, features) / frame_rate)


def sharpened(beats: list[Beat], features: Features) -> NDArray[np.float64]:
    """Where between frames each beat's onset strength peaks, in frames of the sound; (beats,).

    A beat without a peak beside it stays where the walk put it.
    """
    curve = features[:, :SHARP_BANDS].sum(axis=1)
    peak = (curve == running_max(curve, 3)) & (curve > 0)
    frames = np.array([min(beat.frame, len(curve) - 1) for beat in beats], np.intp)
    sharp = frames.astype(np.float64)
    for away in sorted(range(-SHARP_REACH, SHARP_REACH + 1), key=abs, reverse=True):
        near = np.clip(frames + away, 0, len(curve) - 1)
        sharp = np.where(peak[near], onsets.between(curve, near), sharp)
    return sharp - FRAME_LAG


def periods_of(frame_rate: float, bpm: float | None) -> NDArray[np.intp]:
    """The periods to try, in frames."""
    slowest, fastest = SLOWEST_BPM, FASTEST_BPM
    if bpm is not None:
        slowest, fastest = bpm / (1 + TOLD_BPM_SPAN), bpm * (1 + TOLD_BPM_SPAN)
    longest, shortest = 60 * frame_rate / slowest, 60 * frame_rate / fastest
    return np.arange(int(shortest), int(np.ceil(longest)) + 1)


def beat_scores(
    features: Features, periods: NDArray[np.intp], frame_rate: float, bpm: float | None
) -> Scores:
    """Log likelihood of a beat at each frame, period and place: see bar_pointer.walk."""
    table = np.array(SIXTEENTHS, np.float32).reshape(-1, SIXTEENTHS_A_BEAT, 7)[list(QUARTERS)]
    frames = len(features)
    evidence = features @ table[..., :-1].transpose(1, 2, 0) + table[:, :, -1].T[:, None, :]
    scores = np.zeros((frames, len(periods), len(QUARTERS)), np.float32)
    for index, period in enumerate(periods):
        for part in range(SIXTEENTHS_A_BEAT):
            ahead = min(round(part * int(period) / SIXTEENTHS_A_BEAT), frames)
            scores[: frames - ahead, index] += evidence[part, ahead:]
    scores *= EVIDENCE
    seconds = periods / frame_rate
    if bpm is None:
        scores -= (tempo_cost(60.0 / seconds) * seconds).astype(np.float32)[:, None]
    scores[:, :, METRES[0] :] -= (TRIPLE_COST * seconds).astype(np.float32)[:, None]
    return scores


def tempo_cost(bpm: NDArray[np.float64]) -> NDArray[np.float64]:
    """How unusual tempos are, in units of log likelihood a second."""
    octaves = np.log2(bpm / USUAL_BPM)
    return np.asarray(0.5 * (octaves / USUAL_OCTAVES) ** 2)


def as_track(
    beats: list[Beat], strengths: list[float], first: Walk, times_s: NDArray[np.float64]
) -> BeatTrack:
    """The walk as a track; `first` is that of the first window, which chose the metre."""
    if len(beats) < 2:
        return NO_BEATS
    places = np.array([beat.place for beat in beats])
    metre = int(places[0] >= METRES[0])
    rival = first.score_by_metre[metre] - first.score_by_metre[1 - metre]
    return BeatTrack(
        beat_times_s=np.maximum(times_s, 0.0),
        numbers=places - bar_pointer.FIRST_PLACES[metre],
        numerator=METRES[metre],
        denominator=4,
        confidence=float(logistic(np.mean(strengths))),
        meter_confidence=float(logistic(rival / 10.0)),
    )


def logistic(value: float | np.floating) -> float:
    """1 / (1 + e^-value), without overflow."""
    return float(0.5 * (1.0 + np.tanh(0.5 * value)))


def local_bpm(times_s: NDArray[np.float64], reach: int = 2) -> NDArray[np.float64]:
    """Beats a minute over `reach` beats to either side of each beat."""
    count = len(times_s)
    if count < 2:
        return np.zeros(count)
    here = np.arange(count)
    low, high = np.maximum(here - reach, 0), np.minimum(here + reach, count - 1)
    return 60.0 * (high - low) / np.maximum(times_s[high] - times_s[low], 1e-3)
