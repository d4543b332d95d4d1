"""Chord charts in plain text: written by hand, played from, and read as Songs.

A file holds any number of charts; each begins with its title, a first one may also begin with bars:

    # a remark; it may also stand behind something else
    title: Porch Light
    idea: a line for the reader
    key: Eb major; tempo: 78; meter: 4/4; swing: 58; behind: 15
    tags: backdoor, passing-dim
    verse  | Ebmaj9 | Cm11 Cm11/Bb | Abmaj9 . Gm7 . | % |
           | Fm9 | <Bb13sus4 . Bb7alt . |

Bars stand between `|`; the signs of a bar share it evenly, and there are as many as divide its
beats, or twice as many as it has beats. A sign is a chord symbol, in a lead sheet's spelling or
Harte's, or `.`, which holds the chord before it, also over the bar line; `%` alone repeats the bar
before. `<` before a symbol brings the chord an eighth early. A word before the first `|` of a line
names a section. `key`, `tempo` and `meter` may change on a line of their own between bars.

`tempo` counts what a player counts: quarters, and dotted quarters in 6/8, 9/8 and 12/8 (all
compound meters are listed in song/meter.py). `swing` is
the percentage of a pair of sixteenths that the first one takes (50 is straight), `behind` how many
milliseconds the players sit behind the beat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from muse.tools.datasets.text_lines import chord_at
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
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key

STRAIGHT = 50.0  # percent: both sixteenths are equally long
SWING_RANGE = (STRAIGHT, 80.0)  # percent
BEHIND_RANGE = (-100.0, 200.0)  # ms
TEMPO_RANGE = (20.0, 400.0)  # beats a minute
UNTITLED = "untitled"
HOLD, REPEAT, PUSH = ".", "%", "<"
PUSH_BEATS = 0.5  # quarters: an eighth

COMMENT = re.compile(r"(?:^|\s)#(?:\s.*)?$")
FIELD = re.compile(r"\s*([A-Za-z]+)\s*:\s*(.*?)\s*$")
TEXT_FIELDS = {"title", "idea"}  # take the whole line, semicolons too
MUSIC_FIELDS = ("meter", "tempo", "key")  # in this order: a tempo is read by the metre it is in
FIELDS = (*sorted(TEXT_FIELDS), *MUSIC_FIELDS, "swing", "behind", "tags")


@dataclass(frozen=True)
class Chart:
    """A chart: the Song, and what a Song has no place for.

    `swing` is the percentage of a pair of sixteenths that the first takes, 50 to 80; `behind_ms`
    how far the players sit behind the beat, -100 to 200 milliseconds.
    """

    title: str
    song: Song
    idea: str = ""
    tags: tuple[str, ...] = ()
    swing: float = STRAIGHT
    behind_ms: float = 0.0

    @property
    def id(self) -> str:
        """The title in small letters and hyphens: "Porch Light" is "porch-light"."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "untitled"


@dataclass
class Draft:
    """A chart while it is read; `pending` are fields that the next bar puts into force."""

    title: str
    song: Song = field(default_factory=Song)
    fields: dict[str, str] = field(default_factory=dict)
    pending: dict[str, str] = field(default_factory=dict)
    beat: float = 0.0
    bar: list[str] = field(default_factory=list)

    @property
    def meter(self) -> Meter:
        """The metre in force."""
        return self.song.meters[-1] if self.song.meters else COMMON_TIME


def read_charts(text: str, name: str = "input") -> list[tuple[str, Song]]:
    """Read charts as Songs with chords, sections, keys, metres and tempos, and no notes.

    Args:
        text: charts as in the module's example.
        name: what to call the text in a message.

    Returns:
        Pairs of an id, made from the title and unlike any other, and a Song.

    Raises:
        BadInputError: not such a text; the message names the line and what is wrong with it.
    """
    return [(chart.id, chart.song) for chart in parse_charts(text, name)]


def looks_like_charts(text: str) -> bool:
    """Whether the first line that says anything is a title."""
    return first_line(text).lower().startswith("title:")


def looks_like_bars(text: str) -> bool:
    """Whether the first line that says anything is one of bars."""
    return first_line(text).startswith("|")


def first_line(text: str) -> str:
    """The first line that says anything."""
    lines = (COMMENT.sub("", line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "")


def parse_charts(text: str, name: str = "input") -> list[Chart]:
    """Read charts with all that is written about them; else as `read_charts`."""
    drafts: list[Draft] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            read_line(COMMENT.sub("", line), drafts)
        except BadInputError as error:
            raise BadInputError(f"{name}, line {number}: {error}") from error
    if not drafts:
        raise BadInputError(f"{name}: no chart in it; a chart begins with a line 'title: ...'")
    try:
        charts = [finished(draft) for draft in drafts]
        check_ids(charts)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error
    return charts


def read_line(line: str, drafts: list[Draft]) -> None:
    """One line without its remark: nothing, fields, or bars."""
    found = FIELD.match(line)
    if not line.strip():
        return
    if found and found[1].lower() == "title":
        drafts.append(Draft(found[2]))
    elif not drafts and not line.lstrip().startswith("|"):
        raise BadInputError("before the first 'title: ...'")
    elif found:
        read_fields(line, drafts[-1])
    elif "|" in line:
        if not drafts:
            drafts.append(Draft(UNTITLED))
        read_bars(line, drafts[-1])
    else:
        raise BadInputError(f"'{line.strip()}' is neither 'name: value' nor bars between '|'")


def read_fields(line: str, draft: Draft) -> None:
    """Fields, parted by semicolons where they are short."""
    first = FIELD.match(line)
    whole_line = first is not None and first[1].lower() in TEXT_FIELDS
    for part in [line] if whole_line else line.split(";"):
        found = FIELD.match(part)
        key = found[1].lower() if found else ""
        if found is None or key not in FIELDS:
            raise BadInputError(f"'{part.strip()}' is none of {', '.join(FIELDS)} with a value")
        check_field(key, found[2])
        (draft.pending if key in MUSIC_FIELDS else draft.fields)[key] = found[2]


def check_field(key: str, value: str) -> None:
    """Raise where the value of a field does not read."""
    if key == "meter":
        parse_meter(value)
    if key == "key":
        parse_key(value)
    if key in NUMBER_RANGES:
        number(key, value)


NUMBER_RANGES = {"tempo": TEMPO_RANGE, "swing": SWING_RANGE, "behind": BEHIND_RANGE}


def number(key: str, value: str) -> float:
    """A number in the field's range."""
    low, high = NUMBER_RANGES[key]
    if not re.fullmatch(r"-?\d+(\.\d+)?", value) or not low <= float(value) <= high:
        raise BadInputError(f"{key} is '{value}', not a number from {low:g} to {high:g}")
    return float(value)


def read_bars(line: str, draft: Draft) -> None:
    """A line of bars, with the name of a section before the first."""
    label, *cells = (part.strip() for part in line.split("|"))
    if cells.pop():
        raise BadInputError("the last bar is not closed with '|'")
    if label:
        draft.song.sections.append(Section(draft.beat, label))
    settle(draft)
    for cell in cells:
        read_bar(cell.split(), draft)


def settle(draft: Draft) -> None:
    """Put pending metre, tempo and key into force."""
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


def read_bar(signs: list[str], draft: Draft) -> None:
    """One bar: its signs share it evenly."""
    if signs == [REPEAT]:
        if not draft.bar:
            raise BadInputError(f"'{REPEAT}' has no bar before it to repeat")
        signs = draft.bar
    check_count(signs, draft.meter)
    step = bar_beats(draft.meter) / len(signs)
    for sign in signs:
        take_sign(sign, step, draft)
        draft.beat += step
    draft.bar = signs


def sign_counts(meter: Signature) -> list[int]:
    """How many signs a bar may have, few first: 1, 2, 4 and 8 in 4/4, 1, 3 and 6 in 3/4."""
    beats = meter.numerator
    return [count for count in range(1, beats + 1) if beats % count == 0] + [2 * beats]


def check_count(signs: list[str], meter: Meter) -> None:
    """Raise where the signs do not fill a bar evenly."""
    counts = sign_counts(meter)
    if len(signs) not in counts:
        raise BadInputError(
            f"the bar '{' '.join(signs)}' has {len(signs)} signs; in "
            f"{signature_text(meter)} it is one of {', '.join(map(str, counts))}"
        )


def take_sign(sign: str, beats: float, draft: Draft) -> None:
    """Begin a chord, on the beat or before it, or hold the last one for longer."""
    if sign == HOLD:
        lengthen(draft, beats, f"'{HOLD}' has no chord before it to hold")
        return
    start = draft.beat
    symbol = parse_chord(sign.removeprefix(PUSH))
    if sign.startswith(PUSH):
        lengthen(draft, -PUSH_BEATS, f"'{sign}' has no chord before it that makes room")
        start -= PUSH_BEATS
    draft.song.chords.append(chord_at(start, draft.beat + beats, symbol))


def lengthen(draft: Draft, beats: float, message: str) -> None:
    """Let the last chord last longer or shorter; raise where there is none or nothing is left."""
    chords = draft.song.chords
    length = chords[-1].duration_beats + beats if chords else 0.0
    if length <= 0:
        raise BadInputError(message)
    chords[-1] = msgspec.structs.replace(chords[-1], duration_beats=length)


def finished(draft: Draft) -> Chart:
    """The chart of a draft that has been read to its end."""
    if not draft.song.chords:
        raise BadInputError(f"'{draft.title}' has no bars")
    fields = draft.fields
    return Chart(
        title=draft.title,
        song=draft.song,
        idea=fields.get("idea", ""),
        tags=tuple(tag.strip() for tag in fields.get("tags", "").split(",") if tag.strip()),
        swing=number("swing", fields.get("swing", str(STRAIGHT))),
        behind_ms=number("behind", fields.get("behind", "0")),
    )


def check_ids(charts: Sequence[Chart]) -> None:
    """Raise where two charts would have the same id."""
    titles: dict[str, str] = {}
    for chart in charts:
        if chart.id in titles:
            raise BadInputError(f"'{chart.title}' and '{titles[chart.id]}' have the same title")
        titles[chart.id] = chart.title
