"""`muse intervals generate` writes a data set atomically, the same with any number of jobs."""

import contextlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import read_audio
from muse.tools.audio.soundfonts import find_soundfonts
from muse.tools.errors import MuseError
from muse.tools.intervals.clip_settings import ClipSettings
from muse.tools.intervals.data_set import generate_folder, read_index, read_labels
from muse.tools.intervals.generate import clips

RATE = 22_050
QUICK = ClipSettings(sample_rate=RATE, clip_s=0.5, gap_s=(0.1, 0.1))


@pytest.mark.parametrize(
    "timbre", ["pluck", pytest.param("gm:test", marks=pytest.mark.needs_fluidsynth)]
)
def test_the_number_of_jobs_does_not_change_the_files(tmp_path: Path, timbre: str) -> None:
    fonts = (str(find_soundfonts()[-1]),)
    clip_settings = replace(
        QUICK, timbres=(timbre,), soundfonts=fonts, detune_cents=20.0, snr_db=(5.0, 40.0)
    )
    one = generate_folder(tmp_path / "one", clip_settings, 30, 5)
    two = generate_folder(tmp_path / "two", clip_settings, 30, 5, jobs=2)
    assert one == two
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 32
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_files_hold_the_clips_and_labels(tmp_path: Path) -> None:
    generate_folder(tmp_path / "set", QUICK, 6, 5)
    sounds, labels = clips(QUICK, 6, seed=5)
    assert read_labels(tmp_path / "set") == labels
    for clip, label in zip(sounds, labels, strict=True):
        audio, rate = read_audio(tmp_path / "set" / label.file)
        assert (rate, audio.shape) == (RATE, (1, len(clip)))
        assert np.abs(audio[0] - clip).max() <= 0.5001 / 2**15


def test_only_a_damaged_or_different_set_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    first = generate_folder(folder, QUICK, 4, 5)
    clip = folder / "clip-000002.wav"
    written_ns = clip.stat().st_mtime_ns
    assert generate_folder(folder, QUICK, 4, 5) == first
    assert clip.stat().st_mtime_ns == written_ns
    intact = clip.read_bytes()
    clip.write_bytes(intact[:-2] + b"xx")
    assert generate_folder(folder, QUICK, 4, 5) == first
    assert clip.read_bytes() == intact
    with pytest.raises(MuseError, match=r"another data set \(4 clips, seed 5\)"):
        generate_folder(folder, QUICK, 4, 6)
    assert clip.read_bytes() == intact
    other = generate_folder(folder, QUICK, 3, 5, overwrite=True)
    assert other.request_hash != first.request_hash
    assert len(read_labels(folder)) == read_index(folder).clips == 3


def test_a_folder_with_other_files_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for target in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(MuseError):
            generate_folder(target, QUICK, 2, 1)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_leaves_no_files(tmp_path: Path, jobs: int) -> None:
    def stop(_stage: str, _fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_folder(tmp_path / "set", QUICK, 60, 1, jobs=jobs, report=stop)
    assert list(tmp_path.iterdir()) == []


def test_command_writes_a_set_and_prints_its_index(muse, tmp_path: Path) -> None:
    words = ["--seed", 4, "--rate", RATE, "--length", 0.5, "--gap", "0:0.1", "--intervals", "3,4"]
    shown = muse("intervals", "generate", "-n", 5, "-o", tmp_path / "set", *words)
    assert shown.code == 0
    index = json.loads(shown.out)
    assert (index["clips"], index["seed"]) == (5, 4)
    assert json.loads((tmp_path / "set" / "dataset.json").read_bytes()) == index
    assert {label.semitones for label in read_labels(tmp_path / "set")} == {3, 4}
    again = muse("intervals", "generate", "-n", 5, "-o", tmp_path / "set", *words)
    assert again.out == shown.out
    assert "already" in again.err


def test_a_random_seed_is_reported(muse, tmp_path: Path) -> None:
    words = ["--rate", RATE, "--length", 0.5, "--timbre", "saw", "-n", 1]
    shown = muse("intervals", "generate", "-o", tmp_path / "set", *words)
    assert f"seed {json.loads(shown.out)['seed']}" in shown.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--intervals", "0-25"], "0 to 24"),
        (["--intervals", "third"], "--intervals"),
        (["--intervals", "0", "--direction", "together"], "one note"),
        (["--direction", "sideways"], "--direction"),
        (["--timbre", "kazoo"], "--timbre"),
        (["--timbre", ""], "--timbre"),
        (["--timbre", "gm:47"], "timpani"),
        (["--timbre", "gm:43", "--lowest", 400], "no timbre plays"),
        (["--lowest", 400, "--highest", 500], "semitones apart"),
        (["--lowest", "nan"], "--lowest"),
        (["--gap", "3"], "--gap"),
        (["--gap", "0.2:0.1"], "--gap"),
        (["--note", "1"], "do not fit"),
        (["--snr", "loud"], "--snr"),
        (["--reverb", "0"], "--reverb"),
        (["--level", "3"], "--level"),
        (["--detune", 51], "--detune"),
        (["--rate", 2000], "--rate"),
        (["--balance", -3], "--balance"),
        (["--noise", "brown"], "--noise"),
        (["--seed", -1], "--seed"),
        (["-n", 0], "--count"),
        (["--length", 1e9], "--length"),
    ],
)
def test_invalid_options_are_refused(muse, tmp_path: Path, words: list, reason: str) -> None:
    shown = muse("intervals", "generate", "-o", tmp_path / "set", *words)
    assert (shown.code, shown.out) == (2, b"")
    assert reason in shown.err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_soundfont_is_named(muse, tmp_path: Path) -> None:
    words = ["--timbre", "gm:0", "--soundfont", tmp_path / "none.sf2"]
    shown = muse("intervals", "generate", "-o", tmp_path / "set", *words)
    assert shown.code == 4
    assert "none.sf2" in shown.err


def test_sigterm_leaves_no_files(tmp_path: Path) -> None:
    words = [str(Path(sys.executable).parent / "muse"), "intervals", "generate"]
    words += ["-n", "100000", "-o", str(tmp_path / "set"), "--jobs", "2"]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(tmp_path.glob(".set.*/new/*.wav")):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    process.terminate()
    assert process.wait() == 130
    assert list(tmp_path.iterdir()) == []
