"""What a decoder draws on while it reads: time, bars, notes, and a count of the repairs."""

from collections import Counter
from dataclasses import dataclass, field

from muse.tools.song.document import Meter, Note, Song, Tempo, Track
from muse.tools.song.roles import role_of
from muse.tools.song.validation import MAX_BEATS, MAX_HOURS
from muse.tools.tokens.meters import METRE_NUMBERS, Section, make_section
from muse.tools.tokens.schemes import Scheme
from muse.tools.tokens.token_types import (
    DEFAULT_METRE,
    DRUMS,
    METRES,
    PROGRAMS,
    TEMPOS,
    VELOCITIES,
)

SECONDS_PER_HOUR = 3600
LONGEST_NOTE = 256  # quarter notes; 64 beats of a half note are 128
PAST_END = "past the end of time"


@dataclass
class Sketch:
    """Music as read so far.

    Attributes:
        scheme: whose ticks these are.
        tick: now.
        section: the metre in force.
        bar: start of the bar, in ticks; -1 before the first.
        is_first: whether this is the first track, whose metres and tempos count.
        repairs: what was mended, counted by kind.
    """

    scheme: Scheme
    tick: int = 0
    bar: int = -1
    repairs: Counter[str] = field(default_factory=Counter)
    tempos: dict[int, int] = field(default_factory=dict)
    metres: dict[int, int] = field(default_factory=dict)
    tracks: dict[int, Track] = field(default_factory=dict)
    section: Section = field(init=False)
    is_first: bool = True

    def __post_init__(self) -> None:
        """Begin in 4/4."""
        self.section = make_section(0, METRE_NUMBERS[DEFAULT_METRE], self.scheme.ticks_per_beat)

    def mend(self, kind: str) -> None:
        """Count a repair."""
        self.repairs[kind] += 1

    @property
    def end(self) -> int:
        """The last tick that a song can have; time stands still there."""
        return (MAX_BEATS - LONGEST_NOTE) * self.scheme.ticks_per_beat

    def move_to(self, tick: int) -> None:
        """Set the time; it stays within what a song can have."""
        if tick > self.end:
            self.mend(PAST_END)
        self.tick = min(max(tick, 0), self.end)

    def restart(self) -> None:
        """Go back to the start; from now on metres and tempos are those already read."""
        self.is_first = not self.metres and not self.tempos
        self.tick, self.bar = 0, -1
        self.section = make_section(0, METRE_NUMBERS[DEFAULT_METRE], self.scheme.ticks_per_beat)

    def next_bar(self) -> None:
        """Go to the next bar line."""
        self.move_to(0 if self.bar < 0 else self.bar + self.section.bar)
        self.bar = self.tick

    def go_to_step(self, step: int) -> None:
        """Go to a step of the bar; one past its end is moved to its last."""
        if self.bar < 0:
            self.mend("before the first bar")
            self.next_bar()
        last = self.section.bar // self.section.step - 1
        if step > last:
            self.mend("position outside the bar")
        self.move_to(self.bar + min(step, last) * self.section.step)

    def set_metre(self, number: int, at_bar: bool = True) -> None:
        """Change the metre; inside a bar it is left as it is."""
        if at_bar and self.tick != max(self.bar, 0):
            self.mend("metre inside a bar")
            return
        if number != self.section.number or not self.metres:
            self.section = make_section(self.tick, number, self.scheme.ticks_per_beat)
            if self.is_first:
                self.metres[self.tick] = number

    def set_tempo(self, place: int, tick: int | None = None) -> None:
        """Change the tempo."""
        if self.is_first:
            self.tempos[self.tick if tick is None else tick] = place

    def add_note(
        self, program: int, pitch: int, velocity: int, length: int, start: int, track: int | None
    ) -> None:
        """Add a note; `velocity` and `program` are places, times are ticks."""
        number = PROGRAMS[program]
        key = number if track is None else track
        if key not in self.tracks:
            self.tracks[key] = make_track(number)
        ticks = self.scheme.ticks_per_beat
        start = min(max(start, 0), self.end)
        note = Note(start / ticks, max(length, 1) / ticks, pitch, int(VELOCITIES[velocity]))
        self.tracks[key].notes.append(note)

    def song(self) -> Song:
        """All that was read, as a Song; what is too late for one is left out and counted."""
        ticks = self.scheme.ticks_per_beat
        tempos = sorted(self.tempos.items())
        song = Song(
            ticks_per_beat=ticks,
            tempos=[Tempo(tick / ticks, float(TEMPOS[place])) for tick, place in tempos],
            meters=[Meter(t / ticks, *METRES[n]) for t, n in sorted(self.metres.items())],
        )
        end = song.tempo_map().beat_at(MAX_HOURS * SECONDS_PER_HOUR)
        song.tempos = [tempo for tempo in song.tempos if tempo.beat < end]
        song.meters = [metre for metre in song.meters if metre.beat < end]
        for track in self.tracks.values():
            notes = [note for note in track.notes if note.start_beats + note.duration_beats < end]
            self.repairs[PAST_END] += len(track.notes) - len(notes)
            track.notes = sorted(notes, key=lambda note: (note.start_beats, note.pitch))
        self.repairs = +self.repairs
        song.tracks = [track for track in self.tracks.values() if track.notes]
        return song


def make_track(program: int) -> Track:
    """An empty track for a program, -1 for drums."""
    is_drum = program == DRUMS
    number = 0 if is_drum else program
    return Track(role=role_of("", number, is_drum), program=number, is_drum=is_drum)
