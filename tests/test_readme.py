"""The commands of the README run in order and unchanged, and print the output it shows."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
# lines that are not run, and why
LEFT_OUT = {
    "make demo": "it is what sets the tests up",
    "make test": "it runs this test",
    'muse jam --in "Digital Piano" --out synth': "it needs a keyboard",
}
LINE = re.compile(r"^\$ (.+?)(?:\s{2,}#.*)?$", re.MULTILINE)
WRITTEN = ("stems/song.mid", "tune.mid", "new.wav", "shards", "tune.musicxml", "take.mid", "clips")


@pytest.fixture
def place(tmp_path: Path, example_audio: Path) -> Path:
    """Return a folder with the inputs of the README: a song, a folder of MIDI, the examples."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "midi").mkdir()
    shutil.copy(ROOT / "examples" / "paper_lanterns.mid", tmp_path / "midi")
    data, rate = soundfile.read(example_audio, frames=10 * 44_100)
    soundfile.write(tmp_path / "song.wav", data, rate)
    return tmp_path


def test_commands_of_the_readme_run(place: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = [line for line in LINE.findall(README) if line not in LEFT_OUT]
    assert len(lines) >= 10
    for line in lines:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line],
            cwd=place,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert all((place / name).exists() for name in WRITTEN)


def test_output_in_the_readme_is_current(muse) -> None:
    (shown,) = re.findall(r"^\$ muse view (.*?)\n(.*?)```", README, re.MULTILINE | re.DOTALL)[:1]
    words, expected = shown
    printed = muse("view", *words.replace("examples/", f"{ROOT}/examples/").split()).out.decode()
    assert [line.split() for line in printed.splitlines()] == [
        line.split() for line in expected.splitlines()
    ]


def test_readme_is_short() -> None:
    assert len(README.splitlines()) < 150
