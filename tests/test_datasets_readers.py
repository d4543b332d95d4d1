"""Tests of reading files and folders of any kind as Songs."""

import json
import shutil
from pathlib import Path

import pytest

from muse.tools.datasets.pop909 import read_pop909
from muse.tools.datasets.readers import find_sources, read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Note, Song, Tempo, Track, song_to_json
from muse.tools.song.midi import load_song, song_to_midi

OFFSET_S = 0.25  # the annotated beats lie half a beat behind the MIDI file's


def small_song() -> Song:
    notes = [Note(0.5 + beat, 1.0, 60 + beat, 80) for beat in range(9)]
    return Song(tempos=[Tempo(0.0, 120.0)], tracks=[Track("MELODY", "lead", notes=notes)])


def make_pop909(folder: Path) -> Path:
    """Write a song of nine beats at 120 bpm; the second annotated beat starts a bar of three."""
    folder.mkdir(parents=True)
    (folder / f"{folder.name}.mid").write_bytes(song_to_midi(small_song()))
    beats = [OFFSET_S + 0.5 * number for number in range(9)]
    flags = ["1.0 1.0" if number % 3 == 1 else "0.0 0.0" for number in range(9)]
    lines = [f"{time} {flag}" for time, flag in zip(beats, flags, strict=True)]
    (folder / "beat_midi.txt").write_text("\n".join(lines))
    chords = [f"{beats[0]}\t{beats[1]}\tN", f"{beats[1]}\t{beats[4]}\tEb:maj7/3"]
    (folder / "chord_midi.txt").write_text("\n".join(chords) + "\n")
    (folder / "key_audio.txt").write_text("0.4\t1.9\tEb:maj\n1.9\t9.0\tC:min\n")
    return folder


def test_pop909_starts_on_a_bar_line(tmp_path: Path) -> None:
    song = read_pop909(make_pop909(tmp_path / "001"))
    assert [(c.start_beats, c.duration_beats, c.symbol) for c in song.chords] == [
        (2, 1, "N.C."),
        (3, 3, "Ebmaj7/G"),
    ]
    assert song.meters == [Meter(0, 3, 4)]
    assert [n.start_beats for n in song.tracks[0].notes] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [(key.beat, key.tonic_pc, key.mode) for key in song.keys] == [
        (0, 3, "major"),
        (5, 0, "minor"),
    ]
    assert song.tracks[0].role == "lead"


@pytest.mark.parametrize(
    ("name", "line"),
    [("chord_midi.txt", "0 1 what"), ("beat_midi.txt", "0 1"), ("key_audio.txt", "0 1 Q")],
)
def test_error_names_the_bad_line_of_pop909(tmp_path: Path, name: str, line: str) -> None:
    folder = make_pop909(tmp_path / "001")
    with (folder / name).open("a") as file:
        file.write("\n" + line + "\n")
    with pytest.raises(BadInputError, match=rf"{name}, line \d+: "):
        read_pop909(folder)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a folder with one file of each kind, and files of no known kind."""
    root = tmp_path / "corpus"
    make_pop909(root / "pop" / "001")
    (root / "midi.mid").write_bytes(song_to_midi(small_song()))
    (root / "song.json").write_bytes(song_to_json(small_song()))
    (root / "labels.lab").write_text("0 1 C:maj\n1 2 G:7\n")
    (root / "billboard.txt").write_text(
        "# title: x\n# artist: y\n# metre: 4/4\n# tonic: C\n\n0.0\tA, | C:maj |\n2.0\tend\n"
    )
    (root / "numerals.txt").write_text("I IV | V\nvi ii\n")
    (root / "list.json").write_text(
        json.dumps({"progressions": [{"mode": "major", "roman": ["I"]}]})
    )
    (root / "tune.abc").write_text('X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"C"C4|\n')
    (root / "chart.txt").write_text("title: Porch\nkey: C major\n| C | F |\n")
    (root / "README.txt").write_text("Read me, please.\n")
    (root / "table.csv").write_text("a,b\n")
    (root / ".hidden.mid").write_text("no")
    return root


def test_all_songs_of_a_folder_are_read(corpus: Path) -> None:
    found = dict(read_songs(corpus))
    assert [*found] == sorted(found, key=lambda name: name.split("/")[1] == "pop")
    assert set(found) == {
        "corpus/billboard",
        "corpus/chart/porch",
        "corpus/labels",
        "corpus/list/1",
        "corpus/midi",
        "corpus/numerals/1",
        "corpus/numerals/2",
        "corpus/pop/001",
        "corpus/song",
        "corpus/tune",
    }
    assert all(song.chords or song.tracks for song in found.values())


def test_kind_is_detected_from_content(corpus: Path) -> None:
    shutil.copy(corpus / "midi.mid", corpus / "labels.txt")
    ((name, song),) = read_songs(corpus / "labels.txt")
    assert (name, len(song.tracks[0].notes)) == ("labels", 9)


def test_equal_ids_get_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(song_to_midi(small_song()))
    (tmp_path / "a.json").write_bytes(song_to_json(small_song()))
    names = [source.id for source in find_sources(tmp_path)]
    assert names == [f"{tmp_path.name}/a.json", f"{tmp_path.name}/a.mid"]


def test_a_bad_file_is_skipped(corpus: Path) -> None:
    (corpus / "bad.mid").write_bytes(b"MThd and no more")
    problems: list[BadInputError] = []
    assert len(dict(read_songs(corpus, problems.append))) == 10
    assert len(problems) == 1
    assert "bad.mid" in str(problems[0])
    with pytest.raises(BadInputError, match=r"bad.mid"):
        list(read_songs(corpus))


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no file of songs found"):
        find_sources(tmp_path)
    with pytest.raises(BadInputError, match="no such file"):
        find_sources(tmp_path / "missing")
    (tmp_path / "notes.txt").write_text("hello there")
    with pytest.raises(BadInputError, match=r"notes.txt: not a known kind"):
        list(read_songs(tmp_path / "notes.txt"))


def test_shared_pop909(shared_data: Path) -> None:
    for number in ("001", "004", "014", "017", "099", "909"):
        folder = shared_data / "pop909" / number
        song, midi = read_pop909(folder), load_song(folder / f"{number}.mid")
        for moved, track in zip(song.tracks, midi.tracks, strict=True):
            pitches = [(n.pitch, n.duration_beats) for n in track.notes]
            assert [(n.pitch, n.duration_beats) for n in moved.notes] == pitches
            shifts = {
                round((a.start_beats - b.start_beats) * midi.ticks_per_beat)
                for a, b in zip(moved.notes, track.notes, strict=True)
            }
            assert len(shifts) == 1
        assert all(chord.start_beats.is_integer() for chord in song.chords)
        assert [track.role for track in song.tracks] == ["lead", "lead", "keys"]


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mid").touch()
    with pytest.raises(BadInputError, match=r"empty.mid: is empty"):
        list(read_songs(tmp_path / "empty.mid"))


def test_a_chart_on_one_long_line_is_a_chart(tmp_path: Path) -> None:
    path = tmp_path / "chart.txt"
    path.write_text("| C | Am | F | G7 " * 1000 + "|")
    ((_, song),) = read_songs(path)
    assert len(song.chords) == 4000
