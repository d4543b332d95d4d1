"""From what a net believes, frame by frame, to notes: one decoder for a voice, one for chords.

Conventions:
    `held` and `onset` are (frames, pitches) in [0, 1]: whether a pitch sounds, whether it starts
    there.
    Notes come back as FrameNote, in frames and rows of those arrays; `start` may lie between
    frames.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

EPSILON = 1e-4  # keeps the logarithms finite
CREST_FRAMES = 2  # to either side of an onset's peak
SLOPE_SCALE = np.float32(0.1)  # what is left of the posterior beside a peak


@dataclass(frozen=True)
class FrameNote:
    """A note on the frame grid.

    Attributes:
        start: first frame.
        end: the frame after the last.
        row: pitch as a row of the posteriors.
        strength: in [0, 1], how sure the net is.
    """

    start: int
    end: int
    row: int
    strength: float


@dataclass(frozen=True)
class VoiceRules:
    """How to follow one voice.

    Attributes:
        attack_cost: log odds an onset must overcome to start a note or restart the same one.
        onset_weight: how much the onset posterior counts beside the held one.
        held_bias: added to the log odds of held; above 0 hears more notes.
        min_frames: shorter notes are dropped.
    """

    attack_cost: float = 1.0
    onset_weight: float = 1.0
    held_bias: float = 0.0
    min_frames: int = 3


@dataclass(frozen=True)
class ChordRules:
    """How to hear several notes at once.

    Attributes:
        onset_threshold: an onset peak above this starts a note.
        held_threshold: a note lasts while held stays above this.
        silent_threshold: a run without an onset counts as a note if its mean held is above this.
        gap_frames: dips of up to this many frames do not end a note.
        min_frames: shorter notes are dropped.
    """

    onset_threshold: float = 0.6
    held_threshold: float = 0.4
    silent_threshold: float = 0.6
    gap_frames: int = 2
    min_frames: int = 3


def log_odds(probability: Matrix) -> Matrix:
    """The logit, with the ends cut off."""
    clipped = np.clip(probability, EPSILON, 1 - EPSILON)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def decode_voice(held: Matrix, onset: Matrix, rules: VoiceRules) -> list[FrameNote]:
    """The best path of one voice (Viterbi): at each frame it rests, starts a pitch or holds it."""
    if not held.size:
        return []
    path = voice_path(log_odds(held) + rules.held_bias, crests(onset), rules)
    return [
        note_of(held, onset, start, end, row)
        for start, end, row in runs_of(path, held.shape[1])
        if end - start >= rules.min_frames
    ]


def crests(onset: Matrix) -> Matrix:
    """The onset posterior with what is not a local maximum in time pressed down.

    An onset's peak is a few frames wide; without this a path would start the note at each of them.
    """
    padded = np.pad(onset, ((CREST_FRAMES, CREST_FRAMES), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * CREST_FRAMES + 1, axis=0)
    return np.where(onset >= near.max(axis=-1), onset, onset * SLOPE_SCALE)


def voice_path(odds: Matrix, onset: Matrix, rules: VoiceRules) -> NDArray[np.int32]:
    """State of each frame: 0 a rest, 1 + row a held pitch, 1 + rows + row its first frame."""
    frames, rows = odds.shape
    attack = odds + rules.onset_weight * log_odds(onset) - rules.attack_cost
    moving = np.log1p(-np.clip(onset, 0, 1 - EPSILON)) * rules.onset_weight
    sustain = odds + moving
    back_hold = np.zeros((frames, rows), bool)  # True: held before, False: started before
    back_any = np.zeros(frames, np.int32)  # best state a frame earlier, for starts
    back_rest = np.zeros(frames, np.int32)
    hold = np.full(rows, -np.inf, np.float32)
    begin = attack[0].copy()
    rest = np.float32(0.0)
    for frame in range(1, frames):
        back_hold[frame] = hold >= begin
        sounding = np.maximum(hold, begin)
        best_row = int(sounding.argmax())
        best_state = 1 + best_row if hold[best_row] >= begin[best_row] else 1 + rows + best_row
        best = sounding[best_row]
        previous = best_state if best >= rest else 0
        back_any[frame] = back_rest[frame] = previous
        peak = max(best, rest)
        hold = sounding + sustain[frame]
        begin = peak + attack[frame]
        rest = peak
    last = np.concatenate(([rest], hold, begin))
    return trace_back(int(last.argmax()), rows, back_hold, back_any, back_rest)


def trace_back(
    state: int,
    rows: int,
    back_hold: NDArray[np.bool_],
    back_any: NDArray[np.int32],
    back_rest: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Follow the best path from its last state to the start."""
    frames = len(back_any)
    path = np.zeros(frames, np.int32)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        if state == 0:
            state = int(back_rest[frame])
        elif state > rows:
            state = int(back_any[frame])
        else:
            state = state if back_hold[frame, state - 1] else state + rows
    return path


def runs_of(path: NDArray[np.int32], rows: int) -> list[tuple[int, int, int]]:
    """Notes of a path as (start, end, row)."""
    starts = np.flatnonzero(path > rows)
    notes = []
    for start in starts:
        row = int(path[start]) - rows - 1
        end = start + 1
        while end < len(path) and path[end] == row + 1:
            end += 1
        notes.append((int(start), int(end), row))
    return notes


def note_of(held: Matrix, onset: Matrix, start: int, end: int, row: int) -> FrameNote:
    """The note with its strength: half what its onset, half what its length says."""
    near = onset[max(start - 2, 0) : start + 3, row].max()
    strength = 0.5 * float(near) + 0.5 * float(held[start:end, row].mean())
    return FrameNote(start, end, row, min(max(strength, 0.0), 1.0))


def decode_chords(held: Matrix, onset: Matrix, rules: ChordRules) -> list[FrameNote]:
    """Every onset peak starts a note that lasts while its pitch is held or until its next onset."""
    if not held.size:
        return []
    notes: list[FrameNote] = []
    peaks = onset_peaks(onset, rules.onset_threshold)
    sounding = close_gaps(held >= rules.held_threshold, rules.gap_frames)
    for row in np.flatnonzero(sounding.any(axis=0) | peaks.any(axis=0)):
        for start, end in spans_of_row(sounding[:, row], np.flatnonzero(peaks[:, row])):
            note = note_of(held, onset, start, end, int(row))
            heard = peaks[start, row] or held[start:end, row].mean() >= rules.silent_threshold
            if heard and end - start >= rules.min_frames:
                notes.append(note)
    return sorted(notes, key=lambda note: (note.start, note.row))


def onset_peaks(onset: Matrix, threshold: float) -> NDArray[np.bool_]:
    """Where the onset posterior has a local maximum in time above the threshold."""
    padded = np.pad(onset, ((1, 1), (0, 0)))
    peaks = (onset > padded[:-2]) & (onset >= padded[2:]) & (onset >= threshold)
    return np.asarray(peaks, np.bool_)


def close_gaps(sounding: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Fill dips of up to `gap` frames between sounding ones, row by row."""
    closed = sounding.copy()
    for width in range(1, gap + 1):
        for lead in range(1, width + 1):
            before = shifted(sounding, lead)
            after = shifted(sounding, lead - width - 1)
            closed |= before & after
    return closed


def shifted(array: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """The array moved later (positive) or earlier, False moving in."""
    out = np.zeros_like(array)
    if frames >= 0:
        out[frames:] = array[: len(array) - frames]
    else:
        out[:frames] = array[-frames:]
    return out


def spans_of_row(sounding: NDArray[np.bool_], peaks: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Stretches of one pitch, cut at each onset; an onset opens one even where nothing is held."""
    marked = sounding.copy()
    marked[peaks] = True
    edges = np.diff(np.concatenate(([0], marked.astype(np.int8), [0])))
    spans: list[tuple[int, int]] = []
    for start, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        inside = peaks[(peaks > start + 1) & (peaks < end)]
        bounds = [int(start), *(int(peak) for peak in inside), int(end)]
        spans += pairwise(bounds)
    return spans
