"""A take played again: its player as the input of another brain, and how far two takes agree."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

from muse.tools.jam.events import Message
from muse.tools.jam.takes.records import Decided, Header, Taken, read_take
from muse.tools.theory.chords import ChordSymbol, parse_chord, sound_of

FIFTH = 5  # the highest degree of a triad


@dataclass(frozen=True)
class Replay:
    """What the engine needs to play a take again.

    Attributes:
        header: of the take: seed, options, metre.
        messages: of the player, in order.
        bpm: at the beginning.
        first_beat: that fell at `start_s`: the count-in's first, 0 or negative.
        start_s: when the counting began, on the session's clock.
        tempos: (time in s, bpm) of all later changes, in order, for Conductor.set_bpm.
        end_s: when it ended.
        end_beat: on which beat.
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
    return replay_of(read_take(path))


def replay_of(take: Taken, bpm: float = 120.0) -> Replay:
    """A take as input; `bpm` for one that names no tempo."""
    first, *later = take.tempos or (None,)
    return Replay(
        header=take.header,
        messages=tuple(Message(line.time_s, bytes.fromhex(line.data)) for line in take.heard),
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
        beats: that both have a decision for.
        chord: share of them with the same chord.
        triad: with the same root and the same third and fifth.
        root: with the same root.
        key: in the same key.
        changes: chord changes of each.
        late: beats of each on which the brain was late.
    """

    beats: int
    chord: float
    triad: float
    root: float
    key: float
    changes: tuple[int, int]
    late: tuple[int, int]


def compare(one: Taken, other: Taken) -> Agreement:
    """How far two takes agree on the beats that both have."""
    sides = by_beat(one), by_beat(other)
    both = sorted(sides[0].keys() & sides[1].keys())
    pairs = [(sides[0][beat], sides[1][beat]) for beat in both]

    def share(of: Callable[[Decided], object]) -> float:
        return sum(of(a) == of(b) for a, b in pairs) / max(len(pairs), 1)

    lanes = [[side[beat] for beat in both] for side in sides]
    return Agreement(
        beats=len(both),
        chord=share(lambda line: sound_of(parse_chord(line.symbol))),
        triad=share(lambda line: triad_of(parse_chord(line.symbol))),
        root=share(lambda line: parse_chord(line.symbol).root_pc),
        key=share(lambda line: line.key),
        changes=(changes(lanes[0]), changes(lanes[1])),
        late=(sum(line.late for line in lanes[0]), sum(line.late for line in lanes[1])),
    )


def by_beat(take: Taken) -> dict[int, Decided]:
    """The decision that holds on each whole beat, from the first to the end of the take."""
    held: dict[int, Decided] = {}
    ends = [*(line.beat for line in take.decided[1:]), take.end.beat]
    for line, end in zip(take.decided, ends, strict=False):
        last = max(ceil(end), floor(line.beat) + 1)
        held |= dict.fromkeys(range(ceil(line.beat), last), line)
    return held


def changes(lines: Sequence[Decided]) -> int:
    """How often the chord is another one than on the beat before."""
    return sum(a.symbol != b.symbol for a, b in pairwise(lines))


def triad_of(symbol: ChordSymbol) -> tuple[object, ...]:
    """Root, third and fifth, or what stands for them."""
    tones = (i.semitones for i in symbol.intervals if i.number <= FIFTH)
    return symbol.root_pc, frozenset(tones)


def agreement_lines(found: Agreement, names: tuple[str, str] = ("one", "other")) -> Iterator[str]:
    """A short table.

    Args:
        found: of two takes.
        names: what to call them, by their models for example.
    """
    yield f"{found.beats} beats that both decided"
    for name in ("chord", "triad", "root", "key"):
        yield f"  same {name:<6} {getattr(found, name):6.1%}"
    wide = max(map(len, names))
    for place, name in enumerate(names):
        yield f"  {name:<{wide}}  {found.changes[place]} changes, {found.late[place]} late thoughts"
