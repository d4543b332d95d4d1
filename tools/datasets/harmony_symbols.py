"""Conversion of score harmonies to chord symbols: MusicXML kinds and degrees, and texts.

A harmony is a kind (a word such as `dominant-ninth`) and changes of degrees: `add` adds a degree,
with its alteration counted from that of a dominant chord on the root; `alter` changes a degree of
the kind; `subtract` removes one.
Source: W3C Community Group, MusicXML 4.0, elements `kind` and `degree`.
"""

from collections.abc import Iterable
from typing import Any

from muse.tools.errors import BadInputError
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.intervals import Interval, parse_interval
from muse.tools.theory.pitch import parse_note_name
from muse.tools.theory.qualities import quality
from muse.tools.theory.symbol import NONE, UNKNOWN_CHORD, symbol_of

# kind -> name in the table of qualities; includes non-standard names that programs write
KINDS = {
    "major": "maj",
    "minor": "min",
    "augmented": "aug",
    "diminished": "dim",
    "dominant": "7",
    "dominant-seventh": "7",
    "major-seventh": "maj7",
    "minor-seventh": "min7",
    "diminished-seventh": "dim7",
    "augmented-seventh": "7#5",
    "half-diminished": "hdim7",
    "half-diminished-seventh": "hdim7",
    "major-minor": "minmaj7",
    "minor-major": "minmaj7",
    "minor-major-seventh": "minmaj7",
    "augmented-major-seventh": "maj7#5",
    "seventh-flat-five": "7b5",
    "major-sixth": "maj6",
    "minor-sixth": "min6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "min9",
    "augmented-ninth": "9#5",
    "minor-major-ninth": "minmaj9",
    "augmented-dominant-ninth": "9#5",
    "dominant-11th": "11",
    "minor-11th": "min11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "min13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "suspended-fourth-seventh": "7sus4",
    "power": "5",
    "pedal": "1",
    "maj69": "6/9",
    "min69": "min6/9",
}
SPELLED_KINDS = {"major-11th": "maj9(add11)"}  # not in the table: spelled as a lead sheet
DegreeChange = tuple[str, int, int]  # "add", "alter" or "subtract"; degree; semitones
DOMINANT_SEVENTH = Interval(7, -1)  # an added 7 is the minor seventh


def symbol_from_kind(
    root: int | None, kind: str, changes: Iterable[DegreeChange], bass: int | None
) -> ChordSymbol:
    """Return the chord symbol of a harmony.

    Args:
        root: position on the line of fifths; None if no root is written.
        kind: MusicXML kind.
        changes: of the degrees of the kind.
        bass: position on the line of fifths, or None.

    Returns:
        The symbol; no chord for the kind `none`, an unknown chord for an unknown kind.
    """
    if kind == "none":
        return NONE
    degrees = degrees_of_kind(kind)
    if root is None or degrees is None:
        return UNKNOWN_CHORD
    return symbol_of(root, apply_changes(degrees, changes), bass)


def symbol_from_music21(harmony: Any) -> ChordSymbol:
    """Return the chord symbol of a music21 ChordSymbol or NoChord.

    Raises:
        BadInputError: the root, the bass or a degree is invalid.
    """
    if harmony.chordKind == "none":
        return NONE
    root, bass = (fifths_position(pitch) for pitch in (harmony.root(), harmony.bass()))
    changes = (
        (change.modType, change.degree, int(change.interval.semitones) if change.interval else 0)
        for change in harmony.chordStepModifications
    )
    return symbol_from_kind(root, harmony.chordKind, changes, bass)


def fifths_position(pitch: Any) -> int | None:
    """Return a music21 pitch's position on the line of fifths; music21 writes flats as '-'."""
    return None if pitch is None else parse_note_name(pitch.name.replace("-", "b"))


def degrees_of_kind(kind: str) -> set[Interval] | None:
    """Return the degrees of a kind above the root; None for an unknown kind."""
    if kind in SPELLED_KINDS:
        return set(parse_chord("C" + SPELLED_KINDS[kind]).intervals)
    return set(quality(KINDS[kind]).intervals) if kind in KINDS else None


def apply_changes(degrees: set[Interval], changes: Iterable[DegreeChange]) -> set[Interval]:
    """Return the degrees after applying the changes in order."""
    degrees = set(degrees)
    for kind, number, semitones in changes:
        present = next((d for d in degrees if d.number == number), None)
        if kind in {"alter", "subtract"} and present is not None:
            degrees.discard(present)
        if kind == "add":
            degrees.add(alter_degree(added_degree(number), semitones))
        elif kind == "alter":
            degrees.add(alter_degree(present or added_degree(number), semitones))
    return degrees


def added_degree(number: int) -> Interval:
    """Return a degree by its number, unaltered as in a dominant chord."""
    return DOMINANT_SEVENTH if number == DOMINANT_SEVENTH.number else parse_interval(str(number))


def alter_degree(degree: Interval, semitones: int) -> Interval:
    """Return the degree raised by some semitones (lowered if negative)."""
    return Interval(degree.number, degree.alteration + semitones)


def symbol_from_text(text: str) -> ChordSymbol | None:
    """Parse a text above the staff as a chord symbol, most often `N.C.`; None if it is not one.

    Programs write a chord as text where they have no kind for it. A single letter is not read: it
    may be a rehearsal mark.
    """
    plain = "".join(text.split())
    if len(plain) < 2:
        return None
    try:
        return parse_chord(plain)
    except BadInputError:
        return None
