"""A melody as a track: steps to beats, swing_beat as its style is, loud where it matters.

Conventions: velocities tell a line: strong beats and peaks are louder, the end of a phrase is
softer. No dice are thrown here.
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
FIRM, ACCENT, SOFTER = 88, 8, 10  # velocities
SLOPE = 0.7  # velocity that each semitone above the line's middle adds
MOST_SLOPE = 8  # velocities
TINY = 1e-9  # beats
ROUNDING = 1 / (2 * STEPS)  # beats: so far off the grid a note may lie


def add_melody(task: MelodyOptions, notes: Sequence[StepNote], made_by: MadeBy) -> Song:
    """The task's song with the melody.

    Args:
        task: with the song, its chords untouched, and what stays of its own melody.
        notes: that are new.
        made_by: as the Song tells it.
    """
    added = parted(played(notes, task), [])
    if task.own is None:
        track = Track(NAME, "lead", PROGRAM, notes=added)
    else:
        kept = kept_notes(task)
        track = msgspec.structs.replace(
            task.own, notes=in_order([*kept, *parted(added, kept)]), confidence=None
        )
    return msgspec.structs.replace(task.song, tracks=[*task.song.tracks, track], made_by=made_by)


def kept_notes(task: MelodyOptions) -> list[Note]:
    """The notes of the song's own melody that stay, each as it is."""
    own = task.own.notes if task.own else []
    written = task.backing.steps_of(task.bars)
    return [note for note in own if round(note.start_beats * STEPS) not in written]


def parted(added: Sequence[Note], kept: Sequence[Note]) -> list[Note]:
    """New notes, none of which sounds into the next one, or into one that was there.

    Args:
        added: in order.
        kept: as they were played, off the grid.
    """
    starts = sorted(note.start_beats for note in (*added, *kept))
    ends = sorted(end_of(note) for note in kept)
    made = []
    for note in added:
        following = starts[bisect_right(starts, note.start_beats) :][:1]
        end = min([end_of(note), *following])
        place = bisect_right(ends, note.start_beats + ROUNDING)
        before = [beat for beat in ends[:place][-1:] if beat < end]
        start = max([note.start_beats, *before])
        made.append(msgspec.structs.replace(note, start_beats=start, duration_beats=end - start))
    return made


def end_of(note: Note) -> float:
    """The beat at which a note ends."""
    return note.start_beats + note.duration_beats


def in_order(notes: Sequence[Note]) -> list[Note]:
    """By start."""
    return sorted(notes, key=lambda note: (note.start_beats, note.pitch))


def played(notes: Sequence[StepNote], task: MelodyOptions) -> list[Note]:
    """The notes as a player of the song's style plays them."""
    if not notes:
        return []
    ends = set(phrase_ends(notes, task.plan.end))
    middle = sum(note.pitch for note in notes) / len(notes)
    return [
        placed(note, task, velocity(note, task, middle, place in ends))
        for place, note in enumerate(notes)
    ]


def placed(note: StepNote, task: MelodyOptions, loud: int) -> Note:
    """One note in beats, swing_beat as its style is."""
    start, end = note.start / STEPS, (note.start + note.duration) / STEPS
    style = style_of(task.song)
    if style:
        unit = pulse_beats(task.backing.meter)
        start, end = (
            swing_beat(start, PLAYING_STYLES[style], unit),
            swung_end(end, PLAYING_STYLES[style], unit),
        )
    return make_note(start, end - start, note.pitch, loud)


def swung_end(beat: float, playing: PlayingStyle, unit: float) -> float:
    """Delay the end of a note as much as the swung beats around it.

    So what is short stays as long as it is, where its start is moved.
    """
    parts = playing.swing[1]
    place = floor(beat * parts + TINY)
    before, after = (swing_beat(part / parts, playing, unit) for part in (place, place + 1))
    return before + (beat * parts - place) * (after - before)


def velocity(note: StepNote, task: MelodyOptions, middle: float, ends_phrase: bool) -> int:
    """How loud a note is, 1 to 127."""
    slope = max(-MOST_SLOPE, min(SLOPE * (note.pitch - middle), MOST_SLOPE))
    accent = ACCENT * task.backing.is_strong(note.start) - SOFTER * ends_phrase
    return round(FIRM + slope + accent)


def style_of(song: Song) -> Style | None:
    """The style in which `muse chords` played the song; None where it did not."""
    made_by = song.made_by
    while made_by is not None and made_by.command != "chords":
        earlier: Any = made_by.params.get("over")
        made_by = MadeBy(**earlier) if isinstance(earlier, dict) else None
    style = made_by.params.get("style") if made_by else None
    return cast(Style, style) if style in STYLES else None
