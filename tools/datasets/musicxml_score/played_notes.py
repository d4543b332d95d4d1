"""The notes of a part as they are played: ties joined, with the syllables of each pass."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from muse.tools.datasets.musicxml_score.content import BarContent, WrittenNote
from muse.tools.datasets.musicxml_score.parts import Part
from muse.tools.datasets.musicxml_score.played_bars import PlayedBar
from muse.tools.datasets.top_line import VoiceNote, top_line


@dataclass
class PlayedNote:
    """A note at its place in the song, ties joined, with its syllable."""

    start: Fraction
    length: Fraction
    pitch: int
    voice: str
    is_line: bool
    is_drum: bool
    ties: bool
    lyric: str = ""

    @property
    def end(self) -> Fraction:
        """End in quarter notes."""
        return self.start + self.length


def play_part(part: Part, played: Sequence[PlayedBar]) -> list[PlayedNote]:
    """Return the notes of a part as played, ties joined; the top line only of its first staff."""
    lines = [line_of(bar, part.staff) for bar in part.bars]
    orders = [in_time(bar.notes) for bar in part.bars]
    notes: list[PlayedNote] = []
    tied: dict[int, list[PlayedNote]] = defaultdict(list)
    previous = -1
    for bar in played:
        for i in orders[bar.index]:
            written = part.bars[bar.index].notes[i]
            note = play_note(written, bar, i in lines[bar.index])
            joins = written.is_tied or bar.index == previous + 1 or written.start > 0
            before = take_tied(tied[note.pitch], note) if joins else None
            if before is None:
                notes.append(note)
            else:
                before.length, before.ties = before.length + note.length, note.ties
                note = before
            if note.ties:
                tied[note.pitch].append(note)
        previous = bar.index
    return notes


def in_time(notes: Sequence[WrittenNote]) -> list[int]:
    """Return the indices of notes in the order of their starts."""
    return sorted(range(len(notes)), key=lambda index: notes[index].start)


def line_of(bar: BarContent, staff: int | None) -> set[int]:
    """Return the indices of the notes of a bar that belong to the top line of a staff."""
    own = [i for i, note in enumerate(bar.notes) if note.staff == staff and not note.is_drum]
    voices = [VoiceNote(n.start, n.length, n.pitch, n.voice) for n in (bar.notes[i] for i in own)]
    voices += [VoiceNote(r.start, r.length, None, r.voice) for r in bar.rests if r.staff == staff]
    return {own[i] for i in top_line(voices)}


def play_note(written: WrittenNote, bar: PlayedBar, is_line: bool) -> PlayedNote:
    """Return a written note at its place in the song, with the syllable of the pass."""
    verses = dict(written.lyrics)
    lyric = verses.get(str(bar.passes)) or next(iter(verses.values()), "")
    return PlayedNote(
        bar.start + written.start,
        written.length,
        written.pitch,
        written.voice,
        is_line,
        written.is_drum,
        written.ties,
        lyric,
    )


def take_tied(tied: list[PlayedNote], note: PlayedNote) -> PlayedNote | None:
    """Remove and return the note that is tied to another one, of the same voice if possible.

    The start of a tie is enough: some programs omit its stop.
    """
    ending = [each for each in tied if each.end == note.start]
    same = [each for each in ending if each.voice == note.voice]
    before = next(iter(same or ending), None)
    tied[:] = [each for each in tied if each.end >= note.start and each is not before]
    return before


def one_by_one(notes: Iterable[PlayedNote]) -> list[PlayedNote]:
    """Return notes that follow each other: the highest at each start, cut at the next one."""
    tops: dict[Fraction, PlayedNote] = {}
    for note in sorted((n for n in notes if n.length > 0), key=lambda n: (n.start, n.pitch)):
        tops[note.start] = note
    line = list(tops.values())
    for note, following in pairwise(line):
        note.length = min(note.length, following.start - note.start)
    return line
