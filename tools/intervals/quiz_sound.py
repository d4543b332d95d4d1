"""Play or write the clips of a quiz."""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from muse.tools.audio.io import write_audio
from muse.tools.errors import MissingPartError, MuseError
from muse.tools.intervals.generate import Clip

# commands that play a WAV file and end, best first
PLAYERS = (
    ("afplay",),  # macOS
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
PLAYING_S = 30.0  # after which a player counts as hanging
LEAST_SHARE = 0.8  # of a clip's length that a player takes which really plays it
CHECK_S = 1.0  # length of the silence that shows whether a player works
CHECK_RATE = 44_100  # Hz, of that silence
FAILURE = re.compile(r"fail|cannot|could not|couldn't|no such|unable|refused", re.IGNORECASE)
HINT = "write the clips with -o DIR, or read the notes with --no-play"


def find_player() -> tuple[str, ...]:
    """Return the first command that plays sound on this machine, after playing a silence with it.

    Raises:
        MissingPartError: none is installed.
        MuseError: those that are installed cannot play; the message says why.
    """
    problems = []
    for command in PLAYERS:
        if not shutil.which(command[0]):
            continue
        try:
            play(np.zeros(round(CHECK_S * CHECK_RATE), np.float32), CHECK_RATE, command)
        except MuseError as error:
            problems.append(str(error))
        else:
            return command
    if problems:
        raise MuseError(f"no sound: {'; '.join(problems)}; {HINT}")
    names = ", ".join(command[0] for command in PLAYERS)
    raise MissingPartError(
        f"no sound player found ({names}); run: apt-get install alsa-utils, or {HINT}"
    )


def play(clip: Clip, rate: int, player: tuple[str, ...]) -> None:
    """Play a clip to its end.

    Raises:
        MuseError: the player failed, or ended before the clip, as some do without a sound card.
    """
    with tempfile.TemporaryDirectory(prefix="muse-") as folder:
        path = Path(folder) / "interval.wav"
        write_clip(path, clip, rate)
        begun_s = time.monotonic()
        done = run_player([*player, str(path)])
        played_s = time.monotonic() - begun_s
    errors = done.stderr.strip().splitlines()
    failures = [line.strip() for line in errors if FAILURE.search(line)]
    name = Path(player[0]).name
    if done.returncode:
        reason = failures[-1] if failures else (errors or [f"code {done.returncode}"])[0]
        raise MuseError(f"{name} cannot play ({reason})")
    if failures:
        raise MuseError(f"{name} cannot play ({failures[-1]})")
    if played_s < LEAST_SHARE * len(clip) / rate:
        raise MuseError(f"{name} ended before the sound, as without a sound card")


def run_player(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a player to its end; raises MuseError if it hangs."""
    try:
        return subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PLAYING_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MuseError(f"{Path(words[0]).name} did not end") from error


def write_clip(path: Path, clip: Clip, rate: int) -> None:
    """Write a clip atomically."""
    write_audio(path, clip[None], rate)
