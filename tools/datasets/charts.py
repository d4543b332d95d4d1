"""Reader of chord charts in plain text, written by hand or by `chart_writer.py`.

A file holds any number of charts. Each begins with its title; the first chart may lack one:

    # a comment; it may also follow something else on a line
    title: Porch Light
    idea: a line for the reader
    key: Eb major; tempo: 78; meter: 4/4; swing: 58; behind: 15
    tags: backdoor, passing-dim
    verse  | Ebmaj9 | Cm11 Cm11/Bb | Abmaj9 . Gm7 . | % |
           | Fm9 | <Bb13sus4 . Bb7alt . |

Bars stand between `|`. The signs of a bar divide it evenly; their number divides the number of its
beats, or is twice that number. A sign is a chord symbol (lead-sheet or Harte spelling) or `.`,
which extends the chord before it, also across the bar line. `%` alone repeats the bar before. `<`
before a symbol starts the chord an eighth early. A word before the first `|` of a line starts a
section. `key`, `tempo` and `meter` may change on a line of their own between bars.

`tempo` is in beats as counted by players (`song.meter.pulse_beats`): quarters, or dotted quarters
in 6/8, 9/8 and 12/8. `swing` is the percentage of a pair of sixteenths that the first one takes (50
is straight), `behind` is how many milliseconds the players are behind the beat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from muse.tools.datasets.text_lines import make_chord
from muse.tools.errors import BadInputError
from muse.tools.song.document import Key, Meter, Section, Song, Tempo
from muse.tools.song.meter import (
    COMMON_TIME,
    Signature,
    bar_beats,
    parse_meter,
    pulse_beats,
    signature_text,
)
from muse.tools.song.tempo_map import FASTEST_BPM, SLOWEST_BPM
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key

STRAIGHT = 50.0  # percent: both sixteenths have the same length
SWING_RANGE = (STRAIGHT, 80.0)  # percent
BEHIND_RANGE = (-100.0, 200.0)  # ms
UNTITLED = "untitled"
HOLD, REPEAT, PUSH = ".", "%", "<"
PUSH_BEATS = 0.5  # quarters: an eighth

COMMENT = re.compile(r"(?:^|\s)#(?:\s.*)?$")
FIELD = re.compile(r"\s*([A-Za-z]+)\s*:\s*(.*?)\s*$")
TEXT_FIELDS = {"title", "idea"}  # their value is the rest of the line, semicolons included
MUSIC_FIELDS = ("meter", "tempo", "key")  # in this order: the tempo depends on the meter
FIELDS = (*sorted(TEXT_FIELDS), *MUSIC_FIELDS, "swing", "behind", "tags")


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
    """

    title: str
    song: Song
    idea: str = ""
    tags: tuple[str, ...] = ()
    swing: float = STRAIGHT
    behind_ms: float = 0.0

    @property
    def id(self) -> str:
        """Title in lower case with hyphens: "Porch Light" gives "porch-light"."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "untitled"


@dataclass
class ChartDraft:
    """A chart being read; `pending` holds the fields that apply from the next bar."""

    title: str
    song: Song = field(default_factory=Song)
    fields: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    beat: float = 0.0
    bar: list[str] = field(default_factory=list)

    @property
    def meter(self) -> Meter:
        """Meter of the next bar; 4/4 if none is written."""
        return self.song.meters[-1] if self.song.meters else COMMON_TIME


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
    return [(chart.id, chart.song) for chart in parse_charts(text, name)]


def looks_like_charts(text: str) -> bool:
    """Return whether the first line with content is a title."""
    return first_line(text).lower().startswith("title:")


def looks_like_bars(text: str) -> bool:
    """Return whether the first line with content is a line of bars."""
    return first_line(text).startswith("|")


def first_line(text: str) -> str:
    """Return the first line that is not blank after removing comments, or ""."""
    lines = (COMMENT.sub("", line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "")


def parse_charts(text: str, name: str = "input") -> list[Chart]:
    """Read charts with all their fields; arguments and errors as `read_charts`."""
    drafts: list[ChartDraft] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            read_line(COMMENT.sub("", line), drafts)
        except BadInputError as error:
            raise BadInputError(f"{name}, line {number}: {error}") from error
    if not drafts:
        raise BadInputError(f"{name}: no chart found; a chart begins with a line 'title: ...'")
    try:
        charts = [build_chart(draft) for draft in drafts]
        check_ids(charts)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error
    return charts


def read_line(line: str, drafts: list[ChartDraft]) -> None:
    """Read one line without its comment: blank, fields or bars."""
    found = FIELD.match(line)
    if not line.strip():
        return
    if found and found[1].lower() == "title":
        drafts.append(ChartDraft(found[2]))
    elif not drafts and not line.lstrip().startswith("|"):
        raise BadInputError("this line comes before the first 'title: ...'")
    elif found:
        read_fields(line, drafts[-1])
    elif "|" in line:
        if not drafts:
            drafts.append(ChartDraft(UNTITLED))
        read_bars(line, drafts[-1])
    else:
        raise BadInputError(f"'{line.strip()}' is neither 'name: value' nor bars between '|'")


def read_fields(line: str, draft: ChartDraft) -> None:
    """Read fields; all but the text fields may share a line, separated by semicolons."""
    first = FIELD.match(line)
    whole_line = first is not None and first[1].lower() in TEXT_FIELDS
    for part in [line] if whole_line else line.split(";"):
        found = FIELD.match(part)
        key = found[1].lower() if found else ""
        if found is None or key not in FIELDS:
            known = ", ".join(FIELDS)
            raise BadInputError(f"'{part.strip()}' is not a field with a value (fields: {known})")
        check_field(key, found[2])
        (draft.pending if key in MUSIC_FIELDS else draft.fields)[key] = found[2]


def check_field(key: str, value: str) -> None:
    """Raise BadInputError if the value of a field is invalid."""
    if key == "meter":
        parse_meter(value)
    if key == "key":
        parse_key(value)
    if key in NUMBER_RANGES:
        parse_number(key, value)


NUMBER_RANGES = {"tempo": (SLOWEST_BPM, FASTEST_BPM), "swing": SWING_RANGE, "behind": BEHIND_RANGE}


def parse_number(key: str, value: str) -> float:
    """Parse a number and check the range of its field; raises BadInputError."""
    low, high = NUMBER_RANGES[key]
    if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
        raise BadInputError(f"{key} is '{value}', not a number from {low:g} to {high:g}")
    return float(value)


def read_bars(line: str, draft: ChartDraft) -> None:
    """Read a line of bars and the section label before the first one."""
    label, *cells = (part.strip() for part in line.split("|"))
    if cells.pop():
        raise BadInputError("the last bar is not closed with '|'")
    if label:
        draft.song.sections.append(Section(draft.beat, label))
    apply_pending_fields(draft)
    for cell in cells:
        read_bar(cell.split(), draft)


def apply_pending_fields(draft: ChartDraft) -> None:
    """Apply the pending meter, tempo and key at the current beat."""
    pending, song = draft.pending, draft.song
    if "meter" in pending:
        song.meters.append(parse_meter(pending["meter"], draft.beat))
    if "tempo" in pending:
        bpm = float(pending["tempo"]) * pulse_beats(draft.meter)
        song.tempos.append(Tempo(draft.beat, bpm))
    if "key" in pending:
        key = parse_key(pending["key"])
        song.keys.append(Key(draft.beat, key.tonic_pc, key.mode))
    pending.clear()


def read_bar(signs: list[str], draft: ChartDraft) -> None:
    """Add the chords of one bar, whose signs divide it evenly."""
    if signs == [REPEAT]:
        if not draft.bar:
            raise BadInputError(f"'{REPEAT}' has no bar before it to repeat")
        signs = draft.bar
    check_count(signs, draft.meter)
    step = bar_beats(draft.meter) / len(signs)
    for sign in signs:
        add_sign(sign, step, draft)
        draft.beat += step
    draft.bar = signs


def sign_counts(meter: Signature) -> list[int]:
    """Return the allowed numbers of signs in a bar: 1, 2, 4 and 8 in 4/4; 1, 3 and 6 in 3/4."""
    beats = meter.numerator
    return [count for count in range(1, beats + 1) if beats % count == 0] + [2 * beats]


def check_count(signs: list[str], meter: Meter) -> None:
    """Raise BadInputError if a bar's number of signs is not allowed in its meter."""
    counts = sign_counts(meter)
    if len(signs) not in counts:
        raise BadInputError(
            f"the bar '{' '.join(signs)}' has {len(signs)} signs; in "
            f"{signature_text(meter)} it must be one of {', '.join(map(str, counts))}"
        )


def add_sign(sign: str, beats: float, draft: ChartDraft) -> None:
    """Start a chord, on the beat or an eighth early, or extend the last one."""
    if sign == HOLD:
        extend_last_chord(draft, beats, f"'{HOLD}' has no chord before it to extend")
        return
    start = draft.beat
    symbol = parse_chord(sign.removeprefix(PUSH))
    if sign.startswith(PUSH):
        extend_last_chord(
            draft, -PUSH_BEATS, f"'{sign}' needs a chord longer than an eighth before it"
        )
        start -= PUSH_BEATS
    draft.song.chords.append(make_chord(start, draft.beat + beats, symbol))


def extend_last_chord(draft: ChartDraft, beats: float, message: str) -> None:
    """Change the length of the last chord; raise BadInputError if there is none or none is left."""
    chords = draft.song.chords
    length = chords[-1].duration_beats + beats if chords else 0.0
    if length <= 0:
        raise BadInputError(message)
    chords[-1] = msgspec.structs.replace(chords[-1], duration_beats=length)


def build_chart(draft: ChartDraft) -> Chart:
    """Return the chart of a draft that has been read to its end."""
    if not draft.song.chords:
        raise BadInputError(f"'{draft.title}' has no bars")
    fields = draft.fields
    return Chart(
        title=draft.title,
        song=draft.song,
        idea=fields.get("idea", ""),
        tags=tuple(tag.strip() for tag in fields.get("tags", "").split(",") if tag.strip()),
        swing=parse_number("swing", fields.get("swing", str(STRAIGHT))),
        behind_ms=parse_number("behind", fields.get("behind", "0")),
    )


def check_ids(charts: Sequence[Chart]) -> None:
    """Raise BadInputError if two charts have the same id."""
    titles: dict[str, str] = {}
    for chart in charts:
        if chart.id in titles:
            raise BadInputError(f"'{chart.title}' and '{titles[chart.id]}' have the same title")
        titles[chart.id] = chart.title
