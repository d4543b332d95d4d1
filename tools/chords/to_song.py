"""Conversion of a sampled progression to a Song: spelling, voicing, annotation, performance."""

from collections.abc import Sequence
from dataclasses import replace
from math import lcm

import msgspec
import numpy as np

from muse.tools.chords.constraints import Constraints, PlacedChord
from muse.tools.chords.harmonize.melody import Melody
from muse.tools.chords.performance import Performance
from muse.tools.chords.request import ChordOptions
from muse.tools.chords.sampler import SampledChord
from muse.tools.song.document import (
    DEFAULT_TICKS_PER_BEAT,
    Alternative,
    Chord,
    MadeBy,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.validation import MAX_TICKS_PER_BEAT
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chords import NONE, ChordSymbol, write_leadsheet
from muse.tools.theory.keys import Tonality, song_key
from muse.tools.theory.pitch import respell
from muse.tools.theory.qualities import quality
from muse.tools.theory.voicing import voice

PROBABILITY_DIGITS = 6
FLATTEST_ROOT, SHARPEST_ROOT = -7, 11  # Cb to E#, roots that lead sheets use
ENHARMONIC = 12  # steps on the line of fifths between enharmonic notes
# steps on the line of fifths from a target to a root that leads to it by a semitone
LEADING = {"diminished": 5, "dominant": -5}
RAISED = {1: 7, 6: 6, 8: 8}  # #I, #IV, #V: position on the line of fifths by semitones
TRITONE = 6  # semitones, and steps on the line of fifths in either direction
FROM_BELOW, FROM_ABOVE = 1, 11  # semitones up to the target


def progression_to_song(
    sampled: Sequence[SampledChord],
    options: ChordOptions,
    made_by: MadeBy,
    rng: np.random.Generator,
) -> Song:
    """Convert a sampled progression to a Song.

    Args:
        sampled: its chords.
        options: constraints and performance.
        made_by: provenance of the Song.
        rng: random generator of the performance.

    Raises:
        ParameterError: a chord has no voicing in the style.
    """
    constraints = options.constraints
    chords = spell_chords(sampled, constraints)
    keys = [constraints.key] * len(chords)
    voicings = voice([chord.symbol for chord in chords], options.voicing, keys=keys, bass=True)
    pitches = [voicing.pitches for voicing in voicings]
    origin = options.melody.origin_beats if options.melody else 0.0
    song = annotated(
        msgspec.structs.replace(
            blank_song(options),
            chords=[
                song_chord(choice, replace(placed, start_beats=origin + placed.start_beats), tones)
                for choice, placed, tones in zip(sampled, chords, pitches, strict=True)
            ],
            made_by=made_by,
        )
    )
    performance = Performance(options.playing, options.meter, constraints.key, options.bpm, rng)
    tracks = performance.tracks(chords, pitches)
    if options.melody is not None:
        tracks = with_melody(options.melody, tracks, song.ticks_per_beat)
    return msgspec.structs.replace(song, tracks=tracks)


def blank_song(options: ChordOptions) -> Song:
    """Return a Song with tempos, meters and keys only."""
    if options.melody is None:
        key = options.constraints.key
        return Song(
            tempos=[Tempo(0.0, options.bpm)],
            meters=[options.meter],
            keys=[song_key(0.0, key)],
        )
    given = options.melody.song
    ticks = lcm(given.ticks_per_beat, DEFAULT_TICKS_PER_BEAT)
    fits = ticks <= MAX_TICKS_PER_BEAT
    return msgspec.structs.replace(given, ticks_per_beat=ticks if fits else given.ticks_per_beat)


def with_melody(melody: Melody, accompaniment: Sequence[Track], ticks: int) -> list[Track]:
    """Combine the melody with the accompaniment, which is moved to where the chords begin.

    Args:
        melody: the given melody.
        accompaniment: tracks with times from the first chord on.
        ticks: per beat; the accompaniment is rounded to them.
    """
    for track in accompaniment:
        track.notes = [
            msgspec.structs.replace(
                note,
                start_beats=round((melody.origin_beats + note.start_beats) * ticks) / ticks,
                duration_beats=max(round(note.duration_beats * ticks), 1) / ticks,
            )
            for note in track.notes
        ]
    return [melody.as_lead(), *accompaniment]


def song_chord(sampled: SampledChord, placed: PlacedChord, pitches: Sequence[int]) -> Chord:
    """Return one chord of the Song with pitches, probability and alternatives."""
    return Chord(
        placed.start_beats,
        placed.duration_beats,
        write_leadsheet(placed.symbol),
        pitches=list(pitches) or None,
        probability=round(sampled.probability, PROBABILITY_DIGITS),
        alternatives=[
            Alternative(write_leadsheet(with_readable_root(symbol)), round(p, PROBABILITY_DIGITS))
            for symbol, p in sampled.alternatives
        ],
    )


def spell_chords(sampled: Sequence[SampledChord], constraints: Constraints) -> list[PlacedChord]:
    """Respell the roots of chords that are not prompted or fixed, by where each chord leads."""
    chords = [choice.placed for choice in sampled]
    following = NONE
    for index in range(len(chords) - 1, len(constraints.prompt) - 1, -1):
        chord = chords[index]
        if chord.start_beats not in constraints.fixed:
            symbol = spell_as_degree(with_readable_root(chord.symbol), following, constraints.key)
            chords[index] = replace(chord, symbol=spell_as_leading(symbol, following))
        following = chords[index].symbol
    return chords


def with_readable_root(symbol: ChordSymbol) -> ChordSymbol:
    """Respell a root that lead sheets do not use: Amaj9 in Db major instead of Bbbmaj9."""
    if symbol.root is None or FLATTEST_ROOT <= symbol.root <= SHARPEST_ROOT:
        return symbol
    return respell_root(symbol, symbol.root + ENHARMONIC * (1 if symbol.root < 0 else -1))


def spell_as_leading(symbol: ChordSymbol, following: ChordSymbol) -> ChordSymbol:
    """Spell a diminished chord on the leading tone of the next chord, a tritone substitute as bII.

    For example G#dim7 before Am instead of Abdim7, Gb13 before F instead of F#13.
    """
    if symbol.root is None or following.root is None:
        return symbol
    up = ((following.root_pc or 0) - (symbol.root_pc or 0)) % 12
    family = quality(symbol.quality).family
    if (family, up) not in (("diminished", FROM_BELOW), ("dominant", FROM_ABOVE)):
        return symbol
    return respell_root(symbol, following.root + LEADING[family])


def spell_as_degree(symbol: ChordSymbol, following: ChordSymbol, key: Tonality) -> ChordSymbol:
    """Spell a chromatic root as a raised or lowered degree of the key.

    In C major: C#dim7, but Ebdim7 before Dm7, as it resolves down by a semitone; Gb7, Gbmaj7.
    """
    if symbol.root_pc is None:
        return symbol
    degree = (symbol.root_pc - key.tonic_pc) % 12
    goes_down = following.root_pc == (symbol.root_pc - 1) % 12
    family = quality(symbol.quality).family
    if family == "diminished" and degree in RAISED and not goes_down:
        return respell_root(symbol, key.tonic + RAISED[degree])
    if family in ("dominant", "major") and degree == TRITONE:
        return respell_root(symbol, key.tonic - TRITONE)
    return symbol


def respell_root(symbol: ChordSymbol, root: int) -> ChordSymbol:
    """Return the chord with its root respelled, if lead sheets use that root."""
    if not FLATTEST_ROOT <= root <= SHARPEST_ROOT:
        return symbol
    bass = None if symbol.bass is None else respell(symbol.bass, root)
    return replace(symbol, root=root, bass=bass)
