"""Chords that are given: a prompt, fixed chords, a song to continue or to vary.

Conventions: a chord is a lead sheet's symbol, Harte's, or a Roman numeral of the key. Times of a
song's chords are moved to whole eighths from its first bar line.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np

from muse.tools.chords.constraints import FINEST_BEATS, MAX_BARS, Frame, Placed, bass_of, id_of
from muse.tools.chords.model import Step
from muse.tools.datasets.charts import HOLD, PUSH, REPEAT, parse_charts
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.song.document import Chord, Meter, Song
from muse.tools.song.meter import bar_beats, signature_text
from muse.tools.theory.annotate import guessed_keys, symbol_or_unknown
from muse.tools.theory.chords import ChordSymbol, parse_chord, transposed, write_leadsheet
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import Tonality
from muse.tools.theory.qualities import UNKNOWN
from muse.tools.theory.roman import from_roman

VARIED_SHARE = 0.5  # of a song's chords, when it is varied
ROMAN = re.compile(r"[#b♯♭]*[IViv]")
FIXED = re.compile(r"(\d+):(\S+)")


def read_chord(text: str, key: Tonality | None, option: str) -> ChordSymbol:
    """A chord symbol or Roman numeral.

    Raises:
        ParameterError: it is neither, or a numeral without a key; the message names the option.
    """
    is_roman = ROMAN.match(text) is not None
    if is_roman and key is None:
        raise ParameterError(f"{option}: the numeral '{text}' needs a --key")
    try:
        symbol = from_roman(text, key) if is_roman and key else parse_chord(text)
    except BadInputError as error:
        raise ParameterError(f"{option}: {error}") from error
    if symbol.quality == UNKNOWN:
        raise ParameterError(f"{option}: '{text}' is not a chord that can be played")
    return symbol


def has_numerals(text: str) -> bool:
    """Whether a prompt has Roman numerals in it, which say nothing of its key."""
    return any(ROMAN.match(word.lstrip(PUSH)) for word in re.split(r"[\s,|]+", text))


def read_prompt(text: str, meter: Meter, key: Tonality | None, rhythm_beats: float | None) -> Song:
    """The prompt as a song: chords between bar lines as in a chart, or one after the other.

    Args:
        text: such as "Ebmaj9 Cm11", or "| Ebmaj9 . Cm11 . | % |".
        meter: of its bars.
        key: for Roman numerals; None where it is not known yet.
        rhythm_beats: how long each chord lasts where there are no bar lines; None for a bar.

    Raises:
        ParameterError: it cannot be read.
    """
    words = text.replace(",", " ").split() if "|" not in text else []
    if "|" not in text:
        length = rhythm_beats or bar_beats(meter)
        symbols = [read_chord(word, key, "--prompt") for word in words]
        if not symbols:
            raise ParameterError("--prompt has no chords in it")
        chords = [
            Chord(place * length, length, write_leadsheet(symbol))
            for place, symbol in enumerate(symbols)
        ]
        return Song(chords=chords)
    bars = [bar.split() for bar in text.strip().strip("|").split("|")]
    cells = (" ".join(as_sign(word, key) for word in bar) for bar in bars)
    head = f"title: prompt\nmeter: {signature_text(meter)}\n"
    try:
        return parse_charts(f"{head}| {' | '.join(cells)} |\n", "--prompt")[0].song
    except BadInputError as error:
        reason = re.sub(r"^--prompt, line \d+: ", "", str(error))
        raise ParameterError(f"--prompt: {reason}") from error


def as_sign(word: str, key: Tonality | None) -> str:
    """A sign of a chart, its numeral written as a symbol."""
    if word in (HOLD, REPEAT):
        return word
    push = PUSH * word.startswith(PUSH)
    return push + write_leadsheet(read_chord(word.removeprefix(PUSH), key, "--prompt"))


def placed_chords(song: Song) -> list[Placed]:
    """The chords of a song with their places."""
    return [
        Placed(parse_chord(chord.symbol), chord.start_beats, chord.duration_beats)
        for chord in song.chords
    ]


def with_fixed(frame: Frame, text: str | None) -> Frame:
    """The frame with chords fixed to the starts of bars, as "4:V7 8:I" says.

    Raises:
        ParameterError: it cannot be read, or says two things of one bar.
    """
    found: dict[float, ChordSymbol] = {}
    for word in (text or "").replace(",", " ").split():
        match = FIXED.fullmatch(word)
        if match is None:
            raise ParameterError(f"--fix: '{word}' is not a bar and a chord, such as 4:V7 or 8:Eb6")
        beat = frame.line_of(int(match[1]))
        symbol = read_chord(match[2], frame.key, "--fix")
        if found.setdefault(beat, symbol) != symbol:
            raise ParameterError(
                f"--fix: bar {match[1]} is fixed to {write_leadsheet(found[beat])} and to "
                f"{write_leadsheet(symbol)}"
            )
    onsets = None if frame.onsets is None else sorted({*frame.onsets, *found})
    return replace(frame, fixed={**frame.fixed, **found}, onsets=onsets)


def song_keys(song: Song) -> list[Tonality]:
    """The keys of a song in order, found where none are written."""
    keys = song.keys or guessed_keys(song, [symbol_or_unknown(c.symbol) for c in song.chords])
    return spelled_keys(msgspec.structs.replace(song, keys=keys))


def song_chords(song: Song, key: Tonality, bar: float) -> list[Placed]:
    """A song's chords, heard where none are written, in whole eighths from its first bar line.

    Args:
        song: any.
        key: the key that they are moved to, by way of the last key of the song.
        bar: length of a bar in beats.

    Raises:
        BadInputError: there are none.
    """
    if not song.chords:
        from muse.tools.theory.chord_finding import find_chords

        song = Song(chords=find_chords(song), keys=song.keys)
    keys = song_keys(song) if song.chords else []
    semitones = (key.tonic_pc - keys[-1].tonic_pc) % 12 if keys else 0
    known = [(c, symbol_or_unknown(c.symbol)) for c in song.chords]
    known = [(c, symbol) for c, symbol in known if symbol.quality != UNKNOWN]
    if not known:
        raise BadInputError("the song of --like has no chords, and none can be heard in it")
    starts = [in_eighths(c.start_beats) for c, _ in known]
    last = known[-1][0]
    starts.append(in_eighths(last.start_beats + last.duration_beats))
    origin = starts[0] // bar * bar
    return [
        Placed(transposed(symbol, semitones, key) if semitones else symbol, a - origin, b - a)
        for (a, b), (_, symbol) in zip(pairwise(starts), known, strict=True)
        if b > a
    ]


def in_eighths(beat: float) -> float:
    """The nearest eighth."""
    return round(beat / FINEST_BEATS) * FINEST_BEATS


def past_steps(chords: Sequence[Placed], bar: float) -> tuple[Step, ...]:
    """Chords as steps that take whole bars: the first and the last one are lengthened."""
    if not chords:
        return ()
    ends = [chord.end_beats for chord in chords[:-1]]
    ends.append(-(-chords[-1].end_beats // bar) * bar)
    starts = [0.0, *ends]
    return tuple(
        Step(id_of(chord.symbol), bass_of(chord.symbol), end - start)
        for chord, start, end in zip(chords, starts, ends, strict=False)
    )


def varied(
    frame: Frame, chords: Sequence[Placed], bars: int | None, rng: np.random.Generator
) -> Frame:
    """The frame of a song's chords of which some are left open, in the song's rhythm.

    Args:
        frame: its bars are taken where `bars` says so.
        chords: the song's, from beat 0 of a bar on.
        bars: how many of the song's bars; None for all.
        rng: the dice.

    Raises:
        ParameterError: the song is shorter.
    """
    own = int(-(-chords[-1].end_beats // frame.bar_beats))
    if bars is None and own > MAX_BARS:
        raise ParameterError(
            f"the song to vary has {own} bars of chords, and {MAX_BARS} are the most; say with "
            "--bars how many to vary"
        )
    if bars is not None and bars > own:
        raise ParameterError(f"the song to vary has {own} bars of chords, not {bars}")
    frame = replace(frame, bars=bars or own)
    starts = [0.0, *(chord.start_beats for chord in chords[1:])]
    pairs = [(s, c.symbol) for s, c in zip(starts, chords, strict=True) if s < frame.end_beats]
    is_open = rng.random(len(pairs)) < VARIED_SHARE
    is_open[int(rng.integers(len(pairs)))] = True
    kept = {start: symbol for (start, symbol), free in zip(pairs, is_open, strict=True) if not free}
    return replace(frame, fixed=kept, onsets=[start for start, _ in pairs])
