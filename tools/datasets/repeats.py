"""The order in which the bars of a score are played: repeats, endings, D.C., D.S., coda, fine.

A section between repeat signs is played as often as its endings or its sign say, else twice. After
D.C. or D.S. repeats are not taken again, and the last ending is played.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import BadInputError
from muse.tools.song.meter import MAX_BARS

TWICE = 2  # times that a repeated section is played unless more are written


@dataclass
class BarMarks:
    """What one written bar says about the order.

    Attributes:
        begins_repeat: a repeat begins with this bar.
        times: how often the section that ends with this bar is played; 0 if none ends here.
        ending: the passes that play this bar; empty for all.
        begins_ending, ends_ending: whether an ending begins or ends with this bar.
        segno, coda: whether the sign stands at this bar.
        to_coda, fine, da_capo, dal_segno: whether the words stand at the end of this bar.
    """

    begins_repeat: bool = False
    times: int = 0
    ending: frozenset[int] = frozenset()
    begins_ending: bool = False
    ends_ending: bool = False
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    da_capo: bool = False
    dal_segno: bool = False


def play_order(marks: Sequence[BarMarks]) -> list[tuple[int, int]]:
    """Return the bars in the order of playing.

    Args:
        marks: of the bars as written.

    Returns:
        For each played bar its index, and the pass through its section, from 1.

    Raises:
        BadInputError: more than MAX_BARS bars are played.
    """
    played: list[tuple[int, int]] = []
    place, start, passes, jumped = 0, 0, 1, False
    while place < len(marks):
        bar = marks[place]
        if place != start and (bar.begins_repeat or leaves_endings(marks, place, passes)):
            start, passes = place, 1
        if bar.ending and not is_played(marks, place, passes, jumped):
            place += 1
            continue
        played.append((place, passes))
        if len(played) > MAX_BARS:
            raise BadInputError(f"its repeats make more than {MAX_BARS} bars")
        if jumped and bar.fine:
            break
        coda = coda_after(marks, place) if jumped and bar.to_coda else None
        if coda is not None:
            place = start = coda
            passes = 1
        elif not jumped and passes < times_played(marks, place):
            place, passes = start, passes + 1
        elif not jumped and (target := jump_target(marks, place)) is not None:
            place = start = target
            passes, jumped = 1, True
        else:
            if times_played(marks, place) and not has_more_endings(marks, place):
                start, passes = place + 1, 1
            place += 1
    return played


def leaves_endings(marks: Sequence[BarMarks], place: int, passes: int) -> bool:
    """Return whether a bar is the first one after the endings of a repeated section."""
    return passes > 1 and not marks[place].ending and bool(marks[place - 1].ending)


def has_more_endings(marks: Sequence[BarMarks], place: int) -> bool:
    """Return whether the bar after an ending begins another one of the same section."""
    behind = marks[place + 1] if place + 1 < len(marks) else BarMarks()
    return bool(marks[place].ending and behind.ending and not behind.begins_repeat)


def ending_run(marks: Sequence[BarMarks], place: int) -> Sequence[BarMarks]:
    """Return the neighboring bars that are endings of the same section."""
    first = last = place
    while first > 0 and marks[first - 1].ending and not marks[first].begins_repeat:
        first -= 1
    while last + 1 < len(marks) and has_more_endings(marks, last):
        last += 1
    return marks[first : last + 1]


def last_pass(marks: Sequence[BarMarks], place: int) -> int:
    """Return the highest number of the endings around a bar."""
    return max(max(bar.ending, default=0) for bar in ending_run(marks, place))


def is_played(marks: Sequence[BarMarks], place: int, passes: int, jumped: bool) -> bool:
    """Return whether an ending is played on a pass; after a jump the last one is."""
    ending = marks[place].ending
    return last_pass(marks, place) in ending if jumped else passes in ending


def times_played(marks: Sequence[BarMarks], place: int) -> int:
    """Return how often the section that ends with a bar is played; 0 if none ends there.

    An ending that another one follows ends its section, with or without a repeat sign.
    """
    bar = marks[place]
    if not bar.ending:
        return bar.times
    last = last_pass(marks, place)
    followed = has_more_endings(marks, place) and marks[place + 1].begins_ending
    return max(bar.times, last) if bar.times or followed else 0


def jump_target(marks: Sequence[BarMarks], place: int) -> int | None:
    """Return where D.C. or D.S. at the end of a bar leads; None without it, or without a segno."""
    if marks[place].dal_segno:
        found = next((index for index in range(place, -1, -1) if marks[index].segno), None)
        return found if found is not None or not marks[place].da_capo else 0
    return 0 if marks[place].da_capo else None


def coda_after(marks: Sequence[BarMarks], place: int) -> int | None:
    """Return the next bar with a coda sign, or None."""
    return next((i for i in range(place + 1, len(marks)) if marks[i].coda), None)
