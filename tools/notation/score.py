"""Lay out a Song as a score: bars in whole steps with marks above them, parts with staves.

Conventions: steps are those of grid.py; `offset` is in steps from the bar line.
"""

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import gcd

import msgspec

from muse.tools.notation.grid import GRID, Displacement, GridNote, quantize_song, swing_ratio
from muse.tools.notation.lyrics import Syllable, place_syllables
from muse.tools.notation.note_values import FINEST, levels_of
from muse.tools.notation.voices import Staff, staves_of
from muse.tools.song.document import Meter, Song, Tempo, Track
from muse.tools.song.meter import Bar, bars_until
from muse.tools.song.validation import DENOMINATORS
from muse.tools.theory.interval_spelling import tonic_of_intervals
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import Tonality

log = logging.getLogger("muse")

WRITTEN_DENOMINATORS = DENOMINATORS[:6]  # 1 to 32: those whose units fit the grid
LOWEST_WRITTEN = 13  # MIDI pitch; 12 may be spelled as B#, in the octave below 0
SHOWN_TEMPO_CHANGE = 0.04  # relative; smaller changes are for playback only


@dataclass
class ScoreBar:
    """One bar of the score, with the marks above its first staff."""

    number: int
    start: int
    length: int
    numerator: int
    denominator: int
    new_meter: bool
    levels: tuple[int, ...]
    key: Tonality | None = None
    tonic: int = 0  # that spells the notes, on the line of fifths
    new_key: bool = False
    tempos: list[tuple[int, float, bool]] = field(default_factory=list)  # offset, bpm, shown
    marks: list[tuple[int, str]] = field(default_factory=list)
    symbols: list[tuple[int, str]] = field(default_factory=list)
    is_swung: bool = False  # whether eighths are swung from here on

    @property
    def end(self) -> int:
        """Start of the next bar, in steps."""
        return self.start + self.length


@dataclass(frozen=True)
class Part:
    """One track, laid out on its staves."""

    name: str
    program: int
    is_drum: bool
    keys: tuple[int, ...]  # drums: the General MIDI keys it plays
    staves: list[Staff]
    octaves: int = 0  # from sounding up to written pitch
    syllables: dict[int, Syllable] = field(default_factory=dict)  # by step


@dataclass(frozen=True)
class Score:
    """Bars and parts, all parts as long as the bars, and the distances that notes were moved."""

    title: str
    bars: list[ScoreBar]
    parts: list[Part]
    displacement: Displacement


def score_of(song: Song, title: str = "") -> Score:
    """Lay out a song.

    Tracks without notes are omitted; a song without notes gets one empty part for its chords.

    Raises:
        BadInputError: more bars than song.meter.MAX_BARS.
    """
    tracks, displacement = quantize_song(song)
    ends = [note.end for notes in tracks for note in notes]
    ends += [
        round((chord.start_beats + chord.duration_beats + displacement.shift) * GRID)
        for chord in song.chords
    ]
    bars = score_bars(song, max(ends, default=0), displacement.shift)
    bars[0].is_swung = swing_ratio(song, displacement.shift) is not None
    parts = [
        part_of(track, notes, displacement.shift)
        for track, notes in zip(song.tracks, tracks, strict=True)
    ]
    parts = [part for part in parts if any(row for staff in part.staves for row in staff.voices)]
    return Score(title, bars, parts or [part_of(Track("Chords"), [])], displacement)


def part_of(track: Track, notes: Sequence[GridNote], shift: float = 0.0) -> Part:
    """Return one track as a part; `shift` is how far its notes were shifted, in quarter notes.

    A score has no octave below 0, so that a part which sounds there is written an octave higher.
    """
    keys = tuple(sorted({note.pitch for note in notes})) if track.is_drum else ()
    lowest = min((note.pitch for note in notes), default=LOWEST_WRITTEN)
    return Part(
        name=track.name or track.role.capitalize(),
        program=track.program,
        is_drum=track.is_drum,
        keys=keys,
        staves=staves_of(track, notes),
        octaves=int(lowest < LOWEST_WRITTEN and not track.is_drum),
        syllables=place_syllables(track.lyrics, sorted({note.start for note in notes}), shift),
    )


def score_bars(song: Song, end: int, shift: float) -> list[ScoreBar]:
    """Return the bars up to a step, at least one, with keys, tempos, sections and chords placed.

    Args:
        song: with its meters, keys, tempos, sections and chords.
        end: step that the last bar reaches.
        shift: quarter notes by which the notes were shifted; all but keys and signatures follow.
    """
    bars = [score_bar(bar) for bar in bars_until(written_meters(song), max(end, 1) / GRID)]
    place_keys(song, bars)
    starts = [bar.start for bar in bars]

    def placed(beat: float) -> tuple[ScoreBar, int] | None:
        step = max(round((beat + shift) * GRID), 0)
        bar = bars[bisect_right(starts, step) - 1]
        return (bar, step - bar.start) if step < bars[-1].end else None

    steps = {round(tempo.beat * GRID): tempo for tempo in sorted(song.tempos, key=beat_of)}
    for tempo, shown in shown_tempos(steps.values()):
        if place := placed(tempo.beat):
            place[0].tempos.append((place[1], tempo.bpm, shown))
    for section in song.sections:
        if place := placed(section.beat):
            place[0].marks.append((place[1], section.label))
    for chord in song.chords:
        if place := placed(chord.start_beats):
            others = [symbol for symbol in place[0].symbols if symbol[0] != place[1]]
            place[0].symbols = [*others, (place[1], chord.symbol)]
    return bars


def score_bar(bar: Bar) -> ScoreBar:
    """Convert a bar to steps; one that is cut short gets the signature of its length."""
    length = round(bar.length * GRID)
    numerator, denominator, new = bar.numerator, bar.denominator, bar.new_meter
    if length * denominator != 4 * GRID * numerator:
        numerator, denominator = signature_of(length)
        new = True
    levels = levels_of(numerator, denominator, length)
    return ScoreBar(
        bar.number, round(bar.start * GRID), length, numerator, denominator, new, levels
    )


def signature_of(length: int) -> tuple[int, int]:
    """Return the signature of a bar with this length, a multiple of FINEST, in the largest unit."""
    whole = 4 * GRID
    unit = max(gcd(length, whole), FINEST)
    unit = next(whole // d for d in WRITTEN_DENOMINATORS if whole // d <= unit and d >= 4)
    return (length // unit, whole // unit) if length % unit == 0 else (length // FINEST, 32)


def written_meters(song: Song) -> list[Meter]:
    """Return the song's signatures that can be written, on places of the grid."""
    fit = [meter for meter in song.meters if meter.denominator in WRITTEN_DENOMINATORS]
    if len(fit) < len(song.meters):
        log.warning(
            "ignored %d time signatures: the denominator is not a power of two up to 32",
            len(song.meters) - len(fit),
        )
    step = FINEST / GRID
    return [msgspec.structs.replace(meter, beat=round(meter.beat / step) * step) for meter in fit]


def place_keys(song: Song, bars: Sequence[ScoreBar]) -> None:
    """Set the key of each bar; a change inside a bar moves to the nearest bar line.

    Without a key, notes are spelled as the intervals between them.
    """
    starts = [bar.start for bar in bars]
    no_key = tonic_of_intervals(pitches_in_order(song))
    for bar in bars:
        bar.tonic = no_key
    pairs = zip(song.keys, spelled_keys(song), strict=True)
    for key, tonality in sorted(pairs, key=lambda pair: pair[0].beat):
        step = round(key.beat * GRID)
        index = bisect_right(starts, step) - 1
        if step - starts[index] > bars[index].length // 2:
            index += 1
        for bar in bars[index:]:
            bar.key, bar.tonic = tonality, tonality.tonic
    for before, bar in zip([None, *bars], bars, strict=False):
        bar.new_key = before is None or before.key != bar.key


def pitches_in_order(song: Song) -> list[int]:
    """Return the pitches of the tracks, one after the other, in the order of their onsets."""
    return [
        note.pitch
        for track in song.tracks
        if not track.is_drum
        for note in sorted(track.notes, key=lambda note: (note.start_beats, note.pitch))
    ]


def beat_of(tempo: Tempo) -> float:
    """Return the beat of a tempo."""
    return tempo.beat


def shown_tempos(tempos: Iterable[Tempo]) -> Iterator[tuple[Tempo, bool]]:
    """Yield each tempo, and whether it differs enough from the last one shown to be printed."""
    shown = None
    for tempo in sorted(tempos, key=beat_of):
        wanted = shown is None or abs(tempo.bpm / shown - 1) > SHOWN_TEMPO_CHANGE
        shown = tempo.bpm if wanted else shown
        yield tempo, wanted
