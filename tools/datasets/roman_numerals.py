"""Reader of progressions in Roman numerals: JSON (`progressions.json`) or text, one per line.

    # a comment
    key: Eb minor
    meter: 3/4
    I vi | ii7 V7 | I

Conventions: numerals between bar lines divide the bar evenly; without bar lines each numeral takes
a bar. The JSON list names no key: major progressions are put in C, minor ones in A, modal ones on C
in the mode of their tonic chord. In text without a key, a progression whose first tonic chord is in
lower case (`i`) is in A minor, else in C major. `key:` and `meter:` (also `metre:`) apply to the
lines below.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from muse.tools.datasets.text_lines import ChordLine, Line, NamedSongs, error_context
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song
from muse.tools.song.meter import COMMON_TIME, bar_beats, parse_meter
from muse.tools.theory.keys import Tonality, parse_key, song_key
from muse.tools.theory.roman import Dialect, from_roman

NUMERAL = re.compile(r"[#b]*(?:[iI]{1,3}|[iI][vV]|[vV][iI]{0,3}|N|It|Ger|Fr|Cad)(?![a-zA-Z]*:).*")
TONIC = re.compile(r"([iI])(?![iIvV])")
DIRECTIVE = re.compile(r"(key|metre|meter):\s*(.+)", re.IGNORECASE)
LIST_DIALECT: Dialect = "pop"  # how the numerals of the JSON list are read
C_MAJOR, C_MINOR = Tonality(0, "major"), Tonality(0, "minor")
A_MINOR = Tonality(3, "minor")


class Progression(msgspec.Struct):
    """One progression of the JSON list."""

    mode: Literal["major", "minor", "modal"]
    roman: list[str]
    moods: list[str] = msgspec.field(default_factory=list)


class Progressions(msgspec.Struct):
    """The JSON list of progressions."""

    progressions: list[Progression]
    source: str = ""


def looks_like_numerals(head: bytes) -> bool:
    """Return whether the first line without comment is Roman numerals, or sets the key or meter."""
    for line in head.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        words = text.replace("|", " ").split()
        return bool(DIRECTIVE.match(text)) or all(NUMERAL.fullmatch(word) for word in words)
    return False


def looks_like_progressions(head: bytes) -> bool:
    """Return whether a file is JSON with a list of progressions."""
    return head.lstrip().startswith(b"{") and b'"progressions"' in head


def read_progressions(data: bytes, name: str) -> NamedSongs:
    """Read the progressions of the JSON list, numbered from 1.

    Raises:
        BadInputError: not such a list, or an unreadable numeral; the message gives its number.
    """
    try:
        listed = msgspec.json.decode(data, type=Progressions)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a list of progressions ({error})") from error
    songs = []
    for number, progression in enumerate(listed.progressions, start=1):
        try:
            song = song_from_progression(progression)
        except ValueError as error:
            raise BadInputError(f"{name}, progression {number}: {error}") from error
        songs.append((str(number), song))
    return songs


def song_from_progression(progression: Progression) -> Song:
    """Convert one progression of the JSON list; modal numerals count from the major scale."""
    bars = [[numeral] for numeral in progression.roman]
    if progression.mode != "modal":
        return song_from_numerals(
            bars, A_MINOR if progression.mode == "minor" else C_MAJOR, COMMON_TIME, LIST_DIALECT
        )
    song = song_from_numerals(bars, C_MAJOR, COMMON_TIME, LIST_DIALECT)
    if has_minor_tonic(progression.roman):
        song.keys = [Key(0.0, C_MINOR.tonic_pc, C_MINOR.mode)]
    return song


def has_minor_tonic(numerals: Sequence[str]) -> bool:
    """Return whether the first tonic chord is minor: `i`, `im7`, `Im`; False if there is none."""
    tonics = (numeral for numeral in numerals if TONIC.match(numeral))
    first = next(tonics, "I")
    return first[0] == "i" or re.match(r"Im(?!aj)", first) is not None


def read_numerals(data: bytes, name: str) -> NamedSongs:
    """Read the progressions of a text; each is named by its line number.

    Raises:
        BadInputError: an unreadable line; the message gives its number.
    """
    key: Tonality | None = None
    meter, songs = COMMON_TIME, []
    for line in Line.all_of(data, name):
        with error_context(name, line):
            if line.text.startswith("#"):
                continue
            if directive := DIRECTIVE.fullmatch(line.text):
                if directive[1].lower() == "key":
                    key = parse_key(directive[2])
                else:
                    meter = parse_meter(directive[2])
                continue
            songs.append((str(line.number), song_from_line(line.text, key, meter)))
    if not songs:
        raise BadInputError(f"{name}: no progressions")
    return songs if len(songs) > 1 else [("", songs[0][1])]


def song_from_line(text: str, key: Tonality | None, meter: Meter) -> Song:
    """Convert a line of numerals to a Song; raises BadInputError."""
    bars = [bar.split() for bar in text.split("|")] if "|" in text else [[w] for w in text.split()]
    bars = [bar for bar in bars if bar]
    words = [word for bar in bars for word in bar]
    return song_from_numerals(bars, key or (A_MINOR if has_minor_tonic(words) else C_MAJOR), meter)


def song_from_numerals(
    bars: Sequence[Sequence[str]], key: Tonality, meter: Meter, dialect: Dialect = "muse"
) -> Song:
    """Convert bars of numerals in a key to a Song; raises BadInputError."""
    line = ChordLine()
    for bar in bars:
        for numeral in bar:
            line.add(bar_beats(meter) / len(bar), from_roman(numeral, key, dialect))
    return Song(meters=[meter], keys=[song_key(0.0, key)], chords=line.chords())
