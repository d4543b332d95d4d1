"""Voicing: choose the pitches of chords with smooth voice leading.

Each chord has candidates: the shapes of its style (voicing_styles.py) in every octave of the range.
Dynamic programming finds the sequence of candidates with the lowest total cost (voicing_costs.py).

Conventions: pitches are MIDI numbers, ascending; silence (N, X) has none and is skipped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import msgspec
import numpy as np

from muse.tools.errors import ParameterError
from muse.tools.song.document import Note, Song, Track
from muse.tools.theory.annotate import keys_at_chords, symbol_or_unknown
from muse.tools.theory.chords import ChordSymbol, write_leadsheet
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import OCTAVE
from muse.tools.theory.voicing_costs import (
    Array,
    Candidates,
    Costs,
    moving_costs,
    muddiness,
    static_costs,
)
from muse.tools.theory.voicing_styles import STYLES, Shape, Style

__all__ = ["STYLES", "Costs", "Voicing", "chord_track", "total_cost", "voice", "voiced"]

BASS_LOW, BASS_HIGH = 31, 46  # range of a separate bass, MIDI pitches
ELECTRIC_PIANO, PIANO = 4, 0  # General MIDI programs
VELOCITY = 72


@dataclass(frozen=True)
class Voicing:
    """MIDI pitches, ascending, and their costs; no pitches for silence."""

    pitches: tuple[int, ...]
    costs: Costs = field(default_factory=Costs)


def voice(
    symbols: Sequence[ChordSymbol],
    style: str = "closed",
    low: int | None = None,
    high: int | None = None,
    previous: Sequence[int] | None = None,
    *,
    keys: Sequence[Tonality | None] | None = None,
    bass: bool = False,
) -> list[Voicing]:
    """Choose the pitches of a sequence of chords.

    Args:
        symbols: chords; no chord and unknown ones are silence.
        style: a name of STYLES.
        low: lowest MIDI pitch, 0 to 127; the style's own by default. It does not apply to the bass.
        high: highest MIDI pitch, at least `low`.
        previous: pitches of the chord before, ascending, with the bass if `bass` is true.
        keys: the key at each chord; added tensions are then taken from it.
        bass: play the bass (the root, or the note after the slash) below, MIDI 31 to 46.

    Returns:
        A Voicing for each symbol.

    Raises:
        ParameterError: no such style, or the range is too narrow for a chord.
    """
    chosen = find_style(style)
    span = (chosen.low if low is None else low, chosen.high if high is None else high)
    tonalities = keys or [None] * len(symbols)
    pool = [
        candidates_of(symbol, chosen, key, span, bass) if symbol.is_chord else None
        for symbol, key in zip(symbols, tonalities, strict=True)
    ]
    sounding = [each for each in pool if each]
    found = iter(cheapest_path(sounding, previous_candidate(previous, bass)))
    return [next(found) if each else Voicing(()) for each in pool]


def find_style(name: str) -> Style:
    """Return the style with a name; raises ParameterError."""
    if name not in STYLES:
        raise ParameterError(f"'{name}' is not a voicing style; the styles are {', '.join(STYLES)}")
    return STYLES[name]


def previous_candidate(previous: Sequence[int] | None, has_bass: bool) -> Candidates | None:
    """Return the pitches of the chord before as its only candidate."""
    if not previous:
        return None
    pitches = tuple(sorted(previous))
    lowest = np.array(pitches[:1] if has_bass else (), np.int64)
    return Candidates(lowest, [pitches[1:] if has_bass else pitches], np.zeros((1, 3)))


@lru_cache(maxsize=1024)
def candidates_of(
    symbol: ChordSymbol, style: Style, key: Tonality | None, span: tuple[int, int], has_bass: bool
) -> Candidates:
    """Return the shapes of the style in every octave of the range that have the least mud."""
    root = symbol.root_pc or 0
    shapes = set(style.shapes(symbol, key, has_bass))
    uppers = sorted(placed for shape in shapes for placed in octaves(shape, root, span))
    basses = list(bass_pitches(symbol)) if has_bass else [None]
    rows = [(b, upper) for b in basses for upper in uppers if b is None or upper[0] > b]
    if not rows:
        name = write_leadsheet(symbol)
        raise ParameterError(
            f"no voicing of {name} fits between {span[0]} and {span[1]}; widen the range"
        )
    muds = [muddiness(upper if b is None else (b, *upper)) for b, upper in rows]
    rows = [row for row, mud in zip(rows, muds, strict=True) if mud == min(muds)]
    upper = [each for _, each in rows]
    static = static_costs(upper, min(muds), symbol, span)
    return Candidates(np.array([b for b, _ in rows if b is not None], np.int64), upper, static)


def octaves(shape: Shape, root: int, span: tuple[int, int]) -> Iterator[Shape]:
    """Yield the pitches of a shape on every root that keeps it in the range."""
    low, high = span
    first = low + (root + shape[0] - low) % OCTAVE - shape[0]
    for place in range(first, high - shape[-1] + 1, OCTAVE):
        yield tuple(place + tone for tone in shape)


def bass_pitches(symbol: ChordSymbol) -> Iterator[int]:
    """Yield the bass in every octave of its range."""
    yield from range(BASS_LOW + ((symbol.bass_pc or 0) - BASS_LOW) % OCTAVE, BASS_HIGH + 1, OCTAVE)


def cheapest_path(chords: Sequence[Candidates], before: Candidates | None) -> list[Voicing]:
    """Choose one candidate for every chord so that the total cost is lowest."""
    layers = [before, *chords] if before else list(chords)
    if not chords:
        return []
    steps = [moving_costs(a, b) for a, b in pairwise(layers)]
    best = layers[0].static.sum(axis=1)
    origins = []
    for step, layer in zip(steps, layers[1:], strict=True):
        sums = best[:, None] + step.sum(axis=0)
        origins.append(sums.argmin(axis=0))
        best = sums.min(axis=0) + layer.static.sum(axis=1)
    path = [int(best.argmin())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return voicings_of_path(layers, steps, path[::-1])[1 if before else 0 :]


def voicings_of_path(
    layers: Sequence[Candidates], steps: Sequence[Array], path: Sequence[int]
) -> list[Voicing]:
    """Return the candidates of a path with their costs."""
    moves = [
        [0.0] * 4,
        *(s[:, a, b].tolist() for s, a, b in zip(steps, path, path[1:], strict=False)),
    ]
    return [
        Voicing(layer.pitches(index), Costs(*move, *layer.static[index].tolist()))
        for layer, index, move in zip(layers, path, moves, strict=True)
    ]


def total_cost(voicings: Sequence[Voicing]) -> float:
    """Return the total cost of a sequence of voicings, in weighted semitones."""
    return sum(voicing.costs.total for voicing in voicings)


def voiced(song: Song, style: str = "closed", *, bass: bool = True) -> Song:
    """Return a copy of the song whose chords have pitches, except those that cannot be read.

    Raises:
        ParameterError: no such style.
    """
    symbols = [symbol_or_unknown(chord.symbol) for chord in song.chords]
    keys = keys_at_chords(song.chords, song.keys)
    found = voice(symbols, style, keys=keys, bass=bass)
    chords = [
        msgspec.structs.replace(chord, pitches=list(voicing.pitches) or None)
        for chord, voicing in zip(song.chords, found, strict=True)
    ]
    return msgspec.structs.replace(song, chords=chords)


def chord_track(song: Song, style: str = "closed", *, bass: bool = True) -> Track:
    """Return the chords of a song as a keys track, each held for its whole length.

    Raises:
        ParameterError: no such style.
    """
    return Track(
        name="Chords",
        role="keys",
        program=ELECTRIC_PIANO if style == "neo-soul" else PIANO,
        notes=[
            Note(chord.start_beats, chord.duration_beats, pitch, VELOCITY)
            for chord in voiced(song, style, bass=bass).chords
            for pitch in chord.pitches or ()
        ],
    )
