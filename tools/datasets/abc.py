"""Reader of tunes in ABC notation, parsed with music21.

`lead_sheets.py` describes how a lead sheet becomes a Song. Source: the ABC standard 2.1.
"""

import re
import warnings
from typing import Any

from muse.tools.datasets.harmony_symbols import symbol_from_music21, symbol_from_text
from muse.tools.datasets.lead_sheets import (
    WrittenBar,
    chords_from_symbols,
    key_from_signature,
    melody_track,
    merge_keys,
    meters_from_bars,
    pickup_shift,
)
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Song, Tempo
from muse.tools.song.meter import COMMON_TIME, parse_meter
from muse.tools.theory.chords import ChordSymbol

# music21 takes minutes on very long notes, very long bars and invalid meters: reject them first
FIELD_OR_TEXT = re.compile(r"^[A-Za-z]:.*$|\[[A-Za-z]:[^\]]*\]|\"[^\"]*\"|%.*$", re.MULTILINE)
LONG_NUMBER = re.compile(r"\d{3}")
LONGEST_BAR = 200  # characters
METER_FIELD = re.compile(r"(?:^|\[)M:\s*([^\]%\n]*)", re.MULTILINE)
LENGTH_FIELD = re.compile(r"(?:^|\[)L:\s*([^\]%\n]*)", re.MULTILINE)
UNIT_LENGTH = re.compile(r"1(/(1|2|4|8|16|32|64))?")
METER_NAMES = {"C", "C|", "none", ""}


def looks_like_abc(head: bytes) -> bool:
    """Return whether a file begins with `X:` and `K:` fields, which every ABC tune must have."""
    lines = head.splitlines()
    starts = {line[:2] for line in lines}
    return {b"X:", b"K:"} <= starts


def read_abc(data: bytes, name: str) -> NamedSongs:
    """Read the tunes of an ABC file; several tunes are numbered from 1.

    Raises:
        BadInputError: the text is not a readable tune.
    """
    text = data.decode("utf-8", "replace")
    reject_slow_input(text, name)
    songs = parse_songs(text, name)
    if len(songs) == 1:
        return [("", songs[0])]
    return [(str(number), song) for number, song in enumerate(songs, start=1)]


def reject_slow_input(text: str, name: str) -> None:
    """Raise BadInputError for lengths, bars or meters that music21 would take minutes to parse."""
    music = FIELD_OR_TEXT.sub("", text)
    if LONG_NUMBER.search(music):
        raise BadInputError(f"{name}: a note length has more than two digits")
    if max(map(len, music.split("|"))) > LONGEST_BAR:
        raise BadInputError(f"{name}: a bar is over {LONGEST_BAR} characters long")
    for field in LENGTH_FIELD.findall(text):
        if not UNIT_LENGTH.fullmatch(field.strip()):
            raise BadInputError(f"{name}: '{field}' is not a unit length, such as 1/8")
    for field in METER_FIELD.findall(text):
        if field.strip() not in METER_NAMES:
            above, _, below = field.strip().partition("/")
            beats = [int(part) for part in re.findall(r"\d+", above)]
            try:
                parse_meter(f"{sum(beats)}/{below}")
            except BadInputError as error:
                raise BadInputError(f"{name}: {error}") from error
            if re.sub(r"[\d+() ]", "", above):
                raise BadInputError(f"{name}: '{field}' is not a meter, such as 6/8")


def parse_songs(text: str, name: str) -> list[Song]:
    """Parse a text with music21 and return its tunes; raises BadInputError."""
    from music21 import converter, exceptions21, stream

    # exceptions of music21 for tunes with valid syntax and invalid content
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
            warnings.simplefilter("ignore")  # the bars that it warns of also raise
            parsed = converter.parseData(text, format="abc")
        scores = list(parsed.scores) if isinstance(parsed, stream.Opus) else [parsed]
        return [song_from_score(score) for score in scores]
    except (*failures, ValueError, LookupError) as error:
        raise BadInputError(f"{name}: not a readable tune ({error})") from error


def song_from_score(score: Any) -> Song:
    """Convert a music21 score to a Song."""
    part = score.parts[0]
    bars = written_bars(part)
    shift = pickup_shift(bars)
    flat = part.flatten()
    chords = chords_from_symbols(read_chord_symbols(flat, shift), float(flat.highestTime) + shift)
    signatures = [
        key_from_signature(float(s.offset) + shift, s.sharps, getattr(s, "mode", None))
        for s in flat.getElementsByClass("KeySignature")
    ]
    notes = (
        (float(element.offset) + shift, float(element.quarterLength), int(pitch.midi))
        for element in part.stripTies().flatten().notes
        if "Harmony" not in element.classSet
        for pitch in element.pitches
    )
    return Song(
        tempos=read_tempos(flat, shift),
        meters=meters_from_bars(bars, shift),
        keys=merge_keys(signatures, chords),
        chords=chords,
        tracks=[melody_track(notes)],
    )


def written_bars(part: Any) -> list[WrittenBar]:
    """Return the bars of a music21 part; one bar if the part has no bar lines."""
    from music21 import meter

    bars = list(part.getElementsByClass("Measure"))
    starts = [float(bar.offset) for bar in bars] + [float(part.highestTime)]
    written = []
    for index, bar in enumerate(bars):
        signature = bar.timeSignature or bar.getContextByClass(meter.TimeSignature)
        meter_here = Meter(0.0, signature.numerator, signature.denominator) if signature else None
        length = starts[index + 1] - starts[index]
        written.append(WrittenBar(starts[index], length, meter_here or COMMON_TIME))
    return written


def read_chord_symbols(flat: Any, shift: float) -> dict[float, ChordSymbol]:
    """Return chord symbols by beat, from harmonies and from texts above the staff."""
    symbols: dict[float, ChordSymbol] = {}
    for text in flat.getElementsByClass("TextExpression"):
        symbol = symbol_from_text(text.content)
        if symbol is not None:
            symbols[float(text.offset) + shift] = symbol
    for harmony in flat.getElementsByClass("Harmony"):
        symbols[float(harmony.offset) + shift] = symbol_from_music21(harmony)
    return symbols


def read_tempos(flat: Any, shift: float) -> list[Tempo]:
    """Return the tempos, in quarter notes per minute; the first applies from beat 0."""
    tempos: list[Tempo] = []
    for mark in flat.getElementsByClass("MetronomeMark"):
        bpm = mark.getQuarterBPM()
        if bpm and bpm > 0:
            tempos.append(Tempo(float(mark.offset) + shift if tempos else 0.0, float(bpm)))
    return tempos
