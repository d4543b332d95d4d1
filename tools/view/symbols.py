"""Chord symbols in charts, always in lead-sheet spelling."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord
from muse.tools.song.meter import Bar
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.leadsheet import write_leadsheet

SAME_AS_BEFORE = "%"
SUSTAINED = "."
CLOSE = 1e-6  # beats
LEFT_OVER = 0.25  # beats: a chord that ends within this time after a page begins is omitted there


@dataclass(frozen=True)
class BarChords:
    """The chords of one bar.

    Attributes:
        changes: (beat of the bar from 0, symbol) of each chord that begins in it.
        sustained: symbol of the chord that sounds when the bar begins, if any.
    """

    changes: tuple[tuple[int, str], ...]
    sustained: str | None


def leadsheet_symbol(symbol: str) -> str:
    """Return a symbol in lead-sheet spelling; one that cannot be read stays as it is."""
    try:
        return write_leadsheet(parse_chord(symbol))
    except BadInputError:
        return symbol


def sounding(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[Chord]:
    """Return the chords of some bars in order; those that began earlier start at the first bar."""
    start, end = bars[0].start, bars[-1].end
    return [
        starting_at(chord, max(chord.start_beats, start))
        for chord in sorted(chords, key=lambda chord: chord.start_beats)
        if start <= chord.start_beats < end
        or chord.start_beats < start < chord.start_beats + chord.duration_beats - LEFT_OVER
    ]


def starting_at(chord: Chord, start: float) -> Chord:
    """Return the rest of a chord from a beat on."""
    end = chord.start_beats + chord.duration_beats
    return msgspec.structs.replace(chord, start_beats=start, duration_beats=end - start)


def chords_by_bar(chords: Sequence[Chord], bars: Sequence[Bar]) -> list[BarChords]:
    """Return the chords of each bar, each on the beat nearest to its start."""
    placed: list[list[tuple[int, str]]] = [[] for _ in bars]
    ordered = sorted(chords, key=lambda chord: chord.start_beats)
    index = 0
    for chord in ordered:
        while index + 1 < len(bars) and chord.start_beats >= bars[index].end - CLOSE:
            index += 1
        bar, beat = place_of(chord.start_beats, bars, index)
        if bar < len(bars):
            placed[bar].append((beat, leadsheet_symbol(chord.symbol)))
    return with_sustained_chords(placed, ordered, bars)


def place_of(start: float, bars: Sequence[Bar], index: int) -> tuple[int, int]:
    """Return (bar, beat) nearest to a start in bar `index`; the end of a bar is in the next one."""
    bar = bars[index]
    beat = round((start - bar.start) / bar.length * bar.pulses)
    return (index + 1, 0) if beat >= bar.pulses else (index, max(beat, 0))


def with_sustained_chords(
    placed: Sequence[Sequence[tuple[int, str]]], chords: Sequence[Chord], bars: Sequence[Bar]
) -> list[BarChords]:
    """Return the changes in each bar, with the chord that still sounds when it begins."""
    rows: list[BarChords] = []
    sounding: str | None = None
    last_end = max((c.start_beats + c.duration_beats for c in chords), default=0.0)
    for bar, changes in zip(bars, placed, strict=True):
        sustained = sounding if bar.start < last_end - CLOSE else None
        rows.append(BarChords(tuple(without_repeats(changes, sustained)), sustained))
        sounding = changes[-1][1] if changes else sustained
    return rows


def without_repeats(
    changes: Sequence[tuple[int, str]], sustained: str | None
) -> list[tuple[int, str]]:
    """Return the changes to another chord; a change on the first beat always counts."""
    changed: list[tuple[int, str]] = []
    before = sustained
    for beat, symbol in changes:
        if beat == 0 or symbol != before:
            changed.append((beat, symbol))
        before = symbol
    return changed


def cell_text(chords: BarChords, bar: Bar, before: BarChords | None) -> str:
    """Write a bar of a chart: `Dm9`, `G13 . C7 .`, or `%` for the same as before."""
    changes = list(chords.changes)
    if not changes:
        return SAME_AS_BEFORE if chords.sustained else ""
    if [beat for beat, _ in changes] == [0]:
        symbol = changes[0][1]
        return SAME_AS_BEFORE if before and filled_with(before, symbol) else symbol
    if changes[0][0] > 0 and chords.sustained:
        changes.insert(0, (0, chords.sustained))
    beats = [SUSTAINED] * bar.pulses
    for beat, symbol in changes:
        beats[beat] = symbol if beats[beat] == SUSTAINED else f"{beats[beat]},{symbol}"
    return " ".join(beats)


def filled_with(chords: BarChords, symbol: str) -> bool:
    """Return whether a bar has only this chord."""
    if not chords.changes:
        return chords.sustained == symbol
    return chords.changes == ((0, symbol),)
