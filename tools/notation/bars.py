"""The bars of a song, by its time signatures.

Conventions: a bar is as long as its signature says, from the signature's beat on; a new signature
inside a bar ends it there. Without a signature the metre is 4/4, as in MIDI.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import MuseError
from muse.tools.song.document import Meter, Song

COMMON_TIME = Meter(0.0, 4, 4)
MAX_BARS = 20_000  # more is a broken file, and nothing to look at
TOUCH = 1e-6  # beats: what ends this close to a bar line does not reach over it


@dataclass(frozen=True)
class Bar:
    """One bar: its number from 1, where it lies in quarter notes, and its signature."""

    number: int
    start: float
    length: float
    numerator: int
    denominator: int
    new_meter: bool

    @property
    def end(self) -> float:
        """Where the next one begins, in quarter notes."""
        return self.start + self.length

    @property
    def meter(self) -> str:
        """The signature as it is written, such as 6/8."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def beats(self) -> int:
        """Beats that are counted in it: three quavers are one in 6/8, 9/8 and 12/8."""
        whole = max(round(self.length * self.denominator / 4), 1)
        if self.denominator >= 8 and whole % 3 == 0 and whole > 3:
            return whole // 3
        return whole


def bars_of(song: Song) -> list[Bar]:
    """The bars of a song, the last one whole; none for an empty song."""
    return bars_until(song.meters, song.end_beats())


def bars_until(meters: Sequence[Meter], end: float) -> list[Bar]:
    """The bars from beat 0 up to a beat.

    Raises:
        MuseError: there are more than MAX_BARS.
    """
    changes = meter_changes(meters)
    bars: list[Bar] = []
    position = 0.0
    for index, meter in enumerate(changes):
        following = changes[index + 1].beat if index + 1 < len(changes) else float("inf")
        full, count, start = bar_beats(meter), 0, position
        while position < min(end - TOUCH, following - TOUCH):
            if len(bars) >= MAX_BARS:
                raise MuseError(f"the song has more than {MAX_BARS} bars; nothing to look at")
            length = min(full, following - position)
            new = count == 0 and (not bars or not same_signature(bars[-1], meter))
            bars.append(
                Bar(len(bars) + 1, position, length, meter.numerator, meter.denominator, new)
            )
            count += 1
            position = min(start + count * full, following)
    return bars


def bar_beats(meter: Meter) -> float:
    """Length of a whole bar in quarter notes."""
    return 4.0 * meter.numerator / meter.denominator


def same_signature(bar: Bar, meter: Meter) -> bool:
    """Whether the bar is in that metre."""
    return (bar.numerator, bar.denominator) == (meter.numerator, meter.denominator)


def meter_changes(meters: Sequence[Meter]) -> list[Meter]:
    """Signatures by beat, one at each, the first at beat 0."""
    latest = {meter.beat: meter for meter in sorted(meters, key=lambda meter: meter.beat)}
    if 0.0 not in latest:
        latest = {0.0: COMMON_TIME, **latest}
    return list(latest.values())


def nearest_bar(bars: Sequence[Bar], beat: float) -> int:
    """Index of the bar whose start lies nearest to a beat; `bars` must not be empty."""
    return min(range(len(bars)), key=lambda index: abs(bars[index].start - beat))
