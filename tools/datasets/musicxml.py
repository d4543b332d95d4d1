"""Reader of lead sheets in MusicXML, plain or compressed (.mxl).

`lead_sheets.py` describes how a lead sheet becomes a Song. Only the first part is read: its notes,
harmonies, signatures, tempos, and chords written as text. Pitches are as written, not transposed.
The XML is parsed directly, about ten times as fast as with music21.
Source: W3C Community Group, MusicXML 4.0.
"""

from dataclasses import dataclass, field
from math import isfinite
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from muse.tools.datasets.harmony_symbols import DegreeChange, symbol_from_kind, symbol_from_text
from muse.tools.datasets.lead_sheets import (
    SHORTEST,
    WrittenBar,
    chords_from_symbols,
    key_from_signature,
    melody_track,
    merge_keys,
    meters_from_bars,
    pickup_shift,
)
from muse.tools.datasets.mxl import ZIP_MAGIC, unpack_mxl
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song, Tempo
from muse.tools.song.meter import bar_beats, parse_meter
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.pitch import note_name, parse_note_name

LONGEST = 1e6  # quarter notes; more is an error in the file
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP = 7  # steps on the line of fifths
LARGEST_ALTER = 3  # sharps or flats


def looks_like_musicxml(head: bytes) -> bool:
    """Return whether a file is MusicXML, plain or compressed."""
    return head.startswith(ZIP_MAGIC) or b"<score-partwise" in head or b"<score-timewise" in head


def read_musicxml(data: bytes, name: str) -> NamedSongs:
    """Read the tune of a MusicXML file, plain or compressed.

    Raises:
        BadInputError: not a readable score; the message gives the bar.
    """
    text = unpack_mxl(data, name) if data.startswith(ZIP_MAGIC) else data
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadInputError(f"{name}: not readable XML ({error})") from error
    if root.tag != "score-partwise":
        raise BadInputError(f"{name}: its root is <{root.tag}>; export it as <score-partwise>")
    bars = root.findall("part[1]/measure")
    if not bars:
        raise BadInputError(f"{name}: the score has no bars")
    state = ParserState()
    for number, bar in enumerate(bars, start=1):
        try:
            read_bar(bar, state)
        except ValueError as error:
            raise BadInputError(f"{name}, bar {number}: {error}") from error
    return [("", song_from_state(state))]


@dataclass
class WrittenNote:
    """A note as written, ties joined; times in quarter notes."""

    start: float
    length: float
    pitch: int


@dataclass
class ParserState:
    """State of the parser; positions are quarter notes from the start of the score."""

    divisions: float = 1.0  # duration units per quarter note
    meter: Meter = field(default_factory=lambda: Meter(0.0, 4, 4))
    position: float = 0.0
    furthest: float = 0.0  # end of the longest voice so far
    last_start: float = 0.0  # start of the last note, for the other notes of its chord
    bars: list[WrittenBar] = field(default_factory=list)
    notes: list[WrittenNote] = field(default_factory=list)
    tied: dict[int, WrittenNote] = field(default_factory=dict)  # by pitch
    texts: dict[float, ChordSymbol] = field(default_factory=dict)
    harmonies: dict[float, list[ChordSymbol]] = field(default_factory=dict)
    lengths: dict[float, float] = field(default_factory=dict)  # of the first note there
    keys: list[Key] = field(default_factory=list)
    tempos: list[Tempo] = field(default_factory=list)

    def move(self, beats: float) -> None:
        """Move the position forward, or back if `beats` is negative."""
        self.position = max(self.position + beats, 0.0)
        self.furthest = max(self.furthest, self.position)


def song_from_state(state: ParserState) -> Song:
    """Build the Song from what was read."""
    shift = pickup_shift(state.bars)
    end = state.bars[-1].start + state.bars[-1].length + shift
    symbols = {beat + shift: symbol for beat, symbol in state.texts.items()}
    symbols |= {beat + shift: symbol for beat, symbol in placed_harmonies(state).items()}
    chords = chords_from_symbols(symbols, end)
    keys = [Key(key.beat + shift, key.tonic_pc, key.mode) for key in state.keys]
    tempos = [Tempo(t.beat + shift if i else 0.0, t.bpm) for i, t in enumerate(state.tempos)]
    return Song(
        tempos=tempos,
        meters=meters_from_bars(state.bars, shift),
        keys=merge_keys(keys, chords),
        chords=chords,
        tracks=[melody_track((n.start + shift, n.length, n.pitch) for n in state.notes)],
    )


def placed_harmonies(state: ParserState) -> dict[float, ChordSymbol]:
    """Return harmonies by beat; several written over one note divide its duration."""
    placed: dict[float, ChordSymbol] = {}
    for beat, symbols in state.harmonies.items():
        step = state.lengths.get(beat, 1.0) / len(symbols)
        placed |= {beat + index * step: symbol for index, symbol in enumerate(symbols)}
    return placed


def read_bar(bar: Element, state: ParserState) -> None:
    """Read one bar; raises ValueError."""
    start = state.position = state.furthest
    for element in bar:
        reader = READERS.get(element.tag)
        if reader:
            reader(element, state)
    length = state.furthest - start
    if length < SHORTEST:
        length = bar_beats(state.meter)
        state.furthest = start + length
    state.bars.append(WrittenBar(start, length, state.meter))


def read_attributes(element: Element, state: ParserState) -> None:
    """Read divisions, key and time signature; raises ValueError."""
    divisions = read_number(element, "divisions", state.divisions)
    if divisions <= 0:
        raise BadInputError(f"{divisions:g} divisions per quarter note; expected more than 0")
    state.divisions = divisions
    if element.find("key/fifths") is not None:
        sharps = int(read_number(element, "key/fifths", 0.0))
        mode = element.findtext("key/mode")
        state.keys.append(key_from_signature(state.position, sharps, mode))
    beats, kind = element.findtext("time/beats"), element.findtext("time/beat-type")
    if beats and kind:
        above = sum(int(part) for part in beats.split("+"))
        state.meter = parse_meter(f"{above}/{kind.strip()}")


def read_note(element: Element, state: ParserState) -> None:
    """Read a note or rest; raises ValueError."""
    if element.find("grace") is not None:
        return
    length = read_number(element, "duration", 0.0) / state.divisions
    if not 0 <= length < LONGEST:
        raise BadInputError(f"a note has a length of {length:g} quarter notes")
    start = state.position
    if element.find("chord") is not None:
        start = state.last_start
    else:
        state.last_start = start
        state.lengths.setdefault(start, length)
        state.move(length)
    if element.find("pitch") is not None:
        ties = {tie.get("type") for tie in element.findall("tie")}
        add_note(start, length, read_pitch(element), ties, state)


def add_note(
    start: float, length: float, pitch: int, ties: set[str | None], state: ParserState
) -> None:
    """Add a note, or extend the note that it is tied to."""
    note = state.tied.pop(pitch, None)
    # the start of a tie is enough: some programs omit its stop
    if note and abs(note.start + note.length - start) < SHORTEST:
        note.length += length
    else:
        note = WrittenNote(start, length, pitch)
        state.notes.append(note)
    if "start" in ties:
        state.tied[pitch] = note


def read_pitch(element: Element) -> int:
    """Return the MIDI number of a note; raises ValueError."""
    step = element.findtext("pitch/step", "").strip()
    if step not in STEPS:
        raise BadInputError(f"'{step}' is not a pitch step (A to G)")
    alter = read_number(element, "pitch/alter", 0.0)
    octave = read_number(element, "pitch/octave", 4.0)
    return int(12 * (octave + 1) + STEPS[step] + alter)


def read_harmony(element: Element, state: ParserState) -> None:
    """Read a chord symbol; raises ValueError."""
    beat = position_with_offset(element, state)
    kind = element.find("kind")
    word = (kind.text or "").strip() if kind is not None else ""
    root = read_root_or_bass(element, "root")
    symbol = symbol_from_kind(
        root, word, read_degree_changes(element), read_root_or_bass(element, "bass")
    )
    if not symbol.is_chord and word != "none" and kind is not None and root is not None:
        # for an unknown kind, try the text that the score prints
        symbol = symbol_from_text(f"{note_name(root)}{kind.get('text') or ''} ") or symbol
    state.harmonies.setdefault(beat, []).append(symbol)


def read_degree_changes(element: Element) -> list[DegreeChange]:
    """Return the degree changes of a harmony; raises ValueError."""
    return [
        (
            (degree.findtext("degree-type") or "add").strip(),
            int(read_number(degree, "degree-value", 0.0)),
            int(read_number(degree, "degree-alter", 0.0)),
        )
        for degree in element.findall("degree")
    ]


def read_root_or_bass(element: Element, part: str) -> int | None:
    """Return a harmony's root or bass on the line of fifths; None if it is not written."""
    step = element.findtext(f"{part}/{part}-step")
    if step is None or not step.strip():
        return None
    alter = int(read_number(element, f"{part}/{part}-alter", 0.0))
    if abs(alter) > LARGEST_ALTER:
        raise BadInputError(f"the {part} has an alteration of {alter} semitones")
    return parse_note_name(step.strip()) + SHARP * alter


def read_direction(element: Element, state: ParserState) -> None:
    """Read chord symbols among the words above the staff, and tempos; raises ValueError."""
    for words in element.iter("words"):
        symbol = symbol_from_text(words.text or "")
        if symbol is not None:
            state.texts[position_with_offset(element, state)] = symbol
    sound = element.find("sound")
    if sound is not None:
        read_sound(sound, state)


def read_sound(element: Element, state: ParserState) -> None:
    """Read a tempo in quarter notes per minute; raises ValueError."""
    bpm = float(element.get("tempo") or 0)
    if isfinite(bpm) and bpm > 0:
        state.tempos.append(Tempo(state.position, bpm))


def read_backup(element: Element, state: ParserState) -> None:
    """Move back, to the start of another voice; raises ValueError."""
    state.move(-read_number(element, "duration", 0.0) / state.divisions)


def read_forward(element: Element, state: ParserState) -> None:
    """Move forward without a note; raises ValueError."""
    length = read_number(element, "duration", 0.0) / state.divisions
    if not 0 <= length < LONGEST:
        raise BadInputError(f"a <forward> has a length of {length:g} quarter notes")
    state.move(length)


READERS = {
    "attributes": read_attributes,
    "note": read_note,
    "harmony": read_harmony,
    "direction": read_direction,
    "sound": read_sound,
    "backup": read_backup,
    "forward": read_forward,
}


def position_with_offset(element: Element, state: ParserState) -> float:
    """Return the position of an element with its offset, in quarter notes; raises ValueError."""
    return max(state.position + read_number(element, "offset", 0.0) / state.divisions, 0.0)


def read_number(element: Element, path: str, default: float) -> float:
    """Return the number in a child element, or the default without one; raises BadInputError."""
    text = element.findtext(path)
    if text is None or not text.strip():
        return default
    try:
        number = float(text)
    except ValueError as error:
        raise BadInputError(f"'{text}' in <{path}> is not a number") from error
    if not isfinite(number) or abs(number) > LONGEST * LONGEST:
        raise BadInputError(f"'{text}' in <{path}> is out of range")
    return number
