"""A drawn progression as a Song: symbols well spelled, voiced, explained and played."""

from collections.abc import Sequence
from dataclasses import replace
from math import lcm

import msgspec
import numpy as np

from muse.tools.chords.constraints import Frame, Placed
from muse.tools.chords.generate import Drawn
from muse.tools.chords.harmonize.melody import Melody
from muse.tools.chords.performance import Performance
from muse.tools.chords.request import Task
from muse.tools.song.document import (
    DEFAULT_TICKS_PER_BEAT,
    Alternative,
    Chord,
    Key,
    MadeBy,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.validation import MAX_TICKS_PER_BEAT
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chords import NONE, ChordSymbol, write_leadsheet
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import respell
from muse.tools.theory.qualities import quality
from muse.tools.theory.voicing import voice

PROBABILITY_DIGITS = 6
FLATTEST_ROOT, SHARPEST_ROOT = -7, 11  # Cb to E#: roots that are written on lead sheets
ENHARMONIC = 12  # places on the line of fifths to the same sound
# places on the line of fifths from the aim to a root that leads there by a semitone
LEADING = {"diminished": 5, "dominant": -5}
RAISED = {1: 7, 6: 6, 8: 8}  # degrees #I, #IV, #V: semitones and places on the line of fifths
TRITONE = 6  # semitones, and places on the line of fifths either way
FROM_BELOW, FROM_ABOVE = 1, 11  # semitones up to the aim


def song_of(drawn: Sequence[Drawn], task: Task, made_by: MadeBy, rng: np.random.Generator) -> Song:
    """The Song of a progression.

    Args:
        drawn: its chords.
        task: what was asked, and how it is to be played.
        made_by: as the Song tells it.
        rng: the players' dice.

    Raises:
        ParameterError: a chord has no voicing in the style.
    """
    frame = task.frame
    chords = spelled(drawn, frame)
    keys = [frame.key] * len(chords)
    voicings = voice([chord.symbol for chord in chords], task.voicing, keys=keys, bass=True)
    pitches = [voicing.pitches for voicing in voicings]
    origin = task.melody.origin_beats if task.melody else 0.0
    song = annotated(
        msgspec.structs.replace(
            blank_song(task),
            chords=[
                song_chord(each, replace(placed, start_beats=origin + placed.start_beats), tones)
                for each, placed, tones in zip(drawn, chords, pitches, strict=True)
            ],
            made_by=made_by,
        )
    )
    players = Performance(task.feel, task.meter, frame.key, task.bpm, rng)
    tracks = players.tracks(chords, pitches)
    if task.melody is not None:
        tracks = with_melody(task.melody, tracks, song.ticks_per_beat)
    return msgspec.structs.replace(song, tracks=tracks)


def blank_song(task: Task) -> Song:
    """The Song without chords and players: tempos, metres and keys."""
    if task.melody is None:
        key = task.frame.key
        return Song(
            tempos=[Tempo(0.0, task.bpm)],
            meters=[task.meter],
            keys=[Key(0.0, key.tonic_pc, key.mode)],
        )
    own = task.melody.song
    ticks = lcm(own.ticks_per_beat, DEFAULT_TICKS_PER_BEAT)
    fits = ticks <= MAX_TICKS_PER_BEAT
    return msgspec.structs.replace(own, ticks_per_beat=ticks if fits else own.ticks_per_beat)


def with_melody(melody: Melody, players: Sequence[Track], ticks: int) -> list[Track]:
    """The melody as it was given, and the players beneath it, moved to where the chords begin.

    Args:
        melody: on top.
        players: their times counted from the first chord.
        ticks: a beat has; the players' notes are moved to whole ones.
    """
    for track in players:
        track.notes = [
            msgspec.structs.replace(
                note,
                start_beats=round((melody.origin_beats + note.start_beats) * ticks) / ticks,
                duration_beats=max(round(note.duration_beats * ticks), 1) / ticks,
            )
            for note in track.notes
        ]
    return [melody.as_lead(), *players]


def song_chord(drawn: Drawn, placed: Placed, pitches: Sequence[int]) -> Chord:
    """One chord of the Song, as far as the model tells of it."""
    return Chord(
        placed.start_beats,
        placed.duration_beats,
        write_leadsheet(placed.symbol),
        pitches=list(pitches) or None,
        probability=round(drawn.probability, PROBABILITY_DIGITS),
        alternatives=[
            Alternative(write_leadsheet(readable(symbol)), round(p, PROBABILITY_DIGITS))
            for symbol, p in drawn.alternatives
        ],
    )


def spelled(drawn: Sequence[Drawn], frame: Frame) -> list[Placed]:
    """The chords with roots that lead by a semitone spelled so; those given stay as they are."""
    chords = [each.placed for each in drawn]
    following = NONE
    for place in range(len(chords) - 1, len(frame.prompt) - 1, -1):
        chord = chords[place]
        if chord.start_beats not in frame.fixed:
            symbol = as_degree(readable(chord.symbol), following, frame.key)
            chords[place] = replace(chord, symbol=as_leading(symbol, following))
        following = chords[place].symbol
    return chords


def readable(symbol: ChordSymbol) -> ChordSymbol:
    """The chord with a root that is met on lead sheets: Amaj9 in Db major, and not Bbbmaj9."""
    if symbol.root is None or FLATTEST_ROOT <= symbol.root <= SHARPEST_ROOT:
        return symbol
    return on_root(symbol, symbol.root + ENHARMONIC * (1 if symbol.root < 0 else -1))


def as_leading(symbol: ChordSymbol, following: ChordSymbol) -> ChordSymbol:
    """A diminished chord spelled as the leading tone of what follows, a substitute as its flat II.

    G#dim7 before Am, and not Abdim7; Gb13 before F, and not F#13.
    """
    if symbol.root is None or following.root is None:
        return symbol
    up = ((following.root_pc or 0) - (symbol.root_pc or 0)) % 12
    family = quality(symbol.quality).family
    if (family, up) not in (("diminished", FROM_BELOW), ("dominant", FROM_ABOVE)):
        return symbol
    return on_root(symbol, following.root + LEADING[family])


def as_degree(symbol: ChordSymbol, following: ChordSymbol, key: Tonality) -> ChordSymbol:
    """Between the degrees, diminished chords are raised, C#dim7 in C, and major ones lowered.

    A diminished chord that goes down by a semitone is lowered, too: Ebdim7 before Dm7.
    """
    if symbol.root_pc is None:
        return symbol
    place = (symbol.root_pc - key.tonic_pc) % 12
    goes_down = following.root_pc == (symbol.root_pc - 1) % 12
    family = quality(symbol.quality).family
    if family == "diminished" and place in RAISED and not goes_down:
        return on_root(symbol, key.tonic + RAISED[place])
    if family in ("dominant", "major") and place == TRITONE:
        return on_root(symbol, key.tonic - TRITONE)
    return symbol


def on_root(symbol: ChordSymbol, root: int) -> ChordSymbol:
    """The same chord with its root spelled so, if lead sheets write such a root."""
    if not FLATTEST_ROOT <= root <= SHARPEST_ROOT:
        return symbol
    bass = None if symbol.bass is None else respell(symbol.bass, root)
    return replace(symbol, root=root, bass=bass)
