"""Reader of scores in MusicXML, plain or compressed (.mxl), as Songs.

The bars are played: with repeats, endings, D.C. and D.S. The melody's part is the first one that is
named as a melody or voice, or else the first one, with pitched notes. The top line of its first
staff becomes the track MELODY (`top_line.py`); its other notes and the other parts follow.

Chords come from the melody's part, or else from the part that has most; words are read as chords
only in scores without chord symbols. `lead_sheets.py` tells how bars become meters, and how a
pickup is placed.

Positions are exact fractions until the Song is made; its ticks are fine enough for all of them
where MIDI can have them. The XML is parsed directly, about ten times as fast as with music21.
Source: W3C Community Group, MusicXML 4.0.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import lcm
from typing import TypeVar

from muse.tools.datasets.lead_sheets import (
    MELODY_PROGRAM,
    VELOCITY,
    WrittenBar,
    chords_from_symbols,
    key_from_signature,
    merge_keys,
    meters_from_bars,
)
from muse.tools.datasets.musicxml_score.content import bar_length
from muse.tools.datasets.musicxml_score.file import parse_score
from muse.tools.datasets.musicxml_score.harmony import symbol_from_words
from muse.tools.datasets.musicxml_score.order import combined
from muse.tools.datasets.musicxml_score.parts import Part, read_parts
from muse.tools.datasets.musicxml_score.played_bars import (
    PlayedBar,
    continuations,
    place_bars,
    placed,
)
from muse.tools.datasets.musicxml_score.played_notes import PlayedNote, one_by_one, play_part
from muse.tools.datasets.repeats import play_order
from muse.tools.datasets.text_lines import NamedSongs
from muse.tools.errors import BadInputError
from muse.tools.song.document import (
    DEFAULT_TICKS_PER_BEAT,
    Key,
    Lyric,
    Meter,
    Note,
    Section,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.meter import COMMON_TIME
from muse.tools.song.roles import leading_index, role_of
from muse.tools.song.validation import MAX_TICKS_PER_BEAT
from muse.tools.theory.chords import ChordSymbol

Value = TypeVar("Value")
ZERO = Fraction(0)
PROGRAMS = PITCHES = range(128)
MELODY = "MELODY"


def read_musicxml(data: bytes, name: str) -> NamedSongs:
    """Read a MusicXML file, plain or compressed.

    Raises:
        BadInputError: not a readable score; the message gives the bar.
    """
    root = parse_score(data, name)
    parts = read_parts(root, name)
    if not parts or not parts[0].bars:
        raise BadInputError(f"{name}: the score has no bars")
    try:
        return [("", song_of(parts))]
    except ValueError as error:
        raise BadInputError(f"{name}: {error}") from error


def song_of(parts: Sequence[Part]) -> Song:
    """Return the Song of a score; raises BadInputError for one that is too long."""
    pitched = [part for part in parts if part.staff is not None] or parts[:1]
    lead = pitched[leading_index(part.name for part in pitched) or 0]
    marks = combined([[bar.marks for bar in part.bars] for part in parts])
    meters = meters_of(parts, lead)
    played, spans = place_bars(
        play_order(marks), lengths_of(parts, meters), meters, continuations(lead.bars, marks)
    )
    end = float(spans[-1].start + spans[-1].length)
    chords = chords_from_symbols(symbols_of(parts, lead, played), end)
    tracks = list(tracks_of(parts, lead, played))
    bars = [WrittenBar(float(span.start), float(span.length), span.meter) for span in spans]
    return Song(
        ticks_per_beat=ticks_for(tracks),
        tempos=list(tempos_of(parts, played)),
        meters=meters_from_bars(bars, 0.0),
        keys=merge_keys(keys_of(lead, played), chords),
        sections=list(sections_of(parts, played)),
        chords=chords,
        tracks=[as_track(*track) for track in tracks],
    )


def lengths_of(parts: Sequence[Part], meters: Sequence[Meter | None]) -> list[Fraction]:
    """Return the lengths of the written bars."""
    return [
        length_of([part.bars[i].length for part in parts], bar_length(meter or COMMON_TIME))
        for i, meter in enumerate(meters)
    ]


def length_of(lengths: Sequence[Fraction], full: Fraction) -> Fraction:
    """Return the length of a bar: that of its longest part, or full if it is empty.

    Where one part is too long and another one is full, the bar is full: the first has an error.
    """
    longest = max(lengths)
    return full if longest > full and full in lengths else longest or full


def keys_of(lead: Part, played: Sequence[PlayedBar]) -> list[Key]:
    """Return the keys of the leading part."""
    signatures = placed(played, [bar.keys for bar in lead.bars], forward=True)
    return [key_from_signature(float(beat), *signature) for beat, signature in signatures]


def meters_of(parts: Sequence[Part], lead: Part) -> list[Meter | None]:
    """Return the meter of each bar: of the leading part, or of the first that has signatures."""
    signed = (part for part in (lead, *parts) if any(bar.new_meter for bar in part.bars))
    return [bar.meter for bar in next(signed, lead).bars]


def tempos_of(parts: Sequence[Part], played: Sequence[PlayedBar]) -> Iterator[Tempo]:
    """Yield the tempos, one at a place; the first one holds from the start."""
    bars = [
        sorted(
            {place: bpm for part in reversed(parts) for place, bpm in part.bars[i].tempos}.items()
        )
        for i in range(len(parts[0].bars))
    ]
    tempos = dict(placed(played, bars, forward=False))
    for number, (beat, bpm) in enumerate(sorted(tempos.items())):
        yield Tempo(float(beat) if number else 0.0, bpm)


def sections_of(parts: Sequence[Part], played: Sequence[PlayedBar]) -> Iterator[Section]:
    """Yield the rehearsal marks of all parts, each once."""
    for bar in played:
        marks = dict.fromkeys(mark for part in parts for mark in part.bars[bar.index].sections)
        for place, label in sorted(marks):
            yield Section(float(bar.start + place), label)


def symbols_of(
    parts: Sequence[Part], lead: Part, played: Sequence[PlayedBar]
) -> dict[float, ChordSymbol]:
    """Return the chord symbols by beat."""
    counts = [sum(len(bar.harmonies) for bar in part.bars) for part in (lead, *parts)]
    best = 0 if counts[0] else counts.index(max(counts))
    source = (lead, *parts)[best]
    alone = not any(counts)
    bars = [
        [*word_symbols(words.words, alone), *bar.harmonies]
        for words, bar in zip(lead.bars, source.bars, strict=True)
    ]
    return {float(beat): symbol for beat, symbol in placed(played, bars, forward=False)}


def word_symbols(
    words: Iterable[tuple[Fraction, str]], alone: bool
) -> Iterator[tuple[Fraction, ChordSymbol]]:
    """Yield the chords among the words above the staff."""
    for place, text in words:
        symbol = symbol_from_words(text, alone)
        if symbol is not None:
            yield place, symbol


def tracks_of(
    parts: Sequence[Part], lead: Part, played: Sequence[PlayedBar]
) -> Iterator[tuple[Track, list[PlayedNote]]]:
    """Yield the tracks without notes, and their notes: the melody, then the parts."""
    notes = {id(part): play_part(part, played) for part in parts}
    line = one_by_one(note for note in notes[id(lead)] if note.is_line)
    program = MELODY_PROGRAM if lead.program is None else lead.program
    yield Track(MELODY, "lead", program), line
    for number, part in enumerate(parts, start=1):
        own = [note for note in notes[id(part)] if not (part is lead and note.is_line)]
        for is_drum in (False, True):
            found = [note for note in own if note.is_drum == is_drum]
            if found:
                yield track_of(part, number, is_drum), found


def track_of(part: Part, number: int, is_drum: bool) -> Track:
    """Return the track of a part without notes."""
    name = part.name or f"Part {number}"
    program = 0 if is_drum or part.program is None else part.program
    role = role_of(name, program, is_drum)
    # the leading part has its own role
    return Track(name, "other" if role == "lead" else role, program, is_drum)


def as_track(track: Track, notes: Iterable[PlayedNote]) -> Track:
    """Return a track with its notes and lyrics."""
    playable = [
        note for note in notes if note.length > 0 and note.pitch in PITCHES and note.start >= 0
    ]
    playable.sort(key=lambda note: (note.start, note.pitch))
    track.notes = [Note(float(n.start), float(n.length), n.pitch, VELOCITY) for n in playable]
    track.lyrics = [Lyric(float(n.start), n.lyric) for n in playable if n.lyric]
    return track


def ticks_for(tracks: Iterable[tuple[Track, Sequence[PlayedNote]]]) -> int:
    """Return ticks per quarter note that hold all notes exactly; the default if MIDI has none."""
    ticks = DEFAULT_TICKS_PER_BEAT
    for _, notes in tracks:
        for note in notes:
            ticks = lcm(ticks, note.start.denominator, note.length.denominator)
            if ticks > MAX_TICKS_PER_BEAT:
                return DEFAULT_TICKS_PER_BEAT
    return ticks
