"""Reader of chord charts in plain text, written by hand, by programs or by `chart_writer.py`.

A file holds any number of charts. Each begins with its title; the first chart may lack one:

    # a comment; it may also follow something else on a line
    title: Porch Light
    idea: a line for the reader
    key: Eb major; tempo: 78; meter: 4/4; swing: 58; behind: 15
    tags: backdoor, passing-dim
    verse  | Ebmaj9 | Cm11 Cm11/Bb | Abmaj9 . Gm7 . | % |
           | Fm9 | <Bb13sus4 . Bb7alt . |
    [B] |: Cm7 / F7 / | Bbmaj7 :| D.C. al Fine

Bars stand between `|`; `bar_lines.py` lists bar lines, repeats, endings and jumps. The signs of a
bar divide it evenly, in a number that divides the number of its beats or is twice that number.
Other numbers of chords get whole beats, the first ones more: 2, 1, 1 in 4/4. A sign is a chord
symbol (lead-sheet or Harte spelling) or `.` or `/`, which extends the chord before it, also across
the bar line. `%` alone repeats the bar before, `%%` the two before. An empty bar holds the chord.
`<` before a symbol starts the chord an eighth early. A word before the first `|` of a line, or
`[B]` or `Chorus:` on a line of its own, starts a section. Chords on lines without bar lines last a
bar each. `key`, `tempo` and `meter` may change on a line of their own between bars.

Chords may have German or solfège note names, or be Nashville numbers of `key`. Which ones is
detected from the chart, or set by `notes: german` (english, solfege, nashville).

`tempo` is in beats as counted by players (`song.meter.pulse_beats`): quarters, or dotted quarters
in 6/8, 9/8 and 12/8. `swing` is the percentage of a pair of sixteenths that the first one takes (50
is straight), `behind` is how many milliseconds the players are behind the beat.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from muse.tools.datasets.bar_lines import BAR_LINES, HOLD, PUSH, BarsText, split_bars, split_signs
from muse.tools.datasets.chart_fields import (
    MUSIC_FIELDS,
    STRAIGHT,
    is_assignment,
    looks_like_field,
    match_field,
    parse_number,
    split_fields,
)
from muse.tools.datasets.chart_layout import PUSH_BEATS, WrittenBar, sign_counts, song_from_bars
from muse.tools.datasets.chart_symbols import ChartSymbols
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song

__all__ = ["HOLD", "PUSH", "PUSH_BEATS", "Chart", "parse_charts", "read_charts", "sign_counts"]

UNTITLED = "untitled"
COMMENT = re.compile(r"(?:^|\s)#(?:\s.*)?$")
LABEL_LINE = re.compile(r"\[([^\]|]+)\]|([A-Za-z][\w '()-]*):|\*\*?([^*|]+)\*\*?")
LEAD_LABEL = re.compile(r"\[([^\]]+)\]|(.+?):?")
LETTER_LABEL = re.compile(r"[A-H]\d?'*")  # a section or a chord
SECTION_LETTERS = "ABCDEFGH"
LEAD_NOTE = "a letter before the first bar line of a line is a section"

logger = logging.getLogger("muse")


@dataclass(frozen=True)
class Chart:
    """A Song and the fields of its chart that a Song has no place for.

    Attributes:
        title: as written in the chart.
        song: chords, sections, keys, meters and tempos.
        idea: one line for the reader.
        tags: free words.
        swing: percentage of a pair of sixteenths that the first takes, 50 to 80.
        behind_ms: how far the players are behind the beat, -100 to 200 ms.
        notes: what was decided where the text has several readings, "" for nothing.
    """

    title: str
    song: Song
    idea: str = ""
    tags: tuple[str, ...] = ()
    swing: float = STRAIGHT
    behind_ms: float = 0.0
    notes: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        """Title in lower case with hyphens: "Porch Light" gives "porch-light"."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "untitled"


@dataclass
class TextLine:
    """A line of bars, or of chords without bar lines, with the fields and label in force."""

    number: int
    text: BarsText | None
    words: list[str]
    label: str
    fields: dict[str, str]


@dataclass
class ChartDraft:
    """A chart being read.

    Attributes:
        title: as written.
        fields: those that hold for the whole chart.
        music: the meter, tempo and key in force.
        label: of a section that begins with the next bar.
        lines: of bars, so far.
        begins_with_bars: its lines have no bar line at their start, as in charts of programs that
            write `Title = ...`.
    """

    title: str
    fields: dict[str, str] = field(default_factory=dict)
    music: dict[str, str] = field(default_factory=dict)
    label: str = ""
    lines: list[TextLine] = field(default_factory=list)
    begins_with_bars: bool = False


def read_charts(text: str, name: str = "input") -> list[tuple[str, Song]]:
    """Read charts as Songs with chords, sections, keys, meters and tempos, without notes.

    Args:
        text: charts as in the module's example.
        name: name of the text in messages.

    Returns:
        Pairs of an id, made from the title and unique in the text, and a Song.

    Raises:
        BadInputError: malformed text; the message gives the line and the error.
    """
    charts = parse_charts(text, name)
    for chart in charts:
        if chart.notes:
            title = f" ({chart.title})" if len(charts) > 1 else ""
            logger.info("%s%s: %s", name, title, chart.notes)
    return [(chart.id, chart.song) for chart in charts]


def parse_charts(text: str, name: str = "input") -> list[Chart]:
    """Read charts with all their fields; arguments and errors as `read_charts`."""
    drafts: list[ChartDraft] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            read_line(COMMENT.sub("", line), number, drafts)
        except BadInputError as error:
            raise BadInputError(f"{name}, line {number}: {error}") from error
    if not drafts:
        raise BadInputError(f"{name}: no chart found; a chart begins with a line 'title: ...'")
    charts = [finished(draft, name) for draft in drafts]
    try:
        check_ids(charts)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error
    return charts


def finished(draft: ChartDraft, name: str) -> Chart:
    """Return the chart of a draft; raises BadInputError with the file and line."""
    try:
        return build_chart(draft)
    except BadInputError as error:
        comma = "," if str(error).startswith("line ") else ":"
        raise BadInputError(f"{name}{comma} {error}") from error


def read_line(line: str, number: int, drafts: list[ChartDraft]) -> None:
    """Read one line without its comment: blank, fields, a label, bars or chords."""
    if not line.strip():
        return
    found = match_field(line)
    if found and found[0] == "title":
        drafts.append(ChartDraft(found[1], begins_with_bars=is_assignment(line)))
        return
    if not drafts:
        drafts.append(ChartDraft(UNTITLED))
    draft = drafts[-1]
    label = LABEL_LINE.fullmatch(line.strip())
    if found:
        read_fields(line, draft)
    elif "|" in line.translate(BAR_LINES):
        add_line(TextLine(number, split_bars(line), [], "", {}), draft)
    elif looks_like_field(line):
        split_fields(line)  # raises: charts have no such field
    elif label:
        draft.label = next(filter(None, label.groups())).strip()
    else:
        add_line(TextLine(number, None, list(split_signs(line)), "", {}), draft)


def add_line(line: TextLine, draft: ChartDraft) -> None:
    """Append a line with the fields in force and the label that waits."""
    line.fields, line.label = dict(draft.music), draft.label
    draft.label = ""
    draft.lines.append(line)


def read_fields(line: str, draft: ChartDraft) -> None:
    """Read the fields of a line; those of the music hold from the next bar on."""
    draft.begins_with_bars |= is_assignment(line)
    for name, value in split_fields(line):
        (draft.music if name in MUSIC_FIELDS else draft.fields)[name] = value


def build_chart(draft: ChartDraft) -> Chart:
    """Return the chart of a draft that has been read to its end; raises BadInputError."""
    symbols = detect_symbols(draft)
    bars = [bar for line in draft.lines for bar in bars_of_line(line, draft, symbols)]
    if not bars:
        raise BadInputError(f"'{draft.title}' has no bars")
    song = song_from_bars(bars, symbols)
    if "capo" in draft.fields:
        symbols.note("the capo is not applied; chords are read as written")
    fields = draft.fields
    return Chart(
        title=draft.title,
        song=song,
        idea=fields.get("idea", ""),
        tags=tuple(tag.strip() for tag in fields.get("tags", "").split(",") if tag.strip()),
        swing=parse_number("swing", fields.get("swing", str(STRAIGHT))),
        behind_ms=parse_number("behind", fields.get("behind", "0")),
        notes=symbols.message(),
    )


def detect_symbols(draft: ChartDraft) -> ChartSymbols:
    """Detect the notation from the signs between bar lines, or of the lines without any."""
    inside = [s for line in draft.lines if line.text for bar in line.text.bars for s in bar.signs]
    outside = [word for line in draft.lines for word in line.words]
    return ChartSymbols.detect(inside or outside, draft.fields.get("notes"))


def bars_of_line(line: TextLine, draft: ChartDraft, symbols: ChartSymbols) -> list[WrittenBar]:
    """Return the bars of a line, with its section at the first one; raises BadInputError."""
    if line.text is None:
        return bars_of_words(line, symbols)
    label, where = line.label, f"line {line.number}"
    bars = [WrittenBar(bar.signs, where, bar.marks) for bar in line.text.bars]
    if line.text.lead and is_first_bar(line.text, draft, symbols):
        signs = list(split_signs(line.text.lead))
        bars.insert(0, WrittenBar(signs, where, line.text.marks))
    elif line.text.lead:
        found = LEAD_LABEL.fullmatch(line.text.lead)
        label = (found[1] or found[2]).strip() if found else line.text.lead
    return with_fields(bars, label, line.fields)


def bars_of_words(line: TextLine, symbols: ChartSymbols) -> list[WrittenBar]:
    """Return a bar for each chord of a line without bar lines; raises BadInputError."""
    if not all(map(symbols.is_sign, line.words)):
        raise BadInputError(
            f"line {line.number}: '{' '.join(line.words)}' is neither 'name: value' "
            "nor bars between '|'"
        )
    symbols.note("chords without bar lines last a bar each")
    bars = [WrittenBar([word], f"line {line.number}") for word in line.words]
    return with_fields(bars, line.label, line.fields)


def with_fields(bars: list[WrittenBar], label: str, fields: dict[str, str]) -> list[WrittenBar]:
    """Return the bars of a line with its fields, and its label at the first bar."""
    for bar in bars:
        bar.fields = fields
    if bars:
        bars[0].label = label
    return bars


def is_first_bar(text: BarsText, draft: ChartDraft, symbols: ChartSymbols) -> bool:
    """Return whether the text before the first bar line is a bar; else it is a section label.

    A single letter is a bar if the line is not closed or the letters of the chart's lines are not
    those of sections, A and the next ones; and if no line of the chart begins with a bar line.
    """
    signs = list(split_signs(text.lead))
    if not all(map(symbols.is_sign, signs)):
        return False
    if LETTER_LABEL.fullmatch(text.lead) is None:
        return True
    leads = [line.text.lead for line in draft.lines if line.text]
    has_labels = "" in leads or any(not symbols.is_sign(w) for x in leads for w in x.split())
    letters = sorted({lead[:1] for lead in leads})
    others = any(not LETTER_LABEL.fullmatch(lead) for lead in leads if lead)
    are_sections = not others and "".join(letters) == SECTION_LETTERS[: len(letters)]
    if draft.begins_with_bars or (not has_labels and not (are_sections and text.is_closed)):
        return True
    symbols.note(LEAD_NOTE)
    return False


def looks_like_charts(text: str) -> bool:
    """Return whether the first line with content is a title."""
    first = next(iter(content_lines(text)), "")
    found = match_field(first)
    return found is not None and found[0] == "title"


def looks_like_bars(text: str) -> bool:
    """Return whether a text without title is a chart.

    It begins with a bar line; or with fields, section labels and then a line whose words are mostly
    signs of bars, and at least one of them a chord.
    """
    for line in content_lines(text):
        if line.startswith(("|", "[|", "\N{MUSICAL SYMBOL LEFT REPEAT SIGN}")):
            return True
        is_bars = "|" in line.translate(BAR_LINES)
        if match_field(line) or (LABEL_LINE.fullmatch(line) and not is_bars):
            continue
        if looks_like_field(line) and not is_bars:
            return False
        return has_signs(line, is_bars)
    return False


def has_signs(line: str, is_bars: bool) -> bool:
    """Return whether a line's words are signs; in a line of bars, most of them."""
    if is_bars:
        words = [sign for bar in split_bars(line).bars for sign in bar.signs]
    else:
        words = list(split_signs(line))
    symbols = ChartSymbols.detect(words)
    count = sum(map(symbols.is_sign, words))
    letters = any(word[:1].isalpha() for word in words)
    if is_bars:
        return 2 * count > len(words)
    return bool(words) and count == len(words) and letters


def content_lines(text: str) -> list[str]:
    """Return the lines that are not blank after removing comments, stripped."""
    lines = (COMMENT.sub("", line).strip() for line in text.removeprefix("\ufeff").splitlines())
    return [line for line in lines if line]


def check_ids(charts: Sequence[Chart]) -> None:
    """Raise BadInputError if two charts have the same id."""
    titles: dict[str, str] = {}
    for chart in charts:
        if chart.id in titles:
            raise BadInputError(f"'{chart.title}' and '{titles[chart.id]}' have the same title")
        titles[chart.id] = chart.title
