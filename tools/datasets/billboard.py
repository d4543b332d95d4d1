"""Reader of the McGill Billboard annotations (salami_chords.txt).

A file has header lines (`# title:`, `# metre: 6/8`, `# tonic: C`), of which metre and tonic may
change within the song, and lines of a time in seconds and a phrase:

    8.71    B, verse, | (2/4) A:min | C:maj . . G:maj |, (voice

Conventions:
    The chords of a bar divide it evenly. `.` repeats the chord before, `*` is a harmony that the
    annotator could not identify (an unknown chord), `&pause` is a bar without a chord. A line
    without bars (silence, Z) has no chord for as many bars as fit its duration. `x4` plays the
    line four times; `->` (the phrase continues) is ignored.
    The tempo of a line is its number of beats divided by its duration.
    A section label is the letter and the name, such as "A verse".
    Tonics are annotated without a mode: the mode is minor if more than half of the time on tonic
    chords is on minor ones, and the confidence is that share.
Source: Burgoyne, Wild and Fujinaga, "An expert ground truth set for audio chord recognition and
music analysis", ISMIR 2011, and the description that comes with the data.
"""

import itertools
import re
from dataclasses import dataclass, field

from muse.tools.datasets.text_lines import ChordLine, Line, NamedSongs, error_context, parse_seconds
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
    ".": None,  # repeats the chord before
    "*": UNKNOWN_CHORD,
    "&pause": NONE,
}
DEFAULT_BPM = 120.0  # quarter notes per minute, before the first timed line
SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0  # outside this range times and bars disagree
MAX_REPEATS = 1000  # a higher count is a typing error


def looks_like_billboard(head: bytes) -> bool:
    """Return whether a file begins with the header lines of a Billboard annotation."""
    return head.lstrip().startswith(b"#") and b"# metre:" in head


@dataclass(frozen=True)
class Phrase:
    """A timed line: start in seconds, start in beats, and length in beats (0 if unknown)."""

    seconds: float
    beat: float
    beats: float


@dataclass
class ParserState:
    """State of the parser: what has been read of one song so far."""

    meter: Meter = field(default_factory=lambda: Meter(0.0, 4, 4))
    line: ChordLine = field(default_factory=ChordLine)
    meters: list[Meter] = field(default_factory=list)
    tonics: list[tuple[float, int]] = field(default_factory=list)  # beat, pitch class
    sections: list[Section] = field(default_factory=list)
    phrases: list[Phrase] = field(default_factory=list)


def read_billboard(data: bytes, name: str) -> NamedSongs:
    """Read the song of one annotation.

    Raises:
        BadInputError: a line is malformed; the message gives its number.
    """
    state = ParserState()
    lines = Line.all_of(data, name)
    times = phrase_durations(lines)
    for line in lines:
        with error_context(name, line):
            if line.text.startswith("#"):
                read_header(line.text, state)
            else:
                read_phrase(line.text, state, times.get(line.number, 0.0))
    chords = state.line.chords()
    if not chords:
        raise BadInputError(f"{name}: no bars of chords")
    song = Song(
        tempos=tempos_from_phrases(state.phrases),
        meters=state.meters or [state.meter],
        keys=keys_from_tonics(state.tonics, chords),
        sections=state.sections,
        chords=chords,
    )
    return [("", song)]


def phrase_durations(lines: list[Line]) -> dict[int, float]:
    """Return the duration of each phrase in seconds, by line number; the last one's is unknown."""
    starts = []
    for line in lines:
        word = line.text.split()[0]
        if not line.text.startswith("#") and word[:1].isdigit():
            starts.append((line.number, float(word) if is_number(word) else 0.0))
    return {n: end - start for (n, start), (_, end) in itertools.pairwise(starts)}


def is_number(word: str) -> bool:
    """Return whether the word is a number such as 12.5 or 4.5e-2."""
    return re.fullmatch(r"\d+(\.\d+)?([eE][-+]?\d+)?", word) is not None


def read_header(text: str, state: ParserState) -> None:
    """Read a header line; metre and tonic apply from here on. Raises BadInputError."""
    found = HEADER.fullmatch(text)
    if found is None:
        return
    if found[1] == "metre":
        state.meter = parse_meter(found[2])
    elif found[1] == "tonic":
        state.tonics.append((state.line.beat, pitch_class(parse_note_name(found[2].strip()))))


def read_phrase(text: str, state: ParserState, seconds: float) -> None:
    """Read a line of a start time, section label and bars; raises BadInputError."""
    time, _, rest = text.partition("\t")
    if not rest:
        time, _, rest = text.partition(" ")
    start, beat = parse_seconds(time), state.line.beat
    head, *bars = rest.split("|")
    if rest.strip() == "end":
        state.phrases.append(Phrase(start, beat, 0.0))
        return
    read_section(head, state)
    if not bars:
        add_silence(seconds, state)
    else:
        repeat = REPEAT.search(bars[-1])
        times = int(repeat[1]) if repeat else 1
        if times > MAX_REPEATS:
            raise BadInputError(f"x{times}: at most {MAX_REPEATS} repeats of a line are read")
        for bar in bars[:-1] * times:
            read_bar(bar, state)
    length = state.line.beat - beat if bars else 0.0
    state.phrases.append(Phrase(start, beat, length))


def read_section(head: str, state: ParserState) -> None:
    """Start a section from the words before the bars, such as `B, verse,`; skip instruments."""
    words = [word.strip() for word in head.split(",")]
    words = [word for word in words if word and "(" not in word and ")" not in word]
    if words and words != ["silence"]:
        state.sections.append(Section(state.line.beat, " ".join(words)))


def add_silence(seconds: float, state: ParserState) -> None:
    """Add bars without a chord that fill a duration in seconds at the latest tempo.

    Silence before the first bar adds none.
    """
    if not state.line.spans:
        return
    bpm = next((t.bpm for t in reversed(tempos_from_phrases(state.phrases))), DEFAULT_BPM)
    length = bar_beats(state.meter)
    bars = round(seconds * bpm / 60 / length)
    if bars > 0:
        update_meter(state.meter, state)
        state.line.add(bars * length, NONE)


def read_bar(text: str, state: ParserState) -> None:
    """Read one bar: its meter, if one is written, and its chords; raises BadInputError."""
    text = text.strip()
    match = BAR_METER.match(text)
    meter = parse_meter(match[1]) if match else state.meter
    words = text[match.end() if match else 0 :].split()
    if not words:
        raise BadInputError("a bar has no chord")
    update_meter(meter, state)
    for word in words:
        symbol = SPECIAL[word] if word in SPECIAL else parse_harte(word)
        state.line.add(bar_beats(meter) / len(words), symbol)


def update_meter(meter: Meter, state: ParserState) -> None:
    """Add a meter change if the bar's meter differs from that of the bar before."""
    last = state.meters[-1] if state.meters else None
    if last is None or not is_same_signature(last, meter):
        state.meters.append(Meter(state.line.beat, meter.numerator, meter.denominator))


def tempos_from_phrases(phrases: list[Phrase]) -> list[Tempo]:
    """Return the tempo of each timed line; skip implausible values and repetitions."""
    tempos: list[Tempo] = []
    for phrase, following in itertools.pairwise(phrases):
        seconds = following.seconds - phrase.seconds
        if not phrase.beats or seconds <= 0:
            continue
        bpm = round(60 * phrase.beats / seconds, 2)
        if SLOWEST_BPM <= bpm <= FASTEST_BPM and (not tempos or tempos[-1].bpm != bpm):
            tempos.append(Tempo(phrase.beat if tempos else 0.0, bpm))
    return tempos


def keys_from_tonics(tonics: list[tuple[float, int]], chords: list[Chord]) -> list[Key]:
    """Return keys from annotated tonics; the mode follows from the chords on each tonic."""
    at_beat = dict(tonics)  # of several tonics at one beat the last one counts
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
    """Return whether a chord has a minor third."""
    return quality(chord.quality or "X").family in {"minor", "diminished"}
