"""The plan of a melody's notes: open steps, slots of given notes, and repeats of earlier bars.

Conventions: times are steps from the song's start. On an open step a note may begin; the model
decides. A slot is a note that must begin at its step, with or without a given pitch and duration. A
repeat copies a bar that was sampled earlier. No note begins on any other step.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from muse.tools.datasets.melody_events import STEPS, StepNote
from muse.tools.melody.backing import Backing

Bools = NDArray[np.bool_]

ON_GRID = (0, 3, 4, 6, 8, 9)  # steps within a beat that are sixteenths or triplets
NEAR = 3  # semitones by which a repeated note may be changed to fit the new chord


@dataclass(frozen=True)
class NoteSlot:
    """A note that must begin at a step.

    Attributes:
        start: step.
        duration: steps; None if the model decides.
        pitches: allowed pitches; None for all.
        is_given: whether it is a note of the user, which stays unchanged.
    """

    start: int
    duration: int | None = None
    pitches: frozenset[int] | None = None
    is_given: bool = False

    @property
    def end(self) -> int:
        """Step at which it ends; the one after its start if it has no duration."""
        return self.start + (self.duration or 1)


@dataclass(frozen=True)
class Repeat:
    """A repeated bar.

    Attributes:
        start, end: its steps.
        back: steps from the bar that it copies.
        is_rhythm: whether only onsets and durations are copied.
    """

    start: int
    end: int
    back: int
    is_rhythm: bool = False


@dataclass(frozen=True)
class NotePlan:
    """Where the notes of a melody may and must begin.

    Attributes:
        open: (steps,), whether a note may begin.
        end: step at which the melody ends.
        stop: step at which the bars to write end; no new note sounds after it.
        slots: in order.
        repeats: in order, without overlaps.
        is_closing: whether the melody is concluded at `end`.
        starts: slots by step.
    """

    open: Bools
    end: int
    stop: int
    slots: Sequence[NoteSlot] = ()
    repeats: Sequence[Repeat] = ()
    is_closing: bool = True
    starts: dict[int, NoteSlot] = field(init=False)

    def __post_init__(self) -> None:
        """Index the slots by step."""
        object.__setattr__(self, "starts", {slot.start: slot for slot in self.slots})

    @cached_property
    def slot_starts(self) -> list[int]:
        """Steps of all slots, in order."""
        return sorted(self.starts)

    def following(self, now: int, notes: Sequence[StepNote]) -> int | None:
        """Return the next step after `now` on which a note must begin; None if there is none.

        Args:
            now: a step.
            notes: sampled so far.
        """
        index = bisect_right(self.slot_starts, now)
        starts = self.slot_starts[index : index + 1]
        return min([*starts, *self.next_repeated(now, notes)], default=None)

    def next_repeated(self, now: int, notes: Sequence[StepNote]) -> list[int]:
        """Return the next step at which a note is repeated, as a list of one or none."""
        starts = [*(note.start for note in notes), now]
        for repeat in self.repeats[bisect_right(self.repeats, now, key=end_of) :]:
            index = bisect_left(starts, max(now + 1, repeat.start) - repeat.back)
            if index < len(starts) and starts[index] < repeat.end - repeat.back:
                return [starts[index] + repeat.back]
        return []

    def next_open(self, step: int) -> int | None:
        """Return the first open step on the grid from a step on; None without one."""
        steps = np.flatnonzero(self.open[step:]) + step
        on_grid = steps[np.isin(steps % STEPS, ON_GRID)]
        return int(on_grid[0]) if len(on_grid) else None

    def slot_at(self, step: int, notes: Sequence[StepNote], backing: Backing) -> NoteSlot | None:
        """Return the slot of a note that begins at a step; None without one."""
        if step in self.starts:
            return self.starts[step]
        index = bisect_right(self.repeats, step, key=end_of)
        for repeat in self.repeats[index : index + 1]:
            first = bisect_left(notes, step - repeat.back, key=start_of)
            if repeat.start <= step and first < len(notes):
                return repeated_slot(notes[first], repeat, backing)
        return None


def end_of(repeat: Repeat) -> int:
    """Return the end of a repeat."""
    return repeat.end


def start_of(note: StepNote) -> int:
    """Return the onset of a note."""
    return note.start


def repeated_slot(note: StepNote, repeat: Repeat, backing: Backing) -> NoteSlot:
    """Return the slot of a repeated note; a chord tone may be changed to fit the new chord."""
    start = note.start + repeat.back
    if repeat.is_rhythm:
        return NoteSlot(start, note.duration)
    pitches = {note.pitch}
    if backing.is_tone(note.start, note.pitch) and not backing.is_tone(start, note.pitch):
        around = range(note.pitch - NEAR, note.pitch + NEAR + 1)
        pitches = {pitch for pitch in around if backing.is_tone(start, pitch)} or pitches
    return NoteSlot(start, note.duration, frozenset(pitches))
