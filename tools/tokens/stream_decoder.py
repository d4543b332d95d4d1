"""Decoder of sequences of single ids: any sequence is read; errors are repaired and counted.

Repairs, by the names under which they are counted:
    not an id, wrong nesting, unknown id: ignored
    incomplete note, stray token, end without a note: ignored
    note without an end: lasts a quarter note
    before the first bar: a bar is started
    position outside the bar: moved to its last step
    meter inside a bar, program inside a track: ignored
    past the end of time: moved to the last time that a Song can have, or left out
Special tokens (padding, begin, end, mask) are skipped and not counted.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from muse.tools.tokens.decoder_state import DecoderState
from muse.tools.tokens.scheme import Scheme
from muse.tools.tokens.token_types import (
    DURATION_STEPS,
    MICRO_TICKS,
    PERTOK_DURATION_TICKS,
    SPECIALS,
)
from muse.tools.tokens.vocabulary import Field, fields_of

Token = tuple[str, int]  # type, index of the value among those of the type
STEPS = DURATION_STEPS.tolist()
FINE_TICKS = PERTOK_DURATION_TICKS.tolist()
MICRO = MICRO_TICKS.tolist()
NO_SHIFT = "ZeroTimeShift"


def read_stream(ids: Sequence[Any], scheme: Scheme) -> DecoderState:
    """Decode a sequence of single ids."""
    reader = StreamDecoder(scheme)
    reader.read(known_tokens(ids, fields_of(scheme)[0], reader.state))
    return reader.state


def known_tokens(ids: Sequence[Any], field: Field, state: DecoderState) -> list[Token]:
    """Return the tokens of valid ids, without special tokens; count the others as repairs."""
    tokens = []
    for item in ids:
        if isinstance(item, list | tuple):
            state.count_repair("wrong nesting")
            tokens += known_tokens([part for part in item if is_id(part)], field, state)
        elif not is_id(item):
            state.count_repair("not an id")
        elif not 0 <= item < len(field.kinds):
            state.count_repair("unknown id")
        elif item >= len(SPECIALS):
            tokens.append((field.kinds[item], field.values[item]))
    return tokens


def is_id(item: Any) -> bool:
    """Return whether a value can be an id; JSON's true and false cannot."""
    return isinstance(item, int) and not isinstance(item, bool)


class StreamDecoder:
    """Decoder that adds tokens to a state one after another."""

    def __init__(self, scheme: Scheme) -> None:
        """Start before the first token."""
        self.state = DecoderState(scheme)
        self.program = 0  # index among the programs
        self.track: int | None = None  # number of the track, in schemes that write track by track
        self.has_bars = "Bar" in scheme.fields[0]
        self.has_zero_shift = NO_SHIFT in scheme.fields[0]
        self.has_micro_timing = scheme.has_micro_timing
        self.tokens: list[Token] = []
        self.next = 0  # index of the next token
        self.open: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        if self.has_micro_timing:
            self.state.bar = 0  # the first bar has no token
        self.handlers: dict[str, Callable[[int], None]] = {
            "Bar": lambda _: self.state.next_bar(),
            "Position": self.state.go_to_step,
            "TimeShift": self.shift,
            "TimeSig": lambda number: self.state.set_meter(number, self.has_bars),
            "Tempo": self.tempo,
            "Program": self.set_program,
            "Pitch": self.note,
            "NoteOn": self.note_on,
            "NoteOff": self.note_off,
            "Track": self.track_border,
        }

    def read(self, tokens: list[Token]) -> None:
        """Read all tokens."""
        self.tokens = tokens
        while self.next < len(tokens):
            kind, value = tokens[self.next]
            self.next += 1
            handler = self.handlers.get(kind)
            if handler:
                handler(value)
            else:
                self.state.count_repair("stray token")
        self.close()

    def take(self, kind: str) -> int | None:
        """Return the value of the next token and skip it if it has this type, else None."""
        if self.next < len(self.tokens) and self.tokens[self.next][0] == kind:
            self.next += 1
            return self.tokens[self.next - 1][1]
        return None

    def shift(self, place: int) -> None:
        """Move forward in time."""
        if self.has_micro_timing:
            ticks = FINE_TICKS[place]
        elif self.has_zero_shift:
            ticks = STEPS[place - 1] if place else 0
        else:
            ticks = STEPS[place] * self.state.section.step
        self.state.move_to(self.state.tick + ticks)

    def micro(self) -> int:
        """Return the ticks of the micro timing that follows, 0 without one."""
        place = self.take("MicroTiming") if self.has_micro_timing else None
        return 0 if place is None else int(MICRO[place])

    def tempo(self, place: int) -> None:
        """Change the tempo."""
        self.state.set_tempo(place, max(self.state.tick + self.micro(), 0))

    def set_program(self, place: int) -> None:
        """Set the program of the notes that follow."""
        if self.track is not None and self.track in self.state.tracks:
            self.state.count_repair("program inside a track")
        else:
            self.program = place

    def note(self, pitch: int) -> None:
        """Add a note from its pitch and the velocity and duration that follow."""
        start = self.state.tick + self.micro()
        velocity = self.take("Velocity")
        duration = None if velocity is None else self.take("Duration")
        if velocity is None or duration is None:
            self.state.count_repair("incomplete note")
            return
        length = FINE_TICKS[duration] if self.has_micro_timing else self.in_ticks(duration)
        self.state.add_note(self.program, pitch, velocity, length, start, self.track)

    def in_ticks(self, duration: int) -> int:
        """Return a duration in ticks at the current meter."""
        return int(STEPS[duration]) * self.state.section.step

    def note_on(self, pitch: int) -> None:
        """Start a note."""
        velocity = self.take("Velocity")
        if velocity is None:
            self.state.count_repair("incomplete note")
        else:
            self.open[self.program, pitch].append((self.state.tick, velocity))

    def note_off(self, pitch: int) -> None:
        """End the note of this pitch that started first."""
        waiting = self.open[self.program, pitch]
        if not waiting:
            self.state.count_repair("end without a note")
            return
        start, velocity = waiting.pop(0)
        self.state.add_note(self.program, pitch, velocity, self.state.tick - start, start, None)

    def track_border(self, is_end: int) -> None:
        """Start or end a track; time restarts at 0."""
        if not is_end:
            self.track = 0 if self.track is None else self.track + 1
            self.program = 0
        self.state.restart()

    def close(self) -> None:
        """Add the notes that were not ended."""
        for (program, pitch), waiting in self.open.items():
            for start, velocity in waiting:
                self.state.count_repair("note without an end")
                beat = self.state.scheme.ticks_per_beat
                self.state.add_note(program, pitch, velocity, beat, start, None)
