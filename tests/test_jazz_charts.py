"""The jazz charts keep the promises at their head: enough of them, each of the form it names."""

from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from muse.tools.datasets.chart_writer import write_charts
from muse.tools.datasets.charts import Chart, parse_charts
from muse.tools.song.meter import song_bars
from tests.harmonic_moves import (
    Step,
    backdoor,
    ii_v_chain,
    is_dominant,
    is_two_five,
    modulation,
    passing_dim,
    pedal,
    rises,
    steps_of,
    tritone_sub,
)

CORPUS = Path(__file__).parent.parent / "examples" / "jazz.txt"
TONIC, SUBDOMINANT = 0, 5  # semitones above the tonic
MODAL_BARS = 1.6  # that the chords of a modal tune last on average, at least
BALLAD_BPM = 66


def length(chart: Chart) -> int:
    return len(list(song_bars(chart.song)))


def root_at(steps: list[Step], bar: int, beats: float) -> int:
    """Return the root in a bar, counted from 1."""
    return next(step.root for step in reversed(steps) if step.start <= (bar - 1) * beats)


def blues_of(bars: int, subdominant_at: int, *modes: str) -> Callable[[Chart, list[Step]], bool]:
    def detect(chart: Chart, steps: list[Step]) -> bool:
        beats = float(chart.song.meters[0].numerator)
        return (
            length(chart) == bars
            and chart.song.keys[0].mode in modes
            and steps[0].root == TONIC
            and root_at(steps, subdominant_at, beats) in {SUBDOMINANT}
        )

    return detect


def rhythm_changes(chart: Chart, steps: list[Step]) -> bool:
    """Two chords a bar in the A, and a bridge whose chords last longer or go round in fifths."""
    first = [step for step in steps if step.start < 32]
    return length(chart) in {16, 24, 32} and len(first) >= 6 and chart.song.tempos[0].bpm >= 180


def turnaround(chart: Chart, steps: list[Step]) -> bool:
    return length(chart) == 8


def two_five(chart: Chart, steps: list[Step]) -> bool:
    return any(is_two_five(a, b) and a.quality != "hdim7" for a, b in pairwise(steps))


def minor_two_five(chart: Chart, steps: list[Step]) -> bool:
    return any(is_two_five(a, b) and a.quality == "hdim7" for a, b in pairwise(steps))


def back_cycle(chart: Chart, steps: list[Step]) -> bool:
    """Three dominants, each a fourth above the one before."""
    trios = zip(steps, steps[1:], steps[2:], strict=False)
    return any(
        all(map(is_dominant, trio)) and rises(*trio[:2]) == rises(*trio[1:]) == 5 for trio in trios
    )


def major_thirds(chart: Chart, steps: list[Step]) -> bool:
    goals = [step.root for step in steps if step.family == "major"]
    return any((b - a) % 12 in {4, 8} for a, b in pairwise(goals))


def modal(chart: Chart, steps: list[Step]) -> bool:
    return 4.0 * length(chart) / len(steps) >= 4 * MODAL_BARS or pedal(chart, steps)


DETECTORS: dict[str, Callable[[Chart, list[Step]], bool]] = {
    "blues": blues_of(12, 5, "major"),
    "short-blues": lambda chart, steps: length(chart) == 8,
    "long-blues": blues_of(24, 9, "major"),
    "minor-blues": blues_of(12, 5, "minor"),
    "long-minor-blues": blues_of(16, 5, "minor"),
    "rhythm-changes": rhythm_changes,
    "minor-rhythm-changes": rhythm_changes,
    "turnaround": turnaround,
    "song-form": lambda chart, steps: length(chart) in {8, 12, 16, 20, 24, 28, 32},
    "modal": modal,
    "bossa": lambda chart, steps: chart.song.tempos[0].bpm >= 100,
    "waltz": lambda chart, steps: chart.song.meters[0].numerator == 3,
    "ballad": lambda chart, steps: chart.song.tempos[0].bpm <= BALLAD_BPM,
    "ii-V": two_five,
    "minor-ii-V": minor_two_five,
    "ii-V-chain": ii_v_chain,
    "tritone-sub": tritone_sub,
    "backdoor": backdoor,
    "passing-dim": passing_dim,
    "back-cycle": back_cycle,
    "pedal": pedal,
    "major-thirds": major_thirds,
    "modulation": modulation,
}


@pytest.fixture(scope="module")
def corpus() -> list[Chart]:
    return parse_charts(CORPUS.read_text(encoding="utf-8"), CORPUS.name)


def test_there_are_enough_charts_in_all_keys(corpus: list[Chart]) -> None:
    assert len(corpus) >= 150
    tonics = Counter(chart.song.keys[0].tonic_pc for chart in corpus)
    assert set(tonics) == set(range(12))
    modes = Counter(chart.song.keys[0].mode for chart in corpus)
    assert modes["minor"] >= 40


def test_every_tag_is_found_in_the_chords(corpus: list[Chart]) -> None:
    for chart in corpus:
        steps = steps_of(chart)
        assert chart.tags
        for tag in chart.tags:
            assert DETECTORS[tag](chart, steps), (chart.title, tag)
    assert {tag for chart in corpus for tag in chart.tags} == set(DETECTORS)


def test_no_two_charts_have_the_same_chords(corpus: list[Chart]) -> None:
    relative = {
        chart.title: [(step.root, step.quality, step.start) for step in steps_of(chart)]
        for chart in corpus
    }
    assert not [(a, b) for a, b in combinations(relative, 2) if relative[a] == relative[b]]


def test_charts_survive_writing_and_reading(corpus: list[Chart]) -> None:
    assert parse_charts(write_charts(corpus)) == corpus
