"""A quiz made heard: through a player of this machine, or as files."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from muse.tools.audio.io import write_audio
from muse.tools.errors import MissingPartError, MuseError
from muse.tools.intervals.generate import Clip

# what plays a WAV and ends, best first
PLAYERS = (
    ("afplay",),  # macOS
    ("paplay",),
    ("aplay", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
PLAYING_S = 30.0  # after which a player hangs


def find_player() -> tuple[str, ...]:
    """The command that plays a sound file on this machine.

    Raises:
        MissingPartError: there is none.
    """
    for command in PLAYERS:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in PLAYERS)
    raise MissingPartError(
        f"nothing here plays sound ({names}); run: apt-get install alsa-utils,"
        " or have the clips written with -o DIR"
    )


def play(clip: Clip, rate: int, player: tuple[str, ...]) -> None:
    """Play a clip to its end.

    Raises:
        MuseError: the player failed, such as where no sound card is there.
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
            raise MuseError(f"{player[0]} does not end; have the clips written: -o DIR") from error
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0] or f"code {done.returncode}"
        raise MuseError(f"{player[0]} cannot play here ({reason}); have the clips written: -o DIR")


def write_clip(path: Path, clip: Clip, rate: int) -> None:
    """Write a clip, whole or not at all."""
    write_audio(path, clip[None], rate)
