"""Reading of tables of songs in the form of Chordonomicon."""

import logging
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from muse.tools.datasets.chord_data import read_chord_data
from muse.tools.datasets.chordonomicon import looks_like_chordonomicon, plain_spelling
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError, MissingPartError

HEAD = "id,chords,release_date,genres,decade,rock_genre,artist_id,main_genre,spotify_song_id\n"
ROWS = (
    "7,<intro_1> C C <verse_1> F Amin7 Fs/As <chorus_1> Cno3d Gsus4 Gssus4 Fsmin7,1984-01-01,"
    "\"'soul' 'funk'\",1980.0,,a1,soul,s1\n"
    "8,Bbmaj7 Ebmin Dsdim/Fs Zq C,,,2010.0,,a2,country,s2\n"
    "9,,,,2010.0,,a2,pop,s3\n"
    "10,<verse_1>C G<chorus_1>Amin F,,,,pop rock,a3,rock,s4\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "songs.csv"
    path.write_text(HEAD + ROWS)
    return path


def test_rows_become_songs(table: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        songs = dict(read_songs(table))
    assert list(songs) == ["songs/soul/1980s/7", "songs/pop/country/2010s/8", "songs/rock/10"]
    first = songs["songs/soul/1980s/7"]
    assert [(c.start_beats, c.duration_beats, c.symbol) for c in first.chords] == [
        (0, 8, "C"),
        (8, 4, "F"),
        (12, 4, "Am7"),
        (16, 4, "F#/A#"),
        (20, 4, "C5"),
        (24, 4, "Gsus4"),
        (28, 4, "G#sus4"),
        (32, 4, "F#m7"),
    ]
    assert [(section.beat, section.label) for section in first.sections] == [
        (0, "intro 1"),
        (8, "verse 1"),
        (20, "chorus 1"),
    ]
    assert [chord.symbol for chord in songs["songs/pop/country/2010s/8"].chords] == [
        *("Bbmaj7", "Ebm", "D#dim/F#", "?", "C"),
    ]
    assert [section.beat for section in songs["songs/rock/10"].sections] == [0, 8]
    assert "left out 1 rows without chords" in caplog.text
    assert "1 spellings are no chords and unknown: Zq" in caplog.text


def test_style_and_sections_reach_the_training_data(table: Path) -> None:
    with table.open("a") as file:
        file.write("11,C,,,,,a,jazz,s\n12,Dmin7 G7 Cmaj7,,,1950.0,,a,jazz,s\n")
    problems: list[BadInputError] = []
    data = read_chord_data([table], problems.append)
    assert [song.context.style for song in data.songs] == ["soul", "pop", "rock", "jazz"]
    assert data.songs[0].section.tolist() == [0, 1, 1, 1, 2, 2, 2, 2]
    assert [str(problem) for problem in problems] == [
        "songs/jazz/11: it has 1 chords, too few to train on"
    ]


def test_rows_are_read_one_by_one(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muse.tools.datasets.readers.read_bytes", None)
    songs = read_songs(table)
    assert next(songs)[0] == "songs/soul/1980s/7"
    songs.close()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Fs", "F#"),
        ("Csmin/Gs", "C#min/G#"),
        ("Asus2", "Asus2"),
        ("Assus2", "A#sus2"),
        ("Bb", "Bb"),
    ],
)
def test_s_is_a_sharp(word: str, plain: str) -> None:
    assert plain_spelling(word) == plain


def test_other_tables_are_left_out() -> None:
    assert looks_like_chordonomicon(b"PAR1....")
    assert not looks_like_chordonomicon(b"drummer,style,bpm\n1,rock,120\n")
    assert not looks_like_chordonomicon(b"title,chords\nA,C\n")


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_text(HEAD + f'1,"{"C " * 600_000}",,,,,,pop,s\n')
    with pytest.raises(BadInputError, match=r"songs\.csv, line 2: not CSV"):
        list(read_songs(path))


class FakeFile:
    """Stands for pyarrow.parquet.ParquetFile: one batch of two rows."""

    schema_arrow = SimpleNamespace(names=["id", "chords", "decade", "main_genre", "other"])

    def __init__(self, source: Path) -> None:
        assert Path(source).read_bytes().startswith(b"PAR1")

    def iter_batches(self, batch_size: int, columns: list[str]) -> list[SimpleNamespace]:
        assert columns == ["id", "chords", "decade", "main_genre"]
        rows = [
            {"id": 3, "chords": "<verse_1> Fs B", "decade": 1990.0, "main_genre": None},
            {"id": 4, "chords": None, "decade": None, "main_genre": None},
        ]
        return [SimpleNamespace(to_pylist=lambda: rows)]


def test_parquet_is_read_with_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "songs.parquet"
    path.write_bytes(b"PAR1" + bytes(20))
    fake = ModuleType("pyarrow.parquet")
    fake.ParquetFile = FakeFile  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", fake)
    ((name, song),) = read_songs(path)
    assert name == "songs/pop/1990s/3"
    assert [chord.symbol for chord in song.chords] == ["F#", "B"]


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "songs.parquet"
    path.write_bytes(b"PAR1" + bytes(20))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPartError, match=r"pip install '\.\[parquet\]'"):
        list(read_songs(path))
