"""Reader of Harte chord labels (.lab): lines of `start end symbol`, times in seconds.

A label file has no beats: its songs get 120 quarter notes per minute, so a beat is half a second.
Source: Harte et al., ISMIR 2005; the file form is that of Isophonics and mir_eval.
"""

from muse.tools.datasets.text_lines import (
    Line,
    NamedSongs,
    error_context,
    make_chord,
    parse_seconds,
)
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song, Tempo
from muse.tools.song.tempo_map import DEFAULT_BPM
from muse.tools.theory.chords import ChordSymbol, parse_harte

Label = tuple[float, float, ChordSymbol]  # start and end in seconds, chord


def looks_like_labels(head: bytes) -> bool:
    """Return whether the first line of a file is two ascending times and a word."""
    words = head.lstrip().split(b"\n", 1)[0].split()
    try:
        return len(words) == 3 and 0 <= float(words[0]) <= float(words[1])
    except ValueError:
        return False


def read_labels(data: bytes, name: str) -> NamedSongs:
    """Read a label file as a Song at 120 beats per minute.

    Raises:
        BadInputError: a line is not `start end symbol`; the message gives its number.
    """
    per_second = DEFAULT_BPM / 60
    chords = [
        make_chord(start * per_second, end * per_second, symbol)
        for start, end, symbol in parse_labels(data, name)
    ]
    return [("", Song(tempos=[Tempo(0.0, DEFAULT_BPM)], chords=chords))]


def parse_labels(data: bytes, name: str) -> list[Label]:
    """Return the labels of a file, sorted by start; raises BadInputError as `read_labels`."""
    labels = []
    for line in Line.all_of(data, name):
        with error_context(name, line):
            labels.append(parse_label(line.text))
    return sorted(labels, key=lambda label: label[0])


def parse_label(text: str) -> Label:
    """Parse one `start end symbol` line; raises BadInputError."""
    words = text.split()
    if len(words) != 3:
        raise BadInputError(f"'{text}' is not 'start end chord'")
    start, end = map(parse_seconds, words[:2])
    if end < start:
        raise BadInputError(f"a chord ends ({end:g} s) before it starts ({start:g} s)")
    return start, end, parse_harte(words[2])
