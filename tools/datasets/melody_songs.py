"""Songs as arrays of melody notes and the chords under them.

Conventions: steps are those of melody_events, STEPS to a beat, counted from the song's start.
Pitches and chords are transposed to C major or A minor (`harmony_columns.semitones_to_common`).
Every array has one entry per note of the melody, which is monophonic. An advance is the time from a
note's onset to the next one's; unlike the duration, it is the rhythm without articulation.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.chord_songs import longest_meter, with_chords_and_keys
from muse.tools.datasets.forms.melody import HIGHEST, find_melody_track
from muse.tools.datasets.harmony_columns import (
    NO_ROOT,
    HarmonyEvent,
    event_at,
    harmony_events,
    longest_key,
    semitones_to_common,
    transpose_event,
)
from muse.tools.datasets.melody_events import STEPS, StepBar, StepNote, quantize_melody, step_bars
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.theory.keys import Mode

MIN_NOTES = 8  # shorter melodies have few transitions
FOREVER = 10_000  # steps until the next chord if there is none

# dtype of each array of a song
ARRAYS: dict[str, Any] = {
    "start": np.int32,
    "pitch": np.int16,
    "duration": np.int32,
    "advance": np.int32,
    "bar": np.int32,
    "position": np.int16,
    "chord": np.int16,
    "bass": np.int8,
    "coming_chord": np.int16,
    "coming_bass": np.int8,
    "until": np.int32,
}


@dataclass(frozen=True)
class MelodyContext:
    """A song's main key and meter, and its tempo in quarter notes per minute."""

    tonic_pc: int
    mode: Mode
    numerator: int = 4
    denominator: int = 4
    bpm: float = 120.0


@dataclass(frozen=True)
class MelodySong:
    """The melody of one song; arrays of shape (notes,).

    Attributes:
        id: path within the collections, the collection's name first.
        context: of the song.
        start: int32, steps.
        pitch: int16, MIDI number in the common key, 0 to 127.
        duration: int32, steps, above 0, at most the advance.
        advance: int32, steps to the next onset; for the last note its duration.
        bar: int32, number of the bar in which the note starts.
        position: int16, steps from that bar's start.
        chord: int16, id of the chord under the onset, in the common key.
        bass: int8, its bass in semitones above its root.
        coming_chord: int16, id of the next chord; the same id if there is none.
        coming_bass: int8, its bass.
        until: int32, steps until the next chord; FOREVER if there is none.
    """

    id: str
    context: MelodyContext
    start: NDArray[np.int32]
    pitch: NDArray[np.int16]
    duration: NDArray[np.int32]
    advance: NDArray[np.int32]
    bar: NDArray[np.int32]
    position: NDArray[np.int16]
    chord: NDArray[np.int16]
    bass: NDArray[np.int8]
    coming_chord: NDArray[np.int16]
    coming_bass: NDArray[np.int8]
    until: NDArray[np.int32]

    @property
    def corpus(self) -> str:
        """Name of the collection that the song is from."""
        return PurePath(self.id).parts[0] if self.id else ""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self.pitch)


def melody_song(name: str, song: Song) -> MelodySong:
    """Convert a Song to arrays.

    Args:
        name: its id.
        song: with a melody track; missing chords and keys are detected.

    Raises:
        BadInputError: it has no melody, or fewer notes than MIN_NOTES.
    """
    notes = quantize_melody(find_melody_track(song).notes)
    if len(notes) < MIN_NOTES:
        raise BadInputError(f"{name}: {len(notes)} notes in its melody, too few to train on")
    song = with_chords_and_keys(song)
    up = semitones_to_common(song)
    harmony = [transpose_event(event, up) for event in harmony_events(song)]
    bars = step_bars(song.meters, (notes[-1].start + 1) / STEPS)
    rows = [
        (
            *note_row(note, following, up),
            *place_row(note.start, bars),
            *chords_at(note.start, harmony),
        )
        for note, following in zip(notes, [*notes[1:], None], strict=True)
    ]
    arrays = {
        key: np.array(column, kind)
        for (key, kind), column in zip(ARRAYS.items(), zip(*rows, strict=True), strict=True)
    }
    return MelodySong(name, context_of(song), **arrays)


def note_row(note: StepNote, following: StepNote | None, up: int) -> tuple[int, int, int, int]:
    """Return onset, pitch in the common key, duration and advance."""
    advance = following.start - note.start if following else note.duration
    return note.start, min(max(note.pitch + up, 0), HIGHEST), note.duration, advance


def place_row(step: int, bars: Sequence[StepBar]) -> tuple[int, int]:
    """Return the number of the bar at a step, and the steps from that bar's start."""
    number = max(bisect_right(bars, step, key=lambda bar: bar.start) - 1, 0)
    return number, step - bars[number].start


def chords_at(step: int, harmony: Sequence[HarmonyEvent]) -> tuple[int, int, int, int, int]:
    """Return the chord at a step and the next one: id, bass, id, bass, and the steps until it."""
    starts = [event.start for event in harmony]
    now = event_at(harmony, starts, step / STEPS)
    place = bisect_right(starts, step / STEPS + 1 / (2 * STEPS))
    if place == len(harmony):
        return now.chord_id, bass_interval(now), now.chord_id, bass_interval(now), FOREVER
    coming = harmony[place]
    until = max(round(coming.start * STEPS) - step, 0)
    return now.chord_id, bass_interval(now), coming.chord_id, bass_interval(coming), until


def bass_interval(event: HarmonyEvent) -> int:
    """Return the semitones from the root up to the bass; 0 without a root."""
    return 0 if NO_ROOT in (event.root_pc, event.bass_pc) else (event.bass_pc - event.root_pc) % 12


def context_of(song: Song) -> MelodyContext:
    """Return the key and meter in force longest, and the first tempo."""
    key, meter = longest_key(song), longest_meter(song)
    bpm = song.tempo_map().bpm_at(0.0)
    return MelodyContext(key.tonic_pc, key.mode, meter.numerator, meter.denominator, bpm)
