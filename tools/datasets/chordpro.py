"""Reader of ChordPro: lyrics with chords in square brackets, and grids of bars.

    {title: Lowlands}
    {key: G} {time: 3/4} {tempo: 96}
    {start_of_verse: Verse 1}
    [G]Down by the [C]water, [G]down
    {end_of_verse}
    {start_of_grid}
    | G . . | C . D7 |
    {end_of_grid}

Conventions: lyrics give no lengths, so each chord lasts a bar; grids are read as bars of a chart.
`{chorus}` plays the last chorus again. `[*text]` is an annotation, not a chord. Tablature and ABC
inside a song are left out. A capo or transposition is not applied.
Source: chordpro.org, "ChordPro file format specification", version 6.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from muse.tools.datasets.bar_lines import split_bars
from muse.tools.datasets.chart_fields import checked_value
from muse.tools.datasets.chart_layout import WrittenBar, song_from_bars
from muse.tools.datasets.chart_symbols import ChartSymbols
from muse.tools.datasets.text_lines import NamedSongs, decoded, title_id
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song
from muse.tools.theory.chords import is_chord_symbol

DIRECTIVE = re.compile(r"\{\s*([a-zA-Z_]+)(?:-[a-zA-Z!]+)?\s*(?::\s*|\s+|(?=\}))(.*?)\s*\}")
HEAD_DIRECTIVE = re.compile(
    r"(title|t|subtitle|st|artist|composer|album|year|key|time|tempo|capo|meta|new_song|ns|define|"
    r"comment|c|start_of_\w+|so[cvbg])",
    re.IGNORECASE,
)
IN_LINE = re.compile(r"\[([^\[\]]*)\]")
SECTION_WORD = re.compile(
    r"\b(verse|chorus|bridge|intro|outro|solo|interlude|instrumental|coda|tag|refrain)\b",
    re.IGNORECASE,
)
SHORT_NAMES = {
    "t": "title",
    "c": "comment",
    "ci": "comment",
    "cb": "comment",
    "ns": "new_song",
    **{f"so{name[0]}": f"start_of_{name}" for name in ("chorus", "verse", "bridge", "grid", "tab")},
    **{f"eo{name[0]}": f"end_of_{name}" for name in ("chorus", "verse", "bridge", "grid", "tab")},
}
MUSIC_NAMES = {"key": "key", "tempo": "tempo", "time": "meter"}
SKIPPED_PARTS = {"tab", "abc", "ly", "svg", "textblock"}
UNAPPLIED = {"capo", "transpose"}
BAR_NOTE = "chords above lyrics last a bar each"
SHOWN_UNREAD = 5  # texts in brackets that a message lists

log = logging.getLogger("muse")


@dataclass
class SongText:
    """A ChordPro song being read."""

    title: str = ""
    music: dict[str, str] = field(default_factory=dict)
    bars: list[WrittenBar] = field(default_factory=list)
    part: str = ""
    label: str = ""
    part_start: int = 0
    chorus: list[WrittenBar] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)


def looks_like_chordpro(head: bytes) -> bool:
    """Return whether a file begins with ChordPro directives, or has chords inside lyrics."""
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    content = [line.strip() for line in lines if line.strip() and line.strip()[0] != "#"]
    first = DIRECTIVE.match(content[0]) if content else None
    if first and HEAD_DIRECTIVE.fullmatch(first[1]):
        return True
    return any(has_chord_in_lyrics(line) for line in content)


def has_chord_in_lyrics(line: str) -> bool:
    """Return whether a line has a chord in square brackets and words, but no bar line."""
    chords = [text for text in IN_LINE.findall(line) if is_chord_symbol(text)]
    words = IN_LINE.sub("", line)
    return bool(chords) and "|" not in line and re.search(r"[a-z]{2}", words) is not None


def read_chordpro(data: bytes, name: str) -> NamedSongs:
    """Read the songs of a ChordPro file.

    Raises:
        BadInputError: no chords, or an unreadable directive; the message gives the line.
    """
    songs: NamedSongs = []
    for text in song_texts(decoded(data, name), name):
        if not text.bars:
            continue
        song = finished(text, name)
        songs.append((title_id(text.title, {title for title, _ in songs}), song))
    if not songs:
        raise BadInputError(f"{name}: no chords in square brackets, such as [Am], and no grid")
    return songs if len(songs) > 1 else [("", songs[0][1])]


def finished(text: SongText, name: str) -> Song:
    """Return the Song of a text that has been read to its end; raises BadInputError."""
    symbols = ChartSymbols.detect(s for bar in text.bars for s in bar.signs)
    unread = dict.fromkeys(
        sign for bar in text.bars for sign in bar.signs if not symbols.is_sign(sign)
    )
    bars = [bar for bar in text.bars if not unread.keys() & set(bar.signs)]
    if not bars:
        raise BadInputError(f"{name}: no text in square brackets is a chord")
    if unread:
        shown = ", ".join(f"[{sign}]" for sign in list(unread)[:SHOWN_UNREAD])
        symbols.note(f"no chords, left out: {shown}")
    symbols.notes.update(text.notes)
    try:
        song = song_from_bars(bars, symbols)
    except BadInputError as error:
        raise BadInputError(f"{name}, {error}") from error
    if symbols.notes:
        log.info("%s%s: %s", name, f" ({text.title})" if text.title else "", symbols.message())
    return song


def song_texts(text: str, name: str) -> Iterator[SongText]:
    """Yield the songs of a file with their bars; raises BadInputError."""
    song = SongText()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            directives = list(DIRECTIVE.finditer(stripped))
            for found in directives:
                word = found[1].lower()
                if SHORT_NAMES.get(word, word) == "new_song":
                    yield song
                    song = SongText()
                take_directive(song, SHORT_NAMES.get(word, word), found[2])
            if not directives:
                take_line(song, stripped, f"line {number}")
        except BadInputError as error:
            raise BadInputError(f"{name}, line {number}: {error}") from error
    yield song


def take_directive(song: SongText, word: str, value: str) -> None:
    """Apply one directive; those about layout, fonts and people are ignored."""
    if word == "meta":
        word, _, value = value.partition(" ")
    if word == "title":
        song.title = value
    elif word in MUSIC_NAMES and value:
        song.music[MUSIC_NAMES[word]] = checked_value(MUSIC_NAMES[word], value)
    elif word in UNAPPLIED:
        song.notes[f"the {word} is not applied; chords are read as written"] = None
    elif word.startswith("start_of_"):
        begin_part(song, word.removeprefix("start_of_"), value)
    elif word.startswith("end_of_"):
        end_part(song)
    elif word == "chorus":
        repeat_chorus(song)
    elif word == "comment" and SECTION_WORD.search(value):
        song.label = value


def begin_part(song: SongText, part: str, value: str) -> None:
    """Begin a verse, chorus, grid or other part; its label is the value or its name."""
    end_part(song)
    label = re.sub(r"^label\s*=\s*|[\"']", "", value).strip()
    song.part, song.part_start = part, len(song.bars)
    if part not in {"grid", *SKIPPED_PARTS}:
        song.label = label or part
    elif part == "grid" and label and not re.fullmatch(r"[\dx+ ]+|shape=.*", label):
        song.label = label


def end_part(song: SongText) -> None:
    """End a part; the bars of a chorus are kept for `{chorus}`."""
    if song.part == "chorus":
        song.chorus = song.bars[song.part_start :]
    song.part = ""


def repeat_chorus(song: SongText) -> None:
    """Add the bars of the last chorus again."""
    if not song.chorus:
        raise BadInputError("{chorus} has no chorus before it")
    song.bars += song.chorus
    song.label = ""


def take_line(song: SongText, line: str, where: str) -> None:
    """Add the bars of a grid line, or a bar for each chord in a line of lyrics."""
    if song.part in SKIPPED_PARTS:
        return
    if song.part == "grid":
        if "|" in line:
            text = split_bars(line)
            add_bars(song, [WrittenBar(bar.signs, where, bar.marks) for bar in text.bars])
        return
    chords = [text.strip() for text in IN_LINE.findall(line)]
    chords = [text for text in chords if text and text[0] not in "*|"]
    if chords:
        song.notes[BAR_NOTE] = None
    add_bars(song, [WrittenBar([text], where) for text in chords])


def add_bars(song: SongText, bars: list[WrittenBar]) -> None:
    """Append bars with the fields in force, and the waiting label at the first one."""
    for bar in bars:
        bar.fields = dict(song.music)
    if bars:
        bars[0].label, song.label = song.label, ""
    song.bars += bars
