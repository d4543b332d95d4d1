"""Evidence for keys in a succession of chords: cadences, the first and the last chord.

The pitch classes of I-vi-IV-V7 fit IV better than I. A dominant that resolves decides: a seventh
chord on the fifth degree, between ii or IV and the tonic, names its key. Triads are not counted,
since V-I of one key is I-IV of another, nor sevenths on the tonic, as in a blues.

Conventions: time in beats (quarter notes); keys are numbered as in key_profiles.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import Mode
from muse.tools.theory.qualities import quality

Array = NDArray[np.float64]

# in units of the correlation of a window's notes with a key, chosen on POP909 and Billboard
CADENCE: Final = 0.3  # ii or IV, V7, tonic
FIRST_CHORD: Final = 0.5
LAST_CHORD: Final = 0.1
FOURTH, SECOND = 5, 2  # semitones from the tonic up to the roots of IV and ii
THIRDS: Final[tuple[tuple[int, Mode], ...]] = ((4, "major"), (3, "minor"))
MINOR_SEVENTH: Final = 10


@dataclass(frozen=True)
class Harmony:
    """A chord as far as it tells of a key.

    Attributes:
        beat: where it begins.
        root_pc: pitch class of the root.
        mode: by its third; None without one.
        is_dominant: whether it has a major third and a minor seventh.
    """

    beat: float
    root_pc: int
    mode: Mode | None
    is_dominant: bool

    @property
    def key(self) -> int | None:
        """Number of the key whose tonic it is; None without a third."""
        return None if self.mode is None else self.root_pc + 12 * MODES.index(self.mode)


def harmony_of(beat: float, root_pc: int, quality_name: str) -> Harmony:
    """Return the harmony of a chord with a root and a quality of the table."""
    steps = quality(quality_name).semitones
    mode = next((mode for step, mode in THIRDS if step in steps), None)
    return Harmony(beat, root_pc, mode, mode == "major" and MINOR_SEVENTH in steps)


def harmonies_of(chords: Iterable[Chord]) -> Iterator[Harmony]:
    """Yield the harmonies of the chords that can be read and have a root."""
    for chord in chords:
        try:
            symbol = parse_chord(chord.symbol)
        except BadInputError:
            continue
        if symbol.root_pc is not None:
            yield harmony_of(chord.start_beats, symbol.root_pc, symbol.quality)


def key_evidence(harmonies: Iterable[Harmony], edges: Array) -> Array:
    """Return the evidence for each key in each window, (windows, 24), to add to correlations.

    Args:
        harmonies: in order.
        edges: of the windows, in beats, (windows + 1,).
    """
    evidence = np.zeros((len(edges) - 1, KEYS))
    chords = without_repeats(harmonies)
    for beat, key, weight in [*cadences(chords), *outer_chords(chords)]:
        window = int(np.searchsorted(edges, beat, side="right")) - 1
        evidence[min(max(window, 0), len(evidence) - 1), key] += weight
    return evidence


def without_repeats(harmonies: Iterable[Harmony]) -> list[Harmony]:
    """Return the harmonies with neighbors of one root and third joined, with either's seventh."""
    chords: list[Harmony] = []
    for chord in harmonies:
        if chords and chords[-1].key == chord.key and chords[-1].root_pc == chord.root_pc:
            last = chords.pop()
            is_dominant = last.is_dominant or chord.is_dominant
            chords.append(Harmony(last.beat, last.root_pc, last.mode, is_dominant))
        else:
            chords.append(chord)
    return chords


def cadences(chords: Sequence[Harmony]) -> Iterator[tuple[float, int, float]]:
    """Yield beat, key and weight of each cadence: ii or IV, V7, and a tonic that is no seventh."""
    for before, dominant, tonic in zip(chords, chords[1:], chords[2:], strict=False):
        resolves = tonic.root_pc == (dominant.root_pc + FOURTH) % 12 and not tonic.is_dominant
        if not (dominant.is_dominant and resolves) or before.is_dominant or tonic.key is None:
            continue
        step = (before.root_pc - tonic.root_pc) % 12
        if (step == FOURTH and before.mode) or (step == SECOND and before.mode != "major"):
            yield dominant.beat, tonic.key, CADENCE


def outer_chords(chords: Sequence[Harmony]) -> Iterator[tuple[float, int, float]]:
    """Yield beat, key and weight of the first and the last chord, if there are two."""
    if len(chords) < 2:
        return
    for chord, weight in ((chords[0], FIRST_CHORD), (chords[-1], LAST_CHORD)):
        if chord.key is not None:
            yield chord.beat, chord.key, weight
