"""Conversion of a sampled melody to a track: beats, swing of the song's style, velocities.

Strong beats and high notes are louder, phrase ends softer. The conversion is deterministic.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import floor
from typing import Any, cast

import msgspec

from muse.tools.chords.performance import make_note
from muse.tools.chords.style import PLAYING_STYLES, PlayingStyle, swing_beat
from muse.tools.datasets.chord_events import STYLES, Style
from muse.tools.datasets.melody_events import STEPS, StepNote
from muse.tools.melody.request import MelodyOptions
from muse.tools.melody.sampler import phrase_ends
from muse.tools.song.document import MadeBy, Note, Song, Track
from muse.tools.song.meter import pulse_beats

NAME, PROGRAM = "Melody", 73  # General MIDI's flute
BASE_VELOCITY, ACCENT, SOFTER = 88, 8, 10  # velocities
SLOPE = 0.7  # velocity added per semitone above the mean pitch
MAX_SLOPE = 8  # velocity
TINY = 1e-9  # beats
ROUNDING = 1 / (2 * STEPS)  # beats: largest distance of a note from the grid


def add_melody(options: MelodyOptions, notes: Sequence[StepNote], made_by: MadeBy) -> Song:
    """Return the song with the melody.

    Args:
        options: the resolved request with the song.
        notes: new notes.
        made_by: provenance of the Song.
    """
    added = without_overlaps(play_notes(notes, options), [])
    if options.own is None:
        track = Track(NAME, "lead", PROGRAM, notes=added)
    else:
        remaining = remaining_notes(options)
        track = msgspec.structs.replace(
            options.own,
            notes=sort_notes([*remaining, *without_overlaps(added, remaining)]),
            confidence=None,
        )
    return msgspec.structs.replace(
        options.song, tracks=[*options.song.tracks, track], made_by=made_by
    )


def remaining_notes(options: MelodyOptions) -> list[Note]:
    """Return the notes of the song's melody outside the bars to write, unchanged."""
    notes = options.own.notes if options.own else []
    written = options.backing.steps_of(options.bars)
    return [note for note in notes if round(note.start_beats * STEPS) not in written]


def without_overlaps(added: Sequence[Note], remaining: Sequence[Note]) -> list[Note]:
    """Shorten or delay new notes so that none overlaps another or a remaining one.

    Args:
        added: new notes in order.
        remaining: notes of the song, not on the grid.
    """
    starts = sorted(note.start_beats for note in (*added, *remaining))
    ends = sorted(note_end(note) for note in remaining)
    separated = []
    for note in added:
        following = starts[bisect_right(starts, note.start_beats) :][:1]
        end = min([note_end(note), *following])
        index = bisect_right(ends, note.start_beats + ROUNDING)
        before = [beat for beat in ends[:index][-1:] if beat < end]
        start = max([note.start_beats, *before])
        length = end - start
        separated.append(msgspec.structs.replace(note, start_beats=start, duration_beats=length))
    return separated


def note_end(note: Note) -> float:
    """Return the beat at which a note ends."""
    return note.start_beats + note.duration_beats


def sort_notes(notes: Sequence[Note]) -> list[Note]:
    """Sort notes by onset and pitch."""
    return sorted(notes, key=lambda note: (note.start_beats, note.pitch))


def play_notes(notes: Sequence[StepNote], options: MelodyOptions) -> list[Note]:
    """Convert notes to beats, with velocities and the swing of the song's style."""
    if not notes:
        return []
    ends = set(phrase_ends(notes, options.plan.end))
    middle = sum(note.pitch for note in notes) / len(notes)
    return [
        play_note(note, options, velocity(note, options, middle, index in ends))
        for index, note in enumerate(notes)
    ]


def play_note(note: StepNote, options: MelodyOptions, velocity_value: int) -> Note:
    """Convert one note to beats, with the swing of the song's style."""
    start, end = note.start / STEPS, (note.start + note.duration) / STEPS
    style = find_style(options.song)
    if style:
        playing, unit = PLAYING_STYLES[style], pulse_beats(options.backing.meter)
        start, end = swing_beat(start, playing, unit), swung_end(end, playing, unit)
    return make_note(start, end - start, note.pitch, velocity_value)


def swung_end(beat: float, playing: PlayingStyle, unit: float) -> float:
    """Delay the end of a note like the swung beats around it.

    Otherwise short notes would lose duration when their onset is delayed.
    """
    parts = playing.swing[1]
    part = floor(beat * parts + TINY)
    before, after = (swing_beat(p / parts, playing, unit) for p in (part, part + 1))
    return before + (beat * parts - part) * (after - before)


def velocity(note: StepNote, options: MelodyOptions, middle: float, ends_phrase: bool) -> int:
    """Return the velocity of a note, 1 to 127."""
    slope = max(-MAX_SLOPE, min(SLOPE * (note.pitch - middle), MAX_SLOPE))
    accent = ACCENT * options.backing.is_strong(note.start) - SOFTER * ends_phrase
    return round(BASE_VELOCITY + slope + accent)


def find_style(song: Song) -> Style | None:
    """Return the style in which `muse chords` played the song; None if it did not."""
    made_by = song.made_by
    while made_by is not None and made_by.command != "chords":
        earlier: Any = made_by.params.get("over")
        made_by = MadeBy(**earlier) if isinstance(earlier, dict) else None
    style = made_by.params.get("style") if made_by else None
    return cast(Style, style) if style in STYLES else None
