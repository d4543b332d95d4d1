"""A part of the band as MIDI: what sounds on its channel, and what ends when.

Conventions: beats are quarter notes; a line is asked for one stretch of beats after the other, and
holds notes that sound beyond a stretch until their end comes.
"""

from collections.abc import Iterable, Iterator
from math import nextafter

from muse.tools.jam.events import Event, Part
from muse.tools.jam.midi_bytes import NOTE_ON, PROGRAM, note_off
from muse.tools.song.document import Note

# the click is pitched, so it is kept off channel 9, which General MIDI gives to the drums
CHANNELS: dict[Part, int] = {"keys": 0, "bass": 1, "click": 2}


def program_event(beat: float, part: Part, program: int) -> Event:
    """The sound of a part, General MIDI's, from a beat on."""
    return Event(beat, bytes((PROGRAM | CHANNELS[part], program)), part)


def on_event(beat: float, part: Part, pitch: int, velocity: int) -> Event:
    """A note begins."""
    return Event(beat, bytes((NOTE_ON | CHANNELS[part], pitch, velocity)), part)


def off_event(beat: float, part: Part, pitch: int) -> Event:
    """A note ends."""
    return Event(beat, note_off(CHANNELS[part], pitch), part)


class Line:
    """One part: no pitch is on twice, and in a line of single notes no two are."""

    def __init__(self, part: Part, *, is_single: bool = False) -> None:
        """Begin with silence."""
        self.part: Part = part
        self.is_single = is_single
        self.ends: dict[int, float] = {}  # of what sounds, in beats by pitch

    def played(self, notes: Iterable[Note], until: float) -> Iterator[Event]:
        """The messages before `until` of notes that begin before it, and of what sounded."""
        for note in sorted(notes, key=lambda each: each.start_beats):
            start = note.start_beats
            yield from self.ended(start)
            yield from self.cut(tuple(self.ends) if self.is_single else (note.pitch,), start)
            yield on_event(start, self.part, note.pitch, note.velocity)
            self.ends[note.pitch] = start + note.duration_beats
        yield from self.ended(nextafter(until, -1.0))

    def ended(self, by: float) -> Iterator[Event]:
        """The ends that are due by a beat, in order."""
        for pitch in sorted(self.ends, key=lambda each: (self.ends[each], each)):
            if self.ends[pitch] <= by:
                yield off_event(self.ends.pop(pitch), self.part, pitch)

    def cut(self, pitches: Iterable[int], beat: float) -> Iterator[Event]:
        """The ends of those of the pitches that sound, at a beat."""
        for pitch in pitches:
            if self.ends.pop(pitch, None) is not None:
                yield off_event(beat, self.part, pitch)

    def silenced(self, beat: float) -> Iterator[Event]:
        """All that sounds ends at a beat."""
        return self.cut(tuple(self.ends), beat)
