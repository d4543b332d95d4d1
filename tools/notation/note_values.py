"""Note values: split stretches of time into values that can be written, and ties between them.

Conventions: times are steps of grid.py from the bar line. A stretch is one note, chord or rest; it
is split where readers of music expect to see a beat, and each piece is one written value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muse.tools.notation.grid import GRID
from muse.tools.song.meter import GROUP, is_compound

# (written type, dots) by length in steps; the shortest types occur in triplets only,
# where a note lasts two thirds of its written value
STRAIGHT_VALUES = {
    8 * GRID: ("breve", 0),
    6 * GRID: ("whole", 1),
    4 * GRID: ("whole", 0),
    3 * GRID: ("half", 1),
    2 * GRID: ("half", 0),
    GRID * 3 // 2: ("quarter", 1),
    GRID: ("quarter", 0),
    GRID * 3 // 4: ("eighth", 1),
    GRID // 2: ("eighth", 0),
    GRID * 3 // 8: ("16th", 1),
    GRID // 4: ("16th", 0),
    GRID // 8: ("32nd", 0),
}
TRIPLET_VALUES = {
    GRID * 4 // 3: ("half", 0),
    GRID: ("quarter", 1),
    GRID * 2 // 3: ("quarter", 0),
    GRID // 2: ("eighth", 1),
    GRID // 3: ("eighth", 0),
    GRID // 4: ("16th", 1),
    GRID // 6: ("16th", 0),
    GRID // 8: ("32nd", 1),
    GRID // 12: ("32nd", 0),
    GRID // 24: ("64th", 0),
}
FINEST = GRID // 8  # steps: the shortest value outside triplets
# lengths of triplets, longest first: (steps of the group, steps of its divisions)
TRIPLET_GROUPS = ((2 * GRID, GRID * 2 // 3), (GRID, GRID // 6), (GRID // 2, 1))


@dataclass(frozen=True)
class NoteValue:
    """One written value.

    Attributes:
        start, length: in steps from the bar line.
        kind: MusicXML's name of the written type.
        dots: 0 or 1.
        group: (start, end) of its triplet, None outside of one.
    """

    start: int
    length: int
    kind: str
    dots: int
    group: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """End in steps from the bar line."""
        return self.start + self.length


def levels_of(numerator: int, denominator: int, length: int) -> tuple[int, ...]:
    """Return the steps between the lines of each metrical level of a bar, strongest level first.

    The middle of 4/4 is a level above the beats; in compound meter three units are a beat.
    """
    beat = 4 * GRID // denominator
    above: list[int] = []
    if is_compound(numerator, denominator):
        above = [GROUP * beat] * 2  # twice: no value is held over this beat from a weaker place
    elif length == 4 * beat:
        above = [2 * beat]
    below, step = [], beat
    while step >= FINEST:
        below.append(step)
        step //= 2
    return tuple([*above, *below] or [FINEST])


def level_at(place: int, levels: Sequence[int]) -> int:
    """Return how weak a place of the bar is: 0 for the bar line, then by level."""
    if place == 0:
        return 0
    found = (index for index, step in enumerate(levels, 1) if place % step == 0)
    return next(found, len(levels) + 1)


def triplet_groups(edges: Sequence[int], length: int) -> list[tuple[int, int]]:
    """Return the stretches of a bar that must be triplets, given all places where notes change."""
    return sorted(find_groups(edges, 0, length, 0))


def find_groups(edges: Sequence[int], start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield triplets between two places, from an index into TRIPLET_GROUPS on."""
    steps, unit = TRIPLET_GROUPS[size]
    last = size == len(TRIPLET_GROUPS) - 1
    for low in range(start, end, steps):
        inner = [edge - low for edge in edges if low <= edge <= min(low + steps, end)]
        if all(place % FINEST == 0 for place in inner):
            continue
        if low + steps <= end and all(place % unit == 0 for place in inner):
            yield low, low + steps
        elif not last:
            yield from find_groups(edges, low, min(low + steps, end), size + 1)
        else:  # the bar ends inside the group
            yield low, min(low + steps, end)


def pieces_of(
    start: int, end: int, levels: Sequence[int], groups: Sequence[tuple[int, int]]
) -> list[NoteValue]:
    """Split a stretch inside one bar into written values, in order."""
    cuts = {start, end}
    for low, high in groups:
        if not (end <= low or start >= high):
            cuts |= {max(low, start), min(high, end)}
    pieces: list[NoteValue] = []
    for low, high in zip(sorted(cuts), sorted(cuts)[1:], strict=False):
        group = next((g for g in groups if g[0] <= low and high <= g[1]), None)
        pieces += triplet_pieces(low, high, group) if group else straight_pieces(low, high, levels)
    return pieces


def triplet_pieces(start: int, end: int, group: tuple[int, int]) -> list[NoteValue]:
    """Split a stretch inside a triplet, the largest values first."""
    pieces = []
    while start < end:
        length = next(value for value in TRIPLET_VALUES if value <= end - start)
        pieces.append(NoteValue(start, length, *TRIPLET_VALUES[length], group))
        start += length
    return pieces


def straight_pieces(start: int, end: int, levels: Sequence[int]) -> list[NoteValue]:
    """Split a stretch outside triplets: one value if it reads well, else at the strongest place."""
    inner = range(start - start % FINEST + FINEST, end, FINEST)
    strongest = min(inner, key=lambda place: level_at(place, levels), default=None)
    value = STRAIGHT_VALUES.get(end - start)
    if value and (strongest is None or level_at(start, levels) <= level_at(strongest, levels) + 1):
        return [NoteValue(start, end - start, *value)]
    if strongest is None:
        raise AssertionError(f"{end - start} steps at {start} are not a written value")
    return [*straight_pieces(start, strongest, levels), *straight_pieces(strongest, end, levels)]
