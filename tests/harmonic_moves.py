"""Detectors of the harmonic devices that the chord charts are tagged with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from muse.tools.datasets.charts import Chart
from muse.tools.song.meter import bar_beats, pulse_beats
from muse.tools.theory.chords import ChordSymbol, parse_chord
from muse.tools.theory.qualities import quality


@dataclass(frozen=True)
class Step:
    """A chord of a chart as the detectors see it: degrees in semitones above the tonic."""

    root: int
    bass: int
    family: str
    quality: str
    symbol: ChordSymbol
    start: float
    beats: float


def steps_of(chart: Chart) -> list[Step]:
    """Return the chords of a chart relative to the tonic of its first key, repeats merged."""
    tonic, steps = chart.song.keys[0].tonic_pc, list[Step]()
    for chord in chart.song.chords:
        symbol = parse_chord(chord.symbol)
        if symbol.root_pc is None or symbol.bass_pc is None:
            continue
        if steps and steps[-1].symbol == symbol:
            continue
        root, bass = (symbol.root_pc - tonic) % 12, (symbol.bass_pc - tonic) % 12
        family = quality(symbol.quality).family
        start, beats = chord.start_beats, chord.duration_beats
        steps.append(Step(root, bass, family, symbol.quality, symbol, start, beats))
    return steps


def is_minor_key(chart: Chart) -> bool:
    return chart.song.keys[0].mode == "minor"


def is_dominant(step: Step) -> bool:
    return step.family == "dominant"


def is_dominant_or_sus(step: Step) -> bool:
    return is_dominant(step) or step.quality in {"7sus4", "9sus4", "13sus4", "7sus4b9"}


def rises(first: Step, second: Step) -> int:
    """Return the semitones from root to root, upwards."""
    return (second.root - first.root) % 12


def bass_moves(steps: Sequence[Step]) -> list[int]:
    """Return the semitones from bass to bass, -6 to 5."""
    return [(b.bass - a.bass + 6) % 12 - 6 for a, b in pairwise(steps)]


def longest(flags: Sequence[bool]) -> int:
    """Return the length of the longest run of true values."""
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


def any_pair(steps: Sequence[Step], test: Callable[[Step, Step], bool]) -> bool:
    return any(test(a, b) for a, b in pairwise(steps))


def tritone_sub(chart: Chart, steps: list[Step]) -> bool:
    return any_pair(steps, lambda a, b: is_dominant(a) and rises(a, b) == 11)


def backdoor(chart: Chart, steps: list[Step]) -> bool:
    return any_pair(steps, lambda a, b: is_dominant_or_sus(a) and a.root == 10 and b.root == 0)


def secondary_dominant(chart: Chart, steps: list[Step]) -> bool:
    return any_pair(
        steps,
        lambda a, b: is_dominant(a) and rises(a, b) == 5 and b.root != 0 and not is_dominant(b),
    )


def deceptive(chart: Chart, steps: list[Step]) -> bool:
    return any_pair(
        steps,
        lambda a, b: (
            a.root == 7
            and is_dominant_or_sus(a)
            and b.root in {3, 4, 5, 8, 9}
            and not is_dominant(b)
        ),
    )


def minor_plagal(chart: Chart, steps: list[Step]) -> bool:
    return not is_minor_key(chart) and any_pair(
        steps, lambda a, b: a.family == "minor" and a.root == 5 and b.root == 0
    )


def chromatic_mediant(chart: Chart, steps: list[Step]) -> bool:
    return any_pair(
        steps,
        lambda a, b: (
            rises(a, b) in {3, 4, 8, 9} and a.family == b.family and a.family in {"major", "minor"}
        ),
    )


def coltrane(chart: Chart, steps: list[Step]) -> bool:
    goals = [
        b.root
        for a, b in pairwise(steps)
        if is_dominant_or_sus(a) and b.family == "major" and rises(a, b) == 5
    ]
    return any((b - a) % 12 in {4, 8} for a, b in pairwise(goals))


def passing_dim(chart: Chart, steps: list[Step]) -> bool:
    moves = bass_moves(steps)
    return any(
        step.quality in {"dim", "dim7"} and 1 in {abs(moves[i]), abs(moves[i + 1])}
        for i, step in enumerate(steps[1:-1])
    )


def pedal(chart: Chart, steps: list[Step]) -> bool:
    return longest([a.bass == b.bass and a.root != b.root for a, b in pairwise(steps)]) >= 2


def line_cliche(chart: Chart, steps: list[Step]) -> bool:
    return longest([a.root == b.root and a.quality != b.quality for a, b in pairwise(steps)]) >= 2


def walk_up(chart: Chart, steps: list[Step]) -> bool:
    return longest([move in {1, 2} for move in bass_moves(steps)]) >= 3


def walk_down(chart: Chart, steps: list[Step]) -> bool:
    return longest([move in {-1, -2} for move in bass_moves(steps)]) >= 3


def chromatic_bass(chart: Chart, steps: list[Step]) -> bool:
    moves = bass_moves(steps)
    return max(longest([m == 1 for m in moves]), longest([m == -1 for m in moves])) >= 3


def dorian(chart: Chart, steps: list[Step]) -> bool:
    return is_minor_key(chart) and any(
        step.root == 5 and step.family in {"major", "dominant"} for step in steps
    )


def lydian(chart: Chart, steps: list[Step]) -> bool:
    return any("#11" in s.quality and "maj" in s.quality for s in steps) or (
        not is_minor_key(chart) and any(s.root == 2 and s.family == "major" for s in steps)
    )


def mixolydian(chart: Chart, steps: list[Step]) -> bool:
    flat = {(10, "major"), (7, "minor"), (0, "dominant"), (0, "suspended")}
    return not is_minor_key(chart) and any_pair(
        steps,
        lambda a, b: (
            0 in {a.root, b.root} and not flat.isdisjoint({(a.root, a.family), (b.root, b.family)})
        ),
    )


def phrygian(chart: Chart, steps: list[Step]) -> bool:
    return any(s.root == 1 and s.family == "major" for s in steps)


def circle(chart: Chart, steps: list[Step]) -> bool:
    return longest([rises(a, b) == 5 for a, b in pairwise(steps)]) >= 4


def turnaround(chart: Chart, steps: list[Step]) -> bool:
    end = chart.song.end_beats()
    bars = 2 * bar_beats(chart.song.meters[-1])
    tail = [s for s in steps if s.start + s.beats > end - bars]
    return len(tail) >= 3 and is_dominant_or_sus(tail[-1])


def is_two_five(a: Step, b: Step) -> bool:
    return a.family in {"minor", "diminished"} and is_dominant_or_sus(b) and rises(a, b) == 5


def ii_v_chain(chart: Chart, steps: list[Step]) -> bool:
    places = [i for i, (a, b) in enumerate(pairwise(steps)) if is_two_five(a, b)]
    return any(b - a == 2 for a, b in pairwise(places))


def quick(chart: Chart, steps: list[Step]) -> bool:
    beat = pulse_beats(chart.song.meters[0])
    return longest([s.beats <= beat for s in steps]) >= 3


def push(chart: Chart, steps: list[Step]) -> bool:
    unit = 4 / chart.song.meters[0].denominator
    return any(s.start % unit for s in steps)


def altered(chart: Chart, steps: list[Step]) -> bool:
    return any(
        is_dominant(s) and any(i.alteration and i.number not in {7, 11} for i in s.symbol.intervals)
        for s in steps
    )


def borrowed(chart: Chart, steps: list[Step]) -> bool:
    return not is_minor_key(chart) and any(
        (s.family == "major" and s.root in {3, 8, 10}) or (s.family == "minor" and s.root in {0, 5})
        for s in steps
    )


def picardy(chart: Chart, steps: list[Step]) -> bool:
    return is_minor_key(chart) and steps[-1].root == 0 and steps[-1].family == "major"


def planing(chart: Chart, steps: list[Step]) -> bool:
    same = [a.quality == b.quality and a.root != b.root for a, b in pairwise(steps)]
    return longest(same) >= 2


def blues(chart: Chart, steps: list[Step]) -> bool:
    roots = {s.root for s in steps if is_dominant(s)}
    return {0, 5} <= roots


def modulation(chart: Chart, steps: list[Step]) -> bool:
    return len(chart.song.keys) > 1


def has_family(*families: str) -> Callable[[Chart, list[Step]], bool]:
    return lambda chart, steps: any(step.family in families for step in steps)


def has_quality(*names: str) -> Callable[[Chart, list[Step]], bool]:
    return lambda chart, steps: any(step.quality in names for step in steps)


DETECTORS: dict[str, Callable[[Chart, list[Step]], bool]] = {
    "tritone-sub": tritone_sub,
    "backdoor": backdoor,
    "secondary-dominant": secondary_dominant,
    "deceptive": deceptive,
    "minor-plagal": minor_plagal,
    "chromatic-mediant": chromatic_mediant,
    "coltrane": coltrane,
    "passing-dim": passing_dim,
    "pedal": pedal,
    "line-cliche": line_cliche,
    "walk-up": walk_up,
    "walk-down": walk_down,
    "chromatic-bass": chromatic_bass,
    "dorian": dorian,
    "lydian": lydian,
    "mixolydian": mixolydian,
    "phrygian": phrygian,
    "circle": circle,
    "turnaround": turnaround,
    "ii-v-chain": ii_v_chain,
    "quick": quick,
    "push": push,
    "altered": altered,
    "borrowed": borrowed,
    "picardy": picardy,
    "planing": planing,
    "blues": blues,
    "modulation": modulation,
    "sus": has_family("suspended"),
    "augmented": has_family("augmented"),
    "half-diminished": has_quality("hdim7"),
    "minor-major": has_quality("minmaj7", "minmaj9"),
    "slash": lambda chart, steps: any(step.bass != step.root for step in steps),
}


def moves_of(steps: Sequence[Step]) -> set[tuple[str, int, str]]:
    """Return each chord change as (quality, root motion, quality), independent of the root."""
    return {(a.quality, rises(a, b), b.quality) for a, b in pairwise(steps)}


def likeness(one: set[tuple[str, int, str]], other: set[tuple[str, int, str]]) -> float:
    """Return the Jaccard index of two sets."""
    return len(one & other) / len(one | other)
