"""Slots of given notes: notes of the song that stay, a motif, and a rhythm."""

from collections.abc import Sequence

from muse.tools.datasets.chord_songs import with_chords_and_keys
from muse.tools.datasets.forms.melody import HIGHEST, find_melody_track
from muse.tools.datasets.harmony_columns import semitones_to_common
from muse.tools.datasets.melody_events import STEPS, StepNote, quantize_melody, step_bars
from muse.tools.datasets.melody_songs import place_row
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.melody.backing import Backing
from muse.tools.melody.candidates import NoteLimits
from muse.tools.melody.note_slots import NoteSlot
from muse.tools.song.document import Song, Track
from muse.tools.song.meter import COMMON_TIME, bar_beats, first_meter


def given_slots(given: Sequence[StepNote], bars: range, backing: Backing) -> list[NoteSlot]:
    """Return the slots of the song's melody outside the bars to write."""
    written = backing.steps_of(bars)
    return [
        NoteSlot(note.start, note.duration, frozenset({note.pitch}), is_given=True)
        for note in given
        if note.start < backing.end and note.start not in written
    ]


def motif_slots(motif: Song, backing: Backing, start: int, limits: NoteLimits) -> list[NoteSlot]:
    """Return the slots of a motif, transposed to the backing's key by the smallest interval.

    Raises:
        BadInputError: the motif's file has no melody.
        ParameterError: it does not fit the range.
    """
    notes = motif_notes(motif)
    low, high = min(n.pitch for n in notes), max(n.pitch for n in notes)
    up = semitones_to_common(with_chords_and_keys(motif)) - backing.up
    fitting = [
        shift
        for shift in range(up % 12 - HIGHEST, HIGHEST + 1)
        if (shift - up) % 12 == 0 and limits.low <= low + shift and high + shift <= limits.high
    ]
    if not fitting:
        raise ParameterError(
            f"the motif spans {high - low + 1} semitones and does not fit the range in this key; "
            "use a wider --range"
        )
    shift = min(fitting, key=abs)
    return [
        NoteSlot(start + n.start, n.duration, frozenset({n.pitch + shift}), is_given=True)
        for n in notes
    ]


def motif_notes(motif: Song) -> list[StepNote]:
    """Return the motif's notes, with times from its first bar line."""
    notes = quantize_melody(melody_in(motif, "--motif").notes)
    origin = bar_start(motif, notes[0].start)
    return [StepNote(n.start - origin, n.duration, n.pitch) for n in notes]


def melody_in(song: Song, option: str) -> Track:
    """Return the melody track of a song.

    Raises:
        BadInputError: there is none; the message names the option that needs one.
    """
    try:
        return find_melody_track(song)
    except BadInputError as error:
        raise BadInputError(f"{option} needs a song with a melody: {error}") from error


def bar_start(song: Song, step: int) -> int:
    """Return the step at which the bar around a step begins."""
    return step - place_row(step, step_bars(song.meters, (step + 1) / STEPS))[1]


def rhythm_slots(like: Song, start: int, room: range) -> list[NoteSlot]:
    """Return slots that repeat the onsets and durations of a melody.

    Args:
        like: song with the melody, which is taken from its first bar line on.
        start: step of the bar line to begin at.
        room: steps at which notes may begin, and before whose end they end.

    Raises:
        BadInputError: the file has no melody.
    """
    notes = quantize_melody(melody_in(like, "--rhythm-like").notes)
    origin = bar_start(like, notes[0].start)
    bar = round(4 * STEPS * meter_share(like))
    last = notes[-1].start + notes[-1].duration - origin
    length = -(-last // bar) * bar
    slots = []
    for turn in range(start, room.stop, length):
        for note in notes:
            begin = turn + note.start - origin
            if begin in room:
                slots.append(NoteSlot(begin, min(note.duration, room.stop - begin)))
    return slots


def meter_share(song: Song) -> float:
    """Return the length of the song's first bar in whole notes."""
    return bar_beats(first_meter(song)) / bar_beats(COMMON_TIME)
