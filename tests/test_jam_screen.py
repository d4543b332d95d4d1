"""What a jam shows: lines that stay in their columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.jam.events import Choice, Decision, HeardKey
from muse.tools.jam.screen import BarLines, Screen, place_of, screen_lines
from muse.tools.song.document import Meter
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key

FOUR, SIX = Meter(0.0, 4, 4), Meter(0.0, 6, 8)


def choice(symbol: str, odds: float, beat: float | None = None) -> Choice:
    return Choice(parse_chord(symbol), odds, beat)


def decision(beat: float, symbol: str, who: str = "both", late: bool = False) -> Decision:
    key = HeardKey(parse_key("G"), 0.82)
    return Decision(
        beat,
        parse_chord(symbol),
        0.41,
        True,
        who,  # type: ignore[arg-type]
        late,
        key,
        ear=(choice("Am7", 0.38), choice("C", 0.2)),
        brain=(choice("D7", 0.44), choice("Am7", 0.31)),
        coming=(choice("D7", 0.63, 48.0), choice("Gmaj7", 0.4, 52.0)),
    )


def test_the_screen_in_full() -> None:
    screen = Screen(
        FOUR, 46, 100.0, decision(46, "Am7"), (57, 60, 66), (0.31, 1.12, 2.04), 47, 2, True
    )
    assert screen_lines(screen) == [
        "key    G major (0.82)                  100.0 bpm  4/4",
        "bar    12  . . 3 .                     recording",
        "chord  Am7 0.41                        by both",
        "next   D7 0.63 at 13.1  Gmaj7 0.40 at 14.1",
        "heard  A3 C4 F#4",
        "ear    Am7 0.38  C 0.20",
        "brain  D7 0.44  Am7 0.31",
        "late   p50 0.3 p95 1.1 p99 2.0 ms      late thoughts 2 of 47",
    ]


def test_the_screen_in_the_count_in() -> None:
    assert screen_lines(Screen(SIX, -2, 90.0)) == [
        "key    -                               90.0 bpm  6/8",
        "bar    count-in  . 2 .",
        "chord  -",
        "next   -",
        "heard  -",
        "ear    -",
        "brain  -",
        "late   -                               late thoughts 0 of 0",
    ]


def test_the_ear_alone_is_told() -> None:
    lines = screen_lines(Screen(FOUR, 0, 90.0, decision(0, "C", "ear", late=True)))
    assert lines[2] == "chord  C 0.41                          by ear, brain late"


@given(
    st.integers(-8, 10**6),
    st.lists(st.integers(0, 127), max_size=60),
    st.integers(0, 10),
    st.integers(40, 120),
)
def test_lines_are_always_as_many_and_never_too_long(beat, heard, coming, width) -> None:
    chosen = decision(beat, "F#m7b5")
    many = tuple(choice("C#m7b5", 0.1, float(beat + n)) for n in range(coming))
    screen = Screen(FOUR, beat, 100.0, Decision(**vars(chosen) | {"coming": many}), heard)
    lines = screen_lines(screen, width)
    assert len(lines) == 8
    assert all(len(line) <= width and line.isascii() for line in lines)
    assert not lines[3].endswith(("at", "0."))  # no choice is cut in two


@pytest.mark.parametrize(
    ("beat", "meter", "place"),
    [(0, FOUR, (1, 1)), (7, FOUR, (2, 4)), (-1, FOUR, (0, 4)), (5, SIX, (2, 3))],
)
def test_places_are_counted_from_one(beat: float, meter: Meter, place: tuple[int, int]) -> None:
    assert place_of(beat, meter) == place


def test_a_line_for_each_bar() -> None:
    lines = BarLines(FOUR)
    plays = [
        ("Am7", "both", False, 0),
        ("Am7", "both", False, 2),
        ("D7", "both", False, 0),
        ("D7", "both", False, 0),
        ("Gmaj7", "ear", True, 1),
        ("Gmaj7", "both", False, 12),
    ]
    shown = []
    for beat, (symbol, who, late, notes) in enumerate(plays, 44):
        shown += lines.beat(decision(beat, symbol, who, late), notes, 100.0)
    shown += [*lines.end(), *lines.end()]
    assert shown == [
        "bar  12  Am7 | D7              key G major  (0.82)  100.0 bpm  ear  3 notes  both",
        "bar  13  Gmaj7                 key G major  (0.82)  100.0 bpm  ear 12 notes  "
        "ear, both  1 late",
    ]
    assert len(shown[0]) <= 90
