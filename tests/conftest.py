"""What the tests share: running muse in this process, real data where it is, small sounds."""

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from muse.cli.main import run
from muse.tools.audio.io import write_audio
from muse.tools.song.document import Song
from muse.tools.song.midi import song_from_midi
from tests.sounds import tone

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Result:
    """What one command line gave."""

    code: int
    out: bytes
    err: str


@pytest.fixture
def muse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run one command line in this process; stdin takes bytes; nothing is a terminal."""

    def call(*arguments: object, stdin: bytes = b"") -> Result:
        out, err = io.BytesIO(), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
            patch.setattr(sys, "stderr", err)
            code = run([str(argument) for argument in arguments])
            sys.stdout.flush()
            return Result(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that want it are skipped without it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data is not here")
    return SHARED_DATA


@pytest.fixture
def example_song() -> Song:
    """The example song, as composed."""
    path = ROOT / "examples" / "paper_lanterns.mid"
    return song_from_midi(path.read_bytes(), path.name)


@pytest.fixture
def example_audio() -> Path:
    """The example song, as rendered."""
    return ROOT / "examples" / "paper_lanterns.ogg"


@pytest.fixture
def tone_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a sine to a WAV and give its path; arguments as `tone`, and a name."""

    def make(
        frequency: float = 440.0, seconds: float = 1.0, name: str = "tone.wav", **options: int
    ) -> Path:
        path = tmp_path / name
        write_audio(path, tone(frequency, seconds, **options), options.get("rate", 44_100))
        return path

    return make
