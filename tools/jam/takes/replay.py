"""Replays the player of a take, and measures how far two takes agree."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

from muse.tools.jam.events import Message
from muse.tools.jam.takes.records import DecisionLine, Header, Take, read_take
from muse.tools.theory.chords import ChordSymbol, parse_chord, sound_of

FIFTH = 5  # the highest degree of a triad


@dataclass(frozen=True)
class Replay:
    """The input that a take contains, for the engine.

    Attributes:
        header: of the take: seed, parameters, meter.
        messages: of the player, in order.
        bpm: at the start.
        first_beat: the beat at `start_s`: the first of the count-in, 0 or negative.
        start_s: when the count-in starts, on the session's clock.
        tempos: (time in s, bpm) of later changes, in order, for BeatClock.set_bpm.
        end_s: when it ends.
        end_beat: on which beat it ends.
    """

    header: Header
    messages: tuple[Message, ...]
    bpm: float
    first_beat: float
    start_s: float
    tempos: tuple[tuple[float, float], ...]
    end_s: float
    end_beat: float


def read_replay(path: str | Path) -> Replay:
    """Read a take as input; raises BadInputError as `read_take`."""
    return make_replay(read_take(path))


def make_replay(take: Take, bpm: float = 120.0) -> Replay:
    """Return the input of a take; `bpm` is for a take without a tempo."""
    first, *later = take.tempos or (None,)
    return Replay(
        header=take.header,
        messages=tuple(
            Message(line.time_s, bytes.fromhex(line.data)) for line in take.player_messages
        ),
        bpm=first.bpm if first else bpm,
        first_beat=first.beat if first else 0.0,
        start_s=first.time_s if first else 0.0,
        tempos=tuple((line.time_s, line.bpm) for line in later if line),
        end_s=take.end.time_s,
        end_beat=take.end.beat,
    )


@dataclass(frozen=True)
class Agreement:
    """How far two takes agree, beat by beat; shares are 0 to 1.

    Attributes:
        beats: number of beats with a decision in both.
        chord: share of them with the same chord.
        triad: with the same root, third and fifth.
        root: with the same root.
        key: in the same key.
        changes: number of chord changes of each.
        late: number of beats of each on which the chord model was late.
    """

    beats: int
    chord: float
    triad: float
    root: float
    key: float
    changes: tuple[int, int]
    late: tuple[int, int]


def compare_takes(one: Take, other: Take) -> Agreement:
    """Compare two takes on the beats that both have."""
    sides = by_beat(one), by_beat(other)
    both = sorted(sides[0].keys() & sides[1].keys())
    pairs = [(sides[0][beat], sides[1][beat]) for beat in both]

    def share(of: Callable[[DecisionLine], object]) -> float:
        return sum(of(a) == of(b) for a, b in pairs) / max(len(pairs), 1)

    decisions = [[side[beat] for beat in both] for side in sides]
    return Agreement(
        beats=len(both),
        chord=share(lambda line: sound_of(parse_chord(line.symbol))),
        triad=share(lambda line: triad_of(parse_chord(line.symbol))),
        root=share(lambda line: parse_chord(line.symbol).root_pc),
        key=share(lambda line: line.key),
        changes=(changes(decisions[0]), changes(decisions[1])),
        late=(sum(line.late for line in decisions[0]), sum(line.late for line in decisions[1])),
    )


def by_beat(take: Take) -> dict[int, DecisionLine]:
    """Return the decision that holds on each whole beat, from the first to the end of the take."""
    by_number: dict[int, DecisionLine] = {}
    ends = [*(line.beat for line in take.decisions[1:]), take.end.beat]
    for line, end in zip(take.decisions, ends, strict=False):
        last = max(ceil(end), floor(line.beat) + 1)
        by_number |= dict.fromkeys(range(ceil(line.beat), last), line)
    return by_number


def changes(lines: Sequence[DecisionLine]) -> int:
    """Return the number of chord changes."""
    return sum(a.symbol != b.symbol for a, b in pairwise(lines))


def triad_of(symbol: ChordSymbol) -> tuple[object, ...]:
    """Return root, third and fifth of a chord (or what replaces the third), to compare triads."""
    tones = (i.semitones for i in symbol.intervals if i.number <= FIFTH)
    return symbol.root_pc, frozenset(tones)


def agreement_lines(found: Agreement, names: tuple[str, str] = ("one", "other")) -> Iterator[str]:
    """Yield the lines of a short table.

    Args:
        found: of two takes.
        names: of the takes, in order.
    """
    yield f"{found.beats} beats with a decision in both"
    for name in ("chord", "triad", "root", "key"):
        yield f"  same {name:<6} {getattr(found, name):6.1%}"
    width = max(map(len, names))
    for name, changed, late in zip(names, found.changes, found.late, strict=True):
        yield f"  {name:<{width}}  {changed} chord changes, chord model late on {late} beats"
