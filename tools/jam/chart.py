"""Chords of a chart, decided step by step as the harmony models decide theirs.

The chart is repeated until the player stops. A chord holds from the step that it fills most of, so
that one pushed by an eighth begins on the beat. After the end the band plays the chord on which the
next chorus would begin.
"""

import logging
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from muse.tools.datasets.chord_events import STYLES, Style
from muse.tools.datasets.chord_songs import with_chords_and_keys
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.jam.events import ChordCandidate, ChordForecast, Decision, DetectedKey, ForecastTask
from muse.tools.jam.grid import StepMeter
from muse.tools.jam.solo import Solo
from muse.tools.song.document import Meter, Section, Song, Tempo
from muse.tools.song.meter import bars_until, meter_changes
from muse.tools.theory.annotate import symbol_or_unknown
from muse.tools.theory.chords import NONE, ChordSymbol
from muse.tools.theory.keys import C_MAJOR, Tonality, tonality

log = logging.getLogger("muse")

MAX_CHORUSES = 200  # of a chart that changes its meter


@dataclass(frozen=True)
class Chart:
    """The chords of a song, by beat in quarter notes.

    Attributes:
        name: of the file.
        chords: (start, end, chord), in order, without gaps.
        keys: (start, key, confidence), in order; at least one.
        meters, sections: as in a Song.
        tempo: the first of the file; None without one.
        length: up to the end of the last bar.
    """

    name: str
    chords: tuple[tuple[float, float, ChordSymbol], ...]
    keys: tuple[tuple[float, Tonality, float], ...]
    meters: tuple[Meter, ...]
    sections: tuple[Section, ...]
    tempo: Tempo | None
    length: float

    def chord_between(self, start: float, end: float) -> ChordSymbol:
        """Return the chord that fills most of a stretch; no chord where none does."""
        shares: dict[ChordSymbol, float] = {}
        for chorus in {start // self.length, end // self.length}:
            shift = chorus * self.length
            for begin, stop, symbol in self.chords:
                overlap = min(stop + shift, end) - max(begin + shift, start)
                if overlap > 0:
                    shares[symbol] = shares.get(symbol, 0.0) + overlap
        return max(shares, key=lambda symbol: shares[symbol], default=NONE)

    def changes_after(self, beat: float) -> Iterator[tuple[float, ChordSymbol]]:
        """Yield the chords that begin after a beat, endlessly, each with its beat."""
        shift = beat // self.length * self.length
        while True:
            for begin, _end, symbol in self.chords:
                if begin + shift > beat:
                    yield begin + shift, symbol
            shift += self.length

    def key_at(self, beat: float) -> DetectedKey:
        """Return the key on a beat."""
        place = bisect_right([start for start, *_ in self.keys], beat % self.length) - 1
        _start, key, confidence = self.keys[max(place, 0)]
        return DetectedKey(key, confidence)

    def repeated_meters(self) -> tuple[Meter, ...]:
        """Return the time signatures of all choruses; of the first where there is only one."""
        if len(self.meters) == 1:
            return self.meters
        return tuple(
            Meter(meter.beat + chorus * self.length, meter.numerator, meter.denominator)
            for chorus in range(MAX_CHORUSES)
            for meter in self.meters
        )


def read_chart(path: str) -> Chart:
    """Read the chords of a chart, a lead sheet, a MIDI file or a Song document.

    Raises:
        BadInputError: the file cannot be read, or has no chords.
    """
    name, song = next(iter(read_songs(path)))
    if not song.chords:
        log.info("%s: no chord symbols; using chords detected from its tracks", path)
    song = with_chords_and_keys(song)
    spans = [
        (
            chord.start_beats,
            chord.start_beats + chord.duration_beats,
            symbol_or_unknown(chord.symbol),
        )
        for chord in song.chords
    ]
    if not any(symbol.is_chord for *_, symbol in spans):
        raise BadInputError(f"{path}: no chords; give a chart, a lead sheet or a song with chords")
    return chart_of(name, song, spans)


def chart_of(name: str, song: Song, spans: Sequence[tuple[float, float, ChordSymbol]]) -> Chart:
    """Return the chart of a song whose chords are read."""
    length = bars_until(song.meters, max(end for _start, end, _symbol in spans))[-1].end
    keys = tuple(
        (key.beat, tonality(key.tonic_pc, key.mode), key.confidence or 1.0) for key in song.keys
    )
    return Chart(
        name,
        tuple(spans),
        keys or ((0.0, C_MAJOR, 0.0),),
        tuple(meter for meter in meter_changes(song.meters) if meter.beat < length),
        tuple(song.sections),
        song.tempos[0] if song.tempos else None,
        length,
    )


class ChartDecider:
    """Decides the chords of a chart, with the interface of `harmony.chord_decider.ChordDecider`."""

    def __init__(self, meter: StepMeter, chart: Chart, key: Tonality | None, ahead: int) -> None:
        """Set up the chart.

        Args:
            meter: the bars of the session.
            chart: the chords.
            key: overrides the keys of the chart.
            ahead: number of upcoming chords to show.
        """
        self.meter: Meter = meter
        self.style: Style = STYLES[0]
        self.waits_for_player = False
        self.grid = meter.grid
        self.chart, self.key, self.ahead = chart, key, ahead
        self.symbol: ChordSymbol | None = None

    def forecast_task(self, beat: float) -> ForecastTask:
        """Return a task without work: the chords are known."""
        return lambda: ChordForecast(beat, None, ())

    def decide(self, beat: float, _solo: Solo, _forecast: ChordForecast | None) -> Decision:
        """Return the chord of a step; all beats of the decision are steps."""
        step = self.grid.step(round(beat))
        symbol = self.chart.chord_between(step.beat, step.end)
        changes = symbol != self.symbol
        self.symbol = symbol
        key = self.chart.key_at(step.beat)
        if self.key is not None:
            key = replace(key, tonality=self.key, confidence=1.0)
        return Decision(
            beat=float(beat),
            symbol=symbol,
            probability=1.0,
            changes=changes,
            decided_by="chart",
            late=False,
            key=key,
            upcoming=tuple(self.upcoming(step.number, symbol)),
        )

    def upcoming(self, number: int, current: ChordSymbol) -> Iterator[ChordCandidate]:
        """Yield the next chords that differ from the one before, by step."""
        found, before = 0, current
        for beat, symbol in self.chart.changes_after(self.grid.step(number).beat):
            place = round(self.grid.position_at(beat))
            if found >= self.ahead or beat > self.grid.step(number).beat + 2 * self.chart.length:
                return
            if place > number and symbol != before:
                found, before = found + 1, symbol
                yield ChordCandidate(symbol, 1.0, float(place))
