"""Chords of a Song, explained: root, quality, bass, function and Roman numeral in the key in force.

Conventions: beats are quarter notes; the symbol is what counts, all that is derived from it is
written anew. Pitches and probabilities stay as they are.
"""

import logging
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Key, Note, Song, Track
from muse.tools.theory.chords import UNKNOWN_CHORD, ChordSymbol, parse_chord
from muse.tools.theory.functions import function_code
from muse.tools.theory.keys import Tonality, tonality_of
from muse.tools.theory.roman import to_roman

log = logging.getLogger("muse")

CHORD_OCTAVE = 48  # MIDI pitch of the C from which chords are stacked where a key is looked for
VELOCITY = 64
UNKNOWN_SIGNS = {"X", "?"}  # symbols that say themselves that nobody knows
SHOWN_SYMBOLS = 5  # unreadable ones named in a notice


def annotated(song: Song) -> Song:
    """A copy of the song whose chords are explained, with keys found where none are written.

    Symbols that cannot be read stay and get the quality X; a notice names them. The keys come from
    the notes, or from the chords where nothing else sounds; without either no function is given.

    Args:
        song: any Song; it is not changed.

    Returns:
        A Song with the same notes, and chords with root_pc, quality, quality_code, bass_pc,
        function_code and roman.
    """
    symbols = [symbol_or_unknown(chord.symbol) for chord in song.chords]
    warn_of_unread(song.chords, symbols)
    keys = song.keys or (guessed_keys(song, symbols) if symbols else [])
    places = key_places(song.chords, keys)
    chords = [
        explained(chord, symbol, key, following)
        for chord, symbol, key, following in zip(
            song.chords, symbols, places, followers(symbols), strict=True
        )
    ]
    return msgspec.structs.replace(song, chords=chords, keys=keys)


def symbol_or_unknown(text: str) -> ChordSymbol:
    """The chord of a symbol; the unknown chord where it cannot be read."""
    try:
        return parse_chord(text)
    except BadInputError:
        return UNKNOWN_CHORD


def warn_of_unread(chords: Sequence[Chord], symbols: Sequence[ChordSymbol]) -> None:
    """Say which symbols were not understood."""
    pairs = zip(chords, symbols, strict=True)
    unread = dict.fromkeys(
        c.symbol for c, s in pairs if s == UNKNOWN_CHORD and c.symbol not in UNKNOWN_SIGNS
    )
    if unread:
        names = ", ".join(f"'{name}'" for name in list(unread)[:SHOWN_SYMBOLS])
        log.info("%d chord symbols are not understood: %s", len(unread), names)


def guessed_keys(song: Song, symbols: Sequence[ChordSymbol]) -> list[Key]:
    """The keys of the song's notes, or of its chords' where it has none."""
    from muse.tools.theory.key_finding import find_keys

    return find_keys(song) or find_keys(Song(tracks=[chords_as_notes(song.chords, symbols)]))


def chords_as_notes(chords: Sequence[Chord], symbols: Sequence[ChordSymbol]) -> Track:
    """Every chord's pitch classes as notes as long as the chord, its bass an octave below."""
    return Track(
        notes=[
            Note(chord.start_beats, chord.duration_beats, pitch, VELOCITY)
            for chord, symbol in zip(chords, symbols, strict=True)
            if symbol.is_chord and symbol.bass_pc is not None
            for pitch in (
                CHORD_OCTAVE - 12 + symbol.bass_pc,
                *(CHORD_OCTAVE + pc for pc in symbol.pitch_classes),
            )
        ]
    )


def key_places(chords: Sequence[Chord], keys: Sequence[Key]) -> list[Tonality | None]:
    """The key in force where each chord starts; the first key holds before its own beat, too."""
    ordered = sorted(keys, key=lambda key: key.beat)
    beats = [key.beat for key in ordered]
    if not ordered:
        return [None] * len(chords)
    tonalities = [tonality_of(key) for key in ordered]
    return [tonalities[max(bisect_right(beats, c.start_beats) - 1, 0)] for c in chords]


def followers(symbols: Sequence[ChordSymbol]) -> list[ChordSymbol | None]:
    """For each chord the next one with another root; None where none comes."""
    found: list[ChordSymbol | None] = []
    following: ChordSymbol | None = None
    after_that: ChordSymbol | None = None
    for symbol in reversed(symbols):
        if following is not None and symbol.root_pc != following.root_pc and symbol.is_chord:
            after_that = following
        found.append(after_that)
        if symbol.is_chord:
            following = symbol
    return found[::-1]


def explained(
    chord: Chord, symbol: ChordSymbol, key: Tonality | None, following: ChordSymbol | None
) -> Chord:
    """The chord with all that its symbol and key say."""
    return msgspec.structs.replace(
        chord,
        root_pc=symbol.root_pc,
        quality=symbol.quality,
        quality_code=symbol.quality_code,
        bass_pc=symbol.bass_pc,
        function_code=function_code(symbol, key, following) if key else None,
        roman=to_roman(symbol, key, following) if key else None,
    )
