"""Chord symbols of MusicXML: <harmony>, and chords that a score writes as words."""

import re
from xml.etree.ElementTree import Element

from muse.tools.datasets.harmony_symbols import DegreeChange, symbol_from_kind, symbol_from_text
from muse.tools.datasets.musicxml_score.numbers import read_number, read_whole, read_word
from muse.tools.errors import BadInputError
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.pitch import note_name, parse_note_name
from muse.tools.theory.symbol import NONE

SHARP = 7  # steps on the line of fifths
LARGEST_ALTER = 3  # sharps or flats
DEGREES = {1: 0, 2: 2, 3: 4, 4: -1, 5: 1, 6: 3, 7: 5}  # of a major scale, on the line of fifths
MINOR_TONIC = 3  # steps on the line of fifths from the signature's major tonic
# a letter and a small digit: more often a rehearsal mark, or how many players, than a chord
MARK = re.compile(r"[A-Ga-g]\s*[1-5]")
TIMES = re.compile(r"\(?\s*(?:\d+\s*[x\u00d7]|[x\u00d7]\s*\d+)\s*\)?$")  # 2x, (x3)


def read_harmony(element: Element, key: tuple[int, str | None]) -> ChordSymbol:
    """Return the chord symbol of a <harmony>; raises BadInputError.

    Args:
        element: if it holds several chords, the first one is read.
        key: sharps of the signature, and its mode, for roots that are written as degrees.
    """
    kind = element.find("kind")
    word = (kind.text or "").strip() if kind is not None else ""
    root = read_root(element, key)
    symbol = symbol_from_kind(root, word, read_degree_changes(element), read_step(element, "bass"))
    if not symbol.is_chord and word != "none" and kind is not None and root is not None:
        # for an unknown kind, try the text that the score prints
        symbol = symbol_from_text(f"{note_name(root)}{kind.get('text') or ''} ") or symbol
    return with_inversion(symbol, read_whole(element, "inversion", 0))


def read_degree_changes(element: Element) -> list[DegreeChange]:
    """Return the degree changes of a harmony; raises BadInputError."""
    return [
        (
            read_word(degree, "degree-type") or "add",
            read_whole(degree, "degree-value", 0),
            read_whole(degree, "degree-alter", 0),
        )
        for degree in element.findall("degree")
    ]


def read_root(element: Element, key: tuple[int, str | None]) -> int | None:
    """Return a harmony's root on the line of fifths, from its letter or its degree of the key."""
    degree = read_whole(element, "numeral/numeral-root", 0)
    if degree not in DEGREES:
        return read_step(element, "root")
    sharps = read_whole(element, "numeral/numeral-key/numeral-fifths", key[0])
    mode = read_word(element, "numeral/numeral-key/numeral-mode") or key[1] or ""
    alter = read_alter(element, "numeral/numeral-alter")
    if "minor" not in mode:
        return sharps + DEGREES[degree] + SHARP * alter
    lowered = SHARP if degree in {3, 6, 7} and mode in {"minor", "natural minor"} else 0
    return sharps + MINOR_TONIC + DEGREES[degree] - lowered + SHARP * alter


def read_step(element: Element, part: str) -> int | None:
    """Return a harmony's root or bass on the line of fifths; None if it is not written."""
    step = read_word(element, f"{part}/{part}-step")
    if not step:
        return None
    return parse_note_name(step) + SHARP * read_alter(element, f"{part}/{part}-alter")


def read_alter(element: Element, path: str) -> int:
    """Return an alteration in semitones; raises BadInputError for an impossible one."""
    alter = round(read_number(element, path, 0.0))
    if abs(alter) > LARGEST_ALTER:
        raise BadInputError(f"<{path}> is an alteration of {alter} semitones")
    return alter


def with_inversion(symbol: ChordSymbol, inversion: int) -> ChordSymbol:
    """Return a chord with the bass of an inversion: 1 for its third, 2 for its fifth."""
    tones = sorted(symbol.intervals) if symbol.is_chord else []
    if symbol.root is None or symbol.bass is not None or not 0 < inversion < len(tones):
        return symbol
    bass = symbol.root + tones[inversion].fifths
    return ChordSymbol(symbol.root, symbol.quality, symbol.added, symbol.omitted, bass)


def transposed(symbol: ChordSymbol, fifths: int) -> ChordSymbol:
    """Return a chord moved on the line of fifths."""
    if symbol.root is None or not fifths:
        return symbol
    bass = None if symbol.bass is None else symbol.bass + fifths
    return ChordSymbol(symbol.root + fifths, symbol.quality, symbol.added, symbol.omitted, bass)


def symbol_from_words(text: str, alone: bool) -> ChordSymbol | None:
    """Return the chord that words above the staff name; None if they are no chord.

    Args:
        text: the words; a number of times behind them, as in 'Gm (2x)', is ignored.
        alone: whether the score has no other chord symbols; else only 'no chord' is read.
    """
    plain = TIMES.sub("", text.strip()).strip()
    symbol = None if MARK.fullmatch(plain) else symbol_from_text(plain)
    return symbol if alone or symbol == NONE else None
