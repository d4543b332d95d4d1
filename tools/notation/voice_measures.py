"""The chords and rests of one voice, bar by bar, as written values.

Conventions: `start` and `end` of a Stretch are steps from the bar line; the stretches of a bar fill
it without gaps.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muse.tools.notation.note_values import NoteValue, pieces_of, triplet_groups
from muse.tools.notation.score import ScoreBar
from muse.tools.notation.voices import Chord


@dataclass(frozen=True)
class Stretch:
    """A chord or a rest (`pitches` None) inside one bar, with its written values."""

    start: int
    end: int
    pitches: tuple[int, ...] | None
    pieces: tuple[NoteValue, ...]
    tied_from: bool = False  # to the bar before
    tied_to: bool = False  # to the next bar


def stretches(voice: Sequence[Chord], bars: Sequence[ScoreBar]) -> Iterator[list[Stretch]]:
    """Yield the stretches of each bar."""
    starts = [bar.start for bar in bars]
    inside: list[list[Chord]] = [[] for _ in bars]
    for chord in voice:
        for index in range(bisect_right(starts, chord.start) - 1, len(bars)):
            if bars[index].start >= chord.end:
                break
            inside[index].append(chord)
    for bar, chords in zip(bars, inside, strict=True):
        yield bar_stretches(bar, chords)


def bar_stretches(bar: ScoreBar, chords: Sequence[Chord]) -> list[Stretch]:
    """Return the chords of one bar and the rests between them."""
    spans: list[tuple[int, int, Chord | None]] = []
    place = 0
    for chord in chords:
        start, end = max(chord.start - bar.start, 0), min(chord.end - bar.start, bar.length)
        if start > place:
            spans.append((place, start, None))
        spans.append((start, end, chord))
        place = end
    if place < bar.length:
        spans.append((place, bar.length, None))
    groups = triplet_groups([edge for start, end, _ in spans for edge in (start, end)], bar.length)
    return [
        Stretch(
            start,
            end,
            None if chord is None else chord.pitches,
            tuple(pieces_of(start, end, bar.levels, groups)),
            chord is not None and chord.start < bar.start,
            chord is not None and chord.end > bar.end,
        )
        for start, end, chord in spans
    ]


def tie_marks(stretch: Stretch, index: int) -> list[str]:
    """Return the ties of one piece of a stretch: 'stop' from the last one, 'start' to the next."""
    if stretch.pitches is None:
        return []
    last = index == len(stretch.pieces) - 1
    stops = index > 0 or stretch.tied_from
    starts = not last or stretch.tied_to
    return ["stop"] * stops + ["start"] * starts
