"""The information fields of ABC: meter, unit length, tempo, key, voice attributes, order of parts.

Source: the ABC standard 2.1, section 3.1 and 4.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from muse.tools.datasets.abc.lengths import WHOLE
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, parse_meter
from muse.tools.song.validation import MAX_BPM, MIN_BPM
from muse.tools.theory.keys import Mode
from muse.tools.theory.pitch import LETTERS, parse_note_name

METER_SIGNS = {"C": "4/4", "C|": "2/2", "c": "4/4", "c|": "2/2"}
FREE_METERS = frozenset({"", "none", "None"})
METER = re.compile(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})")
UNIT = re.compile(r"1(?:/(1|2|4|8|16|32|64|128|256|512))?")
SHORT_UNIT, LONG_UNIT = Fraction(1, 4), Fraction(1, 2)  # quarter notes: a sixteenth, an eighth
LONGEST_OF_SHORT = 3  # quarter notes: bars below it have a sixteenth as unit, if none is written

TEMPO_TEXT = re.compile(r'"([^"]*)"')
TEMPO = re.compile(r"((?:\d+(?:/\d+)?\s+)*\d+/\d+)\s*=\s*(?:ca\.?|c\.|~)?\s*(\d+(?:\.\d+)?)")
UNIT_TEMPO = re.compile(r"(?:C(\d*(?:/\d+)?)\s*=\s*)?(\d+(?:\.\d+)?)")
# quarter notes per minute of tempo words without a number, as abc2midi plays them
TEMPO_WORDS = {
    "larghissimo": 40, "adagissimo": 44, "lentissimo": 48, "largo": 56, "adagio": 59,
    "lento": 62, "larghetto": 66, "adagietto": 76, "andante": 88, "andantino": 96,
    "moderato": 104, "allegretto": 112, "allegro": 120, "vivace": 168, "vivo": 180,
    "presto": 192, "allegrissimo": 208, "vivacissimo": 220, "prestissimo": 240,
}  # fmt: skip

# sharps of the signature of each mode on C, by its first three letters
MODES = {
    "": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4,
    "lyd": 1, "loc": -5,
}  # fmt: skip
MINOR_MODES = frozenset({"m", "min", "aeo", "dor", "phr", "loc"})  # those with a minor third
PIPES = {"F": 1, "C": 1}  # the signature of bagpipes: K:HP and K:Hp
PIPES_TONIC = 2  # fifths: their signature is that of D major
KEY = re.compile(
    r"(?P<pipes>H[Pp]\b)|(?P<none>none\b)|(?P<tonic>[A-G])(?P<sign>[#b♯♭]?)"
    r"\s*(?P<mode>(?i:(?:maj|min|mix|dor|phr|lyd|loc|ion|aeo|exp)[a-z]*)|m(?!=))?(?![A-Za-z#])"
)
KEY_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")
KEY_ACCIDENTALS = re.compile(r"(?<!\S)(?:(?:\^\^?|__?|=)[A-Ga-g])+(?!\S)")
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0, "": 0}

ATTRIBUTE = re.compile(r'([\w-]+)\s*=\s*("[^"]*"|\S+)|("[^"]*")|(\S+)')
CLEF = re.compile(
    r"(?:treble|alto|tenor|baritone|bass|soprano|mezzosoprano|perc|[GCF]|none)\d?([+-](?:8|15))?"
)
CLEF_OCTAVES = {"+8": 1, "-8": -1, "+15": 2, "-15": -2}
# attributes of voices and keys that change the picture only
PICTURE = frozenset(
    {"middle", "m", "stafflines", "staffscale", "stem", "snm", "subname", "sname", "gchord",
     "gch", "up", "down", "merge", "space", "brace", "bracket", "dyn", "lyrics", "gstem", "cue",
     "style", "scale"}
)  # fmt: skip
NAMES = frozenset({"name", "nm"})

PARTS = re.compile(r"[A-Z]|[()]|\d+")
ORDER = re.compile(r'"?[A-Z0-9().\s]+"?')
MOST_PARTS = 1000  # played parts of a tune


@dataclass(frozen=True)
class Signature:
    """A key: what it does to the letters, and its tonic and mode.

    Attributes:
        alterations: semitones of each letter A to G that is sharp or flat.
        tonic: place on the line of fifths; None for `none`.
        mode: major or minor, by its third.
        is_exact: whether the mode was written as a word.
    """

    alterations: dict[str, int] = field(default_factory=dict)
    tonic: int | None = None
    mode: Mode = "major"
    is_exact: bool = False


NO_SIGNATURE = Signature()


@dataclass
class Attributes:
    """What follows a key or the name of a voice: shift in semitones, name, unread words."""

    octaves: int | None = None
    transposition: int | None = None
    name: str | None = None
    unread: list[str] = field(default_factory=list)


def parse_meter_field(text: str) -> Meter | None:
    """Return the meter of an `M:` field; None for free meter.

    Raises:
        BadInputError: it is neither.
    """
    text = METER_SIGNS.get(text, text)
    if text in FREE_METERS:
        return None
    found = METER.fullmatch(text)
    if found is None:
        raise BadInputError(f"'{text}' is not a meter, such as 6/8")
    return parse_meter(f"{sum(map(int, found[1].split('+')))}/{found[2]}")


def parse_unit(text: str) -> Fraction:
    """Return the unit length of an `L:` field in quarter notes; raises BadInputError."""
    found = UNIT.fullmatch(text.replace(" ", ""))
    if found is None:
        raise BadInputError(f"'{text}' is not a unit length, such as 1/8")
    return Fraction(WHOLE, int(found[1] or 1))


def default_unit(meter: Meter | None) -> Fraction:
    """Return the unit length of a tune without `L:`, in quarter notes."""
    short = meter is not None and bar_beats(meter) < LONGEST_OF_SHORT
    return SHORT_UNIT if short else LONG_UNIT


def parse_tempo(text: str, unit: Fraction) -> float | None:
    """Return the quarter notes per minute of a `Q:` field; None if it gives no tempo.

    Args:
        text: such as `1/4=120`, `1/4 1/8=60`, `120` (units of length a minute) or `"Allegro"`.
        unit: unit length in quarter notes.
    """
    words = TEMPO_TEXT.findall(text)
    text = TEMPO_TEXT.sub("", text).strip()
    if found := TEMPO.match(text):
        bpm = float(sum(map(Fraction, found[1].split())) * WHOLE) * float(found[2])
    elif found := UNIT_TEMPO.fullmatch(text):
        bpm = float(Fraction(found[1] or 1) * unit) * float(found[2])
    else:
        bpm = next((float(TEMPO_WORDS[w.lower()]) for w in words if w.lower() in TEMPO_WORDS), 0.0)
    return bpm if MIN_BPM <= bpm <= MAX_BPM else None


def parse_key_field(text: str) -> tuple[Signature | None, Attributes]:
    """Return the signature and the attributes of a `K:` field.

    Returns:
        None in place of the signature if the field has only attributes, such as `clef=bass`.

    Raises:
        BadInputError: it begins with something else.
    """
    found = KEY.match(text)
    rest = text[found.end() :] if found else text
    accidentals = {
        letter.upper(): ACCIDENTALS[sign]
        for word in KEY_ACCIDENTALS.findall(rest)
        for sign, letter in KEY_ACCIDENTAL.findall(word)
    }
    attributes = parse_attributes(KEY_ACCIDENTALS.sub("", rest))
    if found is None:
        if attributes.unread:
            raise BadInputError(f"'{text}' is not a key, such as Em, Ddor or HP")
        return (Signature(accidentals) if accidentals or not text else None), attributes
    return signature_of(found, accidentals), attributes


def signature_of(found: re.Match[str], accidentals: dict[str, int]) -> Signature:
    """Return the signature of a key that was found, changed by the accidentals behind it."""
    if found["none"]:
        return Signature(accidentals)
    if found["pipes"]:
        return Signature(PIPES | accidentals, PIPES_TONIC, "major", True)
    tonic = parse_note_name(found["tonic"] + found["sign"])
    word = (found["mode"] or "").lower()[:3]
    mode: Mode = "minor" if word in MINOR_MODES else "major"
    own = {} if word == "exp" else alterations_of(tonic + MODES[word])
    return Signature(own | accidentals, tonic, mode, bool(word))


def alterations_of(sharps: int) -> dict[str, int]:
    """Return the alterations of a signature by letter; flats are negative."""
    order, sign = (LETTERS, 1) if sharps > 0 else (LETTERS[::-1], -1)
    found: dict[str, int] = {}
    for index in range(abs(sharps)):
        letter = order[index % len(order)]
        found[letter] = found.get(letter, 0) + sign
    return found


def parse_attributes(text: str) -> Attributes:
    """Return the attributes of a voice or key: clef, octave, transposition, name."""
    read = Attributes()
    for name, value, quoted, word in ATTRIBUTE.findall(text):
        value = value.strip('"')
        if name == "clef" or word:
            read_clef(value or word, read)
        elif name in NAMES or quoted:
            read.name = value or quoted.strip('"')
        elif name == "octave":
            read.octaves = (read.octaves or 0) + parse_shift(value, read)
        elif name in {"transpose", "t"}:
            read.transposition = parse_shift(value, read)
        elif name not in PICTURE:
            read.unread.append(name)
    return read


def read_clef(text: str, read: Attributes) -> None:
    """Read a clef: only a transposition by octaves changes what sounds."""
    found = CLEF.fullmatch(text)
    if found is None:
        if text not in PICTURE:
            read.unread.append(text)
    elif found[1]:
        read.octaves = (read.octaves or 0) + CLEF_OCTAVES[found[1]]
    elif read.octaves is None:
        read.octaves = 0


def parse_shift(text: str, read: Attributes) -> int:
    """Return a number with a sign; 0 for any other text, which is noted as unread."""
    if re.fullmatch(r"[+-]?\d{1,2}", text):
        return int(text)
    read.unread.append(text)
    return 0


def parse_parts(text: str) -> list[str]:
    """Return the letters of an order of parts such as `A(AB)2C`, in the order played.

    Raises:
        BadInputError: it is something else, such as an instruction in words.
    """
    if not ORDER.fullmatch(text):
        raise BadInputError(f"'{text}' is not an order of parts, such as AABB")
    stack: list[list[str]] = [[]]
    last: list[str] = []
    for word in PARTS.findall(text):
        if word == "(":
            stack.append([])
            continue
        if word == ")":
            last = stack.pop() if len(stack) > 1 else []
        elif word.isdecimal():
            last = last * (min(int(word), MOST_PARTS) - 1)
        else:
            last = [word]
        stack[-1] += last[:MOST_PARTS]
    return [letter for level in stack for letter in level][:MOST_PARTS]
