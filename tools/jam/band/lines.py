"""Turns the notes of one band part into MIDI messages, one beat at a time.

Conventions: beats are quarter notes. A line is given the notes of successive beats, and keeps track
of notes that sound beyond a beat until they end.
"""

from collections.abc import Iterable, Iterator
from math import nextafter

from muse.tools.jam.events import BandEvent, BandPart
from muse.tools.jam.midi_bytes import NOTE_ON, PROGRAM, note_off
from muse.tools.song.document import Note

# the click is pitched, so it is not on channel 9, which General MIDI reserves for drums
CHANNELS: dict[BandPart, int] = {"keys": 0, "bass": 1, "click": 2}


def program_event(beat: float, part: BandPart, program: int) -> BandEvent:
    """Return a program change of a part, with a General MIDI program."""
    return BandEvent(beat, bytes((PROGRAM | CHANNELS[part], program)), part)


def on_event(beat: float, part: BandPart, pitch: int, velocity: int) -> BandEvent:
    """Return a note-on of a part."""
    return BandEvent(beat, bytes((NOTE_ON | CHANNELS[part], pitch, velocity)), part)


def off_event(beat: float, part: BandPart, pitch: int) -> BandEvent:
    """Return a note-off of a part."""
    return BandEvent(beat, note_off(CHANNELS[part], pitch), part)


class Line:
    """One part. No pitch sounds twice at once; in a monophonic line no two notes overlap."""

    def __init__(self, part: BandPart, *, is_single: bool = False) -> None:
        """Start in silence; `is_single` makes the line monophonic."""
        self.part: BandPart = part
        self.is_single = is_single
        self.ends: dict[int, float] = {}  # of sounding notes, in beats by pitch

    def play(self, notes: Iterable[Note], until: float) -> Iterator[BandEvent]:
        """Yield the messages before `until` of these notes and of earlier ones."""
        for note in sorted(notes, key=lambda each: each.start_beats):
            start = note.start_beats
            yield from self.end_due(start)
            yield from self.cut(tuple(self.ends) if self.is_single else (note.pitch,), start)
            yield on_event(start, self.part, note.pitch, note.velocity)
            self.ends[note.pitch] = start + note.duration_beats
        yield from self.end_due(nextafter(until, -1.0))

    def end_due(self, by: float) -> Iterator[BandEvent]:
        """Yield the note-offs that are due by a beat, in order."""
        for pitch in sorted(self.ends, key=lambda each: (self.ends[each], each)):
            if self.ends[pitch] <= by:
                yield off_event(self.ends.pop(pitch), self.part, pitch)

    def cut(self, pitches: Iterable[int], beat: float) -> Iterator[BandEvent]:
        """Yield note-offs at a beat for those of the pitches that sound."""
        for pitch in pitches:
            if self.ends.pop(pitch, None) is not None:
                yield off_event(beat, self.part, pitch)

    def silence(self, beat: float) -> Iterator[BandEvent]:
        """Return note-offs at a beat for all that sounds."""
        return self.cut(tuple(self.ends), beat)
