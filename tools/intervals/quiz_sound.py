"""Play or write the clips of a quiz."""

import shutil
import subprocess
import tempfile
from pathlib import Path

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


def find_player() -> tuple[str, ...]:
    """Return the command that plays a sound file on this machine.

    Raises:
        MissingPartError: none is installed.
    """
    for command in PLAYERS:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in PLAYERS)
    raise MissingPartError(
        f"no sound player found ({names}); run: apt-get install alsa-utils,"
        " or write the clips with -o DIR"
    )


def play(clip: Clip, rate: int, player: tuple[str, ...]) -> None:
    """Play a clip to its end.

    Raises:
        MuseError: the player failed, for example without a sound card.
    """
    with tempfile.TemporaryDirectory(prefix="muse-") as folder:
        path = Path(folder) / "interval.wav"
        write_clip(path, clip, rate)
        try:
            done = subprocess.run(
                [*player, str(path)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PLAYING_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MuseError(f"{player[0]} did not end; write the clips with -o DIR") from error
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0] or f"code {done.returncode}"
        raise MuseError(f"{player[0]} cannot play ({reason}); write the clips with -o DIR")


def write_clip(path: Path, clip: Clip, rate: int) -> None:
    """Write a clip atomically."""
    write_audio(path, clip[None], rate)
