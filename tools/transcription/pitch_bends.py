"""Pitch bends that follow the pitch of a voice within its notes: glides, vibrato, intonation.

A note carries its bends as steps (seconds after the onset, semitones from its MIDI pitch); a step
holds until the next one. MIDI's pitch wheel reaches BEND_RANGE semitones by convention.
"""

from collections.abc import Sequence

import numpy as np

from muse.tools.audio.f0 import FRAME_S, Values
from muse.tools.audio.filters import running_median
from muse.tools.song.document import Bend, Note
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.note_event import NoteEvent, PitchSteps

BEND_RANGE = 2.0  # semitones, MIDI's convention
BEND_STEPS = 8192  # values of the pitch wheel to either side of 0
STEP_SEMITONES = 0.08  # smaller changes are no new step
RELIABLE = 0.5  # confidence of the frames whose pitch is used
PLAUSIBLE = 3.0  # semitones from the note; frames beyond are errors of an octave or a fifth
MEDIAN_FRAMES = 3  # removes single wrong frames


def pitch_steps(pitch: Values, confidence: Values, note: int) -> PitchSteps:
    """Return the bends of a note from the pitch in each of its frames.

    Args:
        pitch: (frames,) MIDI number with its fraction, in frames FRAME_S apart from the onset on.
        confidence: (frames,) in [0, 1].
        note: MIDI pitch of the note.
    """
    deviation = pitch - note
    usable = np.flatnonzero((confidence >= RELIABLE) & (np.abs(deviation) <= PLAUSIBLE))
    if not len(usable):
        return ()
    filled = np.interp(np.arange(len(pitch)), usable, deviation[usable])
    smooth = np.clip(running_median(filled, MEDIAN_FRAMES), -BEND_RANGE, BEND_RANGE)
    steps = [(0.0, round(float(smooth[0]), 3))]
    for frame, semitones in enumerate(smooth[1:].tolist(), 1):
        if abs(semitones - steps[-1][1]) >= STEP_SEMITONES:
            steps.append((round((frame - 0.5) * FRAME_S, 4), round(semitones, 3)))
    return tuple(steps)


def song_bends(
    events: Sequence[NoteEvent], notes: Sequence[Note], tempo_map: TempoMap, ticks_per_beat: int
) -> list[Bend]:
    """Return the pitch wheel of a track of one voice; empty where no note has bends.

    Args:
        events: the notes in seconds, by onset.
        notes: the same notes in beats, which may have been moved to a grid.
        tempo_map: from seconds to beats.
        ticks_per_beat: bends lie on ticks.
    """
    if not any(event.bends for event in events):
        return []
    found: dict[int, int] = {}  # value at each tick
    for event, note in zip(events, notes, strict=True):
        moved = note.start_beats - tempo_map.beat_at(event.onset_s)
        for after_s, semitones in event.bends or ((0.0, 0.0),):
            beat = tempo_map.beat_at(event.onset_s + after_s) + moved
            if beat < note.start_beats + note.duration_beats:
                found[round(max(beat, note.start_beats) * ticks_per_beat)] = bend_value(semitones)
    ticks = sorted(found)
    return [
        Bend(tick / ticks_per_beat, found[tick])
        for before, tick in zip([None, *ticks[:-1]], ticks, strict=True)
        if before is None or found[before] != found[tick]
    ]


def bend_value(semitones: float) -> int:
    """Return the value of the pitch wheel for a deviation, clipped to its range."""
    value = round(semitones / BEND_RANGE * BEND_STEPS)
    return min(max(value, -BEND_STEPS), BEND_STEPS - 1)
