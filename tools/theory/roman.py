"""Roman numerals: write chords as degrees of a key, and read them.

Written form:
    [accidental] numeral [color] [number or figure] [(changes)] [/degree] [/numeral]

    numeral   capital with a major third or none, small with a minor one. Accidentals count from
              the major scale. In minor, capital III, VI and VII are those of the natural scale;
              small vi and vii are on the raised degrees: vii° is the leading-tone chord; V is major
              and v minor. One flat before III, VI or VII of a minor key is redundant and ignored.
    color     ° diminished, ø half diminished, + augmented, maj a major seventh.
    number    7 is a minor seventh, after ° a diminished one; 9, 13, add6, 69, sus4, 5 (no third),
              and the other words of a lead sheet. I7 is C7, Imaj7 is Cmaj7.
    figure    inversions of plain triads (6, 64) and sevenths (65, 43, 42): Imaj65 is Cmaj7/E.
    changes   as on a lead sheet: "(add11)", "(no5)".
    degree    any other bass, counted from the root of the chord as in Harte's spelling: I/2 is C/D.
    numeral   the degree that the chord is the V, vii° or ii of: V7/V.

Also read: `o` for °, figures with a slash (V6/5), N6, It6, Ger65, Fr43, Cad64, and two dialects in
which the same text means other chords:
    figured   classical figured bass: bare 7, 65, 43, 42 and 9 are from the scale, I7 is Cmaj7; on a
              minor chord the seventh is minor. Complete figures (V#643, V75#3) are read, too.
    pop       the dialect of chord packs (mingus, chords2midi): 7 as in figured, 6 an added sixth, a
              bare degree whose triad is diminished in the key is diminished; no figures.

The augmented sixths become the sevenths on bVI that they sound like, with that root.

Source: Aldwell, Schachter and Cadwallader, "Harmony and Voice Leading"; minor keys are read as by
music21's default (roman.Minor67Default.QUALITY), except for the redundant flat.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Literal

from muse.tools.errors import BadInputError
from muse.tools.theory.chords import NONE, UNKNOWN_CHORD, ChordSymbol, symbol_of
from muse.tools.theory.functions import Function, function_of
from muse.tools.theory.intervals import MAJOR_SCALE, Interval, interval_between, parse_interval
from muse.tools.theory.keys import SCALES, Tonality
from muse.tools.theory.leadsheet import parse_leadsheet, written_changes
from muse.tools.theory.pitch import SIGNS, respell, signs, spell
from muse.tools.theory.qualities import UNKNOWN, quality
from muse.tools.theory.roman_tables import (
    CADENTIAL,
    DEGREE,
    FIGURED,
    FIGURES,
    FULL_FIGURES,
    NAMED,
    NATURAL,
    NATURAL_SMALL,
    NO_CHORD_WORDS,
    NUMERAL,
    NUMERALS,
    SEVENTH_FIGURES,
    SEVENTHS,
    SIGNED_FIGURE,
    SLASHED_FIGURE,
    SMALL_TARGETS,
    SUFFIXES,
    TRIAD_FIGURES,
    TRIADS,
)

Dialect = Literal["muse", "figured", "pop"]

# places on the line of fifths from the tonic to roots whose spelling is preserved: bV to #IV, and
# for diminished chords, which resolve upwards, to #II
FLATTEST, SHARPEST, SHARPEST_LEADING = -6, 6, 9
ENHARMONIC = 12  # places on the line of fifths between enharmonic equivalents
MINOR_THIRD, MINOR_SEVENTH, MAJOR_SEVENTH = Interval(3, -1), Interval(7, -1), Interval(7)
DIMINISHED_FIFTH = 6  # semitones
STACKED = {"7": (7,), "9": (7, 9)}  # degrees that some dialects take from the scale


def to_roman(symbol: ChordSymbol, key: Tonality, following: ChordSymbol | None = None) -> str:
    """Write a chord as a Roman numeral of a key; `from_roman` reads it back as the same chord.

    Args:
        symbol: the chord; no chord is "N", an unknown one "X".
        key: the key in force.
        following: the next chord, which may decide the function; see `function_of`.
    """
    if symbol.root is None:
        return symbol.quality
    behind = color_and_figure(symbol)
    is_small = is_written_small(symbol)
    applied = applied_numeral(symbol, key, function_of(symbol, key, following))
    if applied:
        return f"{applied[0]}{behind}/{applied[1]}"
    return numeral_of(spelled_root(symbol.root, symbol, key), key, is_small) + behind


def spelled_root(root: int, symbol: ChordSymbol, key: Tonality) -> int:
    """Return the root as spelled unless that is unusual in the key: B7 in Eb is bVI7, not #V7."""
    sharpest = SHARPEST_LEADING if quality(symbol.quality).family == "diminished" else SHARPEST
    return root if FLATTEST <= root - key.tonic <= sharpest else respell(root, key.tonic)


def is_written_small(symbol: ChordSymbol) -> bool:
    """Return whether the numeral of a chord is in small letters."""
    return MINOR_THIRD in quality(symbol.quality).intervals


def applied_numeral(
    symbol: ChordSymbol, key: Tonality, function: Function
) -> tuple[str, str] | None:
    """Return the numeral in the key of a target degree, and that degree; None without a target."""
    if function.kind != "secondary" or function.target is None or symbol.root_pc is None:
        return None
    name = function.name.partition("/")[0].rstrip("°")
    above = MAJOR_SCALE[NUMERALS.index(name.upper())]
    place = (symbol.root_pc - key.tonic_pc) % 12
    if (place - above - function.target) % 12 or name.islower() != is_written_small(symbol):
        return None
    target = spell(key.tonic_pc + function.target, key.tonic)
    return name, numeral_of(target, key, function.target in SMALL_TARGETS[key.mode])


def numeral_of(root: int, key: Tonality, is_small: bool) -> str:
    """Return the numeral of a root with its accidental; respelled if it would need two of them."""
    for spelling in (root, respell(root, key.tonic), root - ENHARMONIC, root + ENHARMONIC):
        degree = interval_between(key.tonic, spelling)
        default = default_alteration(degree.number, key, is_small)
        sign = degree.alteration - default
        if abs(sign) <= 1 and not is_courtesy(default, sign):
            break
    numeral = NUMERALS[degree.number - 1]
    return signs(sign) + (numeral.lower() if is_small else numeral)


def default_alteration(number: int, key: Tonality, is_small: bool) -> int:
    """Return the semitones from the degree of the major scale to the root of a bare numeral."""
    if key.mode == "major":
        return 0
    return (NATURAL_SMALL if is_small else NATURAL).get(number, 0)


def is_courtesy(default: int, sign: int) -> bool:
    """Return whether a flat only repeats the signature of a minor key."""
    return default == sign == -1


def color_and_figure(symbol: ChordSymbol) -> str:
    """Return all that is written after the numeral."""
    changes = written_changes(symbol)
    suffix = plain_suffix(symbol) + (f"({','.join(changes)})" if changes else "")
    if symbol.bass is None or symbol.root is None:
        return suffix
    tones = [interval.semitones for interval in quality(symbol.quality).intervals]
    above = interval_between(symbol.root, symbol.bass)
    place = above.semitones % 12
    if not changes and place in tones and symbol.quality in TRIADS:
        return suffix + TRIAD_FIGURES[tones.index(place)]
    if not changes and place in tones and symbol.quality in SEVENTHS:
        return suffix.removesuffix("7") + SEVENTH_FIGURES[tones.index(place)]
    if abs(above.alteration) > 1:
        above = interval_between(symbol.root, respell(symbol.bass, symbol.root))
    return f"{suffix}/{above}"


def plain_suffix(symbol: ChordSymbol) -> str:
    """Return the suffix of the quality after the numeral."""
    lead = quality(symbol.quality).lead
    return SUFFIXES.get(symbol.quality, lead[1:] if is_written_small(symbol) else lead)


@lru_cache(maxsize=65536)
def from_roman(text: str, key: Tonality, dialect: Dialect = "muse") -> ChordSymbol:
    """Read a Roman numeral; see the module for what can be read.

    Args:
        text: such as "V65/V", "bVII7", "viiø7/ii", "N6", "Iadd9", "N".
        key: the key in force.
        dialect: "muse", "figured" or "pop", which differ in the meaning of a bare 7 or 6.

    Raises:
        BadInputError: not a Roman numeral; the message quotes the text.
    """
    try:
        return read_numeral(text.strip(), key, dialect)
    except BadInputError as error:
        message = f"'{text}' is not a Roman numeral, such as V7, bVII, ii65 or viiø7/ii"
        raise BadInputError(message) from error


def read_numeral(text: str, key: Tonality, dialect: Dialect) -> ChordSymbol:
    """Read a numeral with all that is written after it."""
    if text in NO_CHORD_WORDS or text == UNKNOWN:
        return UNKNOWN_CHORD if text == UNKNOWN else NONE
    name, _, aim = text.partition("/")
    if name in NAMED or name in CADENTIAL:
        return named_chord(name, tonicized(aim, key, dialect))
    found = NUMERAL.fullmatch(text)
    if found is None:
        raise BadInputError(text)
    rest = SLASHED_FIGURE.sub(r"\1\4\5", found[3].replace("/o", "ø"), count=1)
    suffix, *behind = rest.split("/")
    degree = behind.pop(0) if behind and DEGREE.fullmatch(behind[0]) else None
    if not all(behind):
        raise BadInputError(text)
    home = tonicized("/".join(behind), key, dialect)
    chord = chord_on(root_of(found[1], found[2], home), found[2], suffix, home, dialect)
    if degree is None or chord.root is None:
        return chord
    return replace(chord, bass=bass_at(chord.root, parse_interval(degree)))


def named_chord(name: str, home: Tonality) -> ChordSymbol:
    """Return a Neapolitan, augmented sixth or cadential six-four chord by its name."""
    if name in CADENTIAL:
        return read_numeral(CADENTIAL[name][home.mode], home, "muse")
    numeral, missing = NAMED[name]
    chord = read_numeral(numeral, home, "muse")
    return replace(chord, omitted=(Interval(missing),)) if missing else chord


def tonicized(text: str, key: Tonality, dialect: Dialect) -> Tonality:
    """Return the key of the degree after the slash, in its chord's mode; `key` without text."""
    if not text:
        return key
    aim = read_numeral(text, key, dialect)
    if aim.root is None:
        raise BadInputError(text)
    return Tonality(aim.root, "minor" if MINOR_THIRD in aim.intervals else "major")


def root_of(sign: str, numeral: str, key: Tonality) -> int:
    """Return the root, on the line of fifths, of a numeral with accidentals."""
    number = NUMERALS.index(numeral.upper()) + 1
    default = default_alteration(number, key, numeral.islower())
    alteration = sum(SIGNS[each] for each in sign)
    if is_courtesy(default, alteration):
        alteration = 0
    return key.tonic + Interval(number, default + alteration).fifths


def chord_on(root: int, numeral: str, suffix: str, key: Tonality, dialect: Dialect) -> ChordSymbol:
    """Return the chord on a root with the suffix of a numeral."""
    third = "min" if numeral.islower() else ""
    if dialect == "figured":
        suffix = SIGNED_FIGURE.sub(short_figure, suffix)
    found = FIGURED.fullmatch(suffix) if dialect != "pop" else None
    if found is None:
        return chord_from_words(root, numeral, third + suffix, key, dialect)
    has_seventh, tone = FIGURES[found[3]]
    words = third + suffix.removesuffix(found[3]) + ("7" if has_seventh else "")
    chord = chord_from_words(root, numeral, words, key, dialect)
    return replace(chord, bass=bass_at(root, chord.intervals[tone]))


def short_figure(found: re.Match[str]) -> str:
    """Return the usual form of a complete figure."""
    return FULL_FIGURES.get(re.sub(r"\D", "", found[0]), found[0])


def chord_from_words(
    root: int, numeral: str, words: str, key: Tonality, dialect: Dialect
) -> ChordSymbol:
    """Return the chord on a root by lead-sheet words, with scale degrees in some dialects."""
    number = NUMERALS.index(numeral.upper()) + 1
    color = words.rstrip("79")
    triad = color
    if dialect == "pop" and color == "min" and has_diminished_triad(number, key):
        triad = "dim"
    stack = STACKED.get(words[len(color) :], ())
    is_from_scale = color in ("", "min", "+") and (dialect == "figured" or stack == (7,))
    if dialect == "muse" or not is_from_scale:
        return replace(parse_leadsheet("C" + (triad if words == color else words)), root=root)
    degrees = {*parse_leadsheet("C" + triad).intervals}
    degrees |= {scale_degree(root, number, above, key) for above in stack}
    if MINOR_THIRD in degrees and MAJOR_SEVENTH in degrees:
        degrees = degrees - {MAJOR_SEVENTH} | {MINOR_SEVENTH}
    return symbol_of(root, degrees)


def has_diminished_triad(number: int, key: Tonality) -> bool:
    """Return whether the key's own triad on a degree is diminished."""
    scale = SCALES[key.mode]
    return (scale[(number + 3) % 7] - scale[number - 1]) % 12 == DIMINISHED_FIFTH


def scale_degree(root: int, number: int, above: int, key: Tonality) -> Interval:
    """Return the key's own seventh or ninth (`above`) over a root on degree `number`."""
    step = (number + above - 2) % 7 + 1
    own = NATURAL.get(step, 0) if key.mode == "minor" else 0
    degree = interval_between(root, key.tonic + Interval(step, own).fifths)
    return Interval(above, degree.alteration)


def bass_at(root: int, degree: Interval) -> int | None:
    """Return the bass a degree above a root; None for the root itself."""
    return root + degree.fifths if degree.fifths else None
