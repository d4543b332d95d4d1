"""The McGill Billboard annotations (salami_chords.txt): bars of chords in lines, with times.

A file has header lines (`# title:`, `# metre: 6/8`, `# tonic: C`), of which metre and tonic may
change in the middle, and lines of a time in seconds and a phrase:

    8.71    B, verse, | (2/4) A:min | C:maj . . G:maj |, (voice

Conventions: a bar's words share it evenly; `.` holds the chord before, `*` is a harmony that could
not be told (an unknown chord), `&pause` a bar of no chord, a line without bars (silence, Z) no
chord for as many bars as fit its time. `x4` plays the line four times, `->` runs on. Each line's
tempo is its beats over its time. Sections are "A verse". A tonic has no mode there: it is minor
where the chords on the tonic are more often minor, and the confidence is their share.
Source: Burgoyne, Wild and Fujinaga, "An expert ground truth set for audio chord recognition and
music analysis", ISMIR 2011, and the format's own description.
"""

import itertools
import re
from dataclasses import dataclass, field

from muse.tools.datasets.text_lines import ChordLine, Line, NamedSongs, at_line, parse_seconds
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Key, Meter, Section, Song, Tempo
from muse.tools.song.meter import bar_beats, is_same_signature, parse_meter
from muse.tools.theory.chords import ChordSymbol, parse_harte
from muse.tools.theory.keys import Mode
from muse.tools.theory.pitch import parse_note_name, pitch_class
from muse.tools.theory.qualities import quality
from muse.tools.theory.symbol import NONE, UNKNOWN_CHORD

HEADER = re.compile(r"#\s*(title|artist|metre|tonic):\s*(.*)")
BAR_METER = re.compile(r"\(\s*(\d+/\d+)\s*\)")
REPEAT = re.compile(r"\bx(\d+)\b")
LETTER = re.compile(r"[A-Z]'*")
SPECIAL: dict[str, ChordSymbol | None] = {
    ".": None,  # the one before goes on
    "*": UNKNOWN_CHORD,
    "&pause": NONE,
}
USUAL_BPM = 120.0  # quarter notes a minute, until a line says better
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0  # a line outside was not timed as it is barred
MOST_REPEATS = 1000  # a line played more often is a slip


def looks_like_billboard(head: bytes) -> bool:
    """Whether a file begins with the header lines of the set."""
    return head.lstrip().startswith(b"#") and b"# metre:" in head


@dataclass(frozen=True)
class Phrase:
    """A line of the song: its time, the song's beat then, and its length in beats; 0 is unknown."""

    seconds: float
    beat: float
    beats: float


@dataclass
class Reading:
    """A song as far as it has been read."""

    meter: Meter = field(default_factory=lambda: Meter(0.0, 4, 4))
    line: ChordLine = field(default_factory=ChordLine)
    meters: list[Meter] = field(default_factory=list)
    tonics: list[tuple[float, int]] = field(default_factory=list)  # beat, pitch class
    sections: list[Section] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)


def read_billboard(data: bytes, name: str) -> NamedSongs:
    """The song of one annotation.

    Raises:
        BadInputError: a line is malformed; the message names it.
    """
    reading = Reading()
    lines = Line.all_of(data, name)
    times = phrase_times(lines)
    for line in lines:
        with at_line(name, line):
            if line.text.startswith("#"):
                read_header(line.text, reading)
            else:
                read_phrase(line.text, reading, times.get(line.number, 0.0))
    chords = reading.line.chords()
    if not chords:
        raise BadInputError(f"{name}: no bars of chords")
    song = Song(
        tempos=tempos_of(reading.phrases),
        meters=reading.meters or [reading.meter],
        keys=keys_of(reading.tonics, chords),
        sections=reading.sections,
        chords=chords,
    )
    return [("", song)]


def phrase_times(lines: list[Line]) -> dict[int, float]:
    """Seconds that each phrase lasts, by number of line; the last one's is not known."""
    starts = []
    for line in lines:
        word = line.text.split()[0]
        if not line.text.startswith("#") and word[:1].isdigit():
            starts.append((line.number, float(word) if is_number(word) else 0.0))
    return {n: end - start for (n, start), (_, end) in itertools.pairwise(starts)}


def is_number(word: str) -> bool:
    """Whether the word is a number such as 12.5 or 4.5e-2."""
    return re.fullmatch(r"\d+(\.\d+)?([eE][-+]?\d+)?", word) is not None


def read_header(text: str, reading: Reading) -> None:
    """A header line: metre and tonic hold from here on; raises BadInputError."""
    found = HEADER.fullmatch(text)
    if found is None:
        return
    if found[1] == "metre":
        reading.meter = parse_meter(found[2])
    elif found[1] == "tonic":
        reading.tonics.append((reading.line.beat, pitch_class(parse_note_name(found[2].strip()))))


def read_phrase(text: str, reading: Reading, seconds: float) -> None:
    """A time and what is played from it on; raises BadInputError."""
    time, _, rest = text.partition("\t")
    if not rest:
        time, _, rest = text.partition(" ")
    start, beat = parse_seconds(time), reading.line.beat
    head, *bars = rest.split("|")
    if rest.strip() == "end":
        reading.phrases.append(Phrase(start, beat, 0.0))
        return
    read_section(head, reading)
    if not bars:
        rest_for(seconds, reading)
    else:
        repeat = REPEAT.search(bars[-1])
        times = int(repeat[1]) if repeat else 1
        if times > MOST_REPEATS:
            raise BadInputError(f"x{times}: a line is not played more than {MOST_REPEATS} times")
        for bar in bars[:-1] * times:
            read_bar(bar, reading)
    length = reading.line.beat - beat if bars else 0.0
    reading.phrases.append(Phrase(start, beat, length))


def read_section(head: str, reading: Reading) -> None:
    """Letter and name before the bars, such as `B, verse,`; what instruments do is left out."""
    words = [word.strip() for word in head.split(",")]
    words = [word for word in words if word and "(" not in word and ")" not in word]
    if words and words != ["silence"]:
        reading.sections.append(Section(reading.line.beat, " ".join(words)))


def rest_for(seconds: float, reading: Reading) -> None:
    """No chord for as many bars as fit the time, at the tempo so far; none before the first bar."""
    if not reading.line.spans:
        return
    bpm = next((t.bpm for t in reversed(tempos_of(reading.phrases))), USUAL_BPM)
    length = bar_beats(reading.meter)
    bars = round(seconds * bpm / 60 / length)
    if bars > 0:
        mark_meter(reading.meter, reading)
        reading.line.add(bars * length, NONE)


def read_bar(text: str, reading: Reading) -> None:
    """One bar: its own metre if it has one, and its chords; raises BadInputError."""
    own = BAR_METER.match(text.strip())
    meter = parse_meter(own[1]) if own else reading.meter
    words = (text.strip()[own.end() :] if own else text).split()
    if not words:
        raise BadInputError("a bar has no chord")
    mark_meter(meter, reading)
    for word in words:
        symbol = SPECIAL[word] if word in SPECIAL else parse_harte(word)
        reading.line.add(bar_beats(meter) / len(words), symbol)


def mark_meter(meter: Meter, reading: Reading) -> None:
    """Note the metre where it is another than that of the bar before."""
    last = reading.meters[-1] if reading.meters else None
    if last is None or not is_same_signature(last, meter):
        reading.meters.append(Meter(reading.line.beat, meter.numerator, meter.denominator))


def tempos_of(phrases: list[Phrase]) -> list[Tempo]:
    """The tempo of each line of bars, where it is believable and differs from the one before."""
    tempos: list[Tempo] = []
    for phrase, following in itertools.pairwise(phrases):
        seconds = following.seconds - phrase.seconds
        if not phrase.beats or seconds <= 0:
            continue
        bpm = round(60 * phrase.beats / seconds, 2)
        if SLOWEST_BPM <= bpm <= FASTEST_BPM and (not tempos or tempos[-1].bpm != bpm):
            tempos.append(Tempo(phrase.beat if tempos else 0.0, bpm))
    return tempos


def keys_of(tonics: list[tuple[float, int]], chords: list[Chord]) -> list[Key]:
    """Keys from the tonics that are written and the chords on them; see the module."""
    at_beat = dict(tonics)  # of several at one beat the last one holds
    starts = [*at_beat]
    keys = []
    for start, end in zip(starts, [*starts[1:], float("inf")], strict=False):
        here = [c for c in chords if start <= c.start_beats < end and c.root_pc == at_beat[start]]
        minor = sum(c.duration_beats for c in here if is_minor(c))
        share = minor / sum(c.duration_beats for c in here) if here else 0.0
        mode: Mode = "minor" if share > 0.5 else "major"
        keys.append(Key(start, at_beat[start], mode, round(max(share, 1 - share), 3)))
    return keys


def is_minor(chord: Chord) -> bool:
    """Whether a chord has a minor third."""
    return quality(chord.quality or "X").family in {"minor", "diminished"}
