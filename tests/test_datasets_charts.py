"""Tests of chord charts: reading, error messages, and writing."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.chart_writer import write_charts
from muse.tools.datasets.charts import (
    HOLD,
    Chart,
    looks_like_charts,
    parse_charts,
    read_charts,
    sign_counts,
)
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Key, Meter, Section, Tempo
from muse.tools.song.meter import bar_beats
from muse.tools.theory.qualities import quality


def chart_of(body: str) -> Chart:
    return parse_charts(f"title: A\n{body}\n", "x.txt")[0]


def spans(chart: Chart) -> list[tuple[float, float, str]]:
    return [(c.start_beats, c.duration_beats, c.symbol) for c in chart.song.chords]


EXAMPLE = """
# a comment
title: Porch Light   # Another one
idea: a line; for the reader
key: F# minor; tempo: 78; meter: 4/4; swing: 58; behind: 15
tags: backdoor, passing-dim
verse  | F#m9 | F#7#9 . G#m7b5/B . | % |
       | Dmaj9 . . . . . . C#7alt | . . . . E:min7/b3 . . . |
key: E major; meter: 12/8; tempo: 60
bridge | N.C. | E6/9 . A/E B7 |
"""


def test_all_fields_of_a_chart_are_read() -> None:
    (chart,) = parse_charts(EXAMPLE)
    assert (chart.id, chart.title, chart.idea) == (
        "porch-light",
        "Porch Light",
        "a line; for the reader",
    )
    assert (chart.swing, chart.behind_ms) == (58, 15)
    assert chart.tags == ("backdoor", "passing-dim")
    song = chart.song
    assert song.keys == [Key(0, 6, "minor"), Key(20, 4, "major")]
    assert song.tempos == [Tempo(0, 78), Tempo(20, 90)]  # sixty dotted quarters
    assert song.meters == [Meter(0, 4, 4), Meter(20, 12, 8)]
    assert song.sections == [Section(0, "verse"), Section(20, "bridge")]
    assert spans(chart) == [
        (0, 4, "F#m9"),
        (4, 2, "F#7#9"),
        (6, 2, "G#m7b5/B"),
        (8, 2, "F#7#9"),
        (10, 2, "G#m7b5/B"),
        (12, 3.5, "Dmaj9"),
        (15.5, 2.5, "C#7alt"),
        (18, 2, "Em7/G"),
        (20, 6, "N.C."),
        (26, 3, "E6/9"),
        (29, 1.5, "A/E"),
        (30.5, 1.5, "B7"),
    ]


def test_chords_are_read_with_root_quality_and_bass() -> None:
    chord = chart_of("| F#m7b5/C |").song.chords[0]
    assert (chord.root_pc, chord.quality, chord.bass_pc) == (6, "hdim7", 0)
    assert chord.quality_code == quality("hdim7").code


def test_each_chart_of_a_file_is_independent() -> None:
    text = "title: One\nkey: C\nmeter: 3/4\n| C |\ntitle: Two\n| F . G . |\n"
    (one, first), (two, second) = read_charts(text)
    assert (one, two) == ("one", "two")
    assert (first.meters, second.meters, second.keys) == ([Meter(0, 3, 4)], [], [])
    assert [c.duration_beats for c in second.chords] == [2, 2]


def test_a_push_takes_an_eighth_from_the_chord_before() -> None:
    chart = chart_of("| C | <F . <G . | . . A . |\nmeter: 6/8\n| <Bb |")
    assert spans(chart) == [
        (0, 3.5, "C"),
        (3.5, 2, "F"),
        (5.5, 4.5, "G"),
        (10, 1.5, "A"),
        (11.5, 3.5, "Bb"),
    ]
    assert "| C | <F <G | . . . . A . . Bb |" in write_charts([chart])


def test_charts_are_detected_among_other_texts() -> None:
    assert looks_like_charts("\n# comment\nTitle: A\n| C |")
    assert not looks_like_charts("# title: A\n| C |")
    assert not looks_like_charts("")


@pytest.mark.parametrize(
    ("body", "line", "part"),
    [
        ("| C . . |", 2, "'C . .' has 3 signs; in 4/4 it must be one of 1, 2, 4, 8"),
        ("meter: 5/4\n| C | C D |", 3, "2 signs; in 5/4"),
        ("| C |\n| H7 |", 3, "'H7' is not a chord"),
        ("| C", 2, "not closed"),
        ("| C | | D |", 2, "0 signs"),
        ("| % |", 2, "no bar before it"),
        ("| . C |", 2, "no chord before it"),
        ("| <C |", 2, "longer than an eighth"),
        ("| C . . . . . D <E |", 2, "'<E' needs a chord longer than an eighth"),
        ("| C |\nkey: Q\n| C |", 3, "'Q' is not a key"),
        ("meter: 4/5\n| C |", 2, "'4/5' is not a time signature"),
        ("tempo: fast\n| C |", 2, "tempo is 'fast'"),
        ("tempo: 4000\n| C |", 2, "from 20 to 400"),
        ("swing: 20\n| C |", 2, "swing is '20'"),
        ("colour: blue\n| C |", 2, "'colour: blue' is not a field"),
        ("key: C; blue\n| C |", 2, "'blue' is not a field"),
        ("C D E", 2, "neither"),
    ],
)
def test_error_gives_line_and_reason(body: str, line: int, part: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_charts(f"title: A\n{body}\n", "my charts.txt")
    assert str(caught.value).startswith(f"my charts.txt, line {line}: ")
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "no chart found"),
        ("key: C\n| C |", "line 1: this line comes before the first"),
        ("title: Empty\nkey: C\n", "'Empty' has no bars"),
        ("title: A b\n| C |\ntitle: a B\n| D |\n", "'a B' and 'A b' have the same title"),
    ],
)
def test_a_file_without_charts_is_rejected(text: str, part: str) -> None:
    with pytest.raises(BadInputError, match=re.escape(part)):
        parse_charts(text, "x.txt")


METERS = st.sampled_from(["4/4", "3/4", "6/8", "12/8", "5/4", "7/8", "2/2", "1/1", "9/16"])
SYMBOLS = st.sampled_from(["Cmaj9", "F#m7b5/A", "Bb13sus4", "N.C.", "E7(b9,#5)", "Am(maj9)"])


@st.composite
def written_bars(draw: st.DrawFn) -> tuple[str, str]:
    meter = draw(METERS)
    counts = sign_counts(Meter(0, *map(int, meter.split("/"))))
    bars = []
    for _ in range(draw(st.integers(1, 6))):
        count = draw(st.sampled_from(counts))
        signs = st.one_of(SYMBOLS, st.just(HOLD), SYMBOLS.map("<{}".format)) if bars else SYMBOLS
        bars.append(" ".join(draw(signs) for _ in range(count)))
    return meter, f"| {' | '.join(bars)} |"


@settings(deadline=None)
@given(st.lists(written_bars(), min_size=1, max_size=3))
def test_charts_round_trip(parts: list[tuple[str, str]]) -> None:
    text = "\n".join(f"meter: {meter}\npart {bars}" for meter, bars in parts)
    try:
        chart = chart_of(text)
    except BadInputError as error:
        assert "longer than an eighth" in str(error)
        return
    lengths = [bar_beats(Meter(0, *map(int, m.split("/")))) * (b.count("|") - 1) for m, b in parts]
    assert chart.song.end_beats() == sum(lengths)
    ends = [start + beats for start, beats, _ in spans(chart)]
    assert ends == [*(start for start, _, _ in spans(chart)[1:]), sum(lengths)]
    assert parse_charts(write_charts([chart])) == [chart]


@settings(deadline=None)
@given(st.text(alphabet="title: key|.%CFmaj79#b/;\n4", max_size=80))
def test_any_text_is_read_or_rejected(text: str) -> None:
    try:
        parse_charts("title: A\n" + text)
    except BadInputError as error:
        assert "\n" not in str(error)


def test_chords_off_the_grid_are_not_written() -> None:
    chart = chart_of("| C . . . |")
    chart.song.chords.append(Chord(4.3, 1, "F"))
    with pytest.raises(BadInputError, match="beat 4 has chords that are not on"):
        write_charts([chart])


def test_bars_without_title_are_a_chart(tmp_path: Path) -> None:
    file = tmp_path / "bars.txt"
    file.write_text("| Dm7 | G7 . C . |\n")
    ((_, song),) = read_songs(file)
    assert [chord.symbol for chord in song.chords] == ["Dm7", "G7", "C"]
    assert [chord.start_beats for chord in song.chords] == [0.0, 4.0, 6.0]
