"""Encoding of a melody as events, and decoding.

Conventions:
    Time is on a grid of STEPS steps per beat (quarter note), which represents sixteenths and
    triplets. A note is `position` (steps from the start of its bar), `pitch` (MIDI number) and
    `duration` (steps); rests are implied. Each bar begins with `bar`, whose number is its length
    in steps. A note longer than LONGEST steps is split into a duration, `tie` and the remaining
    duration, a longer bar into several bars. The melody can be restored from the events alone.
    Melodies are monophonic: a note ends where the next one starts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muse.tools.datasets.vocabulary import Vocabulary
from muse.tools.song.document import Meter, Note
from muse.tools.song.meter import Bar, bars_until

STEPS = 12  # per beat
LONGEST = 96  # steps of a bar, position or duration: 8 beats
PITCHES = 128
DECODED_VELOCITY = 80  # events have no velocity
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
    """A note on the grid: start (from the start of the song) and duration in steps, MIDI pitch."""

    start: int
    duration: int
    pitch: int


@dataclass(frozen=True)
class Event:
    """An event's id and the step of the song at which it applies."""

    id: int
    step: int


@dataclass(frozen=True)
class StepBar:
    """A bar on the grid: start and length in steps, at most LONGEST."""

    start: int
    length: int


def quantize_melody(notes: Iterable[Note]) -> list[StepNote]:
    """Quantize notes to a monophonic line: the highest note at each step, cut at the next one."""
    tops: dict[int, Note] = {}
    for note in notes:
        step = round(note.start_beats * STEPS)
        if step not in tops or note.pitch > tops[step].pitch:
            tops[step] = note
    starts = sorted(tops)
    line = []
    for start, limit in zip(starts, [*starts[1:], None], strict=False):
        note = tops[start]
        end = max(round((note.start_beats + note.duration_beats) * STEPS), start + 1)
        end = end if limit is None else min(end, limit)
        line.append(StepNote(start, end - start, note.pitch))
    return line


def step_bars(meters: Sequence[Meter], end_beats: float) -> list[StepBar]:
    """Return the bars from beat 0 up to a beat on the grid; see song/meter.py for the rules.

    Raises:
        BadInputError: more bars than song.meter.MAX_BARS.
    """
    return [part for bar in bars_until(meters, end_beats) for part in split_bar(bar)]


def split_bar(bar: Bar) -> list[StepBar]:
    """Return a bar between two beats on the grid, split into parts of at most LONGEST steps."""
    first, last = round(bar.start * STEPS), round(bar.end * STEPS)
    return [StepBar(step, min(LONGEST, last - step)) for step in range(first, last, LONGEST)]


def encode_melody(notes: Sequence[StepNote], bars: Sequence[StepBar]) -> list[Event]:
    """Return the events of the notes that start in consecutive bars."""
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
    """Return the events of one note: position, pitch and duration, with ties if it is long."""
    ids = [FIRST_POSITION + note.start - bar_start, FIRST_PITCH + note.pitch]
    left = note.duration
    while left > LONGEST:
        ids += [FIRST_DURATION + LONGEST - 1, TIE_ID]
        left -= LONGEST
    ids.append(FIRST_DURATION + left - 1)
    return [Event(number, note.start) for number in ids]


def decode_melody(ids: Iterable[int]) -> list[Note]:
    """Decode events to notes; events that are invalid in their context are ignored.

    Args:
        ids: event ids as a model writes them: any numbers in any order.

    Returns:
        Notes in order without overlaps, with velocity DECODED_VELOCITY; beats from the first bar.
    """
    decoder = MelodyDecoder()
    for number in ids:
        decoder.read(number)
    return decoder.decoded_notes()


class MelodyDecoder:
    """Decoder of events, one at a time."""

    def __init__(self) -> None:
        """Start before the first bar."""
        self.bar_start = self.bar_length = self.position = 0
        self.pitch: int | None = None
        self.is_tied = False
        self.notes: list[StepNote] = []

    def read(self, number: int) -> None:
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
        """Add a note with the pending pitch, or lengthen the last note after a tie."""
        if self.is_tied:
            last = self.notes.pop()
            self.notes.append(StepNote(last.start, last.duration + steps, last.pitch))
        elif self.pitch is not None:
            self.notes.append(StepNote(self.bar_start + self.position, steps, self.pitch))
            self.pitch = None

    def decoded_notes(self) -> list[Note]:
        """Return the notes read so far, in beats."""
        return notes_in_beats(quantize_melody(notes_in_beats(self.notes)))


def notes_in_beats(notes: Iterable[StepNote]) -> list[Note]:
    """Convert notes from steps to beats, with velocity DECODED_VELOCITY."""
    return [Note(n.start / STEPS, n.duration / STEPS, n.pitch, DECODED_VELOCITY) for n in notes]
