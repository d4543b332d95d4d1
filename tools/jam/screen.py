"""What is on screen during a jam, as plain data and as lines of text.

Conventions: odds are shown from 0 to 1 with two digits; places as bar.beat, both counted from 1,
beats in quarter notes. Lines are plain ASCII and never longer than the width.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from muse.tools.jam.events import Choice, Decision
from muse.tools.jam.ports.lateness import PERCENTILES
from muse.tools.song.document import Meter
from muse.tools.song.meter import bar_beats, signature_text
from muse.tools.theory.chords import write_leadsheet
from muse.tools.theory.pitch import midi_name

WIDTH = 78  # characters
LABEL = 7  # characters of the first column
COLUMN = 32  # characters up to the second half of a line
CHORD_COLUMN = 20  # characters of a bar's line
NOTHING = "-"
GAP = "  "


@dataclass(frozen=True)
class Screen:
    """All that is shown.

    Attributes:
        meter: of all bars.
        beat: the latest, in quarter notes from the first bar line; negative in the count-in.
        bpm: quarter notes a minute.
        decision: the latest; None in the count-in.
        heard: MIDI pitches of the player that sounded in the last beat, by when they began.
        latency_ms: how late events were so far: 50th, 95th, 99th percentile; None if not known.
        beats: decided so far.
        late_thoughts: beats among them on which the brain was asked and was not ready.
        is_recording: whether a take is made.
    """

    meter: Meter
    beat: int
    bpm: float
    decision: Decision | None = None
    heard: Sequence[int] = ()
    latency_ms: tuple[float, float, float] | None = None
    beats: int = 0
    late_thoughts: int = 0
    is_recording: bool = False


def place_of(beat: float, meter: Meter) -> tuple[int, int]:
    """Bar and beat of it, each from 1; in the count-in bars are 0 and below."""
    bar, rest = divmod(beat, bar_beats(meter))
    return int(bar) + 1, int(rest) + 1


def screen_lines(screen: Screen, width: int = WIDTH) -> list[str]:
    """The screen as aligned lines, always as many."""
    decision = screen.decision
    tonic = decision.key.tonality.tonic if decision else 0
    notes = " ".join(midi_name(pitch, tonic) for pitch in screen.heard) or NOTHING
    rows = (
        ("key", two(key_text(decision), tempo_text(screen))),
        ("bar", two(bar_text(screen), "recording" if screen.is_recording else "")),
        ("chord", two(chord_text(decision), who_text(decision))),
        ("next", odds_text(decision.coming if decision else (), width - LABEL, screen.meter)),
        ("heard", notes),
        ("ear", odds_text(decision.ear if decision else (), width - LABEL)),
        ("brain", odds_text(decision.brain if decision else (), width - LABEL)),
        ("late", two(latency_text(screen.latency_ms), thoughts_text(screen))),
    )
    return [f"{label:<{LABEL}}{text}".rstrip()[:width] for label, text in rows]


def two(left: str, right: str) -> str:
    """Two columns."""
    return f"{left:<{COLUMN}}{right}"


def key_text(decision: Decision | None) -> str:
    """The key and how sure it is."""
    if decision is None:
        return NOTHING
    return f"{decision.key.tonality.name} ({decision.key.confidence:.2f})"


def tempo_text(screen: Screen) -> str:
    """Tempo and metre."""
    return f"{screen.bpm:.1f} bpm  {signature_text(screen.meter)}"


def bar_text(screen: Screen) -> str:
    """The bar, and the beat among its beats: `12  . . 3 .`."""
    bar, now = place_of(screen.beat, screen.meter)
    beats = range(1, round(bar_beats(screen.meter)) + 1)
    dots = " ".join(str(now) if beat == now else "." for beat in beats)
    return f"{bar if bar > 0 else 'count-in'}  {dots}"


def chord_text(decision: Decision | None) -> str:
    """The chord of now."""
    return odd(Choice(decision.symbol, decision.probability)) if decision else NOTHING


def who_text(decision: Decision | None) -> str:
    """Who decided it, and whether the brain was late."""
    if decision is None:
        return ""
    return f"by {decision.who}{', brain late' if decision.late else ''}"


def odds_text(choices: Iterable[Choice], width: int, meter: Meter | None = None) -> str:
    """As many chords with their odds as fit in a line; with a metre, where they are expected."""
    text = ""
    for choice in choices:
        more = f"{text}{GAP if text else ''}{odd(choice, meter)}"
        if len(more) > width:
            break
        text = more
    return text or NOTHING


def odd(choice: Choice, meter: Meter | None = None) -> str:
    """A chord with its odds: `Am7 0.41`, or `Am7 0.41 at 13.1`."""
    text = f"{write_leadsheet(choice.symbol)} {choice.probability:.2f}"
    if meter is None or choice.beat is None:
        return text
    bar, beat = place_of(choice.beat, meter)
    return f"{text} at {bar}.{beat}"


def latency_text(latency_ms: tuple[float, float, float] | None) -> str:
    """How late events were."""
    if latency_ms is None:
        return NOTHING
    figures = zip(PERCENTILES, latency_ms, strict=True)
    return " ".join(f"p{percent:g} {ms:.1f}" for percent, ms in figures) + " ms"


def thoughts_text(screen: Screen) -> str:
    """How often the brain was late."""
    return f"late thoughts {screen.late_thoughts} of {screen.beats}"


class BarLines:
    """One line for each bar, for where there is no terminal."""

    def __init__(self, meter: Meter) -> None:
        """Begin before the first bar."""
        self.meter = meter
        self.bar: int | None = None
        self.decisions: list[Decision] = []
        self.notes = 0
        self.bpm = 0.0

    def beat(self, decision: Decision, notes: int, bpm: float) -> Iterator[str]:
        """Take down a beat; gives the line of the bar before when a new bar begins.

        Args:
            decision: of this beat.
            notes: that the player began since the beat before.
            bpm: quarter notes a minute.
        """
        bar, _beat = place_of(decision.beat, self.meter)
        if bar != self.bar:
            self.notes += notes  # they were played in the bar that is over
            yield from self.end()
            self.bar, notes = bar, 0
        self.decisions.append(decision)
        self.notes += notes
        self.bpm = bpm

    def end(self) -> Iterator[str]:
        """The line of the bar so far, if there is one; the next beat begins anew."""
        if self.bar is not None and self.decisions:
            yield bar_line(self.bar, self.decisions, self.notes, self.bpm)
        self.decisions, self.notes = [], 0


def bar_line(bar: int, decisions: Sequence[Decision], notes: int, bpm: float) -> str:
    """A bar in a line.

    Args:
        bar: counted from 1.
        decisions: of its beats, at least one.
        notes: that the player began in it.
        bpm: quarter notes a minute at its end.
    """
    names = [write_leadsheet(decision.symbol) for decision in decisions]
    begun = [name for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
    key = decisions[-1].key
    key_name = f"key {key.tonality.name:<8} ({key.confidence:.2f})"
    who = ", ".join(dict.fromkeys(decision.who for decision in decisions))
    late = sum(decision.late for decision in decisions)
    columns = (
        f"bar {bar:>3}",
        f"{' | '.join(begun):<{CHORD_COLUMN}}",
        key_name,
        f"{bpm:5.1f} bpm",
        f"ear {notes:>2} note{'s' if notes != 1 else ' '}",
        f"{who}{f'  {late} late' if late else ''}",
    )
    return GAP.join(columns)
