"""Chords given by the user: a prompt, fixed chords, and a song to continue or to vary.

Conventions: a chord is written as a lead-sheet symbol, in Harte's notation, or as a Roman numeral
of the key. A song's chords are moved to whole eighths from its first bar line.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np

from muse.tools.chords.constraints import (
    MAX_BARS,
    Constraints,
    PlacedChord,
    bass_interval,
    symbol_id,
    to_grid,
)
from muse.tools.chords.model import Step
from muse.tools.datasets.bar_lines import HOLD, PUSH, REPEAT
from muse.tools.datasets.charts import parse_charts
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Chord, Meter, Song
from muse.tools.song.meter import bar_beats, signature_text
from muse.tools.theory.annotate import detect_keys, symbol_or_unknown
from muse.tools.theory.chords import ChordSymbol, parse_chord, transposed, write_leadsheet
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import Tonality
from muse.tools.theory.note_languages import detect_language, english_symbol
from muse.tools.theory.qualities import UNKNOWN
from muse.tools.theory.roman import from_roman

VARIED_SHARE = 0.5  # share of a song's chords that a variation replaces
ROMAN = re.compile(r"[#b♯♭]*[IViv]")
FIXED = re.compile(r"(\d+):(\S+)")


def read_chord(text: str, key: Tonality | None, option: str) -> ChordSymbol:
    """Read a chord symbol or Roman numeral.

    Raises:
        ParameterError: it is neither, or a numeral without a key; the message names the option.
    """
    is_roman = ROMAN.match(text) is not None
    if is_roman and key is None:
        raise ParameterError(f"{option}: the numeral '{text}' needs --key")
    try:
        symbol = from_roman(text, key) if is_roman and key else parse_chord(text)
    except BadInputError as error:
        raise ParameterError(f"{option}: {error}") from error
    if symbol.quality == UNKNOWN:
        raise ParameterError(f"{option}: '{text}' is not a known chord")
    return symbol


def has_numerals(text: str) -> bool:
    """Return whether a prompt contains Roman numerals, from which no key can be detected."""
    return any(ROMAN.match(word.lstrip(PUSH)) for word in re.split(r"[\s,|]+", text))


def read_prompt(text: str, meter: Meter, key: Tonality | None, rhythm_beats: float | None) -> Song:
    """Read the prompt as a Song: chords between bar lines as in a chart, or one after the other.

    Args:
        text: for example "Ebmaj9 Cm11", or "| Ebmaj9 . Cm11 . | % |".
        meter: of its bars.
        key: for Roman numerals; None if it is not known yet.
        rhythm_beats: duration of each chord if there are no bar lines; None for one bar.

    Raises:
        ParameterError: the prompt cannot be read.
    """
    words = text.replace(",", " ").split() if "|" not in text else []
    if "|" not in text:
        length = rhythm_beats or bar_beats(meter)
        language = detect_language(word for word in words if not ROMAN.match(word))
        english = (word if ROMAN.match(word) else english_symbol(word, language) for word in words)
        symbols = [read_chord(word, key, "--prompt") for word in english]
        if not symbols:
            raise ParameterError("--prompt has no chords in it")
        chords = [
            Chord(index * length, length, write_leadsheet(symbol))
            for index, symbol in enumerate(symbols)
        ]
        return Song(chords=chords)
    head = f"title: prompt\nmeter: {signature_text(meter)}\n"
    try:
        return parse_charts(f"{head}{prompt_bars(text, key)}\n", "--prompt")[0].song
    except BadInputError as error:
        reason = re.sub(r"^--prompt, line \d+: ", "", str(error))
        raise ParameterError(f"--prompt: {reason}") from error


def prompt_bars(text: str, key: Tonality | None) -> str:
    """Return a prompt with bar lines as a line of a chart, Roman numerals as chord symbols."""
    line = " ".join(text.split())
    if has_numerals(text):
        bars = [bar.split() for bar in line.strip("|").split("|")]
        line = " | ".join(" ".join(chart_sign(word, key) for word in bar) for bar in bars)
    return line if line.startswith(("|", "[|")) else f"| {line}"


def chart_sign(word: str, key: Tonality | None) -> str:
    """Return a sign of a chart, with a Roman numeral replaced by a chord symbol."""
    if word in (HOLD, REPEAT):
        return word
    push = PUSH * word.startswith(PUSH)
    return push + write_leadsheet(read_chord(word.removeprefix(PUSH), key, "--prompt"))


def placed_chords(song: Song) -> list[PlacedChord]:
    """Return the chords of a song with their symbols parsed."""
    return [
        PlacedChord(parse_chord(chord.symbol), chord.start_beats, chord.duration_beats)
        for chord in song.chords
    ]


def fix_chords(constraints: Constraints, text: str | None) -> Constraints:
    """Add chords fixed to the starts of bars.

    Args:
        constraints: to be extended.
        text: for example "4:V7 8:I"; None for none.

    Raises:
        ParameterError: the text cannot be read, or fixes two chords to one bar.
    """
    fixed: dict[float, ChordSymbol] = {}
    for word in (text or "").replace(",", " ").split():
        match = FIXED.fullmatch(word)
        if match is None:
            raise ParameterError(f"--fix: '{word}' is not a bar and a chord, such as 4:V7 or 8:Eb6")
        beat = constraints.bar_line(int(match[1]))
        symbol = read_chord(match[2], constraints.key, "--fix")
        if fixed.setdefault(beat, symbol) != symbol:
            raise ParameterError(
                f"--fix: bar {match[1]} is fixed to {write_leadsheet(fixed[beat])} and to "
                f"{write_leadsheet(symbol)}"
            )
    onsets = None if constraints.onsets is None else sorted({*constraints.onsets, *fixed})
    return replace(constraints, fixed={**constraints.fixed, **fixed}, onsets=onsets)


def song_keys(song: Song) -> list[Tonality]:
    """Return the keys of a song in order, detected if none are written."""
    keys = song.keys or detect_keys(song, [symbol_or_unknown(c.symbol) for c in song.chords])
    return spelled_keys(msgspec.structs.replace(song, keys=keys))


def song_chords(song: Song, key: Tonality, bar: float) -> list[PlacedChord]:
    """Return a song's chords, detected if none are written, in eighths from its first bar line.

    Args:
        song: any song.
        key: the key to transpose the chords to, from the last key of the song.
        bar: length of a bar in beats.

    Raises:
        BadInputError: there are no chords.
    """
    if not song.chords:
        from muse.tools.theory.chord_finding import find_chords

        song = Song(chords=find_chords(song), keys=song.keys)
    keys = song_keys(song) if song.chords else []
    semitones = (key.tonic_pc - keys[-1].tonic_pc) % 12 if keys else 0
    pairs = [(c, symbol_or_unknown(c.symbol)) for c in song.chords]
    readable = [(c, symbol) for c, symbol in pairs if symbol.quality != UNKNOWN]
    if not readable:
        raise BadInputError(
            "the song of --like has no chord symbols, and no chords can be detected in it"
        )
    starts = [to_grid(c.start_beats) for c, _ in readable]
    last = readable[-1][0]
    starts.append(to_grid(last.start_beats + last.duration_beats))
    origin = starts[0] // bar * bar
    return [
        PlacedChord(transposed(symbol, semitones, key) if semitones else symbol, a - origin, b - a)
        for (a, b), (_, symbol) in zip(pairwise(starts), readable, strict=True)
        if b > a
    ]


def past_steps(chords: Sequence[PlacedChord], bar: float) -> tuple[Step, ...]:
    """Return chords as steps that fill whole bars; the first and the last may be lengthened."""
    if not chords:
        return ()
    ends = [chord.end_beats for chord in chords[:-1]]
    ends.append(-(-chords[-1].end_beats // bar) * bar)
    starts = [0.0, *ends]
    return tuple(
        Step(symbol_id(chord.symbol), bass_interval(chord.symbol), end - start)
        for chord, start, end in zip(chords, starts, ends, strict=False)
    )


def vary_chords(
    constraints: Constraints,
    chords: Sequence[PlacedChord],
    bars: int | None,
    rng: np.random.Generator,
) -> Constraints:
    """Keep a song's rhythm and part of its chords, and leave the other chords open.

    Args:
        constraints: to be extended.
        chords: the song's chords, from beat 0 of a bar on.
        bars: number of the song's bars to take; None for all.
        rng: random generator.

    Raises:
        ParameterError: the song is shorter, or too long to vary as a whole.
    """
    song_bars = int(-(-chords[-1].end_beats // constraints.bar_beats))
    if bars is None and song_bars > MAX_BARS:
        raise ParameterError(
            f"the song to vary has {song_bars} bars of chords, more than {MAX_BARS}; "
            "give the number to vary with --bars"
        )
    if bars is not None and bars > song_bars:
        raise ParameterError(f"the song to vary has {song_bars} bars of chords, not {bars}")
    constraints = replace(constraints, bars=bars or song_bars)
    starts = [0.0, *(chord.start_beats for chord in chords[1:])]
    pairs = [
        (s, c.symbol) for s, c in zip(starts, chords, strict=True) if s < constraints.end_beats
    ]
    is_open = rng.random(len(pairs)) < VARIED_SHARE
    is_open[int(rng.integers(len(pairs)))] = True
    fixed = {
        start: symbol for (start, symbol), free in zip(pairs, is_open, strict=True) if not free
    }
    return replace(constraints, fixed=fixed, onsets=[start for start, _ in pairs])
