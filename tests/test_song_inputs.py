"""Every command that takes a song reads what `datasets.readers` reads."""

from pathlib import Path

import pytest

from muse.tools.datasets.readers import read_song
from muse.tools.errors import BadInputError
from muse.tools.jam.inputs import read_solo_file
from muse.tools.jam.ports.input_queue import is_song_head
from muse.tools.song.document import Song
from muse.tools.tokens.inputs import find_inputs, load_score
from muse.tools.view.inputs import Sound, open_input

SCORE = """<score-partwise><part id="P1"><measure><attributes><divisions>1</divisions></attributes>
<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note></measure></part>
</score-partwise>"""
ABC = 'X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"C"C4|\n'
FILES = {
    "utf16.xml": SCORE.encode("utf-16"),
    "plain.musicxml": SCORE.encode(),
    "tune.abc": ABC.encode(),
}


@pytest.fixture(params=FILES)
def score(request, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    path.write_bytes(FILES[request.param])
    return path


def pitches(song: Song) -> list[int]:
    return [note.pitch for track in song.tracks for note in track.notes]


def test_every_entry_reads_a_score(score: Path) -> None:
    assert pitches(read_song(score)) == [60]
    with open_input(score) as content:
        assert isinstance(content, Song)
        assert [chord.symbol for chord in content.chords] == ["C"]
    assert [note.pitch for note in read_solo_file(score).track.notes] == [60]
    assert [note.pitch for note in load_score(str(score)).tracks[0].notes] == [60]
    assert is_song_head(score.read_bytes()[:8])


def test_commands_read_a_score(muse, score: Path) -> None:
    assert b"C" in muse("view", str(score), "--chart").out
    out = score.with_suffix(".mid")
    for option in ("--like", "--under"):
        assert muse("chords", option, str(score), "--seed", "1", "-o", str(out)).code == 0
        assert read_song(out).chords


def test_a_folder_of_scores_is_tokenized(score: Path) -> None:
    (score.parent / "project.xml").write_text("<project/>")
    assert [*find_inputs([str(score.parent)])] == [str(score)]


def test_a_folder_is_no_song_and_audio_is_no_score(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is a folder"):
        read_song(tmp_path)
    (tmp_path / "a.raw").write_bytes(b"\x00\x01" * 20)
    with open_input(tmp_path / "a.raw") as content:
        assert isinstance(content, Sound)
