"""`muse view` of songs: charts, rolls, pictures, other formats and errors."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import MuseError, ParameterError
from muse.tools.song.document import Chord, Key, Meter, Note, Section, Song, Track, song_to_json
from muse.tools.song.meter import bars_until, song_bars
from muse.tools.song.midi import load_song, save_song, song_to_midi
from muse.tools.view.chart import chord_chart
from muse.tools.view.page import bar_range, systems
from muse.tools.view.text import plain
from muse.tools.view.text_roll import piano_roll
from muse.tools.view.view import ViewOptions, lines_of
from tests.conftest import Result

Muse = Callable[..., Result]
PNG, PDF, SVG = b"\x89PNG", b"%PDF", b"<?xml"


def chart(song: Song, width: int = 80, bars: str | None = None) -> list[str]:
    """Return the lines of the chart as text."""
    return plain(chord_chart(song, bar_range(bars, song_bars(song)), width)).splitlines()


def chords(*symbols: tuple[float, float, str]) -> list[Chord]:
    """Return chords from (start, length, symbol)."""
    return [Chord(*each) for each in symbols]


def test_a_chart_is_written_as_a_musician_writes_it() -> None:
    song = Song(
        sections=[Section(0.0, "Verse"), Section(16.0, "Bridge")],
        chords=chords(
            (0.0, 4.0, "D:min9"),
            (4.0, 2.0, "G13"),
            (6.0, 2.0, "C7/E"),
            (8.0, 8.0, "Cmaj7"),
            (16.0, 4.0, "Cmaj7"),
            (20.0, 4.0, "N"),
            (24.0, 3.0, "F"),
            (27.0, 5.0, "F#m7b5"),
        ),
    )
    assert chart(song) == [
        "[Verse]",
        "   1 | 4/4 Dm9      | G13 . C7/E . | Cmaj7        | %            |",
        "",
        "[Bridge]",
        "   5 | Cmaj7        | N.C.         | F . . F#m7b5 | %            |",
    ]


def test_a_new_meter_is_written_in_its_bar() -> None:
    song = Song(
        meters=[Meter(0.0, 4, 4), Meter(4.0, 6, 8), Meter(7.0, 3, 4)],
        chords=chords((0.0, 4.0, "C"), (4.0, 1.5, "F"), (5.5, 1.5, "G"), (7.0, 3.0, "C")),
    )
    (line,) = chart(song)
    assert line.split("|")[1:-1] == [" 4/4 C   ", " 6/8 F G ", " 3/4 C   "]


def test_a_chart_fits_its_width_and_has_the_selected_bars() -> None:
    song = Song(chords=chords(*((4.0 * i, 4.0, "Ebmaj7#11/Bb") for i in range(8))))
    for width in (40, 60, 80):
        assert all(len(line) <= width for line in chart(song, width))
    song = Song(chords=chords((0.0, 10.0, "C"), (10.0, 10.0, "D")))
    assert chart(song, bars="3") == ["   3 | C . D . |"]
    assert chart(song, bars="2") == ["   2 | C      |"]


def test_an_unreadable_symbol_is_shown_unchanged() -> None:
    assert "H7" in chart(Song(chords=chords((0.0, 4.0, "H7"))))[0]


def test_bars_follow_the_meter_and_a_change_ends_one_early() -> None:
    bars = bars_until([Meter(0.0, 3, 4), Meter(5.0, 6, 8)], 9.0)
    assert [(bar.start, bar.length, bar.new_meter) for bar in bars] == [
        (0.0, 3.0, True),
        (3.0, 2.0, False),
        (5.0, 3.0, True),
        (8.0, 3.0, False),
    ]
    assert song_bars(Song()) == []
    with pytest.raises(MuseError, match="more than"):
        bars_until([Meter(0.0, 1, 32)], 1e6)


@pytest.mark.parametrize(
    ("text", "numbers"), [("2", [2]), ("2-3", [2, 3]), ("3-", [3, 4]), ("all", [1, 2, 3, 4])]
)
def test_ranges_of_bars(text: str, numbers: list[int]) -> None:
    bars = bars_until([], 16.0)
    assert [bar.number for bar in bar_range(text, bars)] == numbers


@pytest.mark.parametrize("text", ["", "-", "x", "4-2", "9", "1,2"])
def test_invalid_ranges_of_bars_are_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="--bars"):
        bar_range(text, bars_until([], 16.0))
    with pytest.raises(ParameterError, match="the first bar is after the last one"):
        bar_range("4-2", bars_until([], 16.0))


def roll(song: Song, width: int = 80) -> list[str]:
    """Return the lines of the roll as text."""
    return plain(piano_roll(song, song_bars(song), width, color=False)).splitlines()


def test_each_note_lies_at_its_pitch_and_time() -> None:
    notes = [Note(0.0, 1.0, 60, 80), Note(2.0, 0.5, 61, 80), Note(3.0, 1.0, 72, 80)]
    song = Song(tracks=[Track("Tune", "lead", notes=notes)])
    rows = {line[:6].strip(): line[7:] for line in roll(song) if line[:6].strip()}
    middle, high = rows["C4"], rows["C5"]
    assert middle == "│" + "▄" * 8 + "·" * 8 + "▀" * 4 + "·" * 12 + "│"
    assert high == "│" + "·" * 24 + "▄" * 8 + "│"


def test_drums_have_named_lanes_with_accents() -> None:
    hits = [Note(0.0, 0.1, 36, 120), Note(1.0, 0.1, 38, 80), Note(0.5, 0.1, 42, 80)]
    lines = roll(Song(tracks=[Track("Kit", "drums", 0, True, hits)]))
    assert lines[-3:] == [
        "hi-hat │    x                           │",
        " snare │        o                       │",
        "  kick │O                               │",
    ]


def test_every_line_fits_whatever_the_width(example_song: Song) -> None:
    for width in (40, 80, 139, 140, 300):
        for color in (True, False):
            lines = piano_roll(example_song, song_bars(example_song), width, color=color)
            assert max(len(line) for line in plain(lines).splitlines()) <= width


def test_systems_hold_every_bar_once() -> None:
    bars = bars_until([Meter(0.0, 4, 4), Meter(20.0, 7, 8), Meter(90.0, 13, 4)], 200.0)
    for width in (20, 72, 132, 500):
        rows = systems(bars, width)
        assert [bar for row in rows for bar in row.bars] == bars


def test_a_pipe_gets_plain_text(muse: Muse, example_song: Song) -> None:
    shown = muse("view", "-", stdin=song_to_midi(example_song))
    text = shown.out.decode()
    assert shown.code == 0
    assert "\x1b" not in text
    assert text.startswith("standard input\n0:47 · 21 bars · 100-112 bpm · 4/4 · D minor\n")
    assert "[Chorus]" in text and "kick" in text and "bars 1-4 of 21 · --bars 5-8 continues" in text


def test_options_select_chart_roll_bars_and_tracks(muse: Muse, example_song: Song) -> None:
    data = song_to_json(example_song)
    only_chart = muse("view", "--chart", "--bars", "3-4", stdin=data).out.decode()
    assert "Bbmaj9" in only_chart and "Em7b5" not in only_chart and "kick" not in only_chart
    only_roll = muse("view", "--roll", "--tracks", "bass,4", stdin=data).out.decode()
    assert "kick" in only_roll and "Lead" not in only_roll and "[Ending]" not in only_roll
    wrong = muse("view", "--tracks", "tuba", stdin=data)
    assert wrong.code == 2 and "1 Lead" in wrong.err


def test_json_is_the_song_with_its_chords_explained(muse: Muse, example_song: Song) -> None:
    shown = json.loads(muse("view", "--json", stdin=song_to_midi(example_song)).out)
    assert shown["format"] == "muse.song/1"
    assert shown["chords"][0]["roman"] == "i9"
    assert shown["chords"][0]["root_pc"] == 2


def test_chords_are_detected_on_request(muse: Muse, example_song: Song) -> None:
    bare = song_to_json(msgspec.structs.replace(example_song, chords=[], keys=[]))
    assert "no chords; --find" in muse("view", "--chart", stdin=bare).out.decode()
    assert re.search(r"\| .*Dm", muse("view", "--chart", "--find", stdin=bare).out.decode())


def test_an_empty_song_is_reported(muse: Muse, tmp_path: Path) -> None:
    shown = muse("view", stdin=song_to_json(Song()))
    assert shown.code == 0 and "no notes and no chords" in shown.out.decode()
    for name in ("a.png", "a.musicxml", "a.json", "a.mid"):
        written = muse("view", "-o", tmp_path / name, stdin=song_to_json(Song()))
        assert written.code == 0 and (tmp_path / name).stat().st_size


@pytest.mark.parametrize(("name", "magic"), [("a.png", PNG), ("a.PDF", PDF), ("a.svg", SVG)])
def test_pictures_of_songs(
    muse: Muse, tmp_path: Path, example_song: Song, name: str, magic: bytes
) -> None:
    data = song_to_json(example_song)
    assert muse("view", "-o", tmp_path / name, "--bars", "3-8", stdin=data).code == 0
    assert (tmp_path / name).read_bytes().startswith(magic)


@pytest.mark.parametrize("name", ["a.png", "a.pdf", "a.svg"])
def test_the_same_song_gives_the_same_picture(
    muse: Muse, tmp_path: Path, example_song: Song, name: str
) -> None:
    data = song_to_json(example_song)
    written = []
    for folder in ("one", "two"):
        target = tmp_path / folder / name
        assert muse("view", "-o", target, "--bars", "3-4", stdin=data).code == 0
        written.append(target.read_bytes())
    assert written[0] == written[1]
    assert b"CreationDate" not in written[0] and b"<dc:date>" not in written[0]


def test_a_long_song_is_one_tall_picture_or_an_error(muse: Muse, tmp_path: Path) -> None:
    notes = [Note(float(i), 1.0, 60, 80) for i in range(600)]
    song = Song(keys=[Key(0.0, 0, "major")], tracks=[Track("a", "lead", notes=notes)])
    assert muse("view", "-o", tmp_path / "a.png", stdin=song_to_json(song)).code == 0
    endless = Song(tracks=[Track("a", "lead", notes=[Note(70_000.0, 1.0, 60, 80)])])
    refused = muse("view", "-o", tmp_path / "b.png", stdin=song_to_json(endless))
    assert refused.code == 2 and "--bars 1-" in refused.err


def test_odd_names_and_parts_are_drawn(muse: Muse, tmp_path: Path) -> None:
    odd = "\x1b[31m $x_{ \n 五 [b]"
    note, hit = Note(0.0, 1.0, 60, 80), Note(0.0, 1.0, 36, 80)
    songs = {
        "names": Song(
            tracks=[Track(odd, "lead", notes=[note])],
            sections=[Section(0.0, odd)],
            chords=chords((0.0, 4.0, odd)),
        ),
        "drums": Song(tracks=[Track("kit", "drums", 0, True, [hit])]),
        "chords": Song(chords=chords((0.0, 4.0, "C"))),
    }
    for name, song in songs.items():
        data = song_to_json(song)
        text = muse("view", stdin=data)
        assert text.code == 0 and b"\x1b" not in text.out
        for suffix in (".png", ".musicxml"):
            assert muse("view", "-o", tmp_path / (name + suffix), stdin=data).code == 0


def test_other_formats_are_written(muse: Muse, tmp_path: Path, example_song: Song) -> None:
    data = song_to_json(example_song)
    for name in ("a.mid", "a.json", "a.musicxml", "a.mxl"):
        result = muse("view", "-o", tmp_path / name, stdin=data)
        assert result.code == 0
        assert ("quantized the notes" in result.err) == (name in ("a.musicxml", "a.mxl"))
    tracks = [
        [track.notes for track in load_song(tmp_path / name).tracks] for name in ("a.mid", "a.json")
    ]
    assert tracks[0] == tracks[1] == [track.notes for track in example_song.tracks]


def test_what_cannot_be_written_is_refused(
    muse: Muse, tmp_path: Path, example_song: Song, tone_file: Callable[..., Path]
) -> None:
    song = tmp_path / "song.mid"
    save_song(example_song, song)
    unknown = muse("view", song, "-o", tmp_path / "a.txt")
    assert unknown.code == 2 and ".musicxml" in unknown.err
    assert muse("view", song, "-o", song).code == 2
    (tmp_path / "package.json").write_text('{"name": "other"}')
    assert muse("view", song, "-o", tmp_path / "package.json").code == 1
    assert (tmp_path / "package.json").read_text() == '{"name": "other"}'
    assert muse("view", song, "-o", tmp_path / "a.musicxml", "--bars", "2").code == 2
    sound = tone_file()
    for words in (["-o", tmp_path / "a.musicxml"], ["--bars", "2"], ["--tracks", "1"], ["--chart"]):
        assert muse("view", sound, *words).code == 2


@pytest.mark.parametrize("data", [b"", b"hello", b"MThd\0\0", b'{"format": 1}', b"RIFF1234WAVE"])
def test_what_cannot_be_read_ends_with_4(muse: Muse, data: bytes) -> None:
    result = muse("view", stdin=data)
    assert result.code == 4
    assert "standard input" in result.err


def test_a_file_that_is_not_there(muse: Muse, tmp_path: Path) -> None:
    for path in (tmp_path / "no.mid", tmp_path):
        assert muse("view", path).code == 4


TIMES = st.floats(0, 60)
WORDS = st.text(max_size=60)
ANY_SONG = st.builds(
    lambda tracks, meters, sections, chords: Song(
        tracks=tracks, meters=meters, sections=sections, chords=chords
    ),
    st.lists(
        st.builds(
            Track,
            WORDS,
            st.sampled_from(["lead", "keys", "drums"]),
            st.integers(0, 127),
            st.booleans(),
            st.lists(
                st.builds(Note, TIMES, st.floats(0, 9), st.integers(0, 127), st.integers(1, 127)),
                max_size=9,
            ),
        ),
        max_size=3,
    ),
    st.lists(
        st.builds(Meter, TIMES, st.integers(1, 255), st.sampled_from([1, 2, 4, 8])), max_size=3
    ),
    st.lists(st.builds(Section, TIMES, WORDS), max_size=3),
    st.lists(st.builds(Chord, TIMES, st.floats(0, 9), WORDS | st.just("Dm7/F")), max_size=5),
)


@settings(max_examples=40, deadline=None)
@given(ANY_SONG, st.integers(40, 200), st.booleans(), st.sampled_from([None, "all"]))
def test_any_song_is_shown_within_the_width(
    song: Song, width: int, color: bool, bars: str | None
) -> None:
    bars = bars if song_bars(song) else None
    shown = lines_of(song, "title", ViewOptions(width, color, bars=bars))
    assert max(sum(len(span.text) for span in line) for line in shown) <= width
