"""Harmonies of scores as chord symbols: MusicXML's kinds and degrees, and texts.

A harmony is a kind (a word such as `dominant-ninth`) and changes of degrees: `add` and its
alteration count from a dominant chord on the root, `alter` from the degree as the kind has it,
`subtract` takes it away. Source: W3C Community Group, MusicXML 4.0, elements `kind` and `degree`.
"""

from collections.abc import Iterable
from typing import Any

from muse.tools.errors import BadInputError
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.intervals import Interval, parse_interval
from muse.tools.theory.pitch import parse_note_name
from muse.tools.theory.qualities import quality
from muse.tools.theory.symbol import NONE, UNKNOWN_CHORD, symbol_of

# kind -> row of the table of qualities; with the names that programs write beside the standard's
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
SPELLED_KINDS = {"major-11th": "maj9(add11)"}  # no row of the table: as a lead sheet writes them
Change = tuple[str, int, int]  # add, alter or subtract; number of the degree; semitones
DOMINANT_SEVENTH = Interval(7, -1)  # what an added 7 means: that of a dominant chord


def symbol_of_kind(
    root: int | None, kind: str, changes: Iterable[Change], bass: int | None
) -> ChordSymbol:
    """The chord symbol of a harmony.

    Args:
        root: place on the line of fifths; None where none is written.
        kind: MusicXML's word for it.
        changes: of its degrees.
        bass: place on the line of fifths, or None.

    Returns:
        The symbol; no chord for the kind `none`, an unknown chord for a kind that is not known.
    """
    if kind == "none":
        return NONE
    degrees = degrees_of_kind(kind)
    if root is None or degrees is None:
        return UNKNOWN_CHORD
    return symbol_of(root, changed(degrees, changes), bass)


def symbol_of_music21(harmony: Any) -> ChordSymbol:
    """The chord symbol of a music21 ChordSymbol or NoChord.

    Raises:
        BadInputError: its root, bass or a degree makes no sense.
    """
    if harmony.chordKind == "none":
        return NONE
    root, bass = (note_place(pitch) for pitch in (harmony.root(), harmony.bass()))
    changes = (
        (change.modType, change.degree, int(change.interval.semitones) if change.interval else 0)
        for change in harmony.chordStepModifications
    )
    return symbol_of_kind(root, harmony.chordKind, changes, bass)


def note_place(pitch: Any) -> int | None:
    """A music21 pitch on the line of fifths; it writes flats as '-'."""
    return None if pitch is None else parse_note_name(pitch.name.replace("-", "b"))


def degrees_of_kind(kind: str) -> set[Interval] | None:
    """Degrees above the root of a kind of harmony; None for one that no table has."""
    if kind in SPELLED_KINDS:
        return set(parse_chord("C" + SPELLED_KINDS[kind]).intervals)
    return set(quality(KINDS[kind]).intervals) if kind in KINDS else None


def changed(degrees: set[Interval], changes: Iterable[Change]) -> set[Interval]:
    """The degrees after changes of (add, alter or subtract; number; semitones)."""
    degrees = set(degrees)
    for kind, number, semitones in changes:
        held = next((d for d in degrees if d.number == number), None)
        if kind in {"alter", "subtract"} and held is not None:
            degrees.discard(held)
        if kind == "add":
            degrees.add(altered(added_degree(number), semitones))
        elif kind == "alter":
            degrees.add(altered(held or added_degree(number), semitones))
    return degrees


def added_degree(number: int) -> Interval:
    """A degree as a dominant chord has it."""
    return DOMINANT_SEVENTH if number == DOMINANT_SEVENTH.number else parse_interval(str(number))


def altered(degree: Interval, semitones: int) -> Interval:
    """The degree some semitones off."""
    return Interval(degree.number, degree.alteration + semitones)


def symbol_of_words(text: str) -> ChordSymbol | None:
    """The chord symbol in a text above the staff, `N.C.` most often; None where it is none.

    Scores hold chords as text where their program had no such kind of chord. One letter may be a
    rehearsal mark.
    """
    plain = "".join(text.split())
    if len(plain) < 2:
        return None
    try:
        return parse_chord(plain)
    except BadInputError:
        return None
