"""Write songs as MusicXML 4.0 for notation programs; reading it back gives the same notes.

Conventions: a <duration> is in steps of grid.py, GRID to the quarter note. A bar of a part holds
its voices one after the other, each starting at the bar line, those of the first staff first.
"""

import io
import logging
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.notation.accidentals import find_accidentals
from muse.tools.notation.grid import GRID
from muse.tools.notation.harmony import harmony_element
from muse.tools.notation.notes import BarSigns, VoicePlacement, add_voice, onsets_of
from muse.tools.notation.score import Part, Score, ScoreBar, score_of
from muse.tools.notation.voice_measures import Stretch, stretches
from muse.tools.notation.voices import Clef
from muse.tools.song.document import Song
from muse.tools.theory.chords import parse_chord

log = logging.getLogger("muse")

DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
    '<rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>'
    "</rootfiles></container>\n"
)
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # constant, so that the same song gives the same bytes
DRUM_CHANNEL = 10
VOICES_PER_STAFF = 4  # notation programs number the voices of the second staff from 5


def save_musicxml(song: Song, path: Path, title: str = "") -> Score:
    """Write a score for a notation program, whole or not at all.

    Args:
        song: any Song; grid.py describes how one that is off the grid is quantized.
        path: `.mxl` is compressed, anything else plain.
        title: printed at the top.

    Returns:
        The score as written, with the distances that its notes were moved.
    """
    score = score_of(song, title)
    data = musicxml(score)
    write_bytes(path, compressed(data) if path.suffix.lower() == ".mxl" else data)
    return score


def compressed(data: bytes) -> bytes:
    """Return the bytes of an .mxl file with a score."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            ("META-INF/container.xml", CONTAINER.encode()),
            ("score.musicxml", data),
        ):
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def musicxml(score: Score) -> bytes:
    """Return the score as UTF-8 MusicXML."""
    root = Element("score-partwise", version="4.0")
    if score.title:
        SubElement(SubElement(root, "work"), "work-title").text = clean(score.title)
    encoding = SubElement(SubElement(root, "identification"), "encoding")
    SubElement(encoding, "software").text = "muse"
    listed = SubElement(root, "part-list")
    for number, part in enumerate(score.parts, 1):
        list_part(listed, part, number)
    for number, part in enumerate(score.parts, 1):
        element = SubElement(root, "part", id=f"P{number}")
        for bar, measure in zip(score.bars, measures(part, score, number), strict=True):
            element.append(measure)
            measure.set("number", str(bar.number))
    indent(root, " ")
    return f"{DOCTYPE}{tostring(root, encoding='unicode')}\n".encode()


def clean(text: str) -> str:
    """Remove the control characters that XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable())


def list_part(listed: Element, part: Part, number: int) -> None:
    """Add a part's name and instruments to the part list."""
    entry = SubElement(listed, "score-part", id=f"P{number}")
    SubElement(entry, "part-name").text = clean(part.name) or f"Part {number}"
    keys: Sequence[int | None] = part.keys or (None,)
    for key in keys:
        name = "Drumset" if key is not None else clean(part.name) or f"Part {number}"
        instrument = SubElement(entry, "score-instrument", id=instrument_id(number, key))
        SubElement(instrument, "instrument-name").text = name
    for key in keys:
        sound = SubElement(entry, "midi-instrument", id=instrument_id(number, key))
        if part.is_drum:
            SubElement(sound, "midi-channel").text = str(DRUM_CHANNEL)
        SubElement(sound, "midi-program").text = str(part.program + 1)
        if key is not None:
            SubElement(sound, "midi-unpitched").text = str(key + 1)


def instrument_id(number: int, key: int | None) -> str:
    """Return the id of a part's instrument, or of one key of its drum kit."""
    return f"P{number}-I1" if key is None else f"P{number}-K{key}"


def measures(part: Part, score: Score, number: int) -> Iterator[Element]:
    """Yield the bars of a part; the first part carries sections, tempos and chords."""
    rows = [
        (voice_placement(part, number, index, order), list(stretches(voice, score.bars)))
        for index, staff in enumerate(part.staves)
        for order, voice in enumerate(staff.voices)
    ]
    for position, bar in enumerate(score.bars):
        measure = Element("measure")
        add_attributes(measure, bar, part, is_first=position == 0)
        if number == 1:
            add_marks(measure, bar)
        written = False
        signs = signs_of(part, bar, [(placement, bars[position]) for placement, bars in rows])
        for placement, bars in rows:
            if not placement.is_first and all(
                stretch.pitches is None for stretch in bars[position]
            ):
                continue
            if written:
                SubElement(SubElement(measure, "backup"), "duration").text = str(bar.length)
            written = True
            add_voice(measure, bars[position], bar, placement, signs[placement.staff])
        yield measure


def signs_of(
    part: Part, bar: ScoreBar, rows: Sequence[tuple[VoicePlacement, Sequence[Stretch]]]
) -> dict[int | None, BarSigns]:
    """Return accidentals and syllables of one bar, by the number of the staff."""
    syllables = {
        step - bar.start: syllable
        for step, syllable in part.syllables.items()
        if bar.start <= step < bar.end
    }
    sharps = bar.key.sharps if bar.key else 0
    signs: dict[int | None, BarSigns] = {}
    for staff in dict.fromkeys(placement.staff for placement, _ in rows):
        own = [row for row in rows if row[0].staff == staff]
        onsets = [each for placement, found in own for each in onsets_of(found, bar, placement)]
        signs[staff] = BarSigns(find_accidentals(onsets, sharps), syllables)
    return signs


def voice_placement(part: Part, number: int, staff: int, order: int) -> VoicePlacement:
    """Return the place of a voice of a part; the second staff's voices count from 5 or later."""
    before = max(VOICES_PER_STAFF, len(part.staves[0].voices)) if staff else 0
    return VoicePlacement(
        voice=before + order + 1,
        is_first=order == 0,
        staff=staff + 1 if len(part.staves) > 1 else None,
        kit=number if part.is_drum else None,
        octaves=part.octaves,
    )


def add_attributes(measure: Element, bar: ScoreBar, part: Part, *, is_first: bool) -> None:
    """Add what changes at the bar line; divisions and clefs in the first bar only."""
    if not (is_first or bar.new_key or bar.new_meter):
        return
    clefs = [staff.clef for staff in part.staves] if is_first else []
    attributes = SubElement(measure, "attributes")
    if is_first:
        SubElement(attributes, "divisions").text = str(GRID)
    if bar.new_key:
        add_key(attributes, bar, part)
    if bar.new_meter:
        time = SubElement(attributes, "time")
        SubElement(time, "beats").text = str(bar.numerator)
        SubElement(time, "beat-type").text = str(bar.denominator)
    if len(clefs) > 1:
        SubElement(attributes, "staves").text = str(len(clefs))
    for number, clef in enumerate(clefs, 1):
        add_clef(attributes, clef, number if len(clefs) > 1 else None)
    if is_first and part.octaves:
        transpose = SubElement(attributes, "transpose")
        SubElement(transpose, "diatonic").text = "0"
        SubElement(transpose, "chromatic").text = "0"
        SubElement(transpose, "octave-change").text = str(-part.octaves)


def add_key(attributes: Element, bar: ScoreBar, part: Part) -> None:
    """Add a key signature; drums have an empty one, else some programs show that of others."""
    tonality = None if part.is_drum else bar.key
    key = SubElement(attributes, "key")
    SubElement(key, "fifths").text = str(tonality.sharps if tonality else 0)
    if tonality:
        SubElement(key, "mode").text = tonality.mode


def add_clef(attributes: Element, clef: Clef, number: int | None) -> None:
    """Add the clef of one staff."""
    element = SubElement(attributes, "clef", {"number": str(number)} if number else {})
    SubElement(element, "sign").text = clef.sign
    if clef.line is not None:
        SubElement(element, "line").text = str(clef.line)
    if clef.octaves:
        SubElement(element, "clef-octave-change").text = str(clef.octaves)


def add_marks(measure: Element, bar: ScoreBar) -> None:
    """Add sections, tempos and chord symbols of a bar."""
    for offset, label in bar.marks:
        mark = Element("rehearsal")
        mark.text = clean(label)
        add_direction(measure, mark, offset)
    if bar.is_swung:
        add_swing(measure)
    for offset, bpm, shown in bar.tempos:
        add_tempo(measure, offset, bpm, shown)
    for offset, text in bar.symbols:
        try:
            measure.append(harmony_element(parse_chord(text), offset))
        except BadInputError:
            log.warning("bar %d: '%s' is not a chord symbol; writing it as text", bar.number, text)
            words = Element("words")
            words.text = clean(text)
            add_direction(measure, words, offset)


def add_direction(measure: Element, content: Element, offset: int) -> Element:
    """Add a direction above the staff at an offset from the bar line, in the score and in time."""
    direction = SubElement(measure, "direction", placement="above")
    SubElement(direction, "direction-type").append(content)
    if offset:
        SubElement(direction, "offset", sound="yes").text = str(offset)
    return direction


def add_swing(measure: Element) -> None:
    """Add the mark of swung eighths, which are written even and played 2 to 1."""
    words = Element("words")
    words.text = "Swing"
    swing = SubElement(SubElement(add_direction(measure, words, 0), "sound"), "swing")
    for name, value in (("first", "2"), ("second", "1"), ("swing-type", "eighth")):
        SubElement(swing, name).text = value


def add_tempo(measure: Element, offset: int, bpm: float, shown: bool) -> None:
    """Add a tempo, printed or for playback only."""
    text = f"{bpm:.6f}".rstrip("0").rstrip(".")
    if not shown:
        sound = SubElement(measure, "sound", tempo=text)
        if offset:
            SubElement(sound, "offset").text = str(offset)
        return
    mark = Element("metronome")
    SubElement(mark, "beat-unit").text = "quarter"
    SubElement(mark, "per-minute").text = f"{bpm:.2f}".rstrip("0").rstrip(".")
    direction = add_direction(measure, mark, offset)
    SubElement(direction, "sound", tempo=text)
