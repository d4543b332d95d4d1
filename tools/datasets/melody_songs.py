"""A song as arrays of notes: its melody, and the chords that sound under it.

Conventions: steps are those of forms.melody_events, STEPS to a beat, counted from the song's start.
Pitches and chords are moved to C major or A minor (`harmony_columns.semitones_to_common`), so that
all is told relative to the key. Every array has one entry for each note of the melody, which is
monophonic. An advance is the time from a note's start to the next one's: it is the rhythm, and
cleaner than the duration, which tells how long the note is held of it.
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

FEWEST_NOTES = 8  # a melody with less has little that follows
FOREVER = 10_000  # steps: no other chord comes

# name and type of each array of a song
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
    """What is known of a song as a whole: its main key and metre, and its tempo."""

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
        advance: int32, steps to the next note's start; the last note's own duration.
        bar: int32, number of the bar in which the note starts.
        position: int16, steps from that bar's start.
        chord: int16, id of the chord under the start of the note, in the common key.
        bass: int8, its bass in semitones above its root.
        coming_chord: int16, id of the chord that follows it; the same where none does.
        coming_bass: int8.
        until: int32, steps until that one begins; FOREVER where none does.
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
        """The collection that the song is from."""
        return PurePath(self.id).parts[0] if self.id else ""

    def __len__(self) -> int:
        """How many notes it has."""
        return len(self.pitch)


def melody_song(name: str, song: Song) -> MelodySong:
    """The arrays of a song.

    Args:
        name: its id.
        song: with a melody track; missing chords and keys are detected.

    Raises:
        BadInputError: no melody in it, or fewer notes than FEWEST_NOTES.
    """
    notes = quantize_melody(find_melody_track(song).notes)
    if len(notes) < FEWEST_NOTES:
        raise BadInputError(f"{name}: {len(notes)} notes in its melody are too few to learn from")
    song = with_chords_and_keys(song)
    up = semitones_to_common(song)
    harmony = [transpose_event(event, up) for event in harmony_events(song)]
    bars = step_bars(song.meters, (notes[-1].start + 1) / STEPS)
    rows = [
        (*note_row(note, following, up), *place_row(note.start, bars), *under(note.start, harmony))
        for note, following in zip(notes, [*notes[1:], None], strict=True)
    ]
    arrays = {
        key: np.array(column, kind)
        for (key, kind), column in zip(ARRAYS.items(), zip(*rows, strict=True), strict=True)
    }
    return MelodySong(name, context_of(song), **arrays)


def note_row(note: StepNote, following: StepNote | None, up: int) -> tuple[int, int, int, int]:
    """Start, pitch in the common key, duration and advance."""
    advance = following.start - note.start if following else note.duration
    return note.start, min(max(note.pitch + up, 0), HIGHEST), note.duration, advance


def place_row(step: int, bars: Sequence[StepBar]) -> tuple[int, int]:
    """Number of the bar in which a step lies, and steps from that bar's start."""
    number = max(bisect_right(bars, step, key=lambda bar: bar.start) - 1, 0)
    return number, step - bars[number].start


def under(step: int, harmony: Sequence[HarmonyEvent]) -> tuple[int, int, int, int, int]:
    """The chord at a step and the one that comes: id, bass, id, bass, and steps until then."""
    starts = [event.start for event in harmony]
    now = event_at(harmony, starts, step / STEPS)
    place = bisect_right(starts, step / STEPS + 1 / (2 * STEPS))
    if place == len(harmony):
        return now.chord_id, bass_of(now), now.chord_id, bass_of(now), FOREVER
    coming = harmony[place]
    until = max(round(coming.start * STEPS) - step, 0)
    return now.chord_id, bass_of(now), coming.chord_id, bass_of(coming), until


def bass_of(event: HarmonyEvent) -> int:
    """Semitones from the root up to the bass; 0 without a root."""
    return 0 if NO_ROOT in (event.root_pc, event.bass_pc) else (event.bass_pc - event.root_pc) % 12


def context_of(song: Song) -> MelodyContext:
    """Main key and metre of a song, each the one that holds longest, and its first tempo."""
    key, meter = longest_key(song), longest_meter(song)
    bpm = song.tempo_map().bpm_at(0.0)
    return MelodyContext(key.tonic_pc, key.mode, meter.numerator, meter.denominator, bpm)
