"""What some tests need of the machine they run on.

Each need is a marker: `@pytest.mark.needs_fluidsynth` on a test, or in `pytestmark` for a module. A
test that uses a fixture of FIXTURES has its marker already. Where a need is not met, conftest.py
skips the test with the reason, and the end of the run says how many were skipped for each need.
Everything else that tests use comes with `pip install '.[demucs,dev]'` and is simply imported.
"""

import ctypes.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True)
class Need:
    """One row of NEEDS.

    Attributes:
        marker: its name.
        description: what is needed, for `pytest --markers`.
        why_not: returns why the need is not met here, or None where it is.
    """

    marker: str
    description: str
    why_not: Callable[[], str | None]


def why_no_data() -> str | None:
    """Return why real data is missing; None if it is there."""
    return None if SHARED_DATA.is_dir() else f"no folder {SHARED_DATA}"


def why_no_fluidsynth() -> str | None:
    """Return why nothing can be rendered; None if it can."""
    return None if ctypes.util.find_library("fluidsynth") else "libfluidsynth is not installed"


def why_no_ffmpeg() -> str | None:
    """Return why ffmpeg is missing; None if it is there."""
    return None if shutil.which("ffmpeg") else "ffmpeg is not installed"


@cache
def why_no_rtmidi() -> str | None:
    """Return why python-rtmidi does not work; None if it does."""
    from muse.tools.errors import MissingPartError
    from muse.tools.jam.ports.midi_system import load_rtmidi

    try:
        load_rtmidi()
    except MissingPartError as error:
        return str(error)
    return None


@cache
def why_no_jack() -> str | None:
    """Return why no JACK server can be started; None if one can."""
    from muse.tools.jam.benchmark import jack_server

    return jack_server.why_no_jack()


def why_no_groff() -> str | None:
    """Return why groff is missing; None if it is there."""
    return None if shutil.which("groff") else "groff is not installed"


def why_no_user() -> str | None:
    """Return why files cannot be protected from this process; None if they can."""
    return "root may write anywhere" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def why_no_posix() -> str | None:
    """Return why there are no POSIX signals and limits here; None if there are."""
    return None if os.name == "posix" else "not a POSIX system"


def why_no_linux() -> str | None:
    """Return why this is not Linux; None if it is."""
    return None if sys.platform == "linux" else "not Linux"


NEEDS = (
    Need("needs_data", "real songs and recordings in ../shared/data", why_no_data),
    Need("needs_fluidsynth", "libfluidsynth, which renders MIDI", why_no_fluidsynth),
    Need("needs_ffmpeg", "ffmpeg, which decodes rare audio formats", why_no_ffmpeg),
    Need("needs_rtmidi", "python-rtmidi, which opens MIDI ports", why_no_rtmidi),
    Need("needs_jack", "jackd and python-rtmidi with JACK", why_no_jack),
    Need("needs_groff", "groff, which formats man pages", why_no_groff),
    Need("needs_user", "a user other than root", why_no_user),
    Need("needs_posix", "POSIX signals and limits", why_no_posix),
    Need("needs_linux", "Linux", why_no_linux),
)

# needs of the tests that use a fixture of this name
FIXTURES = {
    "shared_data": "needs_data",
    "jack": "needs_jack",
    "rock_audio": "needs_fluidsynth",
}
