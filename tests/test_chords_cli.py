"""`muse chords` on the command line: pipes, files, seeds and invalid options."""

import json
from pathlib import Path

import pytest

from muse.cli.exit_codes import ExitCode
from muse.tools.song.document import song_from_json
from muse.tools.song.midi import load_song


def test_pipe_gets_a_song_document(muse) -> None:
    shown = muse("chords", "--bars", 8, "--seed", 7)
    song = song_from_json(shown.out)
    assert shown.code == 0
    assert song.end_beats() == 32.0
    assert "seed 7" in shown.err
    assert shown.out == muse("chords", "--bars", 8, "--seed", 7).out


def test_a_random_seed_is_reported_and_reproduces_the_chords(muse) -> None:
    first = muse("chords")
    seed = song_from_json(first.out).made_by.seed  # type: ignore[union-attr]
    assert f"seed {seed}" in first.err
    again = muse("chords", "--seed", seed)
    assert again.out == first.out


def test_several_progressions_are_lines_or_numbered_files(muse, tmp_path: Path) -> None:
    lines = muse("chords", "--count", 3, "--seed", 1).out.splitlines()
    assert len(lines) == 3
    assert muse("chords", "--count", 3, "--seed", 1, "-o", tmp_path / "x.json").code == 0
    written = [(tmp_path / f"x_{n}.json").read_bytes() for n in (1, 2, 3)]
    piped = [song_from_json(line).chords for line in lines]
    assert [song_from_json(data).chords for data in written] == piped


@pytest.mark.parametrize("suffix", [".mid", ".json", ".musicxml", ".png"])
def test_output_formats(muse, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"x{suffix}"
    shown = muse("chords", "--seed", 1, "-o", target)
    assert (shown.code, shown.out) == (0, b"")
    assert target.stat().st_size > 0
    if suffix == ".mid":
        assert len(load_song(target).tracks) == 2


def test_song_from_a_pipe_is_continued_or_varied(muse) -> None:
    first = muse("chords", "--key", "Ab", "--seed", 1).out
    shown = muse("chords", "--like", "-", "--bars", 4, "--seed", 2, stdin=first)
    song = song_from_json(shown.out)
    assert song.keys[0].tonic_pc == 8
    assert song.end_beats() == 16.0
    varied = muse("chords", "--like", "-", "--vary", "--seed", 2, stdin=first)
    before = song_from_json(first).chords
    assert [c.start_beats for c in song_from_json(varied.out).chords] == [
        c.start_beats for c in before
    ]


@pytest.mark.needs_fluidsynth
def test_audio_from_a_file_and_through_a_pipe(muse, tmp_path: Path) -> None:
    made = muse("chords", "--bars", 2, "--seed", 1)
    assert muse("chords", "--bars", 2, "--seed", 1, "-o", tmp_path / "a.wav").code == 0
    assert muse("render", "-", "-o", tmp_path / "b.wav", stdin=made.out).code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_dash_is_standard_output(muse) -> None:
    made = muse("chords", "--bars", 2, "--seed", 1, "-o", "-")
    assert made.out == muse("chords", "--bars", 2, "--seed", 1).out
    song_from_json(made.out)


def test_raw_codes(muse) -> None:
    rows = json.loads(muse("chords", "--raw", "--seed", 1).out)["generated"]
    assert set(rows[0]) == {"predicted_id", "gen_root_pc", "gen_quality", "gen_function"}


def test_explanations_go_to_stderr_and_the_song_to_stdout(muse) -> None:
    shown = muse("chords", "--explain", "--cadence", "full", "--seed", 1)
    song_from_json(shown.out)
    assert "a full cadence" in shown.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--bars", 0], "--bars must be 1 to"),
        (["--style", "polka"], "--style must be one of"),
        (["--fix", "12:I"], "outside bars 1 to 8"),
        (["--prompt", "C F G", "--bars", 2], "use --bars 3 or more"),
        (["--prompt", "Q"], "'Q'"),
        (["--count", 0], "--count"),
        (["--seed", -1], "--seed"),
        (["--top-p", 0], "--top-p"),
        (["--model", "oracle"], "--model must be auto"),
        (["-o", "x.txt"], "cannot write .txt"),
        (["-o", "x.txt"], ".wav"),
        (["--vary"], "--like"),
        (["--nonsense"], "no option --nonsense"),
    ],
)
def test_invalid_options_are_usage_errors(muse, words: list[object], reason: str) -> None:
    shown = muse("chords", *words)
    assert (shown.code, shown.out) == (2, b"")
    assert reason in shown.err


def test_unreadable_files_are_named(muse, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mid"
    bad.write_bytes(b"MThd nothing")
    for words in (["--like", bad], ["--like", tmp_path / "none.mid"], ["--model", "no/where.json"]):
        shown = muse("chords", *words)
        assert shown.code == 4
        assert Path(str(words[1])).stem in shown.err


def test_a_refused_request_is_the_only_message(muse) -> None:
    result = muse("chords", "--style", "blues")
    assert result.code == ExitCode.USAGE
    assert result.err == (
        "muse: --style must be one of pop, soul, rock, jazz, neo-soul, not 'blues'\n"
    )


@pytest.mark.parametrize("command", ["chords", "melody"])
def test_raw_output_is_not_written_to_a_file_of_another_format(muse, tmp_path, command) -> None:
    result = muse(command, "--raw", "-o", tmp_path / "x.mid")
    assert result.code == ExitCode.USAGE and "--raw writes to standard output" in result.err
    assert not (tmp_path / "x.mid").exists()
