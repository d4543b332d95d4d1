"""Chooses the color of a chord - its seventh, sixth and tensions - by what the player plays.

A tone of the chord clashes with a note that is a semitone off. The notes that are held as a beat
begins must not clash with a color. Of the others a share is expected: how long the melody was on
each pitch class under this triad so far, and at first what is usual in songs.

Conventions: a color is a tone of the chord beyond its triad. Pitch classes are absolute.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from muse.tools.jam.harmony.beat_features import (
    KINDS,
    ONSET_KINDS,
    TRIAD_KIND_OF_CODE,
    BeatFeatures,
)
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.keys import Tonality, scale_pcs
from muse.tools.theory.qualities import Family, quality

Floats = NDArray[np.float64]

# share of melody time by semitones above the root, under the annotated chords of POP909: one in
# twelve of the songs whose number is no multiple of 5
MAJOR_SHARES = (0.201, 0.002, 0.087, 0.006, 0.258, 0.039, 0.009, 0.266, 0.005, 0.075, 0.016, 0.036)
MINOR_SHARES = (0.383, 0.002, 0.062, 0.209, 0.001, 0.055, 0.0, 0.165, 0.019, 0.006, 0.096, 0.002)
PRIOR_BEATS = 4.0  # weight of these shares, as beats of melody
LONG, SHORT = 1.0, 0.5  # weights of long and short notes
FOREIGN = 0.1  # how much less time the melody has on notes outside the scale, at first
# share of melody time that may clash with a color; a note a semitone below it, as the thirteenth is
# below the seventh, counts less than one above it
MOST_EXPECTED = 0.05
ABOVE, BELOW = 1.0, 0.5

# colors by family, the usual one first; the plain triad is what is left. A major chord has a minor
# seventh only where it is held
SUBSTITUTES: dict[Family, tuple[str, ...]] = {
    "major": ("maj7", "6/9", "maj6", "add9", "maj", "7"),
    "dominant": ("7", "6/9", "add9", "maj"),
    "minor": ("min9", "min11", "min7", "min6", "minadd9", "min"),
    "diminished": ("hdim7", "dim7", "dim"),
    "suspended": ("9sus4", "7sus4", "sus4"),
}


class ChordColor:
    """The melody under each triad so far, and the colors that go with it."""

    def __init__(self) -> None:
        """Start without a melody."""
        self.time: defaultdict[tuple[int, ...], Floats] = defaultdict(lambda: np.zeros(12))

    def add_beat(self, features: BeatFeatures, symbol: ChordSymbol) -> None:
        """Add the notes of a complete beat, under the chord that was played."""
        counts = SHORT * features.segments[:ONSET_KINDS].sum(axis=0)
        counts += LONG * features.segments[ONSET_KINDS:].sum(axis=0)
        self.time[triad_pcs(symbol)] += counts

    def expected_shares(self, symbol: ChordSymbol, key: Tonality) -> Floats:
        """Return the share of melody time on each pitch class under a chord, (12,)."""
        usual = MINOR_SHARES if quality(symbol.quality).family == "minor" else MAJOR_SHARES
        foreign = [pc not in scale_pcs(key) for pc in range(12)]
        prior = np.roll(usual, symbol.root_pc or 0) * np.where(foreign, FOREIGN, 1.0)
        shares: Floats = PRIOR_BEATS * prior / prior.sum() + self.time[triad_pcs(symbol)]
        normalized: Floats = shares / shares.sum()
        return normalized

    def avoided_pcs(self, symbol: ChordSymbol, key: Tonality) -> frozenset[int]:
        """Return the pitch classes that would clash with too much of the melody under a chord."""
        shares = self.expected_shares(symbol, key)
        clashes = ABOVE * np.roll(shares, -1) + BELOW * np.roll(shares, 1)
        return frozenset(np.flatnonzero(clashes > MOST_EXPECTED).tolist())


def near_pcs(pcs: Collection[int]) -> frozenset[int]:
    """Return the pitch classes a semitone below and above others."""
    return frozenset((pc + step) % 12 for pc in pcs for step in (-1, 1))


def choose_color(
    symbol: ChordSymbol, avoided: Collection[int], held: Collection[int] = ()
) -> ChordSymbol:
    """Return a chord, or where one of its colors is to be avoided, a substitute.

    Of the substitutes without such colors it is the first of those with most of the held notes.

    Args:
        symbol: the chord as the style plays it.
        avoided: pitch classes that no color may have.
        held: pitch classes of the notes that sound now.
    """
    if not colors_of(symbol) & set(avoided):
        return symbol
    choices = [each for each in substitutes(symbol) if not colors_of(each) & set(avoided)]
    return max(choices, key=lambda each: len(set(held) & set(each.pitch_classes)), default=symbol)


def colors_of(symbol: ChordSymbol) -> set[int]:
    """Return the pitch classes of a chord beyond its triad."""
    return set(symbol.pitch_classes) - set(triad_pcs(symbol))


def triad_pcs(symbol: ChordSymbol) -> tuple[int, ...]:
    """Return the pitch classes of the triad of a chord; of one without a triad, all of its own."""
    if symbol.root_pc is None or symbol.omitted:
        return symbol.pitch_classes
    kind = TRIAD_KIND_OF_CODE[symbol.quality_code]
    if kind is None:
        return symbol.pitch_classes
    return tuple((symbol.root_pc + step) % 12 for step in quality(KINDS[kind]).semitones)


def substitutes(symbol: ChordSymbol) -> list[ChordSymbol]:
    """Return the chords of the family of a symbol on its triad, from rich to plain."""
    choices = SUBSTITUTES.get(quality(symbol.quality).family, ())
    found = [replace(symbol, quality=name, added=(), omitted=()) for name in choices]
    return [choice for choice in found if triad_pcs(choice) == triad_pcs(symbol)]
