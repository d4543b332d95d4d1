"""A melody as events, and back.

Conventions:
    Time is on a grid of STEPS steps a beat (quarter note), which holds sixteenths and triplets. One
    note is `position` (steps from the start of its bar), `pitch` (MIDI number) and `duration`
    (steps); a rest is what lies between. Each bar begins with `bar`, whose number is its length in
    steps. What is longer than LONGEST steps is written in parts: a note as duration, `tie` and the
    rest of its duration, a bar as several bars. So events alone, without the metre, give the
    melody back.
    Melodies are monophonic: a note ends where the next one starts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muse.tools.datasets.vocabulary import Vocabulary
from muse.tools.song.document import Meter, Note
from muse.tools.song.meter import Bar, bars_until

STEPS = 12  # a beat
LONGEST = 96  # steps of a bar, position or duration: 8 beats
PITCHES = 128
DECODED_VELOCITY = 80  # events hold no velocity
BAR, POSITION, PITCH, DURATION, TIE = "bar", "position", "pitch", "duration", "tie"
MELODY_VOCABULARY = Vocabulary.of(
    "muse.melody/1",
    (
        *(f"{BAR}_{steps}" for steps in range(1, LONGEST + 1)),
        *(f"{POSITION}_{step}" for step in range(LONGEST)),
        *(f"{PITCH}_{pitch}" for pitch in range(PITCHES)),
        *(f"{DURATION}_{steps}" for steps in range(1, LONGEST + 1)),
        TIE,
    ),
)
IDS = MELODY_VOCABULARY.ids
FIRST_BAR, FIRST_POSITION = IDS[f"{BAR}_1"], IDS[f"{POSITION}_0"]
FIRST_PITCH, FIRST_DURATION = IDS[f"{PITCH}_0"], IDS[f"{DURATION}_1"]
TIE_ID = IDS[TIE]


@dataclass(frozen=True)
class StepNote:
    """A note on the grid: steps from the start of the song."""

    start: int
    duration: int
    pitch: int


@dataclass(frozen=True)
class Event:
    """An event's id and the step at which what it tells begins."""

    id: int
    step: int


@dataclass(frozen=True)
class StepBar:
    """A bar on the grid, LONGEST steps at the most."""

    start: int
    length: int


def on_grid(notes: Iterable[Note]) -> list[StepNote]:
    """Notes made monophonic on the grid: the highest of a start, up to the next."""
    tops: dict[int, Note] = {}
    for note in notes:
        step = round(note.start_beats * STEPS)
        if step not in tops or note.pitch > tops[step].pitch:
            tops[step] = note
    starts = sorted(tops)
    made = []
    for start, limit in zip(starts, [*starts[1:], None], strict=False):
        note = tops[start]
        end = max(round((note.start_beats + note.duration_beats) * STEPS), start + 1)
        made.append(
            StepNote(start, (end if limit is None else min(end, limit)) - start, note.pitch)
        )
    return made


def step_bars(meters: Sequence[Meter], end_beats: float) -> list[StepBar]:
    """Return the bars from beat 0 up to a beat on the grid; see song/meter.py for the rules.

    Raises:
        BadInputError: more bars than song.meter.MAX_BARS.
    """
    return [part for bar in bars_until(meters, end_beats) for part in parts_of_bar(bar)]


def parts_of_bar(bar: Bar) -> list[StepBar]:
    """Put a bar on the grid, in parts of LONGEST steps where it is longer than that."""
    first, last = round(bar.start * STEPS), round(bar.end * STEPS)
    return [StepBar(step, min(LONGEST, last - step)) for step in range(first, last, LONGEST)]


def encode_melody(notes: Sequence[StepNote], bars: Sequence[StepBar]) -> list[Event]:
    """Events of the notes that start in these bars, which follow each other without gaps."""
    events: list[Event] = []
    starts = [note.start for note in notes]
    for bar in bars:
        events.append(Event(FIRST_BAR + bar.length - 1, bar.start))
        first = bisect_right(starts, bar.start - 1)
        last = bisect_right(starts, bar.start + bar.length - 1)
        for note in notes[first:last]:
            events += note_events(note, bar.start)
    return events


def note_events(note: StepNote, bar_start: int) -> list[Event]:
    """The events of one note."""
    ids = [FIRST_POSITION + note.start - bar_start, FIRST_PITCH + note.pitch]
    left = note.duration
    while left > LONGEST:
        ids += [FIRST_DURATION + LONGEST - 1, TIE_ID]
        left -= LONGEST
    ids.append(FIRST_DURATION + left - 1)
    return [Event(number, note.start) for number in ids]


def decode_melody(ids: Iterable[int]) -> list[Note]:
    """The notes that events tell, times in beats from the first bar; nonsense is passed over.

    Args:
        ids: event ids, as a model may write them: any numbers in any order.

    Returns:
        Notes with velocity DECODED_VELOCITY, in order, none overlapping the next.
    """
    reading = MelodyReading()
    for number in ids:
        reading.take(number)
    return reading.finished()


class MelodyReading:
    """Events as far as they have been read."""

    def __init__(self) -> None:
        """Start before the first bar."""
        self.bar_start = self.bar_length = self.position = 0
        self.pitch: int | None = None
        self.is_tied = False
        self.notes: list[StepNote] = []

    def take(self, number: int) -> None:
        """Read one event."""
        if FIRST_BAR <= number < FIRST_BAR + LONGEST:
            self.bar_start += self.bar_length
            self.bar_length, self.position = number - FIRST_BAR + 1, 0
        elif FIRST_POSITION <= number < FIRST_POSITION + LONGEST:
            self.position = number - FIRST_POSITION
        elif FIRST_PITCH <= number < FIRST_PITCH + PITCHES:
            self.pitch = number - FIRST_PITCH
        elif FIRST_DURATION <= number < FIRST_DURATION + LONGEST:
            self.end_note(number - FIRST_DURATION + 1)
        self.is_tied = number == TIE_ID and bool(self.notes)

    def end_note(self, steps: int) -> None:
        """A duration: of the pitch before it, or of what is tied."""
        if self.is_tied:
            last = self.notes.pop()
            self.notes.append(StepNote(last.start, last.duration + steps, last.pitch))
        elif self.pitch is not None:
            self.notes.append(StepNote(self.bar_start + self.position, steps, self.pitch))
            self.pitch = None

    def finished(self) -> list[Note]:
        """The notes read, in beats."""
        raw = [
            Note(n.start / STEPS, n.duration / STEPS, n.pitch, DECODED_VELOCITY) for n in self.notes
        ]
        return [
            Note(n.start / STEPS, n.duration / STEPS, n.pitch, DECODED_VELOCITY)
            for n in on_grid(raw)
        ]
