"""The order in which the bars of a chart are played: repeats, endings, D.C., D.S. and codas.

Conventions:
    A repeat without a start begins after the repeat before it, or at the top. Endings are chosen by
    the pass; a pass without an ending of its own plays the last one. After a D.C. or D.S. repeats
    are played once, with their last ending, as players do. `al Coda` jumps at the first coda sign
    to the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from muse.tools.errors import BadInputError
from muse.tools.song.meter import MAX_BARS

Jump = Literal["", "capo", "segno"]
Stop = Literal["", "fine", "coda"]


@dataclass
class RoadMarks:
    """Signs of one written bar.

    Attributes:
        starts_repeat: `|:` before the bar.
        repeats: times that the repeat ending with this bar is played, 0 for none.
        endings: passes in which the ending that begins with this bar is played; () for none.
        has_segno, has_fine: the sign stands at this bar; `fine` ends after it.
        coda: the coda sign stands before or behind the bar's chords.
        jump: where to go after the bar, and `until` where the second time ends.
    """

    starts_repeat: bool = False
    repeats: int = 0
    endings: tuple[int, ...] = ()
    has_segno: bool = False
    has_fine: bool = False
    coda: Literal["", "before", "behind"] = ""
    jump: Jump = ""
    until: Stop = ""


class Player:
    """A walk over the written bars."""

    def __init__(self, bars: Sequence[RoadMarks]) -> None:
        """Begin at the top.

        Args:
            bars: the written bars in order.
        """
        self.bars = bars
        self.order: list[int] = []
        self.repeat_start = 0
        self.turn = 1
        self.jumped: RoadMarks | None = None
        codas = [index for index, bar in enumerate(bars) if bar.coda]
        self.coda = (codas[0], codas[-1]) if len(codas) > 1 else None

    def play(self) -> list[int]:
        """Return the indices of the bars as they are played.

        Raises:
            BadInputError: more than MAX_BARS bars.
        """
        index: int | None = 0
        while index is not None and index < len(self.bars):
            if len(self.order) >= MAX_BARS:
                raise BadInputError(f"its repeats make more than {MAX_BARS} bars")
            index = self.step(index)
        return self.order

    def step(self, index: int) -> int | None:
        """Play or skip the bar at an index; return the next index, None at the end."""
        bar = self.bars[index]
        if bar.starts_repeat and index != self.repeat_start:
            self.repeat_start, self.turn = index, 1
        if bar.endings and not self.takes_ending(index):
            return self.after_ending(index)
        if self.goes_to_coda("before", index):
            return self.leave_for_coda()
        self.order.append(index)
        return self.next_index(index, bar)

    def next_index(self, index: int, bar: RoadMarks) -> int | None:
        """Return where to go after a bar."""
        if self.goes_to_coda("behind", index):
            return self.leave_for_coda()
        if bar.has_fine and self.jumped and self.jumped.until == "fine":
            return None
        if bar.repeats and not self.jumped:
            if self.turn < max(bar.repeats, self.last_ending()):
                self.turn += 1
                return self.repeat_start
            self.repeat_start, self.turn = index + 1, 1
        if bar.jump and not self.jumped:
            self.jumped = bar
            self.repeat_start = self.segno() if bar.jump == "segno" else 0
            return self.repeat_start
        return index + 1

    def takes_ending(self, index: int) -> bool:
        """Return whether the ending that begins at an index is played in this pass."""
        last = self.last_ending()
        turn = last if self.jumped else min(self.turn, last)
        return turn in self.bars[index].endings

    def last_ending(self) -> int:
        """Return the highest number of the endings of the current repeat, 0 without any."""
        highest = 0
        for bar in self.bars[self.repeat_start + 1 :]:
            if bar.starts_repeat:
                break
            highest = max(highest, *bar.endings, 0)
        return highest

    def after_ending(self, index: int) -> int:
        """Return the index behind an ending that is skipped: the next ending or repeat sign."""
        for later in range(index + 1, len(self.bars)):
            if self.bars[later].endings or self.bars[later - 1].repeats:
                return later
        return len(self.bars)

    def goes_to_coda(self, place: str, index: int) -> bool:
        """Return whether the bar at an index is where the second time leaves for the coda."""
        if self.coda is None or self.jumped is None or self.jumped.until != "coda":
            return False
        return index == self.coda[0] and self.bars[index].coda == place

    def leave_for_coda(self) -> int:
        """Go to the coda, once."""
        _, coda = self.coda or (0, len(self.bars))
        self.coda = None
        return coda

    def segno(self) -> int:
        """Return the index of the bar with the segno, the top without any."""
        return next((index for index, bar in enumerate(self.bars) if bar.has_segno), 0)


def play_order(bars: Sequence[RoadMarks]) -> list[int]:
    """Return the indices of written bars in the order in which they are played.

    Raises:
        BadInputError: the repeats make too many bars.
    """
    return Player(bars).play()
