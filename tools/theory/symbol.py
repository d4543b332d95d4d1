"""A parsed chord symbol: root, quality, added and omitted degrees, and bass.

Conventions: roots and basses are places on the line of fifths (pitch.py), degrees are intervals
above the root. Each chord has one form: its degrees are collected in a set and named by the nearest
row of the table of qualities, so that 'C:maj(9)', 'Cadd9' and 'C2' are equal.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from muse.tools.theory.intervals import Interval
from muse.tools.theory.pitch import pitch_class
from muse.tools.theory.qualities import NO_CHORD, QUALITIES, UNKNOWN, quality

ROOT = Interval(1)
# costs of changes to a row of the table: an omitted degree reads worse than an added one, and
# an altered degree in place of a natural one is a single change
ADDING, OMITTING, REPLACING = 2, 3, 2
TENSIONS = {2: 9, 4: 11}  # names of second and fourth in a chord with a third
REAL_QUALITIES = tuple(row for row in QUALITIES if row.intervals)


@dataclass(frozen=True)
class ChordSymbol:
    """A chord symbol.

    Attributes:
        root: place on the line of fifths; None for no chord (N) and for an unknown one (X).
        quality: name of a row of the table in qualities.py.
        added: degrees above the root that the quality does not have.
        omitted: degrees of the quality that the chord does not have.
        bass: place on the line of fifths of a bass other than the root, else None.
    """

    root: int | None
    quality: str
    added: tuple[Interval, ...] = ()
    omitted: tuple[Interval, ...] = ()
    bass: int | None = None

    @property
    def is_chord(self) -> bool:
        """Whether it has a root: neither 'no chord' nor 'unknown'."""
        return self.root is not None

    @property
    def root_pc(self) -> int | None:
        """Pitch class of the root, 0 to 11."""
        return None if self.root is None else pitch_class(self.root)

    @property
    def bass_pc(self) -> int | None:
        """Pitch class of the lowest note, 0 to 11; the root unless a bass is given."""
        return self.root_pc if self.bass is None else pitch_class(self.bass)

    @property
    def quality_code(self) -> int:
        """Code of the quality, without added and omitted degrees."""
        return quality(self.quality).code

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """All degrees from the root up, without the bass."""
        kept = (i for i in quality(self.quality).intervals if i not in self.omitted)
        return tuple(sorted((*kept, *self.added), key=lambda interval: interval.semitones))

    @cached_property
    def pitch_classes(self) -> tuple[int, ...]:
        """Pitch classes from the root up, each once; a bass that is not a chord tone comes last."""
        if self.root is None:
            return ()
        sounding = [(pitch_class(self.root) + i.semitones) % 12 for i in self.intervals]
        if self.bass is not None:
            sounding.append(pitch_class(self.bass))
        return tuple(dict.fromkeys(sounding))


NONE = ChordSymbol(None, NO_CHORD)
UNKNOWN_CHORD = ChordSymbol(None, UNKNOWN)


def symbol_of(root: int, degrees: Iterable[Interval], bass: int | None = None) -> ChordSymbol:
    """Return the symbol for degrees above a root.

    Args:
        root: place on the line of fifths.
        degrees: at least one; the root is added.
        bass: place on the line of fifths; None or the root for no other bass.
    """
    name, added, omitted = name_degrees(frozenset(as_tensions({*degrees, ROOT})))
    return ChordSymbol(root, name, added, omitted, None if bass == root else bass)


def as_tensions(degrees: set[Interval]) -> set[Interval]:
    """Turn seconds and fourths into ninths and elevenths if there is a third."""
    if not any(degree.number == 3 for degree in degrees):
        return degrees
    return {Interval(TENSIONS.get(d.number, d.number), d.alteration) for d in degrees}


@lru_cache(maxsize=4096)
def name_degrees(
    degrees: frozenset[Interval],
) -> tuple[str, tuple[Interval, ...], tuple[Interval, ...]]:
    """Return the quality that needs the fewest changes, and the added and omitted degrees."""

    def changes(name: str) -> tuple[frozenset[Interval], frozenset[Interval]]:
        own = frozenset(quality(name).intervals)
        return degrees - own, own - degrees

    def cost(name: str) -> int:
        added, omitted = changes(name)
        replaced = len({d.number for d in added} & {d.number for d in omitted})
        price = ADDING * len(added) + OMITTING * len(omitted)
        return price - replaced * (ADDING + OMITTING - REPLACING)

    best = min((row.name for row in REAL_QUALITIES), key=cost)
    added, omitted = changes(best)
    return best, tuple(sorted(added)), tuple(sorted(omitted))
