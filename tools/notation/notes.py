"""The notes and rests of a bar as MusicXML elements.

The children of <note> are in the order of the MusicXML 4.0 reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from muse.tools.notation.beams import beams_of
from muse.tools.notation.drum_kit import DRUM, piece_of
from muse.tools.notation.grid import GRID
from muse.tools.notation.note_values import NoteValue
from muse.tools.notation.pitches import spelled
from muse.tools.notation.score import ScoreBar
from muse.tools.notation.voice_measures import Stretch, tie_marks
from muse.tools.song.meter import GROUP, is_compound, is_three_eighths

ACTUAL_NOTES, NORMAL_NOTES = 3, 2  # of a triplet


@dataclass(frozen=True)
class VoicePlacement:
    """Where notes are written.

    Attributes:
        voice: number in the part.
        is_first: whether it is the first of its staff, whose rests are written even for whole bars.
        staff: number of the staff if the part has several.
        kit: number of the part if its notes are drums, which name their instrument.
    """

    voice: int
    is_first: bool
    staff: int | None = None
    kit: int | None = None


def add_voice(
    measure: Element, stretches: Sequence[Stretch], bar: ScoreBar, placement: VoicePlacement
) -> None:
    """Append one voice of a bar; its stretches fill the bar."""
    if all(stretch.pitches is None for stretch in stretches):
        add_whole_rest(measure, bar, placement)
        return
    rows = [(s, i, piece) for s in stretches for i, piece in enumerate(s.pieces)]
    pieces = [piece for _, _, piece in rows]
    beams = beams_of(pieces, [s.pitches is not None for s, _, _ in rows], beam_length(bar))
    for (stretch, index, piece), marks in zip(rows, beams, strict=True):
        ties = tie_marks(stretch, index)
        pitches: Sequence[int | None] = stretch.pitches or (None,)
        for position, pitch in enumerate(pitches):
            note = SubElement(measure, "note")
            if position:
                SubElement(note, "chord")
            add_pitch(note, pitch, bar, placement)
            add_duration(note, piece, ties)
            if pitch is not None and placement.kit is not None:
                SubElement(note, "instrument", id=f"P{placement.kit}-K{pitch}")
            add_value(note, piece, pitch, placement)
            add_marks(note, piece, ties, [] if position else marks, first=position == 0)


def beam_length(bar: ScoreBar) -> int:
    """Return the longest beam in steps: a quarter note, a beat in compound meter, a bar of 3/8."""
    if is_compound(bar.numerator, bar.denominator):
        return max(bar.levels[0], GRID // 2)
    return GROUP * GRID // 2 if is_three_eighths(bar) else GRID


def add_whole_rest(measure: Element, bar: ScoreBar, placement: VoicePlacement) -> None:
    """Add a rest for a whole bar of any meter."""
    note = SubElement(measure, "note")
    SubElement(note, "rest", measure="yes")
    SubElement(note, "duration").text = str(bar.length)
    SubElement(note, "voice").text = str(placement.voice)
    if placement.staff is not None:
        SubElement(note, "staff").text = str(placement.staff)


def add_pitch(note: Element, pitch: int | None, bar: ScoreBar, placement: VoicePlacement) -> None:
    """Add the pitch, the staff position of a drum, or a rest."""
    if pitch is None:
        SubElement(note, "rest")
    elif placement.kit is not None:
        piece = piece_of(pitch)
        unpitched = SubElement(note, "unpitched")
        SubElement(unpitched, "display-step").text = piece.step
        SubElement(unpitched, "display-octave").text = str(piece.octave)
    else:
        step, alteration, octave = spelled(pitch, bar.key.tonic if bar.key else 0)
        element = SubElement(note, "pitch")
        SubElement(element, "step").text = step
        if alteration:
            SubElement(element, "alter").text = str(alteration)
        SubElement(element, "octave").text = str(octave)


def add_duration(note: Element, piece: NoteValue, ties: Sequence[str]) -> None:
    """Add duration and ties."""
    SubElement(note, "duration").text = str(piece.length)
    for kind in ties:
        SubElement(note, "tie", type=kind)


def add_value(
    note: Element, piece: NoteValue, pitch: int | None, placement: VoicePlacement
) -> None:
    """Add voice, written value, triplet, note head and staff."""
    SubElement(note, "voice").text = str(placement.voice)
    SubElement(note, "type").text = piece.kind
    for _ in range(piece.dots):
        SubElement(note, "dot")
    if piece.group is not None:
        change = SubElement(note, "time-modification")
        SubElement(change, "actual-notes").text = str(ACTUAL_NOTES)
        SubElement(change, "normal-notes").text = str(NORMAL_NOTES)
    if pitch is not None and placement.kit is not None and piece_of(pitch).head != DRUM:
        SubElement(note, "notehead").text = piece_of(pitch).head
    if placement.staff is not None:
        SubElement(note, "staff").text = str(placement.staff)


def add_marks(
    note: Element, piece: NoteValue, ties: Sequence[str], beams: Sequence[str], *, first: bool
) -> None:
    """Add beams, printed ties, and the ends of a triplet's bracket."""
    for level, mark in enumerate(beams, 1):
        SubElement(note, "beam", number=str(level)).text = mark
    marks: list[tuple[str, str]] = [("tied", kind) for kind in ties]
    if piece.group is not None and first:
        marks += [("tuplet", "start")] * (piece.start == piece.group[0])
        marks += [("tuplet", "stop")] * (piece.end == piece.group[1])
    if marks:
        notations = SubElement(note, "notations")
        for name, kind in marks:
            SubElement(notations, name, type=kind)
