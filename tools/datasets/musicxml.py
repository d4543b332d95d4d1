"""Lead sheets in MusicXML, plain or packed (.mxl); lead_sheets.py says how they become Songs.

The first part is read: its notes, harmonies, signatures, tempos, and chords written as text.
Pitches are those on the paper. The scores are read from the XML itself, some ten times as fast
as with music21.
Source: W3C Community Group, MusicXML 4.0.
"""

from dataclasses import dataclass, field
from math import isfinite
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from muse.tools.datasets.harmony_symbols import Change, symbol_of_kind, symbol_of_words
from muse.tools.datasets.lead_sheets import (
    SHORTEST,
    WrittenBar,
    chords_of,
    key_of_signature,
    keys_of,
    melody_track,
    meters_of,
    pickup_shift,
)
from muse.tools.datasets.mxl import ZIP_MAGIC, unpacked
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song, Tempo
from muse.tools.song.meter import bar_beats, parse_meter
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.pitch import note_name, parse_note_name

LONGEST = 1e6  # quarter notes; more is a slip
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP = 7  # places on the line of fifths
LARGEST_ALTER = 3  # sharps or flats


def looks_like_musicxml(head: bytes) -> bool:
    """Whether a file is MusicXML, packed or not."""
    return head.startswith(ZIP_MAGIC) or b"<score-partwise" in head or b"<score-timewise" in head


def read_musicxml(data: bytes, name: str) -> NamedSongs:
    """The tune of a MusicXML file, packed or not.

    Raises:
        BadInputError: not a readable score; the message says in which bar.
    """
    text = unpacked(data, name) if data.startswith(ZIP_MAGIC) else data
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadInputError(f"{name}: not readable XML ({error})") from error
    if root.tag != "score-partwise":
        raise BadInputError(f"{name}: a <{root.tag}>; muse reads MusicXML as <score-partwise>")
    bars = root.findall("part[1]/measure")
    if not bars:
        raise BadInputError(f"{name}: a score without bars")
    reading = Reading()
    for number, bar in enumerate(bars, start=1):
        try:
            read_bar(bar, reading)
        except ValueError as error:
            raise BadInputError(f"{name}, bar {number}: {error}") from error
    return [("", song_of(reading))]


@dataclass
class WrittenNote:
    """A note on the paper, times in quarter notes."""

    start: float
    length: float
    pitch: int


@dataclass
class Reading:
    """A score as far as it has been read; positions are quarter notes from its start."""

    divisions: float = 1.0  # of a quarter note
    meter: Meter = field(default_factory=lambda: Meter(0.0, 4, 4))
    position: float = 0.0
    furthest: float = 0.0  # of the bar
    last_start: float = 0.0  # of a note, for those that sound with it
    bars: list[WrittenBar] = field(default_factory=list)
    notes: list[WrittenNote] = field(default_factory=list)
    tied: dict[int, WrittenNote] = field(default_factory=dict)  # by pitch
    texts: dict[float, ChordSymbol] = field(default_factory=dict)
    harmonies: dict[float, list[ChordSymbol]] = field(default_factory=dict)
    lengths: dict[float, float] = field(default_factory=dict)  # of the first note or rest there
    keys: list[Key] = field(default_factory=list)
    tempos: list[Tempo] = field(default_factory=list)

    def move(self, beats: float) -> None:
        """Go on, or back."""
        self.position = max(self.position + beats, 0.0)
        self.furthest = max(self.furthest, self.position)


def song_of(reading: Reading) -> Song:
    """What was read as a Song."""
    shift = pickup_shift(reading.bars)
    end = reading.bars[-1].start + reading.bars[-1].length + shift
    symbols = {beat + shift: symbol for beat, symbol in reading.texts.items()}
    symbols |= {beat + shift: symbol for beat, symbol in placed_harmonies(reading).items()}
    chords = chords_of(symbols, end)
    keys = [Key(key.beat + shift, key.tonic_pc, key.mode) for key in reading.keys]
    tempos = [Tempo(t.beat + shift if i else 0.0, t.bpm) for i, t in enumerate(reading.tempos)]
    return Song(
        tempos=tempos,
        meters=meters_of(reading.bars, shift),
        keys=keys_of(keys, chords),
        chords=chords,
        tracks=[melody_track((n.start + shift, n.length, n.pitch) for n in reading.notes)],
    )


def placed_harmonies(reading: Reading) -> dict[float, ChordSymbol]:
    """Harmonies by beat; several over one note, which differ only on the paper, share its time."""
    placed: dict[float, ChordSymbol] = {}
    for beat, symbols in reading.harmonies.items():
        step = reading.lengths.get(beat, 1.0) / len(symbols)
        placed |= {beat + place * step: symbol for place, symbol in enumerate(symbols)}
    return placed


def read_bar(bar: Element, reading: Reading) -> None:
    """One bar; raises ValueError."""
    start = reading.position = reading.furthest
    for element in bar:
        reader = READERS.get(element.tag)
        if reader:
            reader(element, reading)
    length = reading.furthest - start
    if length < SHORTEST:
        length = bar_beats(reading.meter)
        reading.furthest = start + length
    reading.bars.append(WrittenBar(start, length, reading.meter))


def read_attributes(element: Element, reading: Reading) -> None:
    """Divisions, key and time signature; raises ValueError."""
    divisions = number_in(element, "divisions", reading.divisions)
    if divisions <= 0:
        raise BadInputError(f"{divisions:g} divisions of a quarter note")
    reading.divisions = divisions
    if element.find("key/fifths") is not None:
        sharps = int(number_in(element, "key/fifths", 0.0))
        mode = element.findtext("key/mode")
        reading.keys.append(key_of_signature(reading.position, sharps, mode))
    beats, kind = element.findtext("time/beats"), element.findtext("time/beat-type")
    if beats and kind:
        above = sum(int(part) for part in beats.split("+"))
        reading.meter = parse_meter(f"{above}/{kind.strip()}")


def read_note(element: Element, reading: Reading) -> None:
    """A note or rest; raises ValueError."""
    if element.find("grace") is not None:
        return
    length = number_in(element, "duration", 0.0) / reading.divisions
    if not 0 <= length < LONGEST:
        raise BadInputError(f"a note of {length:g} quarter notes")
    start = reading.position
    if element.find("chord") is not None:
        start = reading.last_start
    else:
        reading.last_start = start
        reading.lengths.setdefault(start, length)
        reading.move(length)
    if element.find("pitch") is not None:
        ties = {tie.get("type") for tie in element.findall("tie")}
        take_note(start, length, pitch_of(element), ties, reading)


def take_note(
    start: float, length: float, pitch: int, ties: set[str | None], reading: Reading
) -> None:
    """Add a note, or to the note that it is tied to."""
    held = reading.tied.pop(pitch, None)
    # where a tie starts it is enough: programs forget its other end
    if held and abs(held.start + held.length - start) < SHORTEST:
        held.length += length
    else:
        held = WrittenNote(start, length, pitch)
        reading.notes.append(held)
    if "start" in ties:
        reading.tied[pitch] = held


def pitch_of(element: Element) -> int:
    """The MIDI number of a note; raises ValueError."""
    step = element.findtext("pitch/step", "").strip()
    if step not in STEPS:
        raise BadInputError(f"'{step}' is not a step")
    alter = number_in(element, "pitch/alter", 0.0)
    octave = number_in(element, "pitch/octave", 4.0)
    return int(12 * (octave + 1) + STEPS[step] + alter)


def read_harmony(element: Element, reading: Reading) -> None:
    """A chord symbol; raises ValueError."""
    beat = place_of(element, reading)
    kind = element.find("kind")
    word = (kind.text or "").strip() if kind is not None else ""
    root = note_in(element, "root")
    symbol = symbol_of_kind(root, word, changes_of(element), note_in(element, "bass"))
    if not symbol.is_chord and word != "none" and kind is not None and root is not None:
        # a kind that has no word may say in its text what is printed
        symbol = symbol_of_words(f"{note_name(root)}{kind.get('text') or ''} ") or symbol
    reading.harmonies.setdefault(beat, []).append(symbol)


def changes_of(element: Element) -> list[Change]:
    """The changes of degrees of a harmony; raises ValueError."""
    return [
        (
            (degree.findtext("degree-type") or "add").strip(),
            int(number_in(degree, "degree-value", 0.0)),
            int(number_in(degree, "degree-alter", 0.0)),
        )
        for degree in element.findall("degree")
    ]


def note_in(element: Element, part: str) -> int | None:
    """The root or bass of a harmony on the line of fifths; None where it is not written."""
    step = element.findtext(f"{part}/{part}-step")
    if step is None or not step.strip():
        return None
    alter = int(number_in(element, f"{part}/{part}-alter", 0.0))
    if abs(alter) > LARGEST_ALTER:
        raise BadInputError(f"a {part} with {alter} sharps")
    return parse_note_name(step.strip()) + SHARP * alter


def read_direction(element: Element, reading: Reading) -> None:
    """Chords among the words above the staff, and tempos; raises ValueError."""
    for words in element.iter("words"):
        symbol = symbol_of_words(words.text or "")
        if symbol is not None:
            reading.texts[place_of(element, reading)] = symbol
    sound = element.find("sound")
    if sound is not None:
        read_sound(sound, reading)


def read_sound(element: Element, reading: Reading) -> None:
    """A tempo in quarter notes a minute; raises ValueError."""
    bpm = float(element.get("tempo") or 0)
    if isfinite(bpm) and bpm > 0:
        reading.tempos.append(Tempo(reading.position, bpm))


def read_backup(element: Element, reading: Reading) -> None:
    """A step back, for another voice; raises ValueError."""
    reading.move(-number_in(element, "duration", 0.0) / reading.divisions)


def read_forward(element: Element, reading: Reading) -> None:
    """A step forward, without a note; raises ValueError."""
    length = number_in(element, "duration", 0.0) / reading.divisions
    if not 0 <= length < LONGEST:
        raise BadInputError(f"a gap of {length:g} quarter notes")
    reading.move(length)


READERS = {
    "attributes": read_attributes,
    "note": read_note,
    "harmony": read_harmony,
    "direction": read_direction,
    "sound": read_sound,
    "backup": read_backup,
    "forward": read_forward,
}


def place_of(element: Element, reading: Reading) -> float:
    """Where something stands: at the position, or a little off; raises ValueError."""
    return max(reading.position + number_in(element, "offset", 0.0) / reading.divisions, 0.0)


def number_in(element: Element, path: str, default: float) -> float:
    """The number in an element below; the default where there is none; raises BadInputError."""
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
