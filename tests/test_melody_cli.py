"""`muse melody` on the command line: pipes, files, seeds and invalid options."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from muse.tools.song.document import Song, song_from_json, song_to_json
from muse.tools.song.midi import load_song
from tests.conftest import ROOT
from tests.melody_fakes import in_bars

BARS = 4


@pytest.fixture
def chords() -> bytes:
    return song_to_json(in_bars(BARS, symbols=("C", "Am7", "Dm7", "G7")))


def test_pipe_gets_a_song_document(muse, chords: bytes) -> None:
    shown = muse("melody", "--seed", 7, stdin=chords)
    song, before = song_from_json(shown.out), song_from_json(chords)
    assert shown.code == 0
    assert "seed 7" in shown.err
    assert song.chords == before.chords
    assert song.tracks[:-1] == before.tracks
    assert song.tracks[-1].name == "Melody"
    assert song.tracks[-1].notes
    assert shown.out == muse("melody", "-", "--seed", 7, "-o", "-", stdin=chords).out


def test_a_random_seed_is_reported_and_reproduces_the_melody(muse, chords: bytes) -> None:
    first = muse("melody", stdin=chords)
    seed = song_from_json(first.out).made_by.seed  # type: ignore[union-attr]
    assert f"seed {seed}" in first.err
    assert muse("melody", "--seed", seed, stdin=chords).out == first.out


def test_one_or_several_songs_are_piped_in(muse) -> None:
    three = muse("chords", "--bars", 2, "--count", 3, "--seed", 1).out
    lines = muse("melody", "--seed", 1, stdin=three).out.splitlines()
    assert [song_from_json(line).chords for line in lines] == [
        song_from_json(line).chords for line in three.splitlines()
    ]


def test_several_melodies_are_lines_or_numbered_files(muse, chords: bytes, tmp_path: Path) -> None:
    words = ("melody", "--count", 3, "--seed", 1)
    lines = muse(*words, stdin=chords).out.splitlines()
    assert len(set(lines)) == 3
    assert muse(*words, "-o", tmp_path / "x.json", stdin=chords).code == 0
    files = [song_from_json((tmp_path / f"x_{n}.json").read_bytes()) for n in (1, 2, 3)]
    assert [file.tracks for file in files] == [song_from_json(line).tracks for line in lines]


def test_a_melody_over_a_chart(muse, tmp_path: Path) -> None:
    chart = tmp_path / "chart.txt"
    chart.write_text("title: Home\n| Dm7 | G7 | Cmaj7 | % |\n")
    song = song_from_json(muse("melody", chart, "--seed", 1).out)
    assert [chord.symbol for chord in song.chords][:2] == ["Dm7", "G7"]
    assert song.tracks[-1].notes


@pytest.mark.parametrize("suffix", [".mid", ".json", ".musicxml", ".png"])
def test_output_formats(muse, chords: bytes, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"x{suffix}"
    shown = muse("melody", "--seed", 1, "-o", target, stdin=chords)
    assert (shown.code, shown.out) == (0, b"")
    assert target.stat().st_size > 0


def test_a_score_is_read_back_by_music21(muse, chords: bytes, tmp_path: Path) -> None:
    from music21 import converter

    target = tmp_path / "x.musicxml"
    muse("melody", "--seed", 1, "-o", target, stdin=chords)
    made = song_from_json(muse("melody", "--seed", 1, stdin=chords).out)
    parts = converter.parse(target).parts
    read = [note for part in parts if part.partName == "Melody" for note in part.flatten().notes]
    sounding = [note for note in read if note.tie is None or note.tie.type == "start"]
    assert [note.pitch.midi for note in sounding if hasattr(note, "pitch")] == [
        note.pitch for note in made.tracks[-1].notes
    ]


def test_a_midi_file_is_continued_and_filled(muse, chords: bytes, tmp_path: Path) -> None:
    first = tmp_path / "first.mid"
    assert muse("melody", "--bars", 2, "--seed", 1, "-o", first, stdin=chords).code == 0
    notes = load_song(first).tracks[-1].notes
    continued = song_from_json(muse("melody", first, "--continue", "--seed", 2).out)
    assert continued.tracks[-1].notes[: len(notes)] == notes
    assert continued.tracks[-1].notes[-1].start_beats >= 8
    filled = song_from_json(muse("melody", first, "--fill", 2, "--seed", 2).out)
    before = [note for note in notes if note.start_beats < 4]
    assert filled.tracks[-1].notes[: len(before)] == before


def test_raw_event_ids(muse, chords: bytes) -> None:
    ids = json.loads(muse("melody", "--raw", "--seed", 1, stdin=chords).out)["generated_event_ids"]
    assert ids
    assert all(type(number) is int for number in ids)


def test_a_motif_and_a_rhythm_from_files(muse, chords: bytes, tmp_path: Path) -> None:
    idea = tmp_path / "idea.json"
    idea.write_bytes(muse("melody", "--bars", 2, "--seed", 3, stdin=chords).out)
    notes = song_from_json(idea.read_bytes()).tracks[-1].notes
    begun = song_from_json(muse("melody", "--motif", idea, "--seed", 4, stdin=chords).out)
    assert [n[:3] for n in map(tuple_of, begun.tracks[-1].notes[: len(notes)])] == [
        n[:3] for n in map(tuple_of, notes)
    ]
    like = song_from_json(muse("melody", "--rhythm-like", idea, "--seed", 4, stdin=chords).out)
    assert [n.start_beats for n in like.tracks[-1].notes if n.start_beats < 8] == [
        n.start_beats for n in notes
    ]
    assert begun.made_by.params["motif"] == str(idea)  # type: ignore[union-attr]


def tuple_of(note) -> tuple[float, float, int]:
    return note.start_beats, note.duration_beats, note.pitch


def test_a_model_from_a_file(muse, chords: bytes) -> None:
    path = ROOT / "models" / "weights" / "melody-xl.safetensors"
    given = muse("melody", "--seed", 1, "--model", path, stdin=chords)
    assert given.out == muse("melody", "--seed", 1, stdin=chords).out


@pytest.mark.needs_fluidsynth
def test_a_melody_is_rendered(muse, chords: bytes, tmp_path: Path) -> None:
    made = muse("melody", "--bars", 2, "--seed", 1, stdin=chords)
    assert muse("render", "-", "-o", tmp_path / "a.wav", stdin=made.out).code == 0


def test_a_melody_is_viewed(muse, chords: bytes) -> None:
    made = muse("melody", "--seed", 1, stdin=chords)
    assert "Melody" in muse("view", "-", stdin=made.out).out.decode()


def test_a_folder_of_pop909(muse, shared_data: Path) -> None:
    folder = shared_data / "pop909" / "005"
    shown = muse("melody", folder, "--bars", 4, "--seed", 1)
    song = song_from_json(shown.out)
    assert [t.name for t in song.tracks if "melod" in t.name.lower()] == ["Melody"]
    assert "replacing the song's melody" in shown.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--bars", 0], "--bars must be 1"),
        (["--range", "A5:C4"], "--range"),
        (["--form", "AAB1"], "--form"),
        (["--fill", "9-12"], "in bars 1-4"),
        (["--density", 0], "--density must be"),
        (["--count", 0], "--count must be"),
        (["--rank", 0], "--rank must be"),
        (["--seed", -1], "--seed must be"),
        (["--top-p", 0], "--top-p must be"),
        (["--temperature", -1], "--temperature must be"),
        (["-o", "x.txt"], "cannot write .txt"),
        (["--nonsense"], "no option --nonsense"),
    ],
)
def test_invalid_options_are_usage_errors(
    muse, chords: bytes, words: list[object], reason: str
) -> None:
    shown = muse("melody", *words, stdin=chords)
    assert (shown.code, shown.out) == (2, b"")
    assert reason in shown.err
    assert shown.err.count("\n") == 1 or "Usage" in shown.err or "Try" in shown.err


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "stdin|standard input"),
        (b"hello there", "stdin|standard input"),
        (b"{}", "not a Song"),
        (song_to_json(Song()), "`muse chords`"),
    ],
)
def test_invalid_songs_are_bad_input(muse, data: bytes, reason: str) -> None:
    shown = muse("melody", "--seed", 1, stdin=data)
    assert (shown.code, shown.out) == (4, b"")
    assert any(part in shown.err for part in reason.split("|")), shown.err
    assert shown.err.strip().count("\n") == 0


def test_unreadable_files_are_named(muse, chords: bytes, tmp_path: Path) -> None:
    bad, none = tmp_path / "bad.mid", tmp_path / "none.mid"
    bad.write_bytes(b"MThd nothing")
    for words in ([bad], [none], ["-", "--motif", bad], ["-", "--rhythm-like", none]):
        shown = muse("melody", *words, "--seed", 1, stdin=chords)
        assert shown.code == 4
        assert Path(str(words[-1])).name in shown.err
    shown = muse("melody", "--model", "oracle", stdin=chords)
    assert shown.code == 2
    assert "oracle" in shown.err


@pytest.mark.needs_user
def test_an_unwritable_folder_is_named(muse, chords: bytes, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    shown = muse("melody", "-o", tmp_path / "x.json", stdin=chords)
    assert shown.code == 1
    assert "x.json" in shown.err


def test_an_interruption_leaves_no_file(
    muse, chords: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from muse.tools.melody import sampler

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sampler.MelodySampler, "note", interrupted)
    shown = muse("melody", "-o", tmp_path / "x.json", "--seed", 1, stdin=chords)
    assert shown.code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_pipeline_of_commands(tmp_path: Path) -> None:
    muse = Path(sys.executable).with_name("muse")
    line = (
        f"{muse} chords --bars 4 --seed 1 | {muse} melody --seed 1 | "
        f"{muse} melody --continue --bars 2 --seed 2"
    )
    done = subprocess.run(line, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "no bars of chords after the melody" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_swung_song_is_filled_and_continued(muse) -> None:
    """Swung notes of `muse chords` are off the grid; notes that are not replaced do not move."""
    chords = muse("chords", "--bars", 8, "--style", "neo-soul", "--seed", 4).out
    first = muse("melody", "--bars", 6, "--seed", 1, stdin=chords).out
    own = song_from_json(first).tracks[-1].notes
    for words, inside in ((["--fill", "2-3"], range(4, 12)), (["--continue"], range(24, 32))):
        notes = (
            song_from_json(muse("melody", *words, "--seed", 2, stdin=first).out).tracks[-1].notes
        )
        remaining = [n for n in own if round(n.start_beats * 12) // 12 not in inside]
        assert [n for n in notes if n in remaining] == remaining
        assert len(notes) > len(remaining)
        for note, following in pairwise(notes):
            assert note.start_beats + note.duration_beats <= following.start_beats + 1e-9
