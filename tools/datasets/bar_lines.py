"""Lines of bars in chord charts, split into bars with their signs and the marks of their order.

Bars stand between `|`; `||`, `|]` and `[|` are read as `|`. `|:` and `:|` repeat, `:| x3` plays
three times, `|1.` and `|2.` are endings. `D.C. al Fine`, `D.S. al Coda`, `Fine`, `To Coda`, `Coda`
and `Segno` stand in or behind the bar that they belong to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from muse.tools.datasets.roadmaps import RoadMarks
from muse.tools.theory.chords import is_chord_symbol
from muse.tools.theory.nashville import is_number
from muse.tools.theory.note_languages import NOTE_LANGUAGES, english_symbol

HOLD, REPEAT, PUSH = ".", "%", "<"
REPEAT_TWO = "%%"
# signs that mean the same as one of those above
SAME_SIGN = {
    **dict.fromkeys(("/", "-", "_", "\N{EN DASH}", "\N{EM DASH}"), HOLD),
    **dict.fromkeys(("\N{MUSICAL SYMBOL REPEATED FIGURE-1}", "./.", "/.", "./", ".//."), REPEAT),
    **dict.fromkeys(("\N{MUSICAL SYMBOL REPEATED FIGURE-2}", ".//.//."), REPEAT_TWO),
}
BAR_LINES = str.maketrans(
    {
        **dict.fromkeys("│┃┊¦\uff5c❘\N{MUSICAL SYMBOL SINGLE BARLINE}", "|"),
        **dict.fromkeys("‖║\N{MUSICAL SYMBOL DOUBLE BARLINE}", "||"),
        "\N{MUSICAL SYMBOL LEFT REPEAT SIGN}": "|:",
        "\N{MUSICAL SYMBOL RIGHT REPEAT SIGN}": ":|",
        "\N{MUSICAL SYMBOL SEGNO}": " Segno ",
        "\N{MUSICAL SYMBOL CODA}": " Coda ",
    }
)
BAR_LINE = re.compile(r"(:{0,2})(?:\[\|+|\|+\]?)(:{0,2})")
CLEAR_ENDING = re.compile(
    r"(?:\[(?=[1-9][\d,&-]*[.)\]\s])|(?=[1-9](?:\s?[,&-]\s?[1-9])*[.)\]]))"
    r"([1-9](?:\s?[,&-]\s?[1-9])*)[.)\]]?\s*"
)
BARE_ENDING = re.compile(r"([1-9](?:,[1-9])*)\s+(?=[A-H(])")
TIMES = re.compile(r"\(?\b(?:x\s?(\d{1,3})|(\d{1,3})\s?x)\b\)?", re.IGNORECASE)
JUMP = re.compile(r"(?<!\S)d(?:\.\s?)?([cs])\.?(?=\s|$)(?:\s*al\s+(fine|coda)\b)?", re.IGNORECASE)
WORDS = re.compile(r"\b(fine|to\s+coda|coda|segno)\b", re.IGNORECASE)
SLASHES = re.compile(r"(.*?)(/{2,})")
IN_BRACKETS = re.compile(r"\((.+)\)")


@dataclass
class BarText:
    """One written bar: its signs and its marks."""

    signs: list[str]
    marks: RoadMarks = field(default_factory=RoadMarks)


@dataclass
class BarsText:
    """A line of bars.

    Attributes:
        lead: text before the first bar line: a section label or a first bar.
        bars: those between the bar lines, and an unclosed last one.
        is_closed: the line ends with a bar line.
        marks: of the lead, if it is a bar.
    """

    lead: str
    bars: list[BarText]
    is_closed: bool = True
    marks: RoadMarks = field(default_factory=RoadMarks)


def split_bars(line: str) -> BarsText:
    """Split a line of bars; text after the last bar line is marks or an unclosed bar."""
    text = line.translate(BAR_LINES).strip()
    found = list(BAR_LINE.finditer(text))
    lead = text[: found[0].start()].strip()
    bars: list[BarText] = []
    for index, bar_line in enumerate(found):
        end = found[index + 1] if index + 1 < len(found) else None
        cell = text[bar_line.end() : end.start() if end else len(text)].strip()
        read_cell(cell, bar_line[2], end[1] if end else None, bars)
    marks = RoadMarks(repeats=len(found[0][1]) + 1 if found[0][1] and lead else 0)
    return BarsText(lead, bars, text.endswith(("|", "]", ":")), marks)


def read_cell(cell: str, opening: str, closing: str | None, bars: list[BarText]) -> None:
    """Add the bar of a cell, or apply the marks of a cell without chords to the bar before.

    Args:
        cell: text between two bar lines.
        opening: colons of the bar line before the cell.
        closing: colons of the bar line behind it; None after the last one.
        bars: so far; extended.
    """
    marks = RoadMarks(starts_repeat=bool(opening))
    text = take_times(cell, bars)
    had_words = text != cell
    text = take_ending(text, marks)
    text, more = take_words(text, marks)
    had_words = had_words or more
    if not text and (closing is None or had_words):
        if bars and had_words:
            move_marks(marks, bars[-1].marks)
        return
    marks.repeats = len(closing) + 1 if closing else 0
    bars.append(BarText(list(split_signs(text)), marks))


def take_times(cell: str, bars: list[BarText]) -> str:
    """Apply `x3` to the repeat before it, or else to its line; return the rest of the cell."""
    found = TIMES.match(cell)
    if found is None or not bars:
        return cell
    if not bars[-1].marks.repeats:
        bars[0].marks.starts_repeat = True
    bars[-1].marks.repeats = max(int(found[1] or found[2]), 1)
    return cell[found.end() :].strip()


def take_ending(text: str, marks: RoadMarks) -> str:
    """Read the numbers of an ending, such as `1.`, `1,2.` or `1-3.`; return the rest."""
    found = CLEAR_ENDING.match(text) or BARE_ENDING.match(text)
    if found is None or not text[found.end() :].strip():
        return text
    numbers: list[int] = []
    for part in re.split(r"\s?[,&]\s?", found[1]):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    marks.endings = tuple(numbers)
    return text[found.end() :].strip()


def take_words(text: str, marks: RoadMarks) -> tuple[str, bool]:
    """Read the words of the order of bars; return the rest and whether there were any."""
    rest = text
    if found := JUMP.search(rest):
        marks.jump = "capo" if found[1].lower() == "c" else "segno"
        until = (found[2] or "").lower()
        marks.until = "fine" if until == "fine" else "coda" if until else ""
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    for found in WORDS.finditer(rest):
        word = found[1].lower()
        if word == "fine":
            marks.has_fine = True
        elif word == "segno":
            marks.has_segno = True
        else:
            marks.coda = "before" if word == "coda" else "behind"
    rest = WORDS.sub(" ", rest).strip(" ()") if WORDS.search(rest) else rest
    return rest.strip(), rest != text


def move_marks(marks: RoadMarks, earlier: RoadMarks) -> None:
    """Give the marks that stand alone to the bar before them."""
    earlier.has_fine |= marks.has_fine
    earlier.has_segno |= marks.has_segno
    earlier.coda = "behind" if marks.coda else earlier.coda
    earlier.jump, earlier.until = marks.jump or earlier.jump, marks.until or earlier.until


def split_signs(text: str) -> Iterator[str]:
    """Yield the signs of a bar in the characters of charts.py, without brackets of options."""
    signs: list[str] = []
    for word in text.split():
        sign = plain_sign(word.rstrip(",;"))
        if sign.startswith("(") and signs and is_chord_symbol(signs[-1] + sign):
            signs[-1] += sign  # C7 (b9)
            continue
        slashes = SLASHES.fullmatch(sign)
        if slashes is None:
            signs.append(sign)
        else:
            signs += [*filter(None, [slashes[1]]), *HOLD * len(slashes[2])]
    yield from signs


def plain_sign(word: str) -> str:
    """Return a word as a sign: brackets of a chord that may be left out are removed."""
    if word in SAME_SIGN:
        return SAME_SIGN[word]
    inside = IN_BRACKETS.fullmatch(word)
    if inside and (is_sign(inside[1]) or inside[1][0] in "ABCDEFGH"):
        return inside[1]
    if word.startswith("(") and ")" not in word and word[1:2].isupper():
        return word[1:]
    return word[:-1] if word.endswith(")") and "(" not in word else word


def is_sign(text: str) -> bool:
    """Return whether a text is a sign of a chart: a chord, a number, or a mark."""
    sign = text.removeprefix(PUSH)
    is_mark = sign in {HOLD, REPEAT, REPEAT_TWO} or sign in SAME_SIGN
    names = (english_symbol(sign, language) for language in NOTE_LANGUAGES)
    return is_mark or is_number(sign) or any(map(is_chord_symbol, names))
