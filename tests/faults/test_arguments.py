"""Arguments that are out of range or no value at all: usage errors in words of the option."""

import pytest

from muse.cli.exit_codes import ExitCode


@pytest.mark.parametrize("bpm", ["0", "-5", "nan", "inf", "1e999", ""])
def test_a_jam_at_an_impossible_tempo_is_wrong_usage(muse, tmp_path, bpm: str) -> None:
    song = tmp_path / "song.mid"
    muse("chords", "--bars", 1, "--model", "ngram", "--seed", 1, "-o", song)
    result = muse("jam", "--in", song, "--out", tmp_path / "band.mid", f"--bpm={bpm}")
    assert result.code == ExitCode.USAGE
    assert result.err.splitlines()[-1].startswith("muse: --bpm must be ")
