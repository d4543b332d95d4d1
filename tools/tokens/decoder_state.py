"""State of a decoder: time, bars and notes read so far, and counts of the repairs."""

from collections import Counter
from dataclasses import dataclass, field

from muse.tools.song.document import Meter, Note, Song, Tempo, Track
from muse.tools.song.roles import role_of
from muse.tools.song.validation import MAX_BEATS, MAX_HOURS
from muse.tools.tokens.meters import METER_NUMBERS, MeterSection, make_section
from muse.tools.tokens.scheme import Scheme
from muse.tools.tokens.token_types import (
    DEFAULT_METER,
    DRUMS,
    METERS,
    PROGRAMS,
    TEMPOS,
    VELOCITIES,
)

SECONDS_PER_HOUR = 3600
LONGEST_NOTE = 256  # quarter notes; 64 beats of a half note are 128
PAST_END = "past the end of time"


@dataclass
class DecoderState:
    """Music read so far.

    Attributes:
        scheme: defines the resolution of ticks.
        tick: current time.
        bar: start of the current bar in ticks; -1 before the first.
        repairs: number of repairs by kind.
        tempos: index in `token_types.TEMPOS` by tick.
        meters: number in `token_types.METERS` by tick.
        tracks: by program, or by number in schemes that write track by track.
        section: current meter.
        is_first: whether this is the first track; only its meters and tempos are used.
    """

    scheme: Scheme
    tick: int = 0
    bar: int = -1
    repairs: Counter[str] = field(default_factory=Counter)
    tempos: dict[int, int] = field(default_factory=dict)
    meters: dict[int, int] = field(default_factory=dict)
    tracks: dict[int, Track] = field(default_factory=dict)
    section: MeterSection = field(init=False)
    is_first: bool = True

    def __post_init__(self) -> None:
        """Start in 4/4."""
        self.section = make_section(0, METER_NUMBERS[DEFAULT_METER], self.scheme.ticks_per_beat)

    def count_repair(self, kind: str) -> None:
        """Count a repair."""
        self.repairs[kind] += 1

    @property
    def end(self) -> int:
        """Last tick that a Song can have."""
        return (MAX_BEATS - LONGEST_NOTE) * self.scheme.ticks_per_beat

    def move_to(self, tick: int) -> None:
        """Set the time, at most the last tick that a Song can have."""
        if tick > self.end:
            self.count_repair(PAST_END)
        self.tick = min(max(tick, 0), self.end)

    def restart(self) -> None:
        """Go back to tick 0 for another track; meters and tempos already read are kept."""
        self.is_first = not self.meters and not self.tempos
        self.tick, self.bar = 0, -1
        self.section = make_section(0, METER_NUMBERS[DEFAULT_METER], self.scheme.ticks_per_beat)

    def next_bar(self) -> None:
        """Go to the next bar line."""
        self.move_to(0 if self.bar < 0 else self.bar + self.section.bar)
        self.bar = self.tick

    def go_to_step(self, step: int) -> None:
        """Go to a step of the bar; steps past the end become the last one."""
        if self.bar < 0:
            self.count_repair("before the first bar")
            self.next_bar()
        last = self.section.bar // self.section.step - 1
        if step > last:
            self.count_repair("position outside the bar")
        self.move_to(self.bar + min(step, last) * self.section.step)

    def set_meter(self, number: int, at_bar: bool = True) -> None:
        """Change the meter, by number in `token_types.METERS`.

        With `at_bar`, a change inside a bar is ignored and counted as a repair.
        """
        if at_bar and self.tick != max(self.bar, 0):
            self.count_repair("meter inside a bar")
            return
        if number != self.section.number or not self.meters:
            self.section = make_section(self.tick, number, self.scheme.ticks_per_beat)
            if self.is_first:
                self.meters[self.tick] = number

    def set_tempo(self, index: int, tick: int | None = None) -> None:
        """Change the tempo, by index in `token_types.TEMPOS`, at a tick or now."""
        if self.is_first:
            self.tempos[self.tick if tick is None else tick] = index

    def add_note(
        self, program: int, pitch: int, velocity: int, length: int, start: int, track: int | None
    ) -> None:
        """Add a note.

        Args:
            program: index in `token_types.PROGRAMS`.
            pitch: MIDI pitch.
            velocity: index in `token_types.VELOCITIES`.
            length: in ticks.
            start: in ticks.
            track: number of the track, or None to choose it by the program.
        """
        number = PROGRAMS[program]
        key = number if track is None else track
        if key not in self.tracks:
            self.tracks[key] = make_track(number)
        ticks = self.scheme.ticks_per_beat
        start = min(max(start, 0), self.end)
        note = Note(start / ticks, max(length, 1) / ticks, pitch, int(VELOCITIES[velocity]))
        self.tracks[key].notes.append(note)

    def song(self) -> Song:
        """Return the music as a Song; notes past its last possible time are counted as repairs."""
        ticks = self.scheme.ticks_per_beat
        tempos = sorted(self.tempos.items())
        song = Song(
            ticks_per_beat=ticks,
            tempos=[Tempo(tick / ticks, float(TEMPOS[index])) for tick, index in tempos],
            meters=[Meter(t / ticks, *METERS[n]) for t, n in sorted(self.meters.items())],
        )
        end = song.tempo_map().beat_at(MAX_HOURS * SECONDS_PER_HOUR)
        song.tempos = [tempo for tempo in song.tempos if tempo.beat < end]
        song.meters = [meter for meter in song.meters if meter.beat < end]
        for track in self.tracks.values():
            notes = [note for note in track.notes if note.start_beats + note.duration_beats < end]
            self.repairs[PAST_END] += len(track.notes) - len(notes)
            track.notes = sorted(notes, key=lambda note: (note.start_beats, note.pitch))
        self.repairs = +self.repairs
        song.tracks = [track for track in self.tracks.values() if track.notes]
        return song


def make_track(program: int) -> Track:
    """Return an empty track for a program, -1 for drums."""
    is_drum = program == DRUMS
    number = 0 if is_drum else program
    return Track(role=role_of("", number, is_drum), program=number, is_drum=is_drum)
