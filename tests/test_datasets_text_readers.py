"""Tests of the text readers: Harte labels, Billboard annotations, Roman numerals."""

import json
from pathlib import Path

import pytest

from muse.tools.datasets.billboard import read_billboard
from muse.tools.datasets.harte_labels import read_labels
from muse.tools.datasets.roman_numerals import read_numerals, read_progressions
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Section, Song, Tempo
from muse.tools.theory.chords import parse_chord

BILLBOARD = """# title: A song
# artist: Somebody
# metre: 4/4
# tonic: A

0.0\tsilence
2.0\tA, intro, | A:min | C:maj G:maj |, (guitar
6.0\tB, verse, | (2/4) F:maj | D:min . . E:7 | x2, guitar)
12.0\tZ, noise
14.0\t| * | * | ->
# metre: 6/8
# tonic: C
15.0\tC, outro, | C:maj | F:maj . . G:7(b9)/3 . . | &pause |
19.5\tend
"""


def spans(song: Song) -> list[tuple[float, float, str]]:
    return [(c.start_beats, c.duration_beats, c.symbol) for c in song.chords]


def billboard(text: str) -> Song:
    ((_, song),) = read_billboard(text.encode(), "song.txt")
    return song


def test_billboard_bars_become_beats() -> None:
    song = billboard(BILLBOARD)
    assert spans(song)[:8] == [
        (0, 4, "Am"),
        (4, 2, "C"),
        (6, 2, "G"),
        (8, 2, "F"),
        (10, 3, "Dm"),
        (13, 1, "E7"),
        (14, 2, "F"),  # x2 repeats the line
        (16, 3, "Dm"),
    ]
    assert spans(song)[-4:] == [
        (32, 3, "C"),
        (35, 1.5, "F"),
        (36.5, 1.5, "G7b9/B"),
        (38, 3, "N.C."),
    ]


def test_billboard_headers_change_within_a_song() -> None:
    song = billboard(BILLBOARD)
    assert song.meters[:4] == [Meter(0, 4, 4), Meter(8, 2, 4), Meter(10, 4, 4), Meter(14, 2, 4)]
    assert song.meters[-1] == Meter(32, 6, 8)
    assert [(key.beat, key.tonic_pc, key.mode) for key in song.keys] == [
        (0, 9, "minor"),
        (32, 0, "major"),
    ]


def test_billboard_sections_and_tempos() -> None:
    song = billboard(BILLBOARD)
    assert song.sections[:2] == [Section(0, "A intro"), Section(8, "B verse")]
    assert song.tempos[0] == Tempo(0, 120.0)  # 8 beats from 2 s to 6 s


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3.0\tA, | C:maj | H:maj |", "line 5.*H:maj"),
        ("x\tA, | C:maj |", "line 5.*'x'"),
        ("3.0\tA, | C:maj | |", "line 5.*no chord"),
        ("3.0\tA, | (4/x) C:maj |", "line 5"),
        ("3.0\tA, | C:maj | x99999", "line 5.*99999"),
        ("# metre: four", "line 5.*four"),
        ("-1.0\tA, | C:maj |", "line 5.*-1.0"),
    ],
)
def test_error_names_the_bad_billboard_line(line: str, message: str) -> None:
    text = f"# title: x\n# artist: y\n# metre: 4/4\n# tonic: C\n{line}\n"
    with pytest.raises(BadInputError, match=f"song.txt, {message}"):
        billboard(text)


def test_labels_become_beats_at_120_bpm() -> None:
    ((_, song),) = read_labels(b"0.0 1.5 N\n1.5\t2.0\tEb:min7/b3\n", "a.lab")
    assert spans(song) == [(0, 3, "N.C."), (3, 1, "Ebm7/Gb")]
    assert song.tempo_map().seconds_at(3) == 1.5


@pytest.mark.parametrize(
    "line", ["1.0 0.5 C:maj", "0.5 1.0", "0 nan C", "0 1 Q", "zero one C", "0 1e99 C"]
)
def test_error_names_the_bad_label(line: str) -> None:
    with pytest.raises(BadInputError, match=r"a.lab, line 2: "):
        read_labels(f"0.0 0.5 N\n{line}\n".encode(), "a.lab")


def test_error_names_binary_data() -> None:
    with pytest.raises(BadInputError, match=r"a.lab: not UTF-8"):
        read_labels(b"0 1 C\n\xff\xfe\n", "a.lab")


def test_numerals_divide_their_bar() -> None:
    ((_, song),) = read_numerals(b"# turnaround\nI vi | ii7 V7\n", "list.txt")
    assert spans(song) == [(0, 2, "C"), (2, 2, "Am"), (4, 2, "Dm7"), (6, 2, "G7")]


def test_numerals_use_the_key_and_meter_above() -> None:
    text = "key: Eb major\nmetre: 3/4\nI IV\nkey: C minor\ni iv V7\n"
    (_, first), (name, second) = read_numerals(text.encode(), "list.txt")
    assert spans(first) == [(0, 3, "Eb"), (3, 3, "Ab")]
    assert [chord.symbol for chord in second.chords] == ["Cm", "Fm", "G7"]
    assert name == "5"


def test_a_lower_case_tonic_is_minor() -> None:
    (_, song), _ = read_numerals(b"i VI VII\nI IV\n", "list.txt")
    assert [chord.symbol for chord in song.chords] == ["Am", "F", "G"]
    assert song.keys[0].mode == "minor"


@pytest.mark.parametrize("text", ["I IV\nI what\n", "key: H\nI\n", "metre: 5\nI\n", "# nothing\n"])
def test_error_names_the_bad_numeral(text: str) -> None:
    with pytest.raises(BadInputError, match=r"list.txt[,:]"):
        read_numerals(text.encode(), "list.txt")


def test_a_list_of_progressions_is_read() -> None:
    listed = {
        "progressions": [
            {"mode": "modal", "roman": ["im", "bVIIM", "bVIM", "V"], "moods": ["Dark"]},
            {"mode": "minor", "roman": ["i", "VII"]},
        ]
    }
    (_, modal), (name, minor) = read_progressions(json.dumps(listed).encode(), "list.json")
    assert [chord.symbol for chord in modal.chords] == ["Cm", "Bb", "Ab", "G"]
    assert (modal.keys[0].tonic_pc, modal.keys[0].mode) == (0, "minor")
    assert [chord.symbol for chord in minor.chords] == ["Am", "G"]
    assert name == "2"


@pytest.mark.parametrize("data", [b'{"progressions": 3}', b"{", b'{"progressions": [{}]}'])
def test_error_names_the_bad_list(data: bytes) -> None:
    with pytest.raises(BadInputError, match=r"list.json"):
        read_progressions(data, "list.json")


def test_shared_progressions_are_read(shared_data: Path) -> None:
    songs = read_progressions((shared_data / "progressions.json").read_bytes(), "list")
    assert len(songs) == 190
    assert all(parse_chord(chord.symbol).is_chord for _, song in songs for chord in song.chords)


def test_shared_billboard_files_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / "billboard").glob("*.txt"))[::8]
    songs = [billboard(path.read_text()) for path in paths]
    assert all(song.chords and song.keys and song.tempos for song in songs)
    ends = [(s.chords[-1].start_beats + s.chords[-1].duration_beats, s) for s in songs]
    lengths = [song.tempo_map().seconds_at(end) for end, song in ends]
    assert all(30 < length < 1200 for length in lengths)  # plausible lengths of songs in seconds
