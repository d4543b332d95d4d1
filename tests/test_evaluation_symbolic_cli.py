"""Tests of `muse eval symbolic`, `melody` and `chords`: inputs, outputs and errors."""

import json
from pathlib import Path

import pytest

from muse.cli.eval import print_figures
from muse.tools.evaluation.symbolic.evaluate import EvalOptions, evaluate
from muse.tools.song.document import Note, Song, Track, song_to_json
from tests.conftest import ROOT
from tests.test_evaluation_symbolic import drawn_song

EXAMPLE = ROOT / "examples" / "paper_lanterns.mid"
CHARTS = ROOT / "examples" / "neo_soul.txt"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return a set of two songs, and a reference of four that shares one with the set."""
    made, real = tmp_path / "made", tmp_path / "real"
    for folder, seeds in ((made, (1, 2)), (real, (3, 4, 5, 6))):
        folder.mkdir()
        for seed in seeds:
            (folder / f"{seed}.json").write_bytes(song_to_json(drawn_song(seed)))
    return made, real


def test_three_columns(muse, folders) -> None:
    made, real = folders
    shown = muse("eval", "symbolic", made, "--reference", real)
    assert shown.code == 0
    result = json.loads(shown.out)
    assert result["format"] == "muse.figures/1"
    assert [song["id"] for song in result["songs"]] == ["made/1", "made/2"]
    assert result["reference_songs"] == 4
    for name, columns in result["figures"].items():
        assert set(columns) == {"set", "reference", "shuffled"}
        assert columns["set"]["songs"] == 2, name
    assert result["figures"]["h1"]["shuffled"]["songs"] == 4
    assert muse("eval", "symbolic", made, "--reference", real).out == shown.out
    assert muse("eval", "symbolic", made, "-r", real, "--seed", 7).out != shown.out


def test_table_on_a_terminal(folders, capsys) -> None:
    made, real = folders
    print_figures(evaluate([str(made)], [str(real)]))
    shown = capsys.readouterr().out
    assert "groove similarity" in shown
    assert "SSMD" in shown
    assert "2 songs" in shown


def test_views(muse, folders) -> None:
    made, _ = folders
    melody = json.loads(muse("eval", "melody", made, "--bars", 4).out)["figures"]
    chords = json.loads(muse("eval", "chords", CHARTS).out)
    assert "in_chord_strong" in melody
    assert "ssmd" in melody
    assert "chord_irregularity" not in melody
    assert "h1" not in chords["figures"]
    assert 0 < chords["figures"]["chord_irregularity"]["set"]["mean"] <= 1
    assert len(chords["songs"]) > 1


def test_songs_from_a_pipe(muse) -> None:
    lines = b"".join(song_to_json(drawn_song(seed)) for seed in (1, 2, 3))
    result = json.loads(muse("eval", "symbolic", "-", stdin=lines).out)
    assert [song["id"] for song in result["songs"]] == ["stdin/1", "stdin/2", "stdin/3"]
    one = json.loads(muse("eval", "symbolic", "-", stdin=EXAMPLE.read_bytes()).out)
    assert one["songs"][0]["range"] == 58


def test_missing_chords_are_detected(tmp_path: Path) -> None:
    triads = ((60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67))
    notes = [Note(4.0 * bar, 4.0, pitch, 80) for bar in range(4) for pitch in triads[bar]]
    path = tmp_path / "bare.json"
    path.write_bytes(song_to_json(Song(tracks=[Track(notes=notes)])))
    result = evaluate([str(path)])
    assert result["heard_chords"]["set"] == 1
    assert result["songs"][0]["in_chord_strong"] == 1
    assert result["songs"][0]["distinct_chords"] == 3


def test_songs_under_test_are_left_out_of_the_reference(folders) -> None:
    made, real = folders
    result = evaluate([str(real / "3.json")], [str(real), str(made)])
    assert result["reference_songs"] == 5


def test_a_bad_file_is_skipped(muse, folders) -> None:
    made, _ = folders
    (made / "broken.mid").write_bytes(b"MThd")
    (made / "chart.txt").write_text("title: chart\n| C | F | G7 | C |\n")
    shown = muse("eval", "symbolic", made)
    assert shown.code == 1
    assert len(json.loads(shown.out)["songs"]) == 2
    assert "broken.mid" in shown.err
    assert "eval chords" in shown.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["/no/such/folder"], 4, "no such file"),
        (["-", "--reference", "-"], 2, "once"),
        ([EXAMPLE, "--reference", EXAMPLE], 4, "choose another reference"),
        ([EXAMPLE, "--track", "drums"], 2, "lead, all"),
        ([CHARTS], 4, "no notes"),
        ([EXAMPLE, "--bars", "0"], 2, "bars"),
        ([], 2, "FILES"),
    ],
)
def test_bad_input(muse, words, code, said) -> None:
    shown = muse("eval", "symbolic", *words)
    assert shown.code == code
    assert said in shown.err
    assert shown.out == b""
    assert len(shown.err.splitlines()) == 1


def test_an_empty_song(tmp_path: Path, muse) -> None:
    path = tmp_path / "empty.json"
    path.write_bytes(song_to_json(Song()))
    for view in ("symbolic", "melody", "chords"):
        shown = muse("eval", view, path)
        assert shown.code == 4
        assert "empty" in shown.err


def test_progress_reaches_its_end(folders) -> None:
    made, real = folders
    told: list[float] = []
    evaluate([str(made)], [str(real)], EvalOptions(), lambda _, done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
