"""Which notes of a melody sound wrong over a chord, in the key at its place.

Conventions: pitch classes 0 to 11 from C. Sources: the avoid notes and secondary dominants of
Levine, The Jazz Theory Book (1995).
"""

from dataclasses import dataclass
from typing import Final

from muse.tools.song.document import Chord
from muse.tools.theory.annotate import symbol_or_unknown

Classes = frozenset[int]

# semitones from a tone that is outside the key to the tone of the key that it replaces, by the
# degree and semitones above the root of the tone: G# over E7 replaces G, Ab over Fm replaces A
REPLACED: Final[dict[tuple[int, int], int]] = {
    (1, 0): 1,
    (3, 4): -1,
    (3, 3): 1,
    (5, 6): 1,
    (5, 8): -1,
    (7, 10): 1,
    (7, 11): -1,
    (7, 9): 1,
}
MAJOR_THIRD, MINOR_SEVENTH, FLAT_NINTH, FOURTH = 4, 10, 1, 5  # semitones above the root


@dataclass(frozen=True)
class ChordRules:
    """Pitch classes that sound wrong over a chord.

    Attributes:
        replaced: tones of the key that an altered tone of the chord replaces.
        leading: the major third of a chord that is outside the key, a leading tone.
        flat_ninth: of a major chord that is no dominant; it may only be passed.
        fourth: the natural fourth of a chord with a major third; on strong beats as `flat_ninth`.
        outside: classes outside a key that is not the main one of the song, and not in the chord.
    """

    replaced: Classes = frozenset()
    leading: Classes = frozenset()
    flat_ninth: Classes = frozenset()
    fourth: Classes = frozenset()
    outside: Classes = frozenset()

    def avoided(self, is_strong: bool) -> Classes:
        """Return the classes that may only be passed at a place."""
        return self.flat_ninth | self.fourth if is_strong else self.flat_ninth


NO_RULES = ChordRules()


def rules_of(chord: Chord, scale: Classes, main: Classes) -> ChordRules:
    """Return the rules of a chord.

    Args:
        chord: of any symbol; one that cannot be read has no rules.
        scale: of the key at its place.
        main: scale of the key that the song has for most of the time.
    """
    symbol = symbol_or_unknown(chord.symbol)
    if symbol.root_pc is None:
        return NO_RULES
    root, tones = symbol.root_pc, frozenset(symbol.pitch_classes)
    altered = {
        (root + each.semitones) % 12: (each.number, each.semitones)
        for each in symbol.intervals
        if (root + each.semitones) % 12 not in scale
    }
    replaced = {(pc + REPLACED.get(place, 0)) % 12 for pc, place in altered.items()}
    third = (root + MAJOR_THIRD) % 12
    is_major, is_dominant = third in tones, (root + MINOR_SEVENTH) % 12 in tones
    flat_ninth = {(root + FLAT_NINTH) % 12} if is_major and not is_dominant else set()
    fourth = {(root + FOURTH) % 12} if is_major else set()
    return ChordRules(
        replaced=frozenset(replaced) - tones,
        leading=frozenset({third} & altered.keys()),
        flat_ninth=frozenset(flat_ninth) - tones,
        fourth=frozenset(fourth) - tones,
        outside=frozenset(range(12)) - scale - tones if scale != main else frozenset(),
    )
