"""Parse one tune of ABC into the bars of its voices.

Source: the ABC standard 2.1. Where it leaves a choice, abc2midi's is taken: an accidental holds for
all octaves of its bar unless `%%propagate-accidentals` says otherwise, and over a tie.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from muse.tools.datasets.abc import unread as kinds
from muse.tools.datasets.abc.fields import (
    ACCIDENTALS,
    NO_SIGNATURE,
    Attributes,
    Signature,
    default_unit,
    parse_attributes,
    parse_key_field,
    parse_meter_field,
    parse_parts,
    parse_tempo,
    parse_unit,
)
from muse.tools.datasets.abc.lengths import TICKS, duration, parse_length
from muse.tools.datasets.abc.lyrics import sing
from muse.tools.datasets.abc.text import FIELD, Line, TuneText, without_comment
from muse.tools.datasets.abc.tokens import PART_OF_CHORD, TOKEN, parse_endings
from muse.tools.datasets.abc.unread import Unread
from muse.tools.datasets.abc.voice import ANY_OCTAVE, SPREADS, Tuplet, Voice
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter
from muse.tools.song.meter import is_compound

FIRST_VOICE = "1"  # id of the voice of a tune without `V:`
# notes in the time of which a tuplet is played; 0 for three in compound meter, else two
TUPLET_TIMES = {2: 3, 3: 2, 4: 3, 5: 0, 6: 2, 7: 0, 8: 3, 9: 0}
ANNOTATION = "^_<>@"  # first letters of texts that are no chord symbols
JUMP = re.compile(r"(?:D\.?C\.?|D\.?S\.?|dacapo|dacoda|coda|segno|fine)\b.*", re.IGNORECASE)
PART = re.compile(r"[A-Z]")
DRUM_CHANNEL = "10"
MOST_REST_BARS = 2000
LONGEST_TUNE = 1_000_000  # characters
MOST_LAYERS = 15


@dataclass
class Tune:
    """A parsed tune: its voices in order, and the parts to play in order, if it says so."""

    voices: list[Voice]
    parts: list[str]


@dataclass
class Header:
    """Fields before the first note, which hold for every voice."""

    meter: Meter | None = None
    unit: Fraction | None = None
    tempo: str = ""
    signature: Signature = NO_SIGNATURE
    attributes: Attributes = field(default_factory=Attributes)
    parts: list[str] = field(default_factory=list)
    spread: str = ANY_OCTAVE
    midi: list[list[str]] = field(default_factory=list)
    voices: list[tuple[str, str]] = field(default_factory=list)  # id and attributes


def parse_tune(text: TuneText, unread: Unread) -> Tune:
    """Parse a tune.

    Raises:
        BadInputError: no key, no notes, or something that would make notes wrong; the message gives
            the line.
    """
    if sum(len(line.text) for line in text.lines) > LONGEST_TUNE:
        raise BadInputError(f"the tune is longer than {LONGEST_TUNE} characters")
    parser = TuneParser(unread)
    for line in text.lines:
        try:
            parser.read_line(line)
        except BadInputError as error:
            raise BadInputError(f"line {line.number}: {error}") from error
    if parser.in_header:
        raise BadInputError("it has no key (K:), which ends the header")
    if text.stray:
        unread.add(kinds.STRAY, count=text.stray)
    return parser.tune()


class TuneParser:
    """Parser of the lines of one tune, in order."""

    def __init__(self, unread: Unread) -> None:
        """Create a parser that expects the header."""
        self.unread = unread
        self.header = Header()
        self.in_header = True
        self.voices: dict[str, Voice] = {}
        self.voice = Voice("", TICKS)  # replaced when the header ends
        self.verse = 0
        self.continues = False  # whether the next line of music belongs to the one before
        self.last_field = ""
        self.names_voices = False  # whether the body has named a voice

    def tune(self) -> Tune:
        """Return what was read; raises BadInputError if no voice has a note."""
        for voice in self.voices.values():
            voice.close_bar()
            voice.bars.pop()
        voices = [v for v in self.voices.values() if any(bar.notes for bar in v.bars)]
        if not voices:
            raise BadInputError("it has no notes")
        return Tune(voices, self.header.parts)

    # lines

    def read_line(self, line: Line) -> None:
        """Read one line: a directive, a comment, a field or music."""
        if line.text.startswith("%%"):
            self.read_directive(line.text[2:])
        elif line.text.startswith("%"):
            return
        elif found := FIELD.fullmatch(line.text):
            self.read_field(found[1], without_comment(found[2]))
        elif self.in_header:
            if line.text.strip():
                self.unread.add(kinds.HEADER_LINES)
        else:
            self.read_music(without_comment(line.text))

    def read_field(self, name: str, value: str) -> None:
        """Read a field on a line of its own."""
        if name == "+":
            name = self.last_field
        self.last_field = name
        if self.in_header:
            HEADER_FIELDS.get(name, ignore)(self, value)
        else:
            BODY_FIELDS.get(name, ignore)(self, value)

    def read_directive(self, text: str) -> None:
        """Read a `%%` line; those that only change the picture are passed over."""
        words = text.split()
        if words[:1] == ["propagate-accidentals"] and words[-1] in SPREADS:
            self.header.spread = words[-1]
        elif words[:1] == ["MIDI"]:
            if self.in_header:
                self.header.midi.append(words[1:])
            else:
                self.for_voices(lambda voice: set_midi(voice, words[1:]))

    def read_music(self, text: str) -> None:
        """Read a line of music."""
        continued = text.endswith("\\")
        if not self.continues:
            self.voice.line = []
            self.verse = 0
        self.continues = continued
        for found in TOKEN.finditer(text):
            TOKENS[found.lastgroup or ""](self, found)

    # fields of the header

    def head_meter(self, value: str) -> None:
        """Read the meter."""
        self.header.meter = self.read_meter(value)

    def read_meter(self, value: str) -> Meter | None:
        """Return a meter; one that cannot be read counts as free meter."""
        try:
            return parse_meter_field(value)
        except BadInputError:
            self.unread.add(kinds.METERS, value)
            return None

    def head_unit(self, value: str) -> None:
        """Read the unit length."""
        self.header.unit = parse_unit(value)

    def head_tempo(self, value: str) -> None:
        """Read the tempo, which may depend on the unit length."""
        self.header.tempo = value

    def head_parts(self, value: str) -> None:
        """Read the order of the parts."""
        try:
            self.header.parts = parse_parts(value)
        except BadInputError:
            self.unread.add(kinds.PART_WORDS, value)

    def head_voice(self, value: str) -> None:
        """Read a voice, which is made when the header ends."""
        name, _, rest = value.partition(" ")
        self.header.voices.append((name, rest))

    def read_macro(self, value: str) -> None:
        """Count a macro."""
        self.unread.add(kinds.MACROS)

    def read_instruction(self, value: str) -> None:
        """Read an `I:` field, which is another way to write a directive."""
        self.read_directive(value)

    def head_key(self, value: str) -> None:
        """Read the key, which ends the header, and make the voices that were named."""
        signature, attributes = self.read_key(value)
        head = self.header
        head.signature, head.attributes = signature or NO_SIGNATURE, attributes
        head.unit = head.unit or default_unit(head.meter)
        self.in_header = False
        for name, rest in head.voices:
            self.switch_voice(name, rest)
        self.switch_voice(head.voices[0][0] if head.voices else FIRST_VOICE, "")

    def read_key(self, value: str) -> tuple[Signature | None, Attributes]:
        """Return signature and attributes of a key."""
        signature, attributes = parse_key_field(value)
        for word in attributes.unread:
            self.unread.add(kinds.WORDS, word)
        return signature, attributes

    # fields of the body

    def body_key(self, value: str) -> None:
        """Change the key or the clef of the voice."""
        signature, attributes = self.read_key(value)
        if signature is not None:
            self.for_voices(lambda voice: voice.set_signature(signature))
        self.for_voices(lambda voice: merge_attributes(voice, attributes))

    def body_meter(self, value: str) -> None:
        """Change the meter of the voice."""
        meter = self.read_meter(value)
        self.for_voices(lambda voice: voice.set_meter(meter))

    def body_unit(self, value: str) -> None:
        """Change the unit length of the voice."""
        unit = int(parse_unit(value) * TICKS)
        self.for_voices(lambda voice: setattr(voice, "unit", unit))

    def for_voices(self, change: Callable[[Voice], None]) -> None:
        """Change the voice; before the first note and voice, all voices and those to come."""
        if self.names_voices or self.voice.has_music:
            change(self.voice)
            return
        for voice in self.voices.values():
            change(voice)
        first = self.voice
        self.header.meter, self.header.unit = first.meter, Fraction(first.unit, TICKS)
        self.header.signature = first.signature

    def body_tempo(self, value: str) -> None:
        """Change the tempo."""
        bpm = parse_tempo(value, Fraction(self.voice.unit, TICKS))
        if bpm is None:
            self.unread.add(kinds.TEMPOS, value)
        else:
            self.voice.set_tempo(bpm)

    def body_part(self, value: str) -> None:
        """Begin a part in every voice, each where it is; other texts label a bar or are counted."""
        if PART.fullmatch(value):
            for voice in self.voices.values():
                if voice is self.voice or voice.position == 0:
                    voice.close_bar()
                    voice.bar.label = value
        elif self.voice.position == 0 and value[:1].isalpha() and not JUMP.fullmatch(value):
            self.voice.bar.label = value
        else:
            self.unread.add(kinds.JUMPS if JUMP.fullmatch(value) else kinds.PART_WORDS, value)

    def body_voice(self, value: str) -> None:
        """Switch to the voice that a `V:` field names."""
        name, _, rest = value.partition(" ")
        self.switch_voice(name, rest)
        self.names_voices = True
        self.voice.line, self.verse, self.continues = [], 0, False

    def switch_voice(self, name: str, rest: str) -> None:
        """Make a voice the current one; its attributes are added to those it has."""
        if name not in self.voices:
            self.rename_first_voice(name)
        if name not in self.voices:
            self.voices[name] = self.new_voice(name)
        self.voice = self.voices[name]
        attributes = parse_attributes(rest)
        for word in attributes.unread:
            self.unread.add(kinds.WORDS, word)
        merge_attributes(self.voice, attributes)

    def rename_first_voice(self, name: str) -> None:
        """Give the empty voice of a tune whose header names none to the first that is named."""
        first = self.voices.get(FIRST_VOICE)
        if len(self.voices) == 1 and first and not first.has_music and not self.header.voices:
            self.voices = {name: first}
            first.id = name

    def new_voice(self, name: str) -> Voice:
        """Return a voice with what the header says."""
        head = self.header
        unit = head.unit or default_unit(head.meter)
        voice = Voice(name, int(unit * TICKS), head.meter, head.signature)
        if head.tempo:
            bpm = parse_tempo(head.tempo, unit)
            if bpm is None and not self.voices:
                self.unread.add(kinds.TEMPOS, head.tempo)
            elif bpm is not None:
                voice.set_tempo(bpm)
        merge_attributes(voice, head.attributes)
        for words in head.midi:
            set_midi(voice, words)
        return voice

    def read_lyrics(self, value: str) -> None:
        """Give a line of lyrics to the notes of the line of music."""
        sing(value, self.voice.line, self.verse)
        self.verse += 1

    def read_symbols(self, value: str) -> None:
        """Count a line of symbols."""
        self.unread.add(kinds.SYMBOL_LINES)

    # signs of the music

    def on_note(self, found: re.Match[str]) -> None:
        """Add a note."""
        voice = self.voice
        voice.names.clear()
        pitch = self.pitch(found["accidental"], found["letter"], found["octave"])
        voice.tied = {}
        length = duration(found["length"], voice.unit, voice.factor())
        voice.add_event(((length, pitch, False),), length)

    def pitch(self, accidental: str, letter: str, marks: str) -> int:
        """Return the MIDI pitch of a note; raises BadInputError if it is out of range."""
        sign = None
        if accidental:
            plain = accidental.rstrip("0123456789/")
            sign = ACCIDENTALS[plain]
            if plain != accidental:
                self.unread.add(kinds.MICROTONES)
                sign = 0
        octaves = marks.count("'") - marks.count(",")
        pitch = self.voice.pitch_of(sign, letter, octaves, self.header.spread)
        if not 0 <= pitch <= 127:
            raise BadInputError(f"the note '{letter}{marks}' is outside the range of MIDI")
        return pitch

    def on_chord(self, found: re.Match[str]) -> None:
        """Add a chord; it takes the time of its first note."""
        inside = found["inside"] if found["inside"] is not None else found["old_inside"]
        voice = self.voice
        voice.names.clear()
        factor = parse_length(found["chord_length"] or found["old_length"] or "")
        factor *= voice.factor() or 1
        notes: list[tuple[int, int, bool]] = []
        for part in PART_OF_CHORD.finditer(inside):
            if part.lastgroup == "words":
                self.add_text(part["words"])
            elif part.lastgroup == "tie" and notes:
                notes[-1] = (*notes[-1][:2], True)
            elif part.lastgroup == "note":
                pitch = self.pitch(part[2], part[3], part[4])
                notes.append((duration(part[5], voice.unit, factor), pitch, False))
        if not notes:
            return
        ties = [tie for _, _, tie in notes]
        voice.add_event(notes, notes[0][0])
        pairs = zip(voice.names, ties, strict=True)
        voice.tied = {(name, octave): sign for (name, octave, sign), tie in pairs if tie}

    def on_rest(self, found: re.Match[str]) -> None:
        """Add a rest."""
        self.voice.tied = {}
        length = duration(found["rest_length"], self.voice.unit, self.voice.factor())
        self.voice.add_event((), length)

    def on_bars_of_rest(self, found: re.Match[str]) -> None:
        """Add bars of rest."""
        count = int(found["bars"] or 1)
        if count > MOST_REST_BARS:
            raise BadInputError(f"{count} bars of rest; at most {MOST_REST_BARS} are read")
        self.voice.rest_bars(count)

    def on_bar(self, found: re.Match[str]) -> None:
        """End the bar, and note what its line means."""
        voice = self.voice
        text = found[0].rstrip("0123456789,.- ")
        if text == ":":
            self.unread.add(kinds.SIGNS, ":")
            return
        closed = voice.close_bar()
        voice.line.append(None)
        before = voice.bars[-2] if len(voice.bars) > 1 else None
        ends, starts = repeats_of(text)
        if before is not None and (closed or ends):
            before.ends = max(before.ends, ends)
        if before is not None and len(text.strip(":")) > 1:
            before.is_double = True
        voice.bar.starts = max(voice.bar.starts, starts)
        if found["bar_endings"]:
            voice.bar.endings = parse_endings(found["bar_endings"])

    def on_ending(self, found: re.Match[str]) -> None:
        """Begin an ending; one with a text takes the number in it, or the next one."""
        voice = self.voice
        voice.close_bar()
        if found["numbers"]:
            voice.bar.endings = parse_endings(found["numbers"])
            return
        digits = re.findall(r"\d+", found["named"])
        before = next((bar.endings for bar in reversed(voice.bars[:-1]) if bar.endings), None)
        follows = before is not None and voice.bars[-2].ends
        number = int(digits[0]) if digits else (max(before or {0}) if follows else 0) + 1
        voice.bar.endings = frozenset({number})

    def on_broken(self, found: re.Match[str]) -> None:
        """Lengthen the last note and shorten the next one, or the reverse."""
        short = Fraction(1, 2 ** len(found[0]))
        pair = (2 - short, short) if found[0][0] == ">" else (short, 2 - short)
        self.voice.stretch_event(pair[0])
        self.voice.next_factor = pair[1]

    def on_tuplet(self, found: re.Match[str]) -> None:
        """Begin a tuplet."""
        notes = int(found["notes"])
        if notes == 0:
            raise BadInputError(f"'{found[0]}' is not a tuplet")
        meter = self.voice.meter
        compound = meter is not None and is_compound(meter.numerator, meter.denominator)
        time = int(found["time"] or TUPLET_TIMES.get(notes, 0)) or (3 if compound else 2)
        count = int(found["count"] or notes)
        self.voice.tuplets.append(Tuplet(Fraction(time, notes), count))

    def on_tie(self, found: re.Match[str]) -> None:
        """Tie the last note or chord to the next one."""
        self.voice.tie_event()

    def on_text(self, found: re.Match[str]) -> None:
        """Read a chord symbol."""
        self.add_text(found["words"])

    def add_text(self, text: str) -> None:
        """Add a text above the staff unless it is an annotation or blank."""
        text = text.strip()
        if text and text[0] not in ANNOTATION:
            self.voice.bar.texts.append((self.voice.position, text))

    def on_field(self, found: re.Match[str]) -> None:
        """Read a field inside the music."""
        BODY_FIELDS.get(found["name"], ignore)(self, found["value"].strip())

    def on_grace(self, found: re.Match[str]) -> None:
        """Count grace notes."""
        self.unread.add(kinds.GRACE_NOTES, count=sum(map(str.isalpha, found["graces"])))

    def on_decoration(self, found: re.Match[str]) -> None:
        """Pass over a decoration; count those that change the order of playing."""
        if JUMP.fullmatch(found["mark"] or ""):
            self.unread.add(kinds.JUMPS)

    def on_overlay(self, found: re.Match[str]) -> None:
        """Go back to the bar line."""
        if self.voice.layer >= MOST_LAYERS:
            raise BadInputError(f"more than {MOST_LAYERS} overlays (&) in a bar")
        self.voice.begin_layer()

    def on_unclosed(self, found: re.Match[str]) -> None:
        """Refuse a text, chord or grace note without an end, behind which nothing is certain."""
        raise BadInputError(f"'{found[0]}' is not closed: {found.string[found.start() :][:20]}")

    def on_unread(self, found: re.Match[str]) -> None:
        """Count a sign without a meaning."""
        self.unread.add(kinds.SIGNS, found[0])

    def on_blank(self, found: re.Match[str]) -> None:
        """Pass over spaces, slurs and decorations of one letter."""


def ignore(parser: TuneParser, value: str) -> None:
    """Pass over a field without music, such as the composer."""


def merge_attributes(voice: Voice, new: Attributes) -> None:
    """Add attributes to those of a voice."""
    old = voice.attributes
    voice.attributes = Attributes(
        old.octaves if new.octaves is None else new.octaves,
        old.transposition if new.transposition is None else new.transposition,
        new.name or old.name,
    )


def set_midi(voice: Voice, words: list[str]) -> None:
    """Read a `%%MIDI` line: program, channel 10, or transposition; others shape accompaniments."""
    if len(words) < 2 or not re.fullmatch(r"[+-]?\d{1,3}", words[-1]):
        return
    number = int(words[-1])
    if words[0] == "program" and 0 <= number <= 127:
        voice.program = number
    elif words[0] == "channel":
        voice.is_drum = words[1] == DRUM_CHANNEL
    elif words[0] == "transpose":
        voice.semitones = number


def repeats_of(line: str) -> tuple[int, int]:
    """Return how often the sections that end and begin at a bar line are played; 0 for none."""
    before = len(line) - len(line.lstrip(":"))
    after = len(line) - len(line.rstrip(":"))
    if before == len(line):  # only colons
        before, after = max(before // 2, 1), max(before // 2, 1)
    return (before + 1 if before else 0), (after + 1 if after else 0)


Handler = Callable[[TuneParser, re.Match[str]], None]
FieldReader = Callable[[TuneParser, str], None]
HEADER_FIELDS: dict[str, FieldReader] = {
    "M": TuneParser.head_meter,
    "L": TuneParser.head_unit,
    "Q": TuneParser.head_tempo,
    "P": TuneParser.head_parts,
    "V": TuneParser.head_voice,
    "K": TuneParser.head_key,
    "I": TuneParser.read_instruction,
    "m": TuneParser.read_macro,
}
BODY_FIELDS: dict[str, FieldReader] = {
    "M": TuneParser.body_meter,
    "L": TuneParser.body_unit,
    "Q": TuneParser.body_tempo,
    "P": TuneParser.body_part,
    "V": TuneParser.body_voice,
    "K": TuneParser.body_key,
    "I": TuneParser.read_instruction,
    "m": TuneParser.read_macro,
    "w": TuneParser.read_lyrics,
    "s": TuneParser.read_symbols,
}
TOKENS: dict[str, Handler] = {
    "note": TuneParser.on_note,
    "rest": TuneParser.on_rest,
    "bar": TuneParser.on_bar,
    "broken": TuneParser.on_broken,
    "tuplet": TuneParser.on_tuplet,
    "tie": TuneParser.on_tie,
    "blank": TuneParser.on_blank,
    "text": TuneParser.on_text,
    "field": TuneParser.on_field,
    "ending": TuneParser.on_ending,
    "chord": TuneParser.on_chord,
    "old_chord": TuneParser.on_chord,
    "grace": TuneParser.on_grace,
    "decoration": TuneParser.on_decoration,
    "line_break": TuneParser.on_blank,
    "bars_of_rest": TuneParser.on_bars_of_rest,
    "overlay": TuneParser.on_overlay,
    "unclosed": TuneParser.on_unclosed,
    "unread": TuneParser.on_unread,
}
