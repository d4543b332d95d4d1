"""Cut a recording where notes begin, and estimate the notes between the cuts.

Conventions: mono float32 at RATE; times in s from the beginning of the recording; frames of the
analysis are FRAME_S apart. Memory does not grow with the length: a recording is analyzed in
stretches of at most LONGEST_S, cut where they are quietest; a note across a cut is one note.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.onsets import (
    COMPRESSION,
    framing,
    log_filterbank,
    mono_blocks,
    peaks,
    rises,
    spectra,
)
from muse.tools.audio.yin import HIGHEST_HZ, LOWEST_HZ, THRESHOLD, WINDOW_S, periods
from muse.tools.intervals.hypothesis_scoring import Chord, shared_estimator
from muse.tools.theory.pitch import A4, A4_HZ

Mono = NDArray[np.float32]
Values = NDArray[np.float64]
EstimateChord = Callable[[Mono, int], Chord]  # of a segment, and its sample rate in Hz

RATE = 22_050  # Hz
FRAME = 220  # samples, about 10 ms
FRAME_S = FRAME / RATE
LONGEST_S = 6.0  # of a stretch
CUT_WITHIN_S = 2.0  # at the end of a stretch, where it may be cut
QUIETEST_DB = -65.0  # dBFS below which a frame is silent
BELOW_LOUDEST_DB = -38.0  # relative to the loudest frame, below which a frame is silent
RISE = 0.25  # mean rise of the compressed spectrum over its bands that is an onset
ONSET_REACH = 5  # frames to both sides in which there is one onset
LOUDER_DB = 6.0  # least rise of the level at a note that is struck again
STRUCK_FRAMES = 6  # in which the level rises
SHORTEST_FRAMES = 8  # of a segment
STEADY_PITCH = 0.6  # semitones within which a pitch is steady
STEADY_SHARE = 0.5  # least share of steady pitches in a span that is split by pitch
ATTACK_S = 0.02  # at the beginning of a segment that is not analyzed, if it is long enough


@dataclass(frozen=True)
class Segment:
    """A part of a recording between two changes.

    Attributes:
        start_s: from the beginning of the recording.
        end_s: after start_s.
        chord: estimated notes.
        struck: whether it begins after silence or with a rise of the level.
        overlapping: whether it begins while a note of the one before rings on.
    """

    start_s: float
    end_s: float
    chord: Chord
    struck: bool
    overlapping: bool = False


@dataclass(frozen=True)
class StretchFeatures:
    """Features of a stretch, by frame.

    Attributes:
        level_db: dBFS.
        onsets: frames at which a note begins.
        pitch: MIDI with fractions; NaN where the sound is not periodic.
    """

    level_db: Values
    onsets: NDArray[np.intp]
    pitch: Values


def segments(blocks: Iterable[Mono], estimate: EstimateChord | None = None) -> Iterator[Segment]:
    """Yield the segments of a recording in order.

    Args:
        blocks: the recording, mono at RATE, in pieces of any length.
        estimate: estimates the notes of a segment; None takes hypothesis_scoring.py's.

    Raises:
        BadInputError: the net's weights are missing or damaged.
    """
    estimate = estimate or shared_estimator().estimate
    start = 0
    for stretch in stretches(blocks):
        for segment in segments_of(stretch, estimate):
            offset = start / RATE
            yield replace(segment, start_s=segment.start_s + offset, end_s=segment.end_s + offset)
        start += len(stretch)


def stretches(blocks: Iterable[Mono]) -> Iterator[Mono]:
    """Yield pieces of at most LONGEST_S, cut where they are quietest near the end."""
    longest = round(LONGEST_S * RATE)
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        while len(rest) >= longest:
            cut = quietest_sample(rest[:longest])
            yield rest[:cut]
            rest = rest[cut:]
    if len(rest):
        yield rest


def quietest_sample(stretch: Mono) -> int:
    """Return where to cut, in samples: the quietest frame within CUT_WITHIN_S of the end."""
    first = len(stretch) - round(CUT_WITHIN_S * RATE)
    return first + FRAME * int(np.argmin(frame_levels(stretch[first:])))


def frame_levels(stretch: Mono) -> Values:
    """Return the level of each frame, dBFS."""
    count = -(-len(stretch) // FRAME)
    frames = np.pad(stretch, (0, count * FRAME - len(stretch))).reshape(count, FRAME)
    power: Values = 10 * np.log10(np.mean(frames.astype(np.float64) ** 2, axis=1) + 1e-12)
    return power


def segments_of(stretch: Mono, estimate: EstimateChord) -> list[Segment]:
    """Return the segments of one stretch, with times from its beginning."""
    level = frame_levels(stretch)
    sounding = level > max(QUIETEST_DB, float(level.max()) + BELOW_LOUDEST_DB)
    if not sounding.any():
        return []
    features = StretchFeatures(
        level, onset_frames(stretch, len(level)), pitch_track(stretch, len(level))
    )
    spans = [
        part
        for span in sounding_spans(sounding, features)
        for part in split_by_pitch(span, features)
    ]
    chords = (estimate(without_attack(stretch, *span), RATE) for span in spans)
    return [make_segment(features, sounding, *found) for found in zip(spans, chords, strict=True)]


def without_attack(stretch: Mono, first: int, last: int) -> Mono:
    """Return the sound from one frame to another, without the attack if it is long enough."""
    sound = stretch[first * FRAME : last * FRAME]
    attack = round(ATTACK_S * RATE)
    return sound[attack:] if len(sound) > 4 * attack else sound


def make_segment(
    features: StretchFeatures, sounding: NDArray[np.bool_], span: tuple[int, int], chord: Chord
) -> Segment:
    """Make the segment from one frame to another, with its estimated notes."""
    first, last = span
    before = features.level_db[max(first - STRUCK_FRAMES, 0) : first + 1]
    after = features.level_db[first : first + STRUCK_FRAMES]
    risen = float(after.max() - before.min()) > LOUDER_DB
    silent = first > 0 and not sounding[first - 1]
    return Segment(first * FRAME_S, last * FRAME_S, chord, bool(risen or silent))


def onset_frames(stretch: Mono, count: int) -> NDArray[np.intp]:
    """Return the frames at which the spectrum rises."""
    grid = framing(RATE)
    bands = log_filterbank(grid)[0]
    filtered = np.concatenate([part @ bands for part in spectra(mono_blocks(stretch), grid)])
    compressed = np.log1p(COMPRESSION * filtered).astype(np.float32)
    rise = np.zeros(len(compressed), np.float32)
    rise[2:] = rises(compressed[2:], compressed[:-2]).mean(axis=1)
    found = peaks(np.where(rise > RISE, rise, 0).astype(np.float32), ONSET_REACH)
    return np.minimum(found, count - 1)


def pitch_track(stretch: Mono, count: int) -> Values:
    """Estimate the pitch of each frame by YIN; NaN where the sound is not periodic."""
    length = round(WINDOW_S * RATE) + round(RATE / LOWEST_HZ)
    before = length // 2
    padded = np.pad(stretch.astype(np.float64), (before, length))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::FRAME][:count]
    lags, unlike = periods(frames, RATE)
    periodic = (unlike < THRESHOLD) & (lags > RATE / HIGHEST_HZ)
    pitch = A4 + 12 * np.log2(RATE / lags / A4_HZ)
    return np.where(periodic, pitch, np.nan)


def sounding_spans(sounding: NDArray[np.bool_], features: StretchFeatures) -> list[tuple[int, int]]:
    """Return frames (first, end) of sound between silences and onsets."""
    edges = np.flatnonzero(np.diff(np.pad(sounding.astype(np.int8), 1)))
    spans = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        inner = [int(o) for o in features.onsets if first + ONSET_REACH < o < last - ONSET_REACH]
        places = [first, *inner, last]
        spans += list(pairwise(places))
    return [(first, last) for first, last in spans if last - first >= SHORTEST_FRAMES]


def split_by_pitch(span: tuple[int, int], features: StretchFeatures) -> list[tuple[int, int]]:
    """Cut a span where its pitch changes, if enough of it has steady pitches."""
    steady = steady_spans(features.pitch, *span)
    covered = sum(last - first for first, last in steady)
    if len(steady) < 2 or covered < STEADY_SHARE * (span[1] - span[0]):
        return [span]
    starts = [span[0], *(first for first, _ in steady[1:])]
    return list(zip(starts, [*starts[1:], span[1]], strict=True))


def steady_spans(pitch: Values, first: int, last: int) -> list[tuple[int, int]]:
    """Return frames (first, end) of steady pitches that are long enough; joins equal neighbors."""
    found: list[tuple[int, int, float]] = []
    start = first
    for frame in range(first, last + 1):
        here = pitch[start:frame]
        if frame < last and len(here) and abs(pitch[frame] - np.median(here)) < STEADY_PITCH:
            continue
        if len(here) >= SHORTEST_FRAMES and not np.isnan(here).any():
            middle = float(np.median(here))
            if found and abs(found[-1][2] - middle) < STEADY_PITCH:
                found[-1] = (found[-1][0], frame, found[-1][2])
            else:
                found.append((start, frame, middle))
        start = frame
    return [(begin, end) for begin, end, _ in found]
