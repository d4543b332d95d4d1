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
    looks_like_bars,
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


def bars_of(body: str) -> str:
    """Return the chords with their lengths in beats: "C4 F2"."""
    return " ".join(f"{symbol}:{beats:g}" for _, beats, symbol in spans(chart_of(body)))


@pytest.mark.parametrize(
    ("body", "chords"),
    [
        # bar lines
        ("|| C | Am || F | G7 |]", "C:4 Am:4 F:4 G7:4"),
        ("| C | Am | F | G7", "C:4 Am:4 F:4 G7:4"),
        ("C | Am | F | G7", "C:4 Am:4 F:4 G7:4"),
        (" Cm7 B7alt | Bbm7 A7 |\n F | F7 |", "Cm7:2 B7alt:2 Bbm7:2 A7:2 F:4 F7:4"),
        ("| C | | F |", "C:8 F:4"),
        ("F | C |\nC | G |", "F:4 C:4 C:4 G:4"),
        ("A | C |\nB | G |", "C:4 G:4"),
        ("TimeSig = 4 4\n A | D |\n A | E7 |", "A:4 D:4 A:4 E7:4"),
        # repeats
        ("|: C | F :| G |", "C:4 F:4 C:4 F:4 G:4"),
        ("||: C | F :|| G |", "C:4 F:4 C:4 F:4 G:4"),
        ("| C | F :| x3\n| G |", "C:4 F:4 C:4 F:4 C:4 F:4 G:4"),
        ("| C | F | (2x)\n| G |", "C:4 F:4 C:4 F:4 G:4"),
        ("|: C |1. F :|2. G | A |", "C:4 F:4 C:4 G:4 A:4"),
        ("|: C |1 F :|2 G | A |", "C:4 F:4 C:4 G:4 A:4"),
        ("|: C |[1 F :|\n|[2 G |", "C:4 F:4 C:4 G:4"),
        ("|: C :|: F :|", "C:4 C:4 F:4 F:4"),
        ("| C | F Fine | G | D.C. al Fine", "C:4 F:4 G:4 C:4 F:4"),
        ("| C | F To Coda | G | D.C. al Coda\n| Coda Am |", "C:4 F:4 G:4 C:4 F:4 Am:4"),
        ("| C | F | %% | G | % |", "C:4 F:4 C:4 F:4 G:4 G:4"),
        # signs
        ("| C / / / | Am / F / | G7 // / | N.C. |", "C:4 Am:2 F:2 G7:4 N.C.:4"),
        ("| C - - F | C . F . |", "C:3 F:1 C:2 F:2"),
        ("| C// F | C /// |", "C:3 F:1 C:4"),
        ("| C % F % |", "C:2 F:2"),
        ("| (Am) | (Dm G7) | (A) | C7 (b9) | Am, G, |", "Am:4 Dm:2 G7:2 A:4 C7b9:4 Am:2 G:2"),
        ("| C F G |", "C:2 F:1 G:1"),
        ("| C D E F G |", "C:1 D:1 E:1 F:0.5 G:0.5"),
        ("meter: 5/4\n| C D |", "C:3 D:2"),
        ("meter: 3/4\n| C D |", "C:2 D:1"),
        ("time: 6 8\n| C D E F |", "C:1 D:1 E:0.5 F:0.5"),
        ("Dm7 G7 C %", "Dm7:4 G7:4 C:4 C:4"),
        # note names
        ("| Hm7 | E7 | B7/D | As |", "Bm7:4 E7:4 Bb7/D:4 Ab:4"),
        ("| Fis | H | B |", "F#:4 B:4 Bb:4"),
        ("notes: german\n| B | F |", "Bb:4 F:4"),
        ("| B | F |", "B:4 F:4"),
        ("| Do | Lam7 | Fa/La | Sol7 Sib |", "C:4 Am7:4 F/A:4 G7:2 Bb:2"),
        # Nashville numbers
        ("key: G\n| 1 | 4 | 5/7 | 6- 2-7 |", "G:4 C:4 D/F#:4 Em:2 Am7:2"),
        ("key: D\n| 1 5 | 6 4 |", "D:2 A:2 Bm:2 G:2"),
        ("key: Am\n| 1 | 6 | 3 | 7 |", "Am:4 F:4 C:4 G:4"),
        ("key: Am\n| 1- | b6 | b3 | b7 |", "Am:4 F:4 C:4 G:4"),
        ("key: G\n|1 | 4 | b7^7 | 57 |\nkey: A\n| 1 |", "G:4 C:4 Fmaj7:4 D7:4 A:4"),
        ("key: Eb\n1 5b9 4sus 1^9", "Eb:4 Bb(b9):4 Absus4:4 Ebmaj9:4"),
    ],
)
def test_charts_as_people_write_them(body: str, chords: str) -> None:
    assert bars_of(body) == chords


def test_sections_are_written_in_many_ways() -> None:
    chart = chart_of(
        "[A] | C |\n[B]\n| F |\nChorus:\n| G |\nVerse 2: | C |\nOutro | A |\nC | D |\n|: E :|"
    )
    assert [(section.beat, section.label) for section in chart.song.sections] == [
        (0, "A"),
        (4, "B"),
        (8, "Chorus"),
        (12, "Verse 2"),
        (16, "Outro"),
        (20, "C"),
    ]
    assert chart.song.end_beats() == 32


def test_a_repeated_section_is_named_twice_and_keys_return() -> None:
    song = chart_of("key: C\n[A] |: C |\nkey: D\n| D :|").song
    assert [section.beat for section in song.sections] == [0, 8]
    assert [(key.beat, key.tonic_pc) for key in song.keys] == [(0, 0), (4, 2), (8, 0), (12, 2)]


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("| C F G |", "3 chords in a bar of 4/4 last 2, 1, 1 beats"),
        ("| H7 | E |", "note names are German: H is B natural, B is B flat"),
        ("| E#9 | A |", "'E#9' is read as E# with 1 3 5 b7 9"),
        ("| 1 | 4 |", "Nashville numbers without 'key:' are read in C major"),
        ("key: C\n| 1 | 4 |", "no number is marked minor, so each is the key's triad"),
        ("Dm7 G7", "chords without bar lines last a bar each"),
        ("A | C |", "a letter before the first bar line of a line is a section"),
        ("capo: 2\n| C |", "the capo is not applied"),
        ("| C | | F |", "an empty bar holds the chord before it"),
    ],
)
def test_a_chart_says_which_reading_is_taken(body: str, note: str) -> None:
    assert note in chart_of(body).notes


def test_a_plain_chart_says_nothing() -> None:
    assert chart_of("key: Am\nverse | Am . Dm7 . | % | Bb9 | C6/9 |").notes == ""


def test_charts_are_detected_among_other_texts() -> None:
    assert looks_like_charts("\n# comment\nTitle: A\n| C |")
    assert not looks_like_charts("# title: A\n| C |")
    assert not looks_like_charts("")


@pytest.mark.parametrize(
    ("body", "line", "part"),
    [
        ("| C . . |", 2, "'C . .' has 3 signs; in 4/4 it must be one of 1, 2, 4, 8"),
        ("meter: 5/4\n| C | C . |", 3, "2 signs; in 5/4"),
        ("| C C C C C C C C C |", 2, "9 signs; in 4/4"),
        ("| C |\n| J7 |", 3, "'J7' is not a chord"),
        ("notes: english\n| H7 |", 3, "'H7' is not a chord"),
        ("notes: french\n| C |", 2, "notes is 'french', not one of english, german"),
        ("| | C |", 2, "no chord before it"),
        ("| %% |", 2, "no bar before it"),
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
        ("C D then E", 2, "neither"),
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
        ("hello there\n", "line 1: 'hello there' is neither"),
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


FILES = {
    "marked.txt": "\ufeff| C | Am |\n".encode(),
    "wide.txt": "| C | B\u266d |\n".encode("utf-16"),
    "latin.txt": "title: Caf\u00e9\n| C | A\u00b07 |\n".encode("latin-1"),
    "sections.txt": b"[A] | C | Am |\n[B] | F | G7 |\n",
    "open.txt": b"C | Am | F | G7\n",
    "keyed.txt": b"key: G\n| 1 | 4 |\n",
    "numbers.txt": b"title: N\nkey: G\n1 4 5 6-\n",
    "list.txt": b"[Verse]\nDm7 G7\nCmaj7 %\n",
    "imp.txt": b"Title = A\nTimeSig = 4 4\nBars = 2\n Cm7 F7 | Bb |\n",
}


@pytest.mark.parametrize("name", FILES)
def test_charts_are_read_from_files(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    ((_, song),) = read_songs(tmp_path)
    assert len(song.chords) >= 2


@pytest.mark.parametrize(
    "text", ["Dear all,\n", "time | value\n0.1 | 2\n", "| Name | Age |\n", "I vi IV V\n", "a b c\n"]
)
def test_other_texts_are_no_charts(text: str) -> None:
    assert not looks_like_bars(text) or text.startswith("|")
