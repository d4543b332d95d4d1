"""Harte chord labels: lines of `start end symbol`, times in seconds, as .lab files have them.

A label file knows no beats: its songs are at 120 quarter notes a minute, so that a beat is half a
second. Source: Harte et al., ISMIR 2005; the file form is that of Isophonics and mir_eval.
"""

from muse.tools.datasets.text_lines import Line, NamedSongs, at_line, chord_at, parse_seconds
from muse.tools.errors import BadInputError
from muse.tools.song.document import Song, Tempo
from muse.tools.song.tempo_map import DEFAULT_BPM
from muse.tools.theory.chords import ChordSymbol, parse_harte

Label = tuple[float, float, ChordSymbol]  # start and end in seconds, chord


def looks_like_labels(head: bytes) -> bool:
    """Whether a file's first line is two times and a word."""
    words = head.lstrip().split(b"\n", 1)[0].split()
    try:
        return len(words) == 3 and 0 <= float(words[0]) <= float(words[1])
    except ValueError:
        return False


def read_labels(data: bytes, name: str) -> NamedSongs:
    """The song of a label file; see the module for its beats.

    Raises:
        BadInputError: a line is not `start end symbol`; the message names it.
    """
    per_second = DEFAULT_BPM / 60
    chords = [
        chord_at(start * per_second, end * per_second, symbol)
        for start, end, symbol in parse_labels(data, name)
    ]
    return [("", Song(tempos=[Tempo(0.0, DEFAULT_BPM)], chords=chords))]


def parse_labels(data: bytes, name: str) -> list[Label]:
    """The labels of a file, in order of time.

    Raises:
        BadInputError: as `read_labels`.
    """
    labels = []
    for line in Line.all_of(data, name):
        with at_line(name, line):
            labels.append(parse_label(line.text))
    return sorted(labels, key=lambda label: label[0])


def parse_label(text: str) -> Label:
    """One line; raises BadInputError."""
    words = text.split()
    if len(words) != 3:
        raise BadInputError(f"'{text}' is not 'start end chord'")
    start, end = map(parse_seconds, words[:2])
    if end < start:
        raise BadInputError(f"a chord ends at {end:g} s, before its start at {start:g} s")
    return start, end, parse_harte(words[2])
