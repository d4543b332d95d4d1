"""Tunes in ABC, read with music21; lead_sheets.py says how they become Songs.

Source: the ABC standard 2.1.
"""

import re
import warnings
from typing import Any

from muse.tools.datasets.harmony_symbols import symbol_of_music21, symbol_of_words
from muse.tools.datasets.lead_sheets import (
    WrittenBar,
    chords_of,
    key_of_signature,
    keys_of,
    melody_track,
    meters_of,
    pickup_shift,
)
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Song, Tempo
from muse.tools.song.meter import COMMON_TIME, parse_meter
from muse.tools.theory.chords import ChordSymbol

# what keeps music21 busy for minutes: long notes, long bars, and metres that are none
FIELD_OR_TEXT = re.compile(r"^[A-Za-z]:.*$|\[[A-Za-z]:[^\]]*\]|\"[^\"]*\"|%.*$", re.MULTILINE)
LONG_NUMBER = re.compile(r"\d{3}")
LONGEST_BAR = 200  # characters
METER_FIELD = re.compile(r"(?:^|\[)M:\s*([^\]%\n]*)", re.MULTILINE)
LENGTH_FIELD = re.compile(r"(?:^|\[)L:\s*([^\]%\n]*)", re.MULTILINE)
UNIT_LENGTH = re.compile(r"1(/(1|2|4|8|16|32|64))?")
WORDS_FOR_METERS = {"C", "C|", "none", ""}


def looks_like_abc(head: bytes) -> bool:
    """Whether a file has the two header fields without which nothing is ABC."""
    lines = head.splitlines()
    starts = {line[:2] for line in lines}
    return {b"X:", b"K:"} <= starts


def read_abc(data: bytes, name: str) -> NamedSongs:
    """The tunes of an ABC file, numbered from 1 where there are several.

    Raises:
        BadInputError: not a readable tune.
    """
    text = data.decode("utf-8", "replace")
    check_numbers(text, name)
    songs = parse_songs(text, name)
    if len(songs) == 1:
        return [("", songs[0])]
    return [(str(number), song) for number, song in enumerate(songs, start=1)]


def check_numbers(text: str, name: str) -> None:
    """Refuse what music21 does not come back from; raises BadInputError."""
    music = FIELD_OR_TEXT.sub("", text)
    if LONG_NUMBER.search(music):
        raise BadInputError(f"{name}: a length in it has more than two digits")
    if max(map(len, music.split("|"))) > LONGEST_BAR:
        raise BadInputError(f"{name}: a bar is over {LONGEST_BAR} characters long")
    for field in LENGTH_FIELD.findall(text):
        if not UNIT_LENGTH.fullmatch(field.strip()):
            raise BadInputError(f"{name}: '{field}' is not a unit length, such as 1/8")
    for field in METER_FIELD.findall(text):
        if field.strip() not in WORDS_FOR_METERS:
            above, _, below = field.strip().partition("/")
            beats = [int(part) for part in re.findall(r"\d+", above)]
            try:
                parse_meter(f"{sum(beats)}/{below}")
            except BadInputError as error:
                raise BadInputError(f"{name}: {error}") from error
            if re.sub(r"[\d+() ]", "", above):
                raise BadInputError(f"{name}: '{field}' is not a metre")


def parse_songs(text: str, name: str) -> list[Song]:
    """The tunes that music21 reads in a text; raises BadInputError."""
    from music21 import converter, exceptions21, stream

    # what music21 raises on tunes that are well-formed and make no sense
    failures = (
        exceptions21.Music21Exception,
        ArithmeticError,
        AttributeError,
        MemoryError,
        RecursionError,
        TypeError,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of a bad bar, it raises too
            read = converter.parseData(text, format="abc")
        scores = list(read.scores) if isinstance(read, stream.Opus) else [read]
        return [song_of(score) for score in scores]
    except (*failures, ValueError, LookupError) as error:
        raise BadInputError(f"{name}: not a readable tune ({error})") from error


def song_of(score: Any) -> Song:
    """A music21 score as a Song."""
    part = score.parts[0]
    bars = written_bars(part)
    shift = pickup_shift(bars)
    flat = part.flatten()
    chords = chords_of(symbols_of(flat, shift), float(flat.highestTime) + shift)
    signatures = [
        key_of_signature(float(s.offset) + shift, s.sharps, getattr(s, "mode", None))
        for s in flat.getElementsByClass("KeySignature")
    ]
    notes = (
        (float(element.offset) + shift, float(element.quarterLength), int(pitch.midi))
        for element in part.stripTies().flatten().notes
        if "Harmony" not in element.classSet
        for pitch in element.pitches
    )
    return Song(
        tempos=tempos_of(flat, shift),
        meters=meters_of(bars, shift),
        keys=keys_of(signatures, chords),
        chords=chords,
        tracks=[melody_track(notes)],
    )


def written_bars(part: Any) -> list[WrittenBar]:
    """The bars of a music21 part; one bar where it is written without bar lines."""
    from music21 import meter

    bars = list(part.getElementsByClass("Measure"))
    starts = [float(bar.offset) for bar in bars] + [float(part.highestTime)]
    made = []
    for index, bar in enumerate(bars):
        signature = bar.timeSignature or bar.getContextByClass(meter.TimeSignature)
        written = Meter(0.0, signature.numerator, signature.denominator) if signature else None
        length = starts[index + 1] - starts[index]
        made.append(WrittenBar(starts[index], length, written or COMMON_TIME))
    return made


def symbols_of(flat: Any, shift: float) -> dict[float, ChordSymbol]:
    """The chords at beats, those among the texts included."""
    symbols: dict[float, ChordSymbol] = {}
    for text in flat.getElementsByClass("TextExpression"):
        symbol = symbol_of_words(text.content)
        if symbol is not None:
            symbols[float(text.offset) + shift] = symbol
    for harmony in flat.getElementsByClass("Harmony"):
        symbols[float(harmony.offset) + shift] = symbol_of_music21(harmony)
    return symbols


def tempos_of(flat: Any, shift: float) -> list[Tempo]:
    """The tempo fields, in quarter notes a minute."""
    tempos: list[Tempo] = []
    for mark in flat.getElementsByClass("MetronomeMark"):
        bpm = mark.getQuarterBPM()
        if bpm and bpm > 0:
            tempos.append(Tempo(float(mark.offset) + shift if tempos else 0.0, float(bpm)))
    return tempos
