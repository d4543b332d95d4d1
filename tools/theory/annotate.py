"""Annotate chords of a Song with root, quality, bass, function and Roman numeral in their key.

Conventions: beats are quarter notes. All fields are derived anew from the chord symbol, except
pitches and probabilities, which stay unchanged.
"""

import logging
from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Key, Note, Song, Track
from muse.tools.theory.chords import UNKNOWN_CHORD, ChordSymbol, parse_chord
from muse.tools.theory.functions import function_code
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import Tonality
from muse.tools.theory.roman import to_roman

log = logging.getLogger("muse")

CHORD_OCTAVE = 48  # MIDI pitch of the lowest C of chords that are turned into notes
VELOCITY = 64
UNKNOWN_SIGNS = {"X", "?"}  # symbols for an unknown chord
SHOWN_SYMBOLS = 5  # unreadable symbols quoted in a notice


def annotated(song: Song) -> Song:
    """Return a copy of the song with annotated chords, and with detected keys if it has none.

    Symbols that cannot be read stay and get the quality X; a notice quotes them. Keys are detected
    from the notes, or from the chords of a song without notes; without either no function is given.

    Args:
        song: any Song; it is not changed.

    Returns:
        A Song with the same notes, and chords with root_pc, quality, quality_code, bass_pc,
        function_code and roman.
    """
    symbols = [symbol_or_unknown(chord.symbol) for chord in song.chords]
    log_unreadable(song.chords, symbols)
    keys = song.keys or (detect_keys(song, symbols) if symbols else [])
    places = keys_at_chords(song.chords, keys)
    chords = [
        annotate_chord(chord, symbol, key, following)
        for chord, symbol, key, following in zip(
            song.chords, symbols, places, next_chords(symbols), strict=True
        )
    ]
    return msgspec.structs.replace(song, chords=chords, keys=keys)


def symbol_or_unknown(text: str) -> ChordSymbol:
    """Parse a chord symbol; return the unknown chord if it cannot be read."""
    try:
        return parse_chord(text)
    except BadInputError:
        return UNKNOWN_CHORD


def log_unreadable(chords: Sequence[Chord], symbols: Sequence[ChordSymbol]) -> None:
    """Log which symbols could not be read."""
    pairs = zip(chords, symbols, strict=True)
    unread = dict.fromkeys(
        c.symbol for c, s in pairs if s == UNKNOWN_CHORD and c.symbol not in UNKNOWN_SIGNS
    )
    if unread:
        names = ", ".join(f"'{name}'" for name in list(unread)[:SHOWN_SYMBOLS])
        log.info("%d chord symbols cannot be read: %s", len(unread), names)


def detect_keys(song: Song, symbols: Sequence[ChordSymbol]) -> list[Key]:
    """Detect the keys of a song from its notes, or from its chords if it has no notes."""
    from muse.tools.theory.key_finding import find_keys

    played = Song(tracks=[chords_as_notes(song.chords, symbols)], chords=song.chords)
    return find_keys(song) or find_keys(played)


def chords_as_notes(chords: Sequence[Chord], symbols: Sequence[ChordSymbol]) -> Track:
    """Return the pitch classes of each chord as held notes, with the bass an octave below."""
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


def keys_at_chords(chords: Sequence[Chord], keys: Sequence[Key]) -> list[Tonality | None]:
    """Return the key at the start of each chord; the first key also holds before its own beat."""
    ordered = sorted(keys, key=lambda key: key.beat)
    beats = [key.beat for key in ordered]
    if not ordered:
        return [None] * len(chords)
    tonalities = spelled_keys(Song(keys=ordered, chords=list(chords)))
    return [tonalities[max(bisect_right(beats, c.start_beats) - 1, 0)] for c in chords]


def next_chords(symbols: Sequence[ChordSymbol]) -> list[ChordSymbol | None]:
    """Return for each chord the next one with another root; None if there is none."""
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


def annotate_chord(
    chord: Chord, symbol: ChordSymbol, key: Tonality | None, following: ChordSymbol | None
) -> Chord:
    """Return the chord with all fields that follow from its symbol and key."""
    return msgspec.structs.replace(
        chord,
        root_pc=symbol.root_pc,
        quality=symbol.quality,
        quality_code=symbol.quality_code,
        bass_pc=symbol.bass_pc,
        function_code=function_code(symbol, key, following) if key else None,
        roman=to_roman(symbol, key, following) if key else None,
    )
