"""Signs of MusicXML for the order of the bars: repeats, endings, segno, coda, D.C., D.S., fine."""

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from muse.tools.datasets.repeats import TWICE, BarMarks

PASSES = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")  # 1, 2 or 1-3
MOST_PASSES = 64
# what words above the staff say, by the field of BarMarks
JUMPS = (
    ("da_capo", re.compile(r"(?:d\.?\s*c\.?|da\s+capo)(?:\s+(?:al|e)\b.*)?", re.IGNORECASE)),
    ("dal_segno", re.compile(r"(?:d\.?\s*s\.?|dal\s+segno)(?:\s+(?:al|e)\b.*)?", re.IGNORECASE)),
    ("to_coda", re.compile(r"(?:to\s+coda|al\s+coda)\b.*", re.IGNORECASE)),
    ("fine", re.compile(r"fine\.?", re.IGNORECASE)),
)


def read_barline(element: Element, marks: BarMarks, before: BarMarks | None) -> None:
    """Read the repeat and the ending of a bar line.

    Args:
        element: the bar line.
        marks: of its bar.
        before: marks of the bar before.
    """
    for sign in ("segno", "coda"):
        if element.find(sign) is not None:
            read_sign(sign, marks)
    ending = element.find("ending")
    if ending is not None:
        read_ending(ending, marks)
    repeat = element.find("repeat")
    if repeat is None:
        return
    if repeat.get("direction") == "forward":
        marks.begins_repeat = True
    elif element.get("location") != "left":
        marks.times = times_of(repeat)
    elif before is not None:
        before.times = times_of(repeat)


def times_of(repeat: Element) -> int:
    """Return how often a repeated section is played."""
    times = repeat.get("times", "")
    return min(max(int(times), 1), MOST_PASSES) if times.isdecimal() else TWICE


def read_ending(element: Element, marks: BarMarks) -> None:
    """Read where an ending begins or ends."""
    if element.get("type") == "start":
        text = element.get("number") or element.text or ""
        marks.ending = passes_in(text) or passes_in(element.text or "")
        marks.begins_ending = bool(marks.ending)
    else:
        marks.ends_ending = True


def passes_in(text: str) -> frozenset[int]:
    """Return the numbers of an ending, such as "1, 2" or "1-3"."""
    passes: set[int] = set()
    for first, last in PASSES.findall(text):
        passes |= {*range(int(first), min(int(last or first), MOST_PASSES) + 1)}
    return frozenset(passes)


def read_sign(sign: str, marks: BarMarks) -> None:
    """Read a segno or a coda sign."""
    setattr(marks, sign, True)


def read_jumps(text: str, marks: BarMarks) -> None:
    """Read words such as 'D.C. al Fine'."""
    plain = " ".join(text.split())
    for mark, words in JUMPS:
        if words.fullmatch(plain):
            setattr(marks, mark, True)


def combined(parts: Sequence[Sequence[BarMarks]]) -> list[BarMarks]:
    """Return the marks of each bar, from all parts, with the endings filled in."""
    bars = [merge(bar) for bar in zip(*parts, strict=True)]
    fill_endings(bars)
    return bars


def merge(marks: Sequence[BarMarks]) -> BarMarks:
    """Return what any part says about a bar."""
    flags = {
        name: any(getattr(mark, name) for mark in marks)
        for name, kind in BarMarks.__annotations__.items()
        if kind is bool
    }
    ending = next((mark.ending for mark in marks if mark.ending), frozenset[int]())
    return BarMarks(times=max(mark.times for mark in marks), ending=ending, **flags)


def fill_endings(bars: Sequence[BarMarks]) -> None:
    """Give all bars of an ending its passes; an ending without an end has one bar."""
    for first, bar in enumerate(bars):
        if bar.begins_ending:
            for inside in bars[first + 1 : end_of_ending(bars, first) + 1]:
                inside.ending = bar.ending


def end_of_ending(bars: Sequence[BarMarks], first: int) -> int:
    """Return the last bar of the ending that begins with a bar."""
    for place in range(first, len(bars)):
        if place > first and (bars[place].begins_ending or bars[place].begins_repeat):
            return place - 1
        if bars[place].ends_ending or bars[place].times:
            return place
    return first
