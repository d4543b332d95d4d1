"""Chord symbols as on lead sheets: `Dm7/F`, `F#m7b5`, `C7(b9,#11)`, `N.C.`.

There is no standard; the spellings of the common books and programs are read (Brandt and Roemer,
"Standardized Chord Symbol Notation", 1976; MusicXML; iReal). Symbols are written in the forms of
the table in qualities.py, with added and omitted degrees in brackets.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from muse.tools.errors import BadInputError
from muse.tools.theory.intervals import Interval, parse_interval
from muse.tools.theory.pitch import note_name, parse_note_name
from muse.tools.theory.qualities import quality
from muse.tools.theory.symbol import NONE, ChordSymbol, symbol_of
from muse.tools.theory.symbol_text import plain_symbol

NO_CHORD_TEXT = re.compile(r"n\.?\s*/?\s*c\.?|no[\s-]?chord|tacet", re.IGNORECASE)
# a root, then the rest; the last of several signs belongs to a degree that follows: Bbb5 is Bb(b5)
ROOT = re.compile(
    r"[A-G](?:b{1,2}(?=b(?:5|9|13)(?!\d))|#{1,2}(?=#(?:5|9|11)(?!\d))|b{1,3}|#{1,3}|x)?"
)
BASS_NOTE = re.compile(r"(.*)/\s*([A-G](?:bb?|##?|x)?|[a-g][#b]?)")
BASS_DEGREE = re.compile(r"(.*)/([#b]*\d{1,2})([+-]?)")
SEVENTH_WORD = re.compile(r"7|9|11|13")
# after a chord with a seventh these degrees are tensions, as in Latin American charts: C7/4
TENSIONS_OF_SEVENTHS = {"2", "4", "6", "b5", "#5", "b6"}
# a chord in brackets may be left out; a single letter in brackets is a rehearsal mark
OPTIONAL = re.compile(r"\(([A-G][^)].*)\)")
ALTERNATIVE = re.compile(r"([^()]+)\(([A-G][^()]*)\)")  # G(Em): the one in brackets may replace it
BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]")

TRIADS = {"major": "1 3 5", "minor": "1 b3 5", "dim": "1 b3 b5", "hdim": "1 b3 b5", "aug": "1 3 #5"}
ALTERED = "1 3 #5 b7 b9 #9"  # the usual sound of 'alt': every tension altered
# degrees above the seventh by the number of the chord
STACKS = {7: "", 9: "9", 11: "9 11", 13: "9 13"}
# degrees that other numbers add
SMALL_NUMBERS = {2: "9", 6: "6", 69: "6 9"}
SUSPENDED = 4  # C4 is Csus4
SINGLE_SIGN = 2  # characters of a note name with one accidental
LARGEST_BASS = 7  # degree after a slash that is a bass
# triads with fewer tones: C5 has no third, C1 only the root
BARE = {5: "1 5", 1: "1"}
RAISED_SEVENTH = Interval(7, 1)  # #7 is written for the major seventh over a minor triad
NUMBERS = {*STACKS, *SMALL_NUMBERS, *BARE, SUSPENDED}
SEVENTHS = {"dim": "bb7"}  # other than the minor seventh

DEGREE = r"(?:1[0-5]|[2-9])"
# in order of precedence; (?!dd|ug) reads 'madd9' as minor, (?!m) rejects 'Dom'
WORDS: tuple[tuple[str, str], ...] = (
    ("skip", r"(?i:dom)|[\s,()\[\]]+|(?<=[a-zA-Z])\."),
    ("minor", r"(?i:min(?:or)?|mi)"),
    ("major", r"(?i:maj(?:or)?|ma(?!dd|ug|lt))|M"),
    ("delta", r"[Δ^j]|(?<=[mni-])\+(?=7)"),
    ("raised", rf"(?<=[(,]){DEGREE}[+-](?!\d)|(?<!\d)5[+-](?!\d)"),
    ("altered", rf"(?:[#b]+|[+-](?=5)|(?<=[\d(,])[+-]){DEGREE}"),
    ("minor_sign", r"m|-"),
    ("hdim", r"(?i:hdim|half-?dim)|[øh]"),
    ("dim", r"(?i:dim(?:inished)?)|°|o(?!m)|(?<!\d)0(?!\d\d)"),
    ("aug", r"(?i:aug(?:mented)?)|\+"),
    ("sus", r"(?i:sus)(?:24|42|2|4)?"),
    ("alt", r"(?i:alt(?:ered)?)"),
    ("add", rf"(?i:add)\s*[#b+-]*{DEGREE}"),
    ("omit", r"(?i:omit|no)\s*\d{1,2}(?:rd|th|d)?"),
    ("number", r"(?:6/9|69|13|11|[1-79])(?!\d)"),
)
SCANNER = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in WORDS))


@dataclass
class Reading:
    """The meaning of the words of a symbol read so far."""

    triad: str = "major"
    has_major_seventh: bool = False
    number: int | None = None
    suspensions: str | None = None
    is_altered: bool = False
    added: list[Interval] = field(default_factory=list)
    altered: list[Interval] = field(default_factory=list)
    omitted: list[int] = field(default_factory=list)


def parse_leadsheet(text: str) -> ChordSymbol:
    """Read a chord symbol of a lead sheet.

    Raises:
        BadInputError: not such a symbol; the message quotes the text.
    """
    stripped = plain_symbol(text.strip())
    if NO_CHORD_TEXT.fullmatch(stripped):
        return NONE
    plain = without_alternative(stripped)
    found = ROOT.match(plain)
    if found is None:
        raise not_a_chord(text)
    root = parse_note_name(found[0])
    words, bass = split_bass(plain[found.end() :])
    try:
        degrees = degrees_of(read_words(words, text))
        return symbol_of(root, degrees, bass_of(root, bass))
    except BadInputError as error:
        raise not_a_chord(text) from error


def without_alternative(text: str) -> str:
    """Return the chord of "(Am)", which may be left out, or the first one of "G(Em)"."""
    optional, alternative = OPTIONAL.fullmatch(text), ALTERNATIVE.fullmatch(text)
    return optional[1] if optional else alternative[1] if alternative else text


def split_bass(rest: str) -> tuple[str, str | None]:
    """Split what follows a root into words and a bass: a note or a degree of the chord.

    A number after a slash is a bass up to the seventh, as in C/3; above it is a tension: C7/13.
    """
    rest = BRACKETS.sub(lambda found: found[0].replace("/", ","), rest)
    rest = re.sub(r"/(?=(?i:maj?\d|maj)|M\d)|(?<=sus[24])/(?=[24])", "", rest)
    if found := BASS_NOTE.fullmatch(rest):
        return found[1], found[2][0].upper() + found[2][1:]
    found = BASS_DEGREE.fullmatch(rest)
    if found is None or (found[2] == "9" and found[1].endswith("6") and not found[3]):
        return rest, None
    words, degree, sign = found.groups()
    is_tension = sign or int(degree.lstrip("#b")) > LARGEST_BASS
    if not is_tension and not (degree in TENSIONS_OF_SEVENTHS and SEVENTH_WORD.search(words)):
        return words, degree
    words, bass = split_bass(words)
    return f"{words}{'sus4' if degree == '4' else f'({degree}{sign})'}", bass


def not_a_chord(text: str) -> BadInputError:
    """Return the error for a text that is not a chord symbol."""
    return BadInputError(f"'{text}' is not a chord, such as Dm9, F#m7b5/C or N.C.")


def bass_of(root: int, text: str | None) -> int | None:
    """Return the bass after the slash: a note, or a degree above the root."""
    if text is None:
        return None
    return parse_note_name(text) if text[0].isupper() else root + parse_interval(text).fifths


def read_words(words: str, text: str) -> Reading:
    """Read the words after the root one by one; `text` is the whole symbol, for messages."""
    reading, place = Reading(), 0
    while place < len(words):
        found = SCANNER.match(words, place)
        if found is None or found.lastgroup is None:
            raise not_a_chord(text)
        TAKE[found.lastgroup](reading, found[0])
        place = found.end()
    return reading


def take_triad(triad: str) -> Callable[[Reading, str], None]:
    """Return a handler for a word that names the triad."""

    def take(reading: Reading, word: str) -> None:
        reading.triad = triad

    return take


def take_major(reading: Reading, word: str) -> None:
    """Make the seventh, before or after this word, a major one; alone the word adds nothing."""
    reading.has_major_seventh = True


def take_delta(reading: Reading, word: str) -> None:
    """Read the triangle: a major seventh even without a number."""
    reading.has_major_seventh = True
    reading.number = reading.number or 7


def take_hdim(reading: Reading, word: str) -> None:
    """Read half diminished: a seventh even without a number."""
    reading.triad, reading.number = "hdim", 7


def take_aug(reading: Reading, word: str) -> None:
    """Raise the fifth, wherever the word stands: C+7 is C7+."""
    reading.altered.append(Interval(5, 1))


def take_sus(reading: Reading, word: str) -> None:
    """Read what replaces the third: a fourth unless a number says otherwise."""
    reading.suspensions = word[3:] or "4"


def take_alt(reading: Reading, word: str) -> None:
    """Alter all tensions."""
    reading.is_altered = True


def take_altered(reading: Reading, word: str) -> None:
    """Read an altered degree: b5, #9, +11, -13; #7 is the major seventh."""
    sign = word.rstrip("0123456789")
    degree = parse_interval(sign.translate(PLUS_AND_MINUS) + word[len(sign) :])
    reading.altered.append(Interval(7) if degree == RAISED_SEVENTH else degree)


def take_raised(reading: Reading, word: str) -> None:
    """Read a degree with its sign behind it: 5+, 9-."""
    take_altered(reading, word[-1] + word[:-1])


def take_added(reading: Reading, word: str) -> None:
    """Read an added degree."""
    degree = re.sub("(?i)add", "", word).strip().translate(PLUS_AND_MINUS)
    reading.added.append(parse_interval(degree))


def take_omitted(reading: Reading, word: str) -> None:
    """Read an omitted degree; its alteration is ignored."""
    reading.omitted.append(int(re.sub(r"\D", "", word)))


def take_number(reading: Reading, word: str) -> None:
    """Read a number: the first one gives the stack of thirds, a later one adds a degree."""
    number = int(word.replace("/", ""))
    if number not in NUMBERS:
        raise BadInputError(f"{number} is not the number of a chord")
    if reading.number is None and number == SUSPENDED:
        reading.suspensions = str(number)
    elif reading.number is None or (reading.number == 7 and number in STACKS):
        reading.number = number
    else:
        take_added(reading, str(number))


PLUS_AND_MINUS = str.maketrans("+-", "#b")
TAKE: dict[str, Callable[[Reading, str], None]] = {
    "skip": lambda reading, word: None,
    "major": take_major,
    "delta": take_delta,
    "altered": take_altered,
    "minor": take_triad("minor"),
    "minor_sign": take_triad("minor"),
    "raised": take_raised,
    "hdim": take_hdim,
    "dim": take_triad("dim"),
    "aug": take_aug,
    "sus": take_sus,
    "alt": take_alt,
    "add": take_added,
    "omit": take_omitted,
    "number": take_number,
}


def degrees_of(reading: Reading) -> set[Interval]:
    """Return the degrees of a chord from its words."""
    triad = BARE.get(reading.number or 0, TRIADS[reading.triad])
    degrees = degrees_from(ALTERED) if reading.is_altered else degrees_from(triad)
    degrees |= stacked(reading)
    if reading.suspensions:
        degrees = {degree for degree in degrees if degree.number != 3}
        degrees |= degrees_from(" ".join(reading.suspensions))
    gone = {*reading.omitted, *(degree.number for degree in reading.altered)}
    kept = {degree for degree in degrees if degree.number not in gone}
    return kept | {*reading.altered, *reading.added}


def degrees_from(text: str) -> set[Interval]:
    """Parse degrees separated by spaces."""
    return set(map(parse_interval, text.split()))


def stacked(reading: Reading) -> set[Interval]:
    """Return the degrees that the number adds to the triad."""
    if reading.number in SMALL_NUMBERS:
        return degrees_from(SMALL_NUMBERS[reading.number])
    if reading.number not in STACKS:
        return set()
    seventh = "7" if reading.has_major_seventh else SEVENTHS.get(reading.triad, "b7")
    return degrees_from(f"{seventh} {STACKS[reading.number]}")


def write_leadsheet(symbol: ChordSymbol) -> str:
    """Write a symbol as on a lead sheet; `parse_leadsheet` reads it back as the same symbol.

    An unknown chord is written "?", which cannot be read back.
    """
    lead = quality(symbol.quality).lead
    if symbol.root is None:
        return lead
    changes = written_changes(symbol)
    name = note_name(symbol.root)
    if len(name) > SINGLE_SIGN:  # Bbb9 is read as Bb(b9)
        lead = re.sub(r"^(5|9|11|13)", r"(\1)", lead)
    text = name + lead + (f"({','.join(changes)})" if changes else "")
    return text if symbol.bass is None else f"{text}/{note_name(symbol.bass)}"


def written_changes(symbol: ChordSymbol) -> list[str]:
    """Return omitted and added degrees as words: "no3", "add13", or "b5" in place of the fifth."""
    numbers = [degree.number for degree in symbol.intervals]
    alone = {d for d in symbol.added if d.alteration and numbers.count(d.number) == 1}
    alone.discard(RAISED_SEVENTH)
    replaced = {degree.number for degree in alone}
    left_out = dict.fromkeys(o.number for o in symbol.omitted if o.number not in replaced)
    named = [d for d in symbol.intervals if d in symbol.added or d.number in left_out]
    words = [str(degree) if degree in alone else f"add{degree}" for degree in named]
    return [f"no{number}" for number in left_out] + words
