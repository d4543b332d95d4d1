"""The top line of a staff: the notes that a listener takes for its melody.

The voices of a bar are ordered by their height. The highest one gives the line; a note of a lower
one belongs to it only where no higher voice has a note or a rest. Of notes that begin together the
highest counts, and a held note is not interrupted by a lower one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class VoiceNote:
    """A note (or a rest, `pitch` None) of a voice: its start and length from the bar line."""

    start: Fraction
    length: Fraction
    pitch: int | None
    voice: str = "1"

    @property
    def end(self) -> Fraction:
        """End from the bar line."""
        return self.start + self.length


def top_line(notes: Sequence[VoiceNote]) -> set[int]:
    """Return the indices of the notes of one bar of a staff that make its top line."""
    voices: dict[str, list[int]] = defaultdict(list)
    for index, note in enumerate(notes):
        voices[note.voice].append(index)
    line: set[int] = set()
    covered: list[VoiceNote] = []
    for voice in sorted(voices, key=lambda voice: height(notes, voices[voice]), reverse=True):
        free = [i for i in voices[voice] if not is_within(notes[i].start, covered)]
        line |= highest(notes, free)
        covered += [notes[i] for i in voices[voice]]
    return line


def height(notes: Sequence[VoiceNote], voice: Iterable[int]) -> float:
    """Return the mean pitch of the highest notes of a voice, by their length; -1 without notes."""
    tops = [notes[i] for i in highest(notes, voice)]
    total = sum((note.length for note in tops), Fraction(0))
    return float(sum((note.pitch or 0) * note.length for note in tops) / total) if total else -1.0


def highest(notes: Sequence[VoiceNote], voice: Iterable[int]) -> set[int]:
    """Return the notes of a voice that have no higher note at their start."""
    ordered = sorted(
        (i for i in voice if notes[i].pitch is not None),
        key=lambda i: (notes[i].start, -(notes[i].pitch or 0)),
    )
    found: list[int] = []
    for i in ordered:
        held = notes[found[-1]] if found else None
        if held is None or held.end <= notes[i].start or is_above(notes[i], held):
            found.append(i)
    return set(found)


def is_above(note: VoiceNote, held: VoiceNote) -> bool:
    """Return whether a note begins after a held one, and higher."""
    return note.start > held.start and (note.pitch or 0) > (held.pitch or 0)


def is_within(start: Fraction, spans: Iterable[VoiceNote]) -> bool:
    """Return whether a time lies within any of some notes and rests."""
    return any(span.start <= start < span.end for span in spans)
