"""The notes and rests of a bar as MusicXML elements.

The children of <note> are in the order of the MusicXML 4.0 reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from muse.tools.notation.accidentals import Accidental, Onset, Spelling
from muse.tools.notation.beams import beams_of
from muse.tools.notation.drum_kit import DRUM, piece_of
from muse.tools.notation.grid import GRID
from muse.tools.notation.lyrics import Syllable, add_syllable
from muse.tools.notation.note_values import NoteValue
from muse.tools.notation.pitches import spelled
from muse.tools.notation.score import ScoreBar
from muse.tools.notation.voice_measures import Stretch, tie_marks
from muse.tools.song.meter import GROUP, is_compound, is_three_eighths

ACTUAL_NOTES, NORMAL_NOTES = 3, 2  # of a triplet
OCTAVE = 12  # semitones


@dataclass(frozen=True)
class VoicePlacement:
    """Where notes are written.

    Attributes:
        voice: number in the part.
        is_first: whether it is the first of its staff, whose rests are written even for whole bars.
        staff: number of the staff if the part has several.
        kit: number of the part if its notes are drums, which name their instrument.
        octaves: from sounding up to written pitch.
    """

    voice: int
    is_first: bool
    staff: int | None = None
    kit: int | None = None
    octaves: int = 0


@dataclass(frozen=True)
class BarSigns:
    """What stands at the notes of a bar: accidentals, and syllables by steps from the bar line.

    A syllable is removed once it is written.
    """

    accidentals: Mapping[Onset, Accidental]
    syllables: dict[int, Syllable]


def onsets_of(
    stretches: Sequence[Stretch], bar: ScoreBar, placement: VoicePlacement
) -> Iterator[Onset]:
    """Yield the written pitches of one voice of a bar; drums have none."""
    for stretch in stretches if placement.kit is None else ():
        for index, piece in enumerate(stretch.pieces):
            for pitch in stretch.pitches or ():
                yield onset_of(pitch, stretch, index, piece, bar, placement)


def onset_of(
    pitch: int,
    stretch: Stretch,
    index: int,
    piece: NoteValue,
    bar: ScoreBar,
    placement: VoicePlacement,
) -> Onset:
    """Return one written pitch of a piece of a stretch."""
    spelling = spelled(pitch + OCTAVE * placement.octaves, bar.tonic)
    # in a new key a tied note may need a sign again
    from_bar = index == 0 and stretch.tied_from and not bar.new_key
    return Onset(piece.start, spelling, from_bar, from_note=index > 0)


def add_voice(
    measure: Element,
    stretches: Sequence[Stretch],
    bar: ScoreBar,
    placement: VoicePlacement,
    signs: BarSigns,
) -> None:
    """Append one voice of a bar; its stretches fill the bar."""
    if all(stretch.pitches is None for stretch in stretches):
        add_whole_rest(measure, bar, placement)
        return
    rows = [(s, i, piece) for s in stretches for i, piece in enumerate(s.pieces)]
    pieces = [piece for _, _, piece in rows]
    beams = beams_of(pieces, [s.pitches is not None for s, _, _ in rows], beam_length(bar))
    brackets = bracketed_groups(pieces, beams)
    for (stretch, index, piece), marks in zip(rows, beams, strict=True):
        ties = tie_marks(stretch, index)
        pitches: Sequence[int | None] = stretch.pitches or (None,)
        for position, pitch in enumerate(pitches):
            note = SubElement(measure, "note")
            if position:
                SubElement(note, "chord")
            sign = None
            if pitch is None or placement.kit is not None:
                add_rest_or_drum(note, pitch)
            else:
                onset = onset_of(pitch, stretch, index, piece, bar, placement)
                sign = signs.accidentals.get(onset)
                add_pitch(note, onset.spelling)
            add_duration(note, piece, ties)
            if pitch is not None and placement.kit is not None:
                SubElement(note, "instrument", id=f"P{placement.kit}-K{pitch}")
            add_value(note, piece, pitch, placement, sign)
            is_first = position == 0
            add_marks(note, piece, ties, marks if is_first else [], brackets, first=is_first)
            if is_first and pitch is not None and index == 0 and not stretch.tied_from:
                add_syllable(note, signs.syllables.pop(stretch.start, None))


def bracketed_groups(
    pieces: Sequence[NoteValue], beams: Sequence[Sequence[str]]
) -> set[tuple[int, int]]:
    """Return the triplets that need a bracket: those that one beam does not hold together."""
    groups: dict[tuple[int, int], list[Sequence[str]]] = {}
    for piece, marks in zip(pieces, beams, strict=True):
        if piece.group is not None:
            groups.setdefault(piece.group, []).append(marks)
    return {group for group, marks in groups.items() if not is_one_beam(marks)}


def is_one_beam(marks: Sequence[Sequence[str]]) -> bool:
    """Return whether a beam begins with the first of some notes and ends with the last one."""
    eighths = [levels[0] if levels else "" for levels in marks]
    return eighths[0] == "begin" and eighths[-1] == "end" and set(eighths[1:-1]) <= {"continue"}


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


def add_rest_or_drum(note: Element, key: int | None) -> None:
    """Add a rest, or the staff position of a drum."""
    if key is None:
        SubElement(note, "rest")
        return
    piece = piece_of(key)
    unpitched = SubElement(note, "unpitched")
    SubElement(unpitched, "display-step").text = piece.step
    SubElement(unpitched, "display-octave").text = str(piece.octave)


def add_pitch(note: Element, spelling: Spelling) -> None:
    """Add a pitch."""
    element = SubElement(note, "pitch")
    SubElement(element, "step").text = spelling.step
    if spelling.alteration:
        SubElement(element, "alter").text = str(spelling.alteration)
    SubElement(element, "octave").text = str(spelling.octave)


def add_duration(note: Element, piece: NoteValue, ties: Sequence[str]) -> None:
    """Add duration and ties."""
    SubElement(note, "duration").text = str(piece.length)
    for kind in ties:
        SubElement(note, "tie", type=kind)


def add_value(
    note: Element,
    piece: NoteValue,
    pitch: int | None,
    placement: VoicePlacement,
    sign: Accidental | None,
) -> None:
    """Add voice, written value, accidental, triplet, note head and staff."""
    SubElement(note, "voice").text = str(placement.voice)
    SubElement(note, "type").text = piece.kind
    for _ in range(piece.dots):
        SubElement(note, "dot")
    if sign is not None:
        courtesy = {"cautionary": "yes"} if sign.is_courtesy else {}
        SubElement(note, "accidental", courtesy).text = sign.name
    if piece.group is not None:
        change = SubElement(note, "time-modification")
        SubElement(change, "actual-notes").text = str(ACTUAL_NOTES)
        SubElement(change, "normal-notes").text = str(NORMAL_NOTES)
    if pitch is not None and placement.kit is not None and piece_of(pitch).head != DRUM:
        SubElement(note, "notehead").text = piece_of(pitch).head
    if placement.staff is not None:
        SubElement(note, "staff").text = str(placement.staff)


def add_marks(
    note: Element,
    piece: NoteValue,
    ties: Sequence[str],
    beams: Sequence[str],
    brackets: set[tuple[int, int]],
    *,
    first: bool,
) -> None:
    """Add beams, printed ties, and the ends of a triplet, whose bracket may be hidden."""
    for level, mark in enumerate(beams, 1):
        SubElement(note, "beam", number=str(level)).text = mark
    marks = [("tied", {"type": kind}) for kind in ties]
    if piece.group is not None and first:
        shown = "yes" if piece.group in brackets else "no"
        if piece.start == piece.group[0]:
            marks.append(("tuplet", {"type": "start", "bracket": shown}))
        if piece.end == piece.group[1]:
            marks.append(("tuplet", {"type": "stop"}))
    if marks:
        notations = SubElement(note, "notations")
        for name, values in marks:
            SubElement(notations, name, values)
