"""Decodes frame and onset posteriors into notes: one decoder for a voice, one for chords.

Conventions:
    `frame_posterior` and `onset` are (frames, pitches), in [0, 1]: the posteriors that a pitch
    sounds in a frame, and that it starts there. Notes are FrameNotes, in frames and columns of
    these arrays.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

EPSILON = 1e-4  # keeps the logarithms finite
CREST_FRAMES = 2  # half width of an onset's peak
SLOPE_SCALE = np.float32(0.1)  # factor for the onset posterior beside a peak


@dataclass(frozen=True)
class FrameNote:
    """A note on the frame grid.

    Attributes:
        start: first frame.
        end: the frame after the last.
        row: column of its pitch in the posteriors.
        strength: confidence in [0, 1].
    """

    start: int
    end: int
    row: int
    strength: float


@dataclass(frozen=True)
class VoiceRules:
    """Parameters of the decoder for one voice.

    Attributes:
        attack_cost: log odds subtracted for each start of a note, repeated notes included.
        onset_weight: weight of the onset posterior relative to the frame posterior.
        frame_bias: added to the log odds of the frame posterior; above 0 gives more notes.
        min_frames: shorter notes are dropped.
    """

    attack_cost: float = 1.0
    onset_weight: float = 1.0
    frame_bias: float = 0.0
    min_frames: int = 3


@dataclass(frozen=True)
class ChordRules:
    """Parameters of the decoder for several notes at once.

    Attributes:
        onset_threshold: onset posterior from which a peak starts a note.
        frame_threshold: frame posterior from which a pitch sounds.
        no_onset_threshold: mean frame posterior from which a run without an onset is a note.
        gap_frames: longest dip of the frame posterior that does not end a note.
        min_frames: shorter notes are dropped.
    """

    onset_threshold: float = 0.6
    frame_threshold: float = 0.4
    no_onset_threshold: float = 0.6
    gap_frames: int = 2
    min_frames: int = 3


def log_odds(probability: Matrix) -> Matrix:
    """Return the log odds, with probabilities clipped to EPSILON and 1 - EPSILON."""
    clipped = np.clip(probability, EPSILON, 1 - EPSILON)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float32)


def decode_voice(frame_posterior: Matrix, onset: Matrix, rules: VoiceRules) -> list[FrameNote]:
    """Decode the most probable path of one voice (Viterbi).

    In each frame the voice rests, starts a pitch, or sustains the pitch that it started.
    """
    if not frame_posterior.size:
        return []
    path = voice_path(log_odds(frame_posterior) + rules.frame_bias, suppress_slopes(onset), rules)
    return [
        make_note(frame_posterior, onset, start, end, row)
        for start, end, row in find_runs(path, frame_posterior.shape[1])
        if end - start >= rules.min_frames
    ]


def suppress_slopes(onset: Matrix) -> Matrix:
    """Scale down the onset posterior wherever it is not a local maximum in time.

    The peak of an onset is a few frames wide; a path could start the note in each of them.
    """
    padded = np.pad(onset, ((CREST_FRAMES, CREST_FRAMES), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * CREST_FRAMES + 1, axis=0)
    return np.where(onset >= near.max(axis=-1), onset, onset * SLOPE_SCALE)


def voice_path(odds: Matrix, onset: Matrix, rules: VoiceRules) -> NDArray[np.int32]:
    """Return the state of each frame of the best path.

    0 is a rest, 1 + row a sustained pitch, 1 + rows + row the first frame of a pitch.
    """
    frames, rows = odds.shape
    attack = odds + rules.onset_weight * log_odds(onset) - rules.attack_cost
    moving = np.log1p(-np.clip(onset, 0, 1 - EPSILON)) * rules.onset_weight
    sustain = odds + moving
    back_hold = np.zeros(
        (frames, rows), bool
    )  # True: sustained in the frame before, False: started in it
    back_any = np.zeros(frames, np.int32)  # best state in the frame before, for starts
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
    """Follow the back pointers of the best path from its last state to the first."""
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


def find_runs(path: NDArray[np.int32], rows: int) -> list[tuple[int, int, int]]:
    """Return the notes of a path as (start, end, row)."""
    starts = np.flatnonzero(path > rows)
    notes = []
    for start in starts:
        row = int(path[start]) - rows - 1
        end = start + 1
        while end < len(path) and path[end] == row + 1:
            end += 1
        notes.append((int(start), int(end), row))
    return notes


def make_note(frame_posterior: Matrix, onset: Matrix, start: int, end: int, row: int) -> FrameNote:
    """Make a note; its strength is the mean of its onset peak and its mean frame posterior."""
    near = onset[max(start - 2, 0) : start + 3, row].max()
    strength = 0.5 * float(near) + 0.5 * float(frame_posterior[start:end, row].mean())
    return FrameNote(start, end, row, min(max(strength, 0.0), 1.0))


def decode_chords(frame_posterior: Matrix, onset: Matrix, rules: ChordRules) -> list[FrameNote]:
    """Decode any number of simultaneous notes.

    Each onset peak starts a note, which lasts while its pitch sounds or until its next onset.
    """
    if not frame_posterior.size:
        return []
    notes: list[FrameNote] = []
    peaks = onset_peaks(onset, rules.onset_threshold)
    sounding = close_gaps(frame_posterior >= rules.frame_threshold, rules.gap_frames)
    for row in np.flatnonzero(sounding.any(axis=0) | peaks.any(axis=0)):
        for start, end in find_spans(sounding[:, row], np.flatnonzero(peaks[:, row])):
            note = make_note(frame_posterior, onset, start, end, int(row))
            plausible = (
                peaks[start, row]
                or frame_posterior[start:end, row].mean() >= rules.no_onset_threshold
            )
            if plausible and end - start >= rules.min_frames:
                notes.append(note)
    return sorted(notes, key=lambda note: (note.start, note.row))


def onset_peaks(onset: Matrix, threshold: float) -> NDArray[np.bool_]:
    """Return where the onset posterior has a local maximum in time above the threshold."""
    padded = np.pad(onset, ((1, 1), (0, 0)))
    peaks = (onset > padded[:-2]) & (onset >= padded[2:]) & (onset >= threshold)
    return np.asarray(peaks, np.bool_)


def close_gaps(sounding: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Fill gaps of up to `gap` frames between sounding frames of the same pitch."""
    closed = sounding.copy()
    for width in range(1, gap + 1):
        for lead in range(1, width + 1):
            before = shift_frames(sounding, lead)
            after = shift_frames(sounding, lead - width - 1)
            closed |= before & after
    return closed


def shift_frames(array: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Shift an array later (positive) or earlier, and fill with False."""
    out = np.zeros_like(array)
    if frames >= 0:
        out[frames:] = array[: len(array) - frames]
    else:
        out[:frames] = array[-frames:]
    return out


def find_spans(sounding: NDArray[np.bool_], peaks: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return (start, end) of each note of one pitch.

    Sounding stretches are cut at each onset peak; a peak outside of them is a stretch by itself.
    """
    marked = sounding.copy()
    marked[peaks] = True
    edges = np.diff(np.concatenate(([0], marked.astype(np.int8), [0])))
    spans: list[tuple[int, int]] = []
    for start, end in zip(np.flatnonzero(edges > 0), np.flatnonzero(edges < 0), strict=True):
        inside = peaks[(peaks > start + 1) & (peaks < end)]
        bounds = [int(start), *(int(peak) for peak in inside), int(end)]
        spans += pairwise(bounds)
    return spans
