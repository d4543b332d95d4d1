"""Progressions in Roman numerals: JSON (`progressions.json`), and plain text, one on each line.

    # a remark
    key: Eb minor
    metre: 3/4
    I vi | ii7 V7 | I

Conventions: numerals between bars share the bar evenly; without bars each numeral takes one. A list
names no
key: major progressions are put in C, minor ones in A, modal ones on C in the mode of their tonic
chord. In plain text a progression whose first chord on the tonic is small, `i`, is minor. `key:`
and `metre:` hold for the lines below.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from muse.tools.datasets.text_lines import ChordLine, Line, NamedSongs, at_line
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Song
from muse.tools.song.meter import COMMON_TIME, bar_beats, parse_meter
from muse.tools.theory.keys import Tonality, parse_key
from muse.tools.theory.roman import Dialect, from_roman

NUMERAL = re.compile(r"[#b]*(?:[iI]{1,3}|[iI][vV]|[vV][iI]{0,3}|N|It|Ger|Fr|Cad)(?![a-zA-Z]*:).*")
TONIC = re.compile(r"([iI])(?![iIvV])")
DIRECTIVE = re.compile(r"(key|metre|meter):\s*(.+)", re.IGNORECASE)
LIST_DIALECT: Dialect = "pop"  # what the numerals of the JSON list mean
C_MAJOR, C_MINOR = Tonality(0, "major"), Tonality(0, "minor")
A_MINOR = Tonality(3, "minor")


class Progression(msgspec.Struct):
    """One progression of the JSON list."""

    mode: Literal["major", "minor", "modal"]
    roman: list[str]
    moods: list[str] = msgspec.field(default_factory=list)


class Progressions(msgspec.Struct):
    """The JSON list."""

    progressions: list[Progression]
    source: str = ""


def looks_like_numerals(head: bytes) -> bool:
    """Whether the first line that is not a remark is made of Roman numerals, or names a key."""
    for line in head.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        words = text.replace("|", " ").split()
        return bool(DIRECTIVE.match(text)) or all(NUMERAL.fullmatch(word) for word in words)
    return False


def looks_like_progressions(head: bytes) -> bool:
    """Whether a file is JSON that begins like the list."""
    return head.lstrip().startswith(b"{") and b'"progressions"' in head


def read_progressions(data: bytes, name: str) -> NamedSongs:
    """The progressions of the JSON list, numbered from 1.

    Raises:
        BadInputError: not such a list, or a numeral that cannot be read; the message says which.
    """
    try:
        listed = msgspec.json.decode(data, type=Progressions)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{name}: not a list of progressions ({error})") from error
    songs = []
    for number, progression in enumerate(listed.progressions, start=1):
        try:
            song = song_of_progression(progression)
        except ValueError as error:
            raise BadInputError(f"{name}, progression {number}: {error}") from error
        songs.append((str(number), song))
    return songs


def song_of_progression(progression: Progression) -> Song:
    """One of the JSON list; modal numerals count from the major scale."""
    bars = [[numeral] for numeral in progression.roman]
    if progression.mode != "modal":
        return song_of(
            bars, A_MINOR if progression.mode == "minor" else C_MAJOR, COMMON_TIME, LIST_DIALECT
        )
    song = song_of(bars, C_MAJOR, COMMON_TIME, LIST_DIALECT)
    if is_minor(progression.roman):
        song.keys = [Key(0.0, C_MINOR.tonic_pc, C_MINOR.mode)]
    return song


def is_minor(numerals: Sequence[str]) -> bool:
    """Whether the first chord on the tonic is minor: `i`, `im7`, `Im`; without one it is not."""
    tonics = (numeral for numeral in numerals if TONIC.match(numeral))
    first = next(tonics, "I")
    return first[0] == "i" or re.match(r"Im(?!aj)", first) is not None


def read_numerals(data: bytes, name: str) -> NamedSongs:
    """The progressions of a plain text, each named by its line's number.

    Raises:
        BadInputError: a line that cannot be read; the message names it.
    """
    key: Tonality | None = None
    meter, songs = COMMON_TIME, []
    for line in Line.all_of(data, name):
        with at_line(name, line):
            if line.text.startswith("#"):
                continue
            if directive := DIRECTIVE.fullmatch(line.text):
                if directive[1].lower() == "key":
                    key = parse_key(directive[2])
                else:
                    meter = parse_meter(directive[2])
                continue
            songs.append((str(line.number), song_of_line(line.text, key, meter)))
    if not songs:
        raise BadInputError(f"{name}: no progressions")
    return songs if len(songs) > 1 else [("", songs[0][1])]


def song_of_line(text: str, key: Tonality | None, meter: Meter) -> Song:
    """A line of numerals as a Song; raises BadInputError."""
    bars = [bar.split() for bar in text.split("|")] if "|" in text else [[w] for w in text.split()]
    bars = [bar for bar in bars if bar]
    words = [word for bar in bars for word in bar]
    return song_of(bars, key or (A_MINOR if is_minor(words) else C_MAJOR), meter)


def song_of(
    bars: Sequence[Sequence[str]], key: Tonality, meter: Meter, dialect: Dialect = "muse"
) -> Song:
    """Bars of numerals in a key as a Song; raises BadInputError."""
    line = ChordLine()
    for bar in bars:
        for numeral in bar:
            line.add(bar_beats(meter) / len(bar), from_roman(numeral, key, dialect))
    return Song(meters=[meter], keys=[Key(0.0, key.tonic_pc, key.mode)], chords=line.chords())
