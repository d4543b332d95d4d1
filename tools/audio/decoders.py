"""Open sound files with libsndfile, or with ffmpeg where libsndfile cannot read the format."""

import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import soundfile

from muse.tools.errors import BadInputError, MissingPartError, system_hint

# first bytes of files that ffmpeg reads and libsndfile does not: (offset in bytes, magic)
FFMPEG_MAGIC = (
    (4, b"ftyp"),  # m4a, mp4, mov
    (0, b"\x1a\x45\xdf\xa3"),  # matroska, webm
    (0, b"\x30\x26\xb2\x75"),  # wma
    (0, b"\xff\xf1"),  # aac
    (0, b"\xff\xf9"),  # aac
    (0, b"wvpk"),  # wavpack
    (0, b"MAC "),  # monkey's audio
)


def open_sound_file(path: Path, name: str, stack: ExitStack) -> soundfile.SoundFile:
    """Open a sound file.

    Args:
        path: of the file.
        name: for messages.
        stack: owns the temporary WAV that ffmpeg decodes to, and removes it when it closes.

    Raises:
        BadInputError: the file is missing, empty, or not audio.
        MissingPartError: only ffmpeg can read the format, and it is not installed.
    """
    if not path.is_file():
        raise BadInputError(f"{name}: {'is a folder' if path.is_dir() else 'no such file'}")
    if path.stat().st_size == 0:
        raise BadInputError(f"{name}: is empty")
    try:
        return soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        reason = str(error).partition(": ")[2] or str(error)
    if shutil.which("ffmpeg") is None:
        if needs_ffmpeg(path):
            raise MissingPartError(
                f"{name}: this format is read with ffmpeg; {system_hint('ffmpeg')}"
            )
        raise BadInputError(f"{name}: not audio that can be read ({reason})")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muse-")))
    return soundfile.SoundFile(decode_with_ffmpeg(path, folder / "decoded.wav", name))


def needs_ffmpeg(path: Path) -> bool:
    """Return whether a file begins like a format that ffmpeg reads and libsndfile does not."""
    with path.open("rb") as file:
        head = file.read(16)
    return any(head[offset:].startswith(magic) for offset, magic in FFMPEG_MAGIC)


def decode_with_ffmpeg(path: Path, target: Path, name: str) -> Path:
    """Decode the first audio stream of a file to a float WAV at `target`, and return `target`.

    Raises:
        BadInputError: ffmpeg finds no audio in it.
    """
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-vn", "-map", "0:a:0"]
    command += ["-c:a", "pcm_f32le", "-rf64", "auto", str(target)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode or not target.is_file():
        reason = result.stderr.strip().rpartition("\n")[2].rpartition(": ")[2] or "no audio in it"
        raise BadInputError(f"{name}: not audio that can be read ({reason})")
    return target
