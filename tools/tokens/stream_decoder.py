"""From ids to music: any sequence is read, what is wrong in it is mended and counted.

What is mended, by the names under which it is counted:
    not an id, wrong nesting, unknown id: left out
    incomplete note, stray token, end without a note: left out
    note without an end: lasts a quarter note
    before the first bar: the first bar begins
    position outside the bar: moved to its last step
    metre inside a bar, program inside a track: left out
    past the end of time: moved to the last moment that a Song can have, or left out
Special tokens (padding, begin, end, mask) are passed over and not counted.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from muse.tools.tokens.decoder_state import Sketch
from muse.tools.tokens.schemes import Scheme
from muse.tools.tokens.token_types import (
    DURATION_STEPS,
    MICRO_TICKS,
    PERTOK_DURATION_TICKS,
    SPECIALS,
)
from muse.tools.tokens.vocabulary import Field, fields_of

Token = tuple[str, int]  # type, place of the value among the type's
STEPS = DURATION_STEPS.tolist()
FINE_TICKS = PERTOK_DURATION_TICKS.tolist()
MICRO = MICRO_TICKS.tolist()
NO_SHIFT = "ZeroTimeShift"


def read_stream(ids: Sequence[Any], scheme: Scheme) -> Sketch:
    """Read ids that stand one after another."""
    reader = StreamReader(scheme)
    reader.read(known_tokens(ids, fields_of(scheme.name)[0], reader.sketch))
    return reader.sketch


def known_tokens(ids: Sequence[Any], field: Field, sketch: Sketch) -> list[Token]:
    """The tokens of ids, without the special ones and those that are none."""
    tokens = []
    for item in ids:
        if isinstance(item, list | tuple):
            sketch.mend("wrong nesting")
            tokens += known_tokens([part for part in item if is_id(part)], field, sketch)
        elif not is_id(item):
            sketch.mend("not an id")
        elif not 0 <= item < len(field.kinds):
            sketch.mend("unknown id")
        elif item >= len(SPECIALS):
            tokens.append((field.kinds[item], field.values[item]))
    return tokens


def is_id(item: Any) -> bool:
    """Whether a value can be an id; JSON's true and false are no numbers."""
    return isinstance(item, int) and not isinstance(item, bool)


class StreamReader:
    """Reads tokens one after another into a sketch."""

    def __init__(self, scheme: Scheme) -> None:
        """Begin before the first token of a scheme."""
        self.sketch = Sketch(scheme)
        self.program = 0  # place among the programs
        self.track: int | None = None  # in schemes that write one track after another
        self.has_bars = "Bar" in scheme.fields[0]
        self.has_zero_shift = NO_SHIFT in scheme.fields[0]
        self.is_fine = scheme.is_fine
        self.tokens: list[Token] = []
        self.next = 0  # place of the next token
        self.open: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        if self.is_fine:
            self.sketch.bar = 0  # its first bar has no token
        self.handlers: dict[str, Callable[[int], None]] = {
            "Bar": lambda _: self.sketch.next_bar(),
            "Position": self.sketch.go_to_step,
            "TimeShift": self.shift,
            "TimeSig": lambda number: self.sketch.set_metre(number, self.has_bars),
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
                self.sketch.mend("stray token")
        self.close()

    def take(self, kind: str) -> int | None:
        """The value of the next token if it is of this type; it is read then."""
        if self.next < len(self.tokens) and self.tokens[self.next][0] == kind:
            self.next += 1
            return self.tokens[self.next - 1][1]
        return None

    def shift(self, place: int) -> None:
        """Move on in time."""
        if self.is_fine:
            ticks = FINE_TICKS[place]
        elif self.has_zero_shift:
            ticks = STEPS[place - 1] if place else 0
        else:
            ticks = STEPS[place] * self.sketch.section.step
        self.sketch.move_to(self.sketch.tick + ticks)

    def micro(self) -> int:
        """Ticks of the micro timing that follows, 0 where none does."""
        place = self.take("MicroTiming") if self.is_fine else None
        return 0 if place is None else int(MICRO[place])

    def tempo(self, place: int) -> None:
        """A change of tempo."""
        self.sketch.set_tempo(place, max(self.sketch.tick + self.micro(), 0))

    def set_program(self, place: int) -> None:
        """The program of the notes that follow."""
        if self.track is not None and self.track in self.sketch.tracks:
            self.sketch.mend("program inside a track")
        else:
            self.program = place

    def note(self, pitch: int) -> None:
        """A note with velocity and duration."""
        start = self.sketch.tick + self.micro()
        velocity = self.take("Velocity")
        duration = None if velocity is None else self.take("Duration")
        if velocity is None or duration is None:
            self.sketch.mend("incomplete note")
            return
        length = FINE_TICKS[duration] if self.is_fine else self.in_ticks(duration)
        self.sketch.add_note(self.program, pitch, velocity, length, start, self.track)

    def in_ticks(self, duration: int) -> int:
        """Length of a duration in the metre in force."""
        return int(STEPS[duration]) * self.sketch.section.step

    def note_on(self, pitch: int) -> None:
        """The start of a note."""
        velocity = self.take("Velocity")
        if velocity is None:
            self.sketch.mend("incomplete note")
        else:
            self.open[self.program, pitch].append((self.sketch.tick, velocity))

    def note_off(self, pitch: int) -> None:
        """The end of the note of this pitch that began first."""
        waiting = self.open[self.program, pitch]
        if not waiting:
            self.sketch.mend("end without a note")
            return
        start, velocity = waiting.pop(0)
        self.sketch.add_note(self.program, pitch, velocity, self.sketch.tick - start, start, None)

    def track_border(self, is_end: int) -> None:
        """The start or the end of a track: time begins anew."""
        if not is_end:
            self.track = 0 if self.track is None else self.track + 1
            self.program = 0
        self.sketch.restart()

    def close(self) -> None:
        """End the notes that have no end."""
        for (program, pitch), waiting in self.open.items():
            for start, velocity in waiting:
                self.sketch.mend("note without an end")
                beat = self.sketch.scheme.ticks_per_beat
                self.sketch.add_note(program, pitch, velocity, beat, start, None)
