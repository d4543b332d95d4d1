"""Styles by section: `pop, chorus=rock, 17=jazz`.

An item without a place is the style of everything else. A place is a section of the song or chart,
by the beginning of its name, or a bar, counted from 1; a bar's style holds up to the next place.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import ParameterError
from muse.tools.jam.grid import StepGrid
from muse.tools.song.document import Section

MOST_DIGITS = 6  # of the number of a bar


@dataclass(frozen=True)
class StylePlan:
    """The style on each beat.

    Attributes:
        changes: (beat, style) in order, the first at beat 0.
        period: quarter notes after which the changes repeat, as a chart does; None for never.
    """

    changes: tuple[tuple[float, str], ...]
    period: float | None = None

    def at(self, beat: float) -> str:
        """Return the style on a beat; before the first one, that of the beginning."""
        place = beat % self.period if self.period else beat
        index = bisect_right([start for start, _ in self.changes], place + 1e-6) - 1
        return self.changes[max(index, 0)][1]

    def text(self, grid: StepGrid) -> str:
        """Return the plan as a value of --style, with bars in place of sections."""
        first, *later = self.changes
        places = [f"{grid.step_of(beat).bar + 1}={style}" for beat, style in later]
        return ",".join([first[1], *places])

    @property
    def styles(self) -> tuple[str, ...]:
        """All styles, each once."""
        return tuple(dict.fromkeys(style for _beat, style in self.changes))


def parse_style_plan(
    text: str,
    default: str,
    grid: StepGrid,
    sections: Sequence[Section] = (),
    period: float | None = None,
) -> StylePlan:
    """Parse the value of --style.

    Args:
        text: one style, or items separated by commas.
        default: style where no item applies.
        grid: tells where bars begin.
        sections: of the song or chart.
        period: after which they repeat, in quarter notes.

    Raises:
        ParameterError: an item without its place or style, or a place that is neither a bar nor a
            section.
    """
    usual, places = default, []
    for item in text.split(","):
        place, found, style = (part.strip() for part in item.partition("="))
        if found and not (place and style):
            raise ParameterError(
                f"--style: '{item.strip()}' must be PLACE=STYLE, such as chorus=rock or 17=jazz"
            )
        if found:
            places.append((place.lower(), style))
        else:
            usual = item.strip()
    changes = {0.0: usual} | {section.beat: usual for section in sections}
    for place, style in places:
        if not is_bar(place):
            changes |= dict.fromkeys(section_beats(place, sections), style)
    for place, style in places:
        if is_bar(place):
            changes[bar_beat(int(place), grid)] = style
    return StylePlan(tuple(sorted(changes.items())), period)


def is_bar(place: str) -> bool:
    """Return whether a place is the number of a bar."""
    return place.isdecimal() and len(place) <= MOST_DIGITS


def section_beats(place: str, sections: Sequence[Section]) -> list[float]:
    """Return where the sections begin whose name begins with a word; raises ParameterError."""
    found = [each.beat for each in sections if each.label.lower().startswith(place)]
    if not found:
        names = ", ".join(dict.fromkeys(each.label for each in sections)) or "none"
        raise ParameterError(
            f"--style: no section '{place}'; the sections are {names}. A place may also be a bar, "
            "as in 17=jazz"
        )
    return found


def bar_beat(bar: int, grid: StepGrid) -> float:
    """Return the beat on which a bar begins, counted from 1; raises ParameterError."""
    if bar < 1:
        raise ParameterError("--style: bars are counted from 1")
    return grid.bar_line(bar - 1).beat
