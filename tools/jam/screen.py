"""What a jam shows: its state as plain data, and as lines of text.

Conventions: probabilities have two digits; times are shown as bar.beat, both counted from 1, beats
as a player counts them (grid.py). Lines are plain ASCII and never longer than the width.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from muse.tools.jam.events import ChordCandidate, Decision
from muse.tools.jam.grid import StepGrid
from muse.tools.jam.ports.lateness import PERCENTILES
from muse.tools.song.meter import signature_text
from muse.tools.theory.chords import write_leadsheet
from muse.tools.theory.pitch import midi_name

WIDTH = 78  # characters
LABEL = 17  # characters of the first column
COLUMN = 30  # characters of the second column where there is a third
CHORD_COLUMN = 20  # characters of the chords in the line of a bar
NOTHING = "-"
GAP = "  "


@dataclass(frozen=True)
class ScreenState:
    """All that the screen shows.

    Attributes:
        grid: the bars.
        beat: the current one, in quarter notes from the first bar line; negative in the count-in.
        bpm: quarter notes per minute.
        decision: the latest; None in the count-in.
        pitches: MIDI pitches of the player that sounded in the last beat, by onset.
        latency_ms: 50th, 95th and 99th percentile of how late messages were sent; None before any.
        beats: number of decided beats.
        late_forecasts: number of beats on which the chord model was not ready.
        is_recording: whether a take is recorded.
    """

    grid: StepGrid
    beat: float
    bpm: float
    decision: Decision | None = None
    pitches: Sequence[int] = ()
    latency_ms: tuple[float, float, float] | None = None
    beats: int = 0
    late_forecasts: int = 0
    is_recording: bool = False


def bar_and_beat(beat: float, grid: StepGrid) -> tuple[int, int]:
    """Return a beat's bar and its step in it, from 1; count-in bars are 0 and below."""
    step = grid.step_of(beat)
    return step.bar + 1, step.place + 1


def screen_lines(screen: ScreenState, width: int = WIDTH) -> list[str]:
    """Return the screen as eight aligned lines."""
    decision = screen.decision
    tonic = decision.key.tonality.tonic if decision else 0
    notes = " ".join(midi_name(pitch, tonic) for pitch in screen.pitches) or NOTHING
    room = width - LABEL
    rows = (
        ("key", two_columns(key_text(decision), tempo_text(screen))),
        ("bar", two_columns(bar_text(screen), "recording" if screen.is_recording else "")),
        ("chord", two_columns(chord_text(decision), decided_by_text(decision))),
        ("next chords", candidates_text(decision.upcoming if decision else (), room, screen.grid)),
        ("your notes", notes),
        ("melody listener", candidates_text(decision.melody_candidates if decision else (), room)),
        ("chord model", candidates_text(decision.model_candidates if decision else (), room)),
        ("output latency", two_columns(latency_text(screen.latency_ms), late_text(screen))),
    )
    return [f"{label:<{LABEL}}{text}".rstrip()[:width] for label, text in rows]


def two_columns(left: str, right: str) -> str:
    """Return two texts side by side, the first padded to COLUMN."""
    return f"{left:<{COLUMN}}{right}"


def key_text(decision: Decision | None) -> str:
    """Return the key and its probability."""
    if decision is None:
        return NOTHING
    return f"{decision.key.tonality.name} ({decision.key.confidence:.2f})"


def tempo_text(screen: ScreenState) -> str:
    """Return tempo and meter."""
    return f"{screen.bpm:.1f} bpm  {signature_text(screen.grid.meter_of(screen.beat))}"


def bar_text(screen: ScreenState) -> str:
    """Return the bar, and the step among its steps: `12  . . 3 .`."""
    bar, now = bar_and_beat(screen.beat, screen.grid)
    beats = range(1, len(screen.grid.step_of(screen.beat).bar_steps) + 1)
    dots = " ".join(str(now) if beat == now else "." for beat in beats)
    return f"{bar if bar > 0 else 'count-in'}  {dots}"


def chord_text(decision: Decision | None) -> str:
    """Return the current chord and its probability."""
    if decision is None:
        return NOTHING
    return candidate_text(ChordCandidate(decision.symbol, decision.probability))


def decided_by_text(decision: Decision | None) -> str:
    """Return who decided the chord, and whether the chord model was late."""
    if decision is None:
        return ""
    return f"by {decision.decided_by}{'; model late' if decision.late else ''}"


def candidates_text(
    candidates: Iterable[ChordCandidate], width: int, grid: StepGrid | None = None
) -> str:
    """Return as many chords with probabilities as fit; with a grid, also when they come."""
    text = ""
    for candidate in candidates:
        longer = f"{text}{GAP if text else ''}{candidate_text(candidate, grid)}"
        if len(longer) > width:
            break
        text = longer
    return text or NOTHING


def candidate_text(candidate: ChordCandidate, grid: StepGrid | None = None) -> str:
    """Return a chord with its probability: `Am7 0.41`, or with a grid `Am7 0.41 at 13.1`."""
    text = f"{write_leadsheet(candidate.symbol)} {candidate.probability:.2f}"
    if grid is None or candidate.beat is None:
        return text
    bar, beat = bar_and_beat(candidate.beat, grid)
    return f"{text} at {bar}.{beat}"


def latency_text(latency_ms: tuple[float, float, float] | None) -> str:
    """Return the percentiles of the output's latency."""
    if latency_ms is None:
        return NOTHING
    percentiles = zip(PERCENTILES, latency_ms, strict=True)
    return " ".join(f"p{percent:g} {ms:.1f}" for percent, ms in percentiles) + " ms"


def late_text(screen: ScreenState) -> str:
    """Return on how many beats the chord model was late."""
    return f"chord model late {screen.late_forecasts} of {screen.beats}"


class BarLines:
    """A line of text for each bar, for output that is not a terminal."""

    def __init__(self, grid: StepGrid) -> None:
        """Start before the first bar."""
        self.grid = grid
        self.bar: int | None = None
        self.decisions: list[Decision] = []
        self.notes = 0
        self.bpm = 0.0

    def add_beat(self, decision: Decision, notes: int, bpm: float) -> Iterator[str]:
        """Add a beat; where it begins a bar, yield the line of the bar before.

        Args:
            decision: of this beat.
            notes: number of the player's note-ons since the beat before.
            bpm: quarter notes per minute.
        """
        bar, _beat = bar_and_beat(decision.beat, self.grid)
        if bar != self.bar:
            self.notes += notes  # played in the bar that is over
            yield from self.end_bar()
            self.bar, notes = bar, 0
        self.decisions.append(decision)
        self.notes += notes
        self.bpm = bpm

    def end_bar(self) -> Iterator[str]:
        """Yield the line of the bar so far, if there is one, and start another."""
        if self.bar is not None and self.decisions:
            yield bar_line(self.bar, self.decisions, self.notes, self.bpm)
        self.decisions, self.notes = [], 0


def bar_line(bar: int, decisions: Sequence[Decision], notes: int, bpm: float) -> str:
    """Return a bar as one line.

    Args:
        bar: counted from 1.
        decisions: of its beats, at least one.
        notes: number of the player's note-ons in it.
        bpm: quarter notes per minute at its end.
    """
    names = [write_leadsheet(decision.symbol) for decision in decisions]
    changes = [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
    key = decisions[-1].key
    decided_by = ", ".join(dict.fromkeys(decision.decided_by for decision in decisions))
    late = sum(decision.late for decision in decisions)
    columns = (
        f"bar {bar:>3}",
        f"{' | '.join(changes):<{CHORD_COLUMN}}",
        f"key {key.tonality.name:<8} ({key.confidence:.2f})",
        f"{bpm:5.1f} bpm",
        f"{notes:>2} note{'s' if notes != 1 else ' '}",
        f"by {decided_by}{f'; chord model {late}x late' if late else ''}",
    )
    return GAP.join(columns)
