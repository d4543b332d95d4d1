"""Where a melody's notes may begin, and which of them are known before it is written.

Conventions: times are steps from the song's start. An open step is one on which a note may begin as
the model likes; a slot is a note that is to begin there, of whose pitch and duration all, some or
nothing is known. What is neither stays silent. A return repeats a bar that was written earlier.
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

CLEAN = (0, 3, 4, 6, 8, 9)  # steps within a beat that are sixteenths or triplets
NEAR = 3  # semitones that a returning note may move, to fit the chord that is there now


@dataclass(frozen=True)
class NoteSlot:
    """A note that is to begin at a step.

    Attributes:
        start: steps.
        duration: steps; None where the model decides.
        pitches: those it may have; None for all.
        is_given: whether it is part of what the user has, and stays as it is.
    """

    start: int
    duration: int | None = None
    pitches: frozenset[int] | None = None
    is_given: bool = False

    @property
    def end(self) -> int:
        """The step at which it ends, or the one behind its start where nobody knows."""
        return self.start + (self.duration or 1)


@dataclass(frozen=True)
class Repeat:
    """A bar that comes again: the steps from start to end are as those `back` steps earlier.

    With `is_rhythm` only starts and durations are.
    """

    start: int
    end: int
    back: int
    is_rhythm: bool = False


@dataclass(frozen=True)
class NotePlan:
    """What is known of a melody.

    Attributes:
        open: (steps,), where notes may begin as the model likes.
        end: steps; where the melody ends.
        stop: steps; where the bars end that are written, behind which no new note sounds.
        slots: in order.
        repeats: in order, none overlapping the next.
        is_closing: whether the melody comes to an end at `end`, and does not only break off.
    """

    open: Bools
    end: int
    stop: int
    slots: Sequence[NoteSlot] = ()
    repeats: Sequence[Repeat] = ()
    is_closing: bool = True
    starts: dict[int, NoteSlot] = field(init=False)

    def __post_init__(self) -> None:
        """Lay the slots out by their steps."""
        object.__setattr__(self, "starts", {slot.start: slot for slot in self.slots})

    @cached_property
    def slot_starts(self) -> list[int]:
        """Steps of all slots, in order."""
        return sorted(self.starts)

    def following(self, now: int, notes: Sequence[StepNote]) -> int | None:
        """The next step on which a note has to begin, behind one; None where none has to.

        Args:
            now: a step.
            notes: written so far.
        """
        place = bisect_right(self.slot_starts, now)
        found = self.slot_starts[place : place + 1]
        return min([*found, *self.coming_again(now, notes)], default=None)

    def coming_again(self, now: int, notes: Sequence[StepNote]) -> list[int]:
        """The step behind `now` where a note comes again first; empty where none does."""
        starts = [*(note.start for note in notes), now]
        for come in self.repeats[bisect_right(self.repeats, now, key=end_of) :]:
            place = bisect_left(starts, max(now + 1, come.start) - come.back)
            if place < len(starts) and starts[place] < come.end - come.back:
                return [starts[place] + come.back]
        return []

    def next_open(self, step: int) -> int | None:
        """The first step from one on, on the grid that notes begin on, that is open."""
        steps = np.flatnonzero(self.open[step:]) + step
        clean = steps[np.isin(steps % STEPS, CLEAN)]
        return int(clean[0]) if len(clean) else None

    def slot_at(self, step: int, notes: Sequence[StepNote], backing: Backing) -> NoteSlot | None:
        """What is known of a note that begins at a step; None where nothing is."""
        if step in self.starts:
            return self.starts[step]
        place = bisect_right(self.repeats, step, key=end_of)
        for come in self.repeats[place : place + 1]:
            first = bisect_left(notes, step - come.back, key=start_of)
            if come.start <= step and first < len(notes):
                return returning(notes[first], come, backing)
        return None


def end_of(come: Repeat) -> int:
    """Where a return ends."""
    return come.end


def start_of(note: StepNote) -> int:
    """Where a note begins."""
    return note.start


def returning(note: StepNote, come: Repeat, backing: Backing) -> NoteSlot:
    """The slot of a note that comes again: a chord tone may move to stay one."""
    start = note.start + come.back
    if come.is_rhythm:
        return NoteSlot(start, note.duration)
    pitches = {note.pitch}
    if backing.is_tone(note.start, note.pitch) and not backing.is_tone(start, note.pitch):
        around = range(note.pitch - NEAR, note.pitch + NEAR + 1)
        pitches = {pitch for pitch in around if backing.is_tone(start, pitch)} or pitches
    return NoteSlot(start, note.duration, frozenset(pitches))
