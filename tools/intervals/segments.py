"""Cut a recording where notes begin, and estimate the notes between the cuts.

Conventions: mono float32 at RATE; times in s from the beginning of the recording; frames of the
analysis are FRAME_S apart. Memory does not grow with the length: a recording is analyzed in
stretches of at most LONGEST_S, cut where they are quietest; a note across a cut is one note.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.tools.audio.f0 import PitchTrack
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
from muse.tools.intervals.hypothesis_scoring import NO_NOTES, Chord, shared_estimator
from muse.tools.intervals.kick_drum import is_kick_drum
from muse.tools.intervals.modulation import MovingNote, is_glide, moving_notes, track
from muse.tools.intervals.struck_bar import without_bar_partials
from muse.tools.theory.pitch import A4, A4_HZ

Mono = NDArray[np.float32]
Values = NDArray[np.float64]
SpanSound = tuple[tuple[int, int], Mono]  # first frame and end of a segment, and its sound
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
    sounds = [(span, stretch[span[0] * FRAME : span[1] * FRAME]) for span in spans]
    f0 = track(stretch, RATE)
    moving = moving_notes(stretch, RATE, f0, *onset_times(features))
    sounds = without_glides(with_moving_notes(sounds, moving), f0)
    chords = (
        without_kick_drum(estimate(analyzed(sound), RATE), span, sound, features)
        for span, sound in sounds
    )
    return [
        make_segment(features, sounding, span, chord)
        for (span, _), chord in zip(sounds, chords, strict=True)
    ]


def without_kick_drum(
    chord: Chord, span: tuple[int, int], sound: Mono, features: StretchFeatures
) -> Chord:
    """Return the chord, or no notes if its only note is the stroke of a kick drum."""
    if len(chord.pitches) != 1:
        return chord
    pitches = features.pitch[slice(*span)]
    return NO_NOTES if is_kick_drum(sound, RATE, chord.pitches[0], pitches) else chord


def onset_times(features: StretchFeatures) -> tuple[list[float], list[float]]:
    """Return the onsets at which the level rises, and the other onsets, in s."""
    struck = [level_rises(features.level_db, int(onset)) for onset in features.onsets]
    times = [
        (int(onset) * FRAME_S, rises) for onset, rises in zip(features.onsets, struck, strict=True)
    ]
    return [s for s, rises in times if rises], [s for s, rises in times if not rises]


def with_moving_notes(spans: Sequence[SpanSound], notes: Sequence[MovingNote]) -> list[SpanSound]:
    """Return the spans without what belongs to moving notes, and the moving notes, in order."""
    found = list(spans)
    for note in notes:
        first, last = round(note.start_s / FRAME_S), round(note.end_s / FRAME_S)
        found = [
            part for each in found for part in (before(each, first), after(each, last)) if part
        ]
        found.append(((first, last), note.still))
    return sorted(found, key=lambda each: each[0])


def without_glides(spans: Sequence[SpanSound], f0: PitchTrack) -> list[SpanSound]:
    """Return the spans; a glide begins the note that follows it at once, and is no note."""
    found: list[SpanSound] = []
    glide: tuple[int, int] | None = None
    for (first, last), sound in spans:
        follows = glide is not None and first - glide[1] <= ONSET_REACH
        start = glide[0] if glide is not None and follows else first
        if is_glide(f0, first * FRAME_S, last * FRAME_S):
            glide = (start, last)
            continue
        found.append(((start, last), sound))
        glide = None
    return found


def before(each: SpanSound, frame: int) -> SpanSound | None:
    """Return the part of a span before a frame; None if it is too short."""
    (first, last), sound = each
    end = min(last, frame)
    return ((first, end), sound[: (end - first) * FRAME]) if long_enough(first, end) else None


def after(each: SpanSound, frame: int) -> SpanSound | None:
    """Return the part of a span from a frame on; None if it is too short."""
    (first, last), sound = each
    start = max(first, frame)
    return ((start, last), sound[(start - first) * FRAME :]) if long_enough(start, last) else None


def long_enough(first: int, last: int) -> bool:
    """Return whether a span is long enough for a segment."""
    return last - first >= SHORTEST_FRAMES


def analyzed(sound: Mono) -> Mono:
    """Return the part of a segment's sound in which notes are estimated."""
    return without_bar_partials(without_attack(sound), RATE)


def without_attack(sound: Mono) -> Mono:
    """Return the sound without its attack if it is long enough."""
    attack = round(ATTACK_S * RATE)
    return sound[attack:] if len(sound) > 4 * attack else sound


def make_segment(
    features: StretchFeatures, sounding: NDArray[np.bool_], span: tuple[int, int], chord: Chord
) -> Segment:
    """Make the segment from one frame to another, with its estimated notes."""
    first, last = span
    silent = first > 0 and not sounding[first - 1]
    struck = bool(silent or level_rises(features.level_db, first))
    return Segment(first * FRAME_S, last * FRAME_S, chord, struck)


def level_rises(level_db: Values, frame: int) -> bool:
    """Return whether the level rises at a frame as at a note that is struck."""
    earlier = level_db[max(frame - STRUCK_FRAMES, 0) : frame + 1]
    later = level_db[frame : frame + STRUCK_FRAMES]
    return float(later.max() - earlier.min()) > LOUDER_DB


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
