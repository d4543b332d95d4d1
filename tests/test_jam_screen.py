"""Text of the screen and of the bars of a jam."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.jam.events import ChordCandidate, Decision, DetectedKey
from muse.tools.jam.grid import StepGrid, group_meters
from muse.tools.jam.screen import BarLines, ScreenState, bar_and_beat, screen_lines
from muse.tools.song.document import Meter
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key

FOUR, SIX = (StepGrid(group_meters([Meter(0.0, *each)])) for each in ((4, 4), (6, 8)))


def candidate(symbol: str, probability: float, beat: float | None = None) -> ChordCandidate:
    return ChordCandidate(parse_chord(symbol), probability, beat)


def decision(beat: float, symbol: str, decided_by: str = "both", late: bool = False) -> Decision:
    key = DetectedKey(parse_key("G"), 0.82)
    return Decision(
        beat,
        parse_chord(symbol),
        0.41,
        True,
        decided_by,  # type: ignore[arg-type]
        late,
        key,
        melody_candidates=(candidate("Am7", 0.38), candidate("C", 0.2)),
        model_candidates=(candidate("D7", 0.44), candidate("Am7", 0.31)),
        upcoming=(candidate("D7", 0.63, 48.0), candidate("Gmaj7", 0.4, 52.0)),
    )


def test_full_screen() -> None:
    screen = ScreenState(
        FOUR, 46, 100.0, decision(46, "Am7"), (57, 60, 66), (0.31, 1.12, 2.04), 47, 2, True
    )
    assert screen_lines(screen) == [
        "key              G major (0.82)                100.0 bpm  4/4",
        "bar              12  . . 3 .                   recording",
        "chord            Am7 0.41                      by both",
        "next chords      D7 0.63 at 13.1  Gmaj7 0.40 at 14.1",
        "your notes       A3 C4 F#4",
        "melody listener  Am7 0.38  C 0.20",
        "chord model      D7 0.44  Am7 0.31",
        "output latency   p50 0.3 p95 1.1 p99 2.0 ms    chord model late 2 of 47",
    ]


def test_screen_in_the_count_in() -> None:
    assert screen_lines(ScreenState(SIX, -2, 90.0)) == [
        "key              -                             90.0 bpm  6/8",
        "bar              count-in  1 .",
        "chord            -",
        "next chords      -",
        "your notes       -",
        "melody listener  -",
        "chord model      -",
        "output latency   -                             chord model late 0 of 0",
    ]


def test_screen_shows_a_decision_without_the_chord_model() -> None:
    lines = screen_lines(ScreenState(FOUR, 0, 90.0, decision(0, "C", "melody listener", late=True)))
    assert (
        lines[2] == "chord            C 0.41                        by melody listener; model late"
    )


@given(
    st.integers(-8, 10**6),
    st.lists(st.integers(0, 127), max_size=60),
    st.integers(0, 10),
    st.integers(40, 120),
)
def test_screen_has_eight_lines_of_limited_width(beat, pitches, upcoming, width) -> None:
    chosen = decision(beat, "F#m7b5")
    many = tuple(candidate("C#m7b5", 0.1, float(beat + n)) for n in range(upcoming))
    screen = ScreenState(FOUR, beat, 100.0, Decision(**vars(chosen) | {"upcoming": many}), pitches)
    lines = screen_lines(screen, width)
    assert len(lines) == 8
    assert all(len(line) <= width and line.isascii() for line in lines)
    assert not lines[3].endswith(("at", "0."))  # no candidate is cut off


@pytest.mark.parametrize(
    ("beat", "meter", "bar_beat"),
    [(0, FOUR, (1, 1)), (7, FOUR, (2, 4)), (-1, FOUR, (0, 4)), (5, SIX, (2, 2))],
)
def test_bars_and_beats_count_from_one(
    beat: float, meter: StepGrid, bar_beat: tuple[int, int]
) -> None:
    assert bar_and_beat(beat, meter) == bar_beat


def test_bar_lines() -> None:
    lines = BarLines(FOUR)
    plays = [
        ("Am7", "both", False, 0),
        ("Am7", "both", False, 2),
        ("D7", "both", False, 0),
        ("D7", "both", False, 0),
        ("Gmaj7", "melody listener", True, 1),
        ("Gmaj7", "both", False, 12),
    ]
    shown = []
    for beat, (symbol, decided_by, late, notes) in enumerate(plays, 44):
        shown += lines.add_beat(decision(beat, symbol, decided_by, late), notes, 100.0)
    shown += [*lines.end_bar(), *lines.end_bar()]
    assert shown == [
        "bar  12  Am7 | D7              key G major  (0.82)  100.0 bpm   3 notes  by both",
        "bar  13  Gmaj7                 key G major  (0.82)  100.0 bpm  12 notes  "
        "by melody listener, both; chord model 1x late",
    ]
    assert len(shown[0]) <= 90
