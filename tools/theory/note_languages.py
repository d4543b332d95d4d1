"""Chord symbols with the note names of other languages, turned into English ones.

German and Scandinavian charts write H for B, B for B flat, and Fis, Es, As; Romance ones write Do,
Re, Mi, Fa, Sol, La, Si. Only the names of root and bass differ; what follows is the same.
"""

import re
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from muse.tools.theory.chords import is_chord_symbol
from muse.tools.theory.symbol_text import plain_symbol

NoteLanguage = Literal["english", "german", "solfege"]
NOTE_LANGUAGES: tuple[NoteLanguage, ...] = get_args(NoteLanguage)

# longer names first; 'As' and 'Es' are not the beginning of 'Asus'
GERMAN = re.compile(r"(?:([CDFGAEH])is|([CDGFH])es|([AE])s(?!us)|([HB]))")
SOLFEGE = re.compile(r"(do|ut|re|ré|mi|fa|sol|la|si)", re.IGNORECASE)
SOLFEGE_LETTERS = {
    "do": "C",
    "ut": "C",
    "re": "D",
    "ré": "D",
    "mi": "E",
    "fa": "F",
    "sol": "G",
    "la": "A",
    "si": "B",
}


def english_symbol(text: str, language: NoteLanguage) -> str:
    """Return a chord symbol with English names of root and bass: "Fism7/H" gives "F#m7/B"."""
    rename = RENAME[language]
    words, slash, bass = plain_symbol(text).rpartition("/")
    if not slash:
        return rename(bass)
    renamed = rename(bass)
    is_note = renamed != bass or bass[:1].isalpha()
    return f"{rename(words)}/{renamed}" if is_note else rename(f"{words}/{bass}")


def from_german(text: str) -> str:
    """Replace the German name at the start of a symbol; Bb, as some charts write, stays."""
    found = GERMAN.match(text)
    if found is None or re.match(r"B[b#]", text):
        return text
    sharp, flat, short_flat, plain = found.groups()
    letter = sharp or flat or short_flat or plain
    sign = "#" if sharp else "b" if flat or short_flat else ""
    name = "B" if letter == "H" else "Bb" if plain == "B" else letter
    return name + sign + text[found.end() :]


def from_solfege(text: str) -> str:
    """Replace the syllable at the start of a symbol."""
    found = SOLFEGE.match(text)
    return text if found is None else SOLFEGE_LETTERS[found[1].lower()] + text[found.end() :]


RENAME: dict[NoteLanguage, Callable[[str], str]] = {
    "english": lambda text: text,
    "german": from_german,
    "solfege": from_solfege,
}


def detect_language(symbols: Iterable[str]) -> NoteLanguage:
    """Return the language in which most of a chart's symbols can be read, English if several.

    H is never an English name, so that one H makes the chart German and each of its B a B flat.
    """
    distinct = set(symbols)

    def readable(language: NoteLanguage) -> int:
        return sum(is_chord_symbol(english_symbol(text, language)) for text in distinct)

    return max(NOTE_LANGUAGES, key=readable)
