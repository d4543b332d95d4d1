"""Write songs as ABC 2.1; muse's reader gives the same notes back.

Conventions: a voice of the score is a voice of ABC (`V:`), four bars to a line. A note on which a
chord symbol or tempo falls later than its start is written as tied notes. Accidentals are written
so that they are read right whether they hold for one octave or for all.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

from muse.tools.errors import BadInputError
from muse.tools.files import write_bytes
from muse.tools.notation.grid import GRID
from muse.tools.notation.note_values import NoteValue, pieces_of, triplet_groups
from muse.tools.notation.pitches import spelled
from muse.tools.notation.score import Part, Score, ScoreBar, score_of
from muse.tools.notation.voice_measures import Stretch, stretches
from muse.tools.notation.voices import Clef
from muse.tools.song.document import Song
from muse.tools.theory.chords import parse_chord, write_leadsheet
from muse.tools.theory.keys import Tonality
from muse.tools.theory.pitch import LETTERS

log = logging.getLogger("muse")

UNIT = GRID // 2  # steps of the unit length, an eighth
BARS_PER_LINE = 4
MIDDLE_OCTAVE = 4  # written in capitals; the one above it in small letters
SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
CLEFS = {"G": "treble", "F": "bass", "percussion": "perc"}
DRUM_CHANNEL = 10


def save_abc(song: Song, path: Path, title: str = "") -> Score:
    """Write a tune, whole or not at all.

    Args:
        song: any Song; grid.py describes how one that is off the grid is quantized.
        path: of the file.
        title: of the tune.

    Returns:
        The score as written, with the distances that its notes were moved.
    """
    score = score_of(song, title)
    write_bytes(path, abc(score).encode())
    lyrics = sum(len(track.lyrics) for track in song.tracks)
    if lyrics:
        log.info("%d lyrics are lost: muse writes none in ABC", lyrics)
    return score


def abc(score: Score) -> str:
    """Return the score as the text of an ABC file with one tune."""
    first = score.bars[0]
    tempo = next((bpm for offset, bpm, _ in first.tempos if offset == 0), None)
    rows = list(voice_rows(score))
    head = [
        "%abc-2.1",
        "X:1",
        f"T:{plain(score.title) or 'Untitled'}",
        f"M:{first.numerator}/{first.denominator}",
        "L:1/8",
        *([f"Q:1/4={number(tempo)}"] if tempo else []),
        *(f'V:{row.id} name="{row.name}" clef={row.clef}' for row in rows),
        f"K:{key_name(first.key)}",
    ]
    body = [line for row in rows for line in voice_lines(row, score)]
    return "\n".join([*head, *body]) + "\n"


@dataclass(frozen=True)
class Row:
    """One voice to write: its id, name, clef, part, and stretches by bar."""

    id: int
    name: str
    clef: str
    part: Part
    bars: list[list[Stretch]]


def voice_rows(score: Score) -> Iterator[Row]:
    """Yield the voices of all parts; further voices of a part have a number behind its name."""
    count = 0
    for part in score.parts:
        voices = [(staff.clef, voice) for staff in part.staves for voice in staff.voices]
        for index, (clef, voice) in enumerate(voices, start=1):
            count += 1
            name = plain(part.name).replace('"', "'") + (f" {index}" if index > 1 else "")
            yield Row(count, name, clef_name(clef), part, list(stretches(voice, score.bars)))


def clef_name(clef: Clef) -> str:
    """Return ABC's name of a clef; octave marks are left out, as they would move the notes."""
    return CLEFS.get(clef.sign, "treble")


def voice_lines(row: Row, score: Score) -> Iterator[str]:
    """Yield the lines of one voice."""
    yield f"V:{row.id}"
    if row.part.is_drum:
        yield f"%%MIDI channel {DRUM_CHANNEL}"
    yield f"%%MIDI program {row.part.program}"
    texts = [
        bar_text(bar, spans, row, is_first=index == 0)
        for index, (bar, spans) in enumerate(zip(score.bars, row.bars, strict=True))
    ]
    texts[-1] += "]"
    for start in range(0, len(texts), BARS_PER_LINE):
        yield " ".join(texts[start : start + BARS_PER_LINE])


def bar_text(bar: ScoreBar, spans: Sequence[Stretch], row: Row, *, is_first: bool) -> str:
    """Return one bar of a voice with its bar line; the first voice carries the marks."""
    words = [] if is_first else change_words(bar, row.part)
    marks = marks_of(bar, skip_tempo=is_first) if row.id == 1 else {}
    accidentals = Accidentals(bar.key, row.part.is_drum)
    pieces = [piece for span in with_cuts(bar, spans, sorted(marks)) for piece in pieces_in(span)]
    for group, members in groupby(pieces, key=lambda piece: piece.value.group):
        values = list(members)
        for index, piece in enumerate(values):
            words += marks.get(piece.value.start, [])
            tuplet = f"(3:2:{len(values)}" if group and index == 0 else ""
            words.append(tuplet + piece_text(piece, accidentals))
    return " ".join([*words, "|"])


def change_words(bar: ScoreBar, part: Part) -> list[str]:
    """Return the fields of a meter or key that begins with a bar."""
    words = [f"[M:{bar.numerator}/{bar.denominator}]"] if bar.new_meter else []
    return words + ([f"[K:{key_name(bar.key)}]"] if bar.new_key and not part.is_drum else [])


def marks_of(bar: ScoreBar, *, skip_tempo: bool) -> dict[int, list[str]]:
    """Return sections, tempos and chord symbols by their steps from the bar line."""
    marks: dict[int, list[str]] = {}
    for offset, label in bar.marks:
        text = plain(label)
        word = f"[P:{text}]" if offset == 0 and "]" not in text else f'"^{unquoted(text)}"'
        marks.setdefault(offset, []).append(word)
    for offset, bpm, _ in bar.tempos:
        if offset or not skip_tempo:
            marks.setdefault(offset, []).append(f"[Q:1/4={number(bpm)}]")
    for offset, symbol in bar.symbols:
        marks.setdefault(offset, []).append(f'"{symbol_text(symbol)}"')
    return marks


def symbol_text(symbol: str) -> str:
    """Return a chord symbol as on a lead sheet, or an annotation if it cannot be read."""
    try:
        return write_leadsheet(parse_chord(symbol))
    except BadInputError:
        return f"^{unquoted(plain(symbol))}"


def with_cuts(bar: ScoreBar, spans: Sequence[Stretch], cuts: Sequence[int]) -> list[Stretch]:
    """Return the stretches of a bar, divided at some steps; the parts of a chord are tied."""
    inner = [cut for cut in cuts if any(span.start < cut < span.end for span in spans)]
    if not inner:
        return list(spans)
    edges = [edge for span in spans for edge in (span.start, span.end)] + inner
    groups = triplet_groups(edges, bar.length)
    parts = []
    for span in spans:
        places = [span.start, *(cut for cut in inner if span.start < cut < span.end), span.end]
        for start, end in pairwise(places):
            sounds = span.pitches is not None
            parts.append(
                Stretch(
                    start,
                    end,
                    span.pitches,
                    tuple(pieces_of(start, end, bar.levels, groups)),
                    span.tied_from if start == span.start else sounds,
                    span.tied_to if end == span.end else sounds,
                )
            )
    return parts


@dataclass(frozen=True)
class Piece:
    """One written value of a chord or, without pitches, a rest."""

    value: NoteValue
    pitches: tuple[int, ...]
    is_tied: bool


def pieces_in(span: Stretch) -> Iterator[Piece]:
    """Yield the values of a stretch."""
    for index, value in enumerate(span.pieces, start=1):
        tied = span.pitches is not None and (index < len(span.pieces) or span.tied_to)
        yield Piece(value, span.pitches or (), tied)


@dataclass
class Accidentals:
    """The accidentals in force in a bar, by letter and by letter and octave."""

    key: Tonality | None
    is_drum: bool
    written: dict[object, int] = field(default_factory=dict)

    def note(self, pitch: int) -> str:
        """Return a pitch as letter, octave marks, and a sign if any reader needs one."""
        letter, alteration, octave = spelled(pitch, self.key.tonic if self.key else 0)
        own = alterations(self.key).get(letter, 0)
        places: tuple[object, object] = (letter, (letter, octave))
        needs_sign = any(self.written.get(place, own) != alteration for place in places)
        for place in places:
            self.written[place] = alteration
        return (SIGNS[alteration] if needs_sign else "") + in_octave(letter, octave)


def alterations(key: Tonality | None) -> dict[str, int]:
    """Return the alteration of each letter in a signature."""
    sharps = key.sharps if key else 0
    letters = LETTERS[:sharps] if sharps > 0 else LETTERS[len(LETTERS) + sharps :]
    return dict.fromkeys(letters, 1 if sharps > 0 else -1)


def in_octave(letter: str, octave: int) -> str:
    """Return a letter in its octave: C, is C3, C is C4, c is C5."""
    if octave <= MIDDLE_OCTAVE:
        return letter + "," * (MIDDLE_OCTAVE - octave)
    return letter.lower() + "'" * (octave - MIDDLE_OCTAVE - 1)


def piece_text(piece: Piece, accidentals: Accidentals) -> str:
    """Return a note, chord or rest with its length in units, and its tie."""
    written = Fraction(piece.value.length, UNIT) * (Fraction(3, 2) if piece.value.group else 1)
    length = "" if written == 1 else str(written)
    names = [accidentals.note(pitch) for pitch in piece.pitches]
    sound = names[0] if len(names) == 1 else f"[{''.join(names)}]" if names else "z"
    return sound + length + ("-" if piece.is_tied else "")


def key_name(key: Tonality | None) -> str:
    """Return the value of a `K:` field; with its mode as a word, so that it is read as written."""
    return key.name.replace(" major", "maj").replace(" minor", "min") if key else "none"


def number(bpm: float) -> str:
    """Return a tempo with as few decimals as it needs, at most three."""
    return f"{bpm:.3f}".rstrip("0").rstrip(".")


def plain(text: str) -> str:
    """Return a text in one line without control characters, its percent signs escaped."""
    return "".join(c for c in text if c.isprintable()).replace("\\", "").replace("%", "\\%").strip()


def unquoted(text: str) -> str:
    """Return a text without double quotes."""
    return text.replace('"', "'")
