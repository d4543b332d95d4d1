"""Split notes into chords, voices and staves.

Conventions: a voice is a sequence of chords that do not overlap; notes share a chord if they begin
and end together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muse.tools.notation.drum_kit import FEET
from muse.tools.notation.grid import GridNote
from muse.tools.song.document import Track

MIDDLE_C = 60
# a grand staff is used if notes reach below the first and above the second
LEFT_HAND, RIGHT_HAND = 55, 64
GRAND_ROLES = frozenset({"keys", "pad", "other"})


@dataclass(frozen=True)
class Chord:
    """Pitches (for drums: keys) in ascending order, with start and end in steps."""

    start: int
    end: int
    pitches: tuple[int, ...]


@dataclass(frozen=True)
class Clef:
    """A clef of MusicXML, and the octaves from sounding to written pitch."""

    sign: str
    line: int | None
    octaves: int = 0


# clef for notes with a median below each pitch
CLEFS = (
    (43, Clef("F", 4, -1)),
    (60, Clef("F", 4)),
    (84, Clef("G", 2)),
    (128, Clef("G", 2, 1)),
)
PERCUSSION = Clef("percussion", None)


@dataclass(frozen=True)
class Staff:
    """One staff: its clef and its voices, the upper one first."""

    clef: Clef
    voices: list[list[Chord]]


def staves_of(track: Track, notes: Sequence[GridNote]) -> list[Staff]:
    """Return the staves of a track: one, or two for a keyboard part that needs both hands."""
    if track.is_drum:
        feet = [note for note in notes if note.pitch in FEET]
        hands = [note for note in notes if note.pitch not in FEET]
        rows = [strokes(hands), strokes(feet)] if feet else [strokes(hands)]
        return [Staff(PERCUSSION, rows)]
    if track.role in GRAND_ROLES and needs_both_hands(notes):
        upper = [note for note in notes if note.pitch >= MIDDLE_C]
        lower = [note for note in notes if note.pitch < MIDDLE_C]
        return [Staff(Clef("G", 2), voices(upper)), Staff(Clef("F", 4), voices(lower))]
    return [Staff(clef_for(notes), voices(notes))]


def needs_both_hands(notes: Sequence[GridNote]) -> bool:
    """Return whether at least a tenth of the notes is low and a tenth is high."""
    pitches = sorted(note.pitch for note in notes)
    tenth = len(pitches) // 10
    return bool(pitches) and pitches[tenth] < LEFT_HAND and pitches[-1 - tenth] > RIGHT_HAND


def clef_for(notes: Sequence[GridNote]) -> Clef:
    """Return the clef in which the notes need the fewest ledger lines."""
    pitches = sorted(note.pitch for note in notes) or [MIDDLE_C]
    median = pitches[len(pitches) // 2]
    return next(clef for limit, clef in CLEFS if median < limit)


def chords(notes: Iterable[GridNote]) -> list[Chord]:
    """Group notes that begin and end together into chords, by start, the highest first.

    Identical notes get separate chords.
    """
    grouped: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for note, count in Counter(notes).items():
        for copy in range(count):
            grouped[note.start, note.end, copy].append(note.pitch)
    found = [Chord(start, end, tuple(sorted(p))) for (start, end, _), p in grouped.items()]
    return sorted(found, key=lambda chord: (chord.start, -chord.pitches[-1], chord.end))


def strokes(hits: Iterable[GridNote]) -> list[Chord]:
    """Group drum hits that begin and end together, doubled ones included, by start."""
    grouped: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hit in hits:
        grouped[hit.start, hit.end].append(hit.pitch)
    found = [Chord(start, end, tuple(sorted(p))) for (start, end), p in grouped.items()]
    return sorted(found, key=lambda chord: (chord.start, chord.end))


def voices(notes: Iterable[GridNote]) -> list[list[Chord]]:
    """Distribute chords among as few voices as needed; at least one, which may be empty."""
    rows: list[list[Chord]] = [[]]
    for chord in chords(notes):
        free = next((row for row in rows if not row or row[-1].end <= chord.start), None)
        if free is None:
            free = []
            rows.append(free)
        free.append(chord)
    return rows
