"""Shared fixtures: muse in this process, one soundfont, skips by need, and small sounds."""

import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from muse.cli.main import run
from muse.tools.audio.io import write_audio
from muse.tools.audio.soundfonts import choose_soundfont
from muse.tools.song.document import Song
from muse.tools.song.midi import song_from_midi
from tests.needs import FIXTURES, NEEDS, ROOT, SHARED_DATA
from tests.sounds import tone

SKIPPED = Counter[str]()  # number of skipped tests by marker


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of needs.py, and pin the sound of every test of this run.

    Tests and the programs they start find only the soundfont inside pretty_midi, whatever the
    machine has, so that their results do not depend on it.
    """
    for need in NEEDS:
        config.addinivalue_line("markers", f"{need.marker}: needs {need.description}")
    os.environ["MUSE_SOUNDFONT_PATH"] = ""
    os.environ.pop("MUSE_SOUNDFONT", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip each test whose needs are not met, with the reason."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in FIXTURES:
                item.add_marker(FIXTURES[fixture])
        for need in NEEDS:
            if item.get_closest_marker(need.marker) and (reason := need.why_not()):
                item.add_marker(pytest.mark.skip(reason=f"{need.marker}: {reason}"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count the skipped tests by the marker that their reason begins with."""
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        SKIPPED[reason.partition(":")[0]] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped for each need."""
    if SKIPPED:
        terminalreporter.section("skipped tests by need")
        for marker, count in SKIPPED.most_common():
            terminalreporter.line(f"{count:5} {marker}")


@dataclass(frozen=True)
class Result:
    """Exit code and output of one command line."""

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
            try:
                code = run([str(argument) for argument in arguments])
            finally:
                if "--debug" in arguments:
                    logging.getLogger("muse").setLevel(logging.INFO)
            sys.stdout.flush()
            return Result(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real data; a test that uses it has the marker needs_data."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def soundfont() -> Path:
    """Return the soundfont that every test renders with."""
    return choose_soundfont()


@pytest.fixture
def example_song() -> Song:
    """Return the example song, as composed."""
    path = ROOT / "examples" / "paper_lanterns.mid"
    return song_from_midi(path.read_bytes(), path.name)


@pytest.fixture
def example_audio() -> Path:
    """Return the path of the example song, rendered."""
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
