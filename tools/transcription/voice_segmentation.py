"""Segments the pitch track of one voice into notes.

The notes are those with the lowest total cost. A note costs a constant, and in each of its frames
what speaks against it: the distance of the frame's pitch from the note's, low confidence, a dip of
the level, as consonants leave it between two syllables on one pitch, and a level far below the one
that follows, as before a vowel. Frames between notes cost nothing. Dynamic programming finds the
minimum over all boundaries and pitches. A vibrato stays one note: its deviations cost less than a
new note each half cycle.

The level is the mean over mel bands of the level in dB, so that a nasal or a fricative, which is
loud in some bands only, makes a dip.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from muse.models.swift_f0 import HOP_LENGTH, SAMPLE_RATE
from muse.tools.audio.f0 import PitchTrack, Values

WINDOW_LENGTH = 512  # samples, 32 ms
BANDS = 30  # mel bands
LOWEST_HZ, HIGHEST_HZ = 80.0, 4500.0
DYNAMIC_RANGE_DB = 60.0  # bands softer than the loudest by more count as silent
POWER_FLOOR = 1e-9
PITCH_STEP = 0.2  # semitones between the pitches that a note may have
VOICED = 0.3  # confidence of frames whose pitches bound the range of the notes
EDGE_SHARE = 0.2  # share of a note at either end that its pitch is not taken from


@dataclass(frozen=True)
class SegmentationRules:
    """Costs of the segmentation; a frame is 16 ms.

    Attributes:
        note_cost: of each note.
        deviation_cost: per semitone and frame, of a frame's distance from the note's pitch ...
        max_deviation_cost: ... and its limit.
        voicing_bias: added to the log odds of the confidence; above 0 gives more notes.
        voicing_weight: of the log odds of the confidence.
        dip_frames: to either side of a frame, within which it is compared with louder ones.
        dip_tolerance_db: depth of a dip that costs nothing.
        dip_cost: per dB and frame below that.
        ramp_frames: within which the level may rise at an onset.
        ramp_tolerance_db: of the rise that costs nothing.
        ramp_cost: per dB and frame beyond that.
        min_frames: shorter notes are dropped.
    """

    note_cost: float = 7.5
    deviation_cost: float = 0.65
    max_deviation_cost: float = 1.1
    voicing_bias: float = 0.0
    voicing_weight: float = 0.8
    dip_frames: int = 6
    dip_tolerance_db: float = 1.0
    dip_cost: float = 1.25
    ramp_frames: int = 8
    ramp_tolerance_db: float = 3.0
    ramp_cost: float = 0.5
    min_frames: int = 3


SOLO_RULES = SegmentationRules()
# for a voice that was separated from a mix: the rest of the mix lowers the net's confidence and
# fills the dips between syllables
STEM_RULES = SegmentationRules(note_cost=4.0, voicing_bias=1.0)


@dataclass(frozen=True)
class VoiceFrames:
    """What the segmentation knows of each frame.

    Attributes:
        pitch, confidence: (frames,), see PitchTrack.
        level_db: (frames,) mean of the levels of the mel bands.
    """

    pitch: Values
    confidence: Values
    level_db: Values


def measure_frames(audio: NDArray[np.float32], track: PitchTrack) -> VoiceFrames:
    """Measure the level in the frames of a pitch track.

    Args:
        audio: (samples,) mono at `swift_f0.SAMPLE_RATE`, the track's.
        track: its pitch.
    """
    return VoiceFrames(track.pitch, track.confidence, band_level(audio, len(track.pitch)))


def band_level(audio: NDArray[np.float32], count: int) -> Values:
    """Return the mean over the mel bands of the level in dB, in the first `count` frames."""
    padded = np.pad(audio, (WINDOW_LENGTH // 2, WINDOW_LENGTH))
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_LENGTH)[::HOP_LENGTH][:count]
    window = np.hanning(WINDOW_LENGTH).astype(np.float32)
    spectrum = np.fft.rfft(cut * (window / (window.sum() / 2)), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) @ mel_bands()
    level = 10.0 * np.log10(power + POWER_FLOOR)
    mean: Values = np.maximum(level, level.max(initial=-np.inf) - DYNAMIC_RANGE_DB).mean(axis=1)
    return mean


@cache
def mel_bands() -> NDArray[np.float32]:
    """Return triangular bands on the mel scale, (bins, BANDS), each with a sum of 1."""
    hz = np.arange(WINDOW_LENGTH // 2 + 1) * SAMPLE_RATE / WINDOW_LENGTH
    low_mel, high_mel = 2595.0 * np.log10(1.0 + np.array([LOWEST_HZ, HIGHEST_HZ]) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(low_mel, high_mel, BANDS + 2) / 2595.0) - 1.0)
    low, center, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hz[:, None] - low) / (center - low), (high - hz[:, None]) / (high - center)
    bands = np.maximum(np.minimum(rising, falling), 0.0)
    return np.asarray(bands / np.maximum(bands.sum(axis=0), 1e-9), np.float32)


def segment(frames: VoiceFrames, rules: SegmentationRules) -> list[tuple[int, int]]:
    """Return the notes as (first frame, frame after the last), in order and without overlaps."""
    odds = log_odds(frames.confidence) + rules.voicing_bias
    confidence = 1.0 / (1.0 + np.exp(-odds))
    voiced = frames.pitch[confidence > VOICED]
    if not len(voiced):
        return []
    pitches = np.arange(np.floor(voiced.min()), np.ceil(voiced.max()) + PITCH_STEP, PITCH_STEP)
    deviation = np.abs(frames.pitch[:, None] - pitches) * rules.deviation_cost
    limited = np.minimum(deviation, rules.max_deviation_cost) * confidence[:, None]
    cost = level_costs(frames.level_db, rules) - rules.voicing_weight * odds
    notes = cheapest_notes(limited + cost[:, None], rules.note_cost)
    return [(start, end) for start, end in notes if end - start >= rules.min_frames]


def log_odds(confidence: Values) -> Values:
    """Return the log odds of confidences, which are limited to 0.01 and 0.99."""
    limited = np.clip(confidence, 0.01, 0.99)
    odds: Values = np.log(limited / (1.0 - limited))
    return odds


def level_costs(level_db: Values, rules: SegmentationRules) -> Values:
    """Return the cost of each frame in a note because of dips and rises of the level."""
    dip_within, ramp_within = rules.dip_frames, rules.ramp_frames
    sides = np.minimum(max_before(level_db, dip_within), max_after(level_db, dip_within))
    dip = np.maximum(sides - level_db - rules.dip_tolerance_db, 0.0)
    ramp = max_after(level_db, ramp_within) - level_db - rules.ramp_tolerance_db
    cost: Values = rules.dip_cost * dip + rules.ramp_cost * np.maximum(ramp, 0.0)
    return cost


def max_before(values: Values, frames: int) -> Values:
    """Return the largest of each value and the `frames` values before it."""
    padded = np.pad(values, (frames, 0), mode="edge")
    largest: Values = np.lib.stride_tricks.sliding_window_view(padded, frames + 1).max(axis=-1)
    return largest


def max_after(values: Values, frames: int) -> Values:
    """Return the largest of each value and the `frames` values after it."""
    return max_before(values[::-1], frames)[::-1]


def cheapest_notes(cost: Values, note_cost: float) -> list[tuple[int, int]]:
    """Return the notes with the lowest total cost, as (first frame, frame after the last).

    Args:
        cost: (frames, pitches) of each frame as part of a note of each pitch.
        note_cost: of each note.
    """
    count, pitches = cost.shape
    open_cost = np.full(pitches, np.inf)  # lowest cost up to here with a note of each pitch open
    open_start = np.zeros(pitches, np.intp)
    note_start = np.full(count + 1, -1, np.intp)  # of the note that ends before a frame; -1: none
    best = 0.0  # lowest cost up to here with all notes ended
    for frame in range(count):
        begin = best + note_cost
        open_start[begin < open_cost] = frame
        open_cost = np.minimum(open_cost, begin) + cost[frame]
        cheapest = int(open_cost.argmin())
        if open_cost[cheapest] < best:
            best = float(open_cost[cheapest])
            note_start[frame + 1] = open_start[cheapest]
    return trace_notes(note_start)


def trace_notes(note_start: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Follow the notes from the last to the first; see `cheapest_notes`."""
    notes: list[tuple[int, int]] = []
    end = len(note_start) - 1
    while end > 0:
        if note_start[end] >= 0:
            notes.append((int(note_start[end]), end))
            end = int(note_start[end])
        else:
            end -= 1
    return notes[::-1]


def note_pitch(frames: VoiceFrames, start: int, end: int) -> float:
    """Return the pitch of a note: the median of its middle, weighted by confidence."""
    inside = middle(start, end)
    order = np.argsort(frames.pitch[inside])
    weight = np.cumsum(frames.confidence[inside][order] + 1e-9)
    return float(frames.pitch[inside][order][np.searchsorted(weight, weight[-1] / 2)])


def pitch_spread(frames: VoiceFrames, start: int, end: int) -> float:
    """Return the interquartile range of the pitch in the middle of a note, in semitones."""
    low, high = np.percentile(frames.pitch[middle(start, end)], [25, 75])
    return float(high - low)


def pitch_drift(frames: VoiceFrames, start: int, end: int) -> float:
    """Return the difference of the mean pitch of the two halves of a note's middle, in semitones.

    A vibrato has a large spread and little drift; a singer's intonation has both.
    """
    first, second = np.array_split(frames.pitch[middle(start, end)], 2)
    return float(abs(first.mean() - second.mean())) if len(first) and len(second) else 0.0


def middle(start: int, end: int) -> slice:
    """Return the frames of a note without EDGE_SHARE of them at either end."""
    edge = round((end - start) * EDGE_SHARE)
    return slice(start + edge, end - edge)
