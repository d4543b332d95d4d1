"""Find single notes whose pitch moves, as in vibrato, and hold their pitch still.

A note with vibrato has a wide, changing spectrum that looks like two notes a semitone apart. If the
sound of a note is read at a speed that follows its pitch, the vibrato is gone and the partials are
lines again, if it was one note. The pitch over time is that of swift-f0's net.

Conventions: mono float32 at the caller's sample rate; frames of the pitch are f0.FRAME_S apart;
pitches are MIDI with fractions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from muse.models.swift_f0 import SAMPLE_RATE
from muse.tools.audio.f0 import FRAME_S, PitchTrack, amplify, track_pitch
from muse.tools.audio.time_warp import positions_of_even_phase, sound_at
from muse.tools.transcription.voice_segmentation import cheapest_notes

Mono = NDArray[np.float32]
Values = NDArray[np.float64]
Span = tuple[int, int]  # first frame, end

# costs of the notes; a vibrato of a semitone costs less than a new note each half cycle
NOTE_COST = 4.5
DEVIATION_COST, MOST_DEVIATION_COST = 0.65, 1.1  # per semitone and frame from the note's pitch
VOICED_COST, UNVOICED_COST = -2.0, 1.0  # of a frame with a pitch, and of one without
VOICED = 0.5  # least confidence of a frame with a pitch
SHORTEST = 5  # frames of a note, 80 ms
LEAST_STEP = 0.6  # semitones from one note to the next
VIBRATO_FRAMES = 13  # 0.2 s, about a cycle of vibrato
LEAST_VIBRATO = 0.12  # semitones, median deviation of the pitch from its running mean
LONGEST_GLIDE_S = 0.2
LEAST_GLIDE, MOST_GLIDE = 0.8, 13.0  # semitones
ONE_WAY = 0.9  # least share of the movement of a glide that is in one direction
LARGEST_SLOPE = 1.2  # semitones per frame that a vibrato may move
PITCH_STEP = 0.25  # semitones between the pitches that a note may have
STEADY_CENTS = 12.0  # standard deviation up to which a pitch is steady
FARTHEST = 2.5  # semitones from a note's pitch; what is farther is an error of the net
SHARPER = 1.15  # least gain in sharpness that shows that one note moved
LOWEST_HZ, HIGHEST_HZ = 60.0, 4000.0  # of the spectrum whose sharpness is measured


@dataclass(frozen=True)
class MovingNote:
    """A single note whose pitch moves.

    Attributes:
        start_s, end_s: from the beginning of the sound.
        still: its sound at a constant pitch.
    """

    start_s: float
    end_s: float
    still: Mono


def track(sound: Mono, rate: int) -> PitchTrack:
    """Return the pitch of a sound over time."""
    import soxr

    return track_pitch(amplify(soxr.resample(sound, rate, SAMPLE_RATE)))


def pitch_spans(found: PitchTrack) -> list[Span]:
    """Return the frames (first, end) of notes: a vibrato is one note, a step of pitch two."""
    has_pitch = found.confidence >= VOICED
    if not has_pitch.any():
        return []
    pitch = without_vibrato(found.pitch, has_pitch)
    lowest, highest = np.floor(pitch[has_pitch].min()), np.ceil(pitch[has_pitch].max())
    grid = np.arange(lowest, highest + PITCH_STEP, PITCH_STEP)
    off = np.minimum(np.abs(pitch[:, None] - grid) * DEVIATION_COST, MOST_DEVIATION_COST)
    cost = np.where(has_pitch[:, None], off + VOICED_COST, UNVOICED_COST)
    spans = cheapest_notes(cost, NOTE_COST)
    return [(first, last) for first, last in spans if last - first >= SHORTEST]


def without_vibrato(pitch: Values, has_pitch: NDArray[np.bool_]) -> Values:
    """Return the pitch with its vibrato averaged out; steps and glides stay as they are."""
    breaks = ~has_pitch[1:] | ~has_pitch[:-1] | (np.abs(np.diff(pitch)) > LARGEST_SLOPE)
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(pitch)]
    return np.concatenate([mean_over_cycle(pitch[a:b]) for a, b in pairwise(edges)])


def mean_over_cycle(run: Values) -> Values:
    """Return the running mean over a cycle of vibrato; without vibrato, the pitch itself."""
    if len(run) < VIBRATO_FRAMES:
        return run
    cycle = np.ones(VIBRATO_FRAMES)
    mean = np.convolve(run, cycle, "same") / np.convolve(np.ones(len(run)), cycle, "same")
    has_vibrato = float(np.median(np.abs(run - mean))) > LEAST_VIBRATO
    return np.asarray(mean if has_vibrato else run, np.float64)


def deviations(found: PitchTrack, first: int, last: int) -> Values:
    """Return how far each frame of a note is from the note's pitch, in semitones."""
    filled = filled_pitch(found, first, last)
    off: Values = filled - np.average(filled, weights=hann(len(filled)))
    return off


def mean_pitch(found: PitchTrack, first: int, last: int) -> float:
    """Return the pitch of a note: the mean weighted by a Hann window, which cancels a vibrato."""
    filled = filled_pitch(found, first, last)
    return float(np.average(filled, weights=hann(len(filled))))


def hann(count: int) -> Values:
    """Return a Hann window without zeros."""
    return np.hanning(count + 2)[1:-1]


def filled_pitch(found: PitchTrack, first: int, last: int) -> Values:
    """Return the pitch of a note's frames.

    Frames without a pitch, or too far from the others, are filled in between their neighbors.
    """
    pitch = found.pitch[first:last]
    known = found.confidence[first:last] >= VOICED
    middle = np.median(pitch[known] if known.any() else pitch)
    near = known & (np.abs(pitch - middle) < FARTHEST)
    frames = np.arange(len(pitch))
    filled: Values = np.interp(frames, frames[near], pitch[near]) if near.any() else pitch
    return filled


def hold_still(sound: Mono, rate: int, off: Values) -> Mono:
    """Return the sound of a note without the movement of its pitch.

    Args:
        sound: (samples,) of the note.
        rate: sample rate, Hz.
        off: (frames,) deviation of its pitch in semitones.
    """
    times = np.arange(len(sound)) / rate
    speeds = 2 ** (np.interp(times, FRAME_S * np.arange(len(off)), off) / 12)
    still: Mono = sound_at(sound, positions_of_even_phase(speeds)).astype(np.float32)
    return still


def sharpness(sound: Mono, rate: int) -> float:
    """Return how concentrated a spectrum is: its mean power over its squared mean magnitude."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hertz = np.arange(len(spectrum)) * rate / max(len(sound), 1)
    inner = spectrum[(hertz > LOWEST_HZ) & (hertz < HIGHEST_HZ)]
    total = float(inner.mean()) if len(inner) else 0.0
    return float(np.mean(inner**2)) / total**2 if total else 0.0


def moving_notes(
    sound: Mono,
    rate: int,
    found: PitchTrack,
    struck_s: Sequence[float] = (),
    perhaps_s: Sequence[float] = (),
) -> list[MovingNote]:
    """Return the single notes of a sound whose pitch moves, in order.

    Args:
        sound: (samples,).
        rate: sample rate, Hz.
        found: its pitch over time.
        struck_s: times at which a note surely begins.
        perhaps_s: times at which a note begins if the pitch is another from there on.
    """
    struck, perhaps = ([round(s / FRAME_S) for s in times] for times in (struck_s, perhaps_s))
    notes: list[MovingNote] = []
    for span in cut_spans(pitch_spans(found), struck):
        for first, last in cut_at_steps(span, perhaps, found):
            if is_glide(found, first * FRAME_S, last * FRAME_S):
                continue
            off = deviations(found, first, last)
            own = sound[round(first * FRAME_S * rate) : round(last * FRAME_S * rate)]
            still = still_sound(own, rate, off)
            if still is not None:
                notes.append(MovingNote(first * FRAME_S, last * FRAME_S, still))
    return notes


def is_glide(found: PitchTrack, start_s: float, end_s: float) -> bool:
    """Return whether a short part of a sound has no pitch of its own, as it only rises or falls."""
    if end_s - start_s > LONGEST_GLIDE_S:
        return False
    part = slice(round(start_s / FRAME_S), round(end_s / FRAME_S))
    pitch = found.pitch[part][found.confidence[part] >= VOICED]
    if len(pitch) < 3:
        return False
    way = float(np.abs(np.diff(pitch)).sum())
    distance = abs(float(pitch[-1] - pitch[0]))
    return LEAST_GLIDE < distance < MOST_GLIDE and distance > ONE_WAY * way


def cut_spans(spans: Iterable[Span], cuts: Sequence[int]) -> list[Span]:
    """Cut spans of frames at the cuts that are inside them; the pieces are long enough."""
    found: list[Span] = []
    for first, last in spans:
        inner = [cut for cut in cuts if first + SHORTEST <= cut <= last - SHORTEST]
        found += list(pairwise([first, *inner, last]))
    return found


def cut_at_steps(span: Span, onsets: Sequence[int], found: PitchTrack) -> list[Span]:
    """Cut a span at the onsets before and after which the mean pitch differs."""
    starts = [span[0]]
    for onset in onsets:
        if not starts[-1] + SHORTEST <= onset <= span[1] - SHORTEST:
            continue
        step = mean_pitch(found, onset, span[1]) - mean_pitch(found, starts[-1], onset)
        if abs(step) > LEAST_STEP:
            starts.append(onset)
    return list(pairwise([*starts, span[1]]))


def still_sound(sound: Mono, rate: int, off: Values) -> Mono | None:
    """Return the sound of a note at a constant pitch; None if it is steady, or no single note."""
    if not len(sound) or 100 * float(off.std()) < STEADY_CENTS:
        return None
    still = hold_still(sound, rate, off)
    sharper = sharpness(still, rate) > SHARPER * sharpness(sound, rate)
    return still if sharper else None
