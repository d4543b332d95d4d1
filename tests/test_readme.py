"""The README's lines run as they stand, in its order, where their inputs are at hand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUN = (
    "muse view",
    "muse tokenize",
    "muse chords",
    "muse melody",
    "echo",
    "muse intervals name",
    "muse intervals generate",
    "muse jam --in song.mid",
    "muse jam --replay",
    "muse eval symbolic",
    "muse eval melody",
    "python examples/render_neo_soul.py",
)
LINE = re.compile(r"^\$ (.+?)(?:\s{2,}#.*)?$", re.MULTILINE)


def test_lines_of_the_readme_run(tmp_path: Path) -> None:
    lines = [
        line for line in LINE.findall((ROOT / "README.md").read_text()) if line.startswith(RUN)
    ]
    assert len(lines) >= 10
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "midi").mkdir()
    for name in ("song.mid", "midi/lanterns.mid"):
        shutil.copy(ROOT / "examples" / "paper_lanterns.mid", tmp_path / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in lines:
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", line],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    left = {entry.name for entry in tmp_path.iterdir()}
    assert {
        "roll.png",
        "song.musicxml",
        "again.mid",
        "bpe.json",
        "shards",
        "chords",
        "notes",
        "tune.musicxml",
        "jazz.musicxml",
        "tune.wav",
        "other.mid",
        "clips",
        "take.mid",
        "take.wav",
        "session.mid",
    } <= left
