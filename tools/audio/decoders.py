"""Open sound files with libsndfile, or with ffmpeg where libsndfile cannot read the format."""

import logging
import os
import re
import shutil
import subprocess
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import soundfile

from muse.tools.audio import mp3_header, wav_header
from muse.tools.audio.amended_file import AmendedFile
from muse.tools.audio.written_file import WrittenFile
from muse.tools.errors import BadInputError, MissingPartError, system_hint
from muse.tools.files import DISK_ERRORS, blaming
from muse.tools.streams import FFMPEG_MAGICS
from muse.tools.temporary import temporary_folder

log = logging.getLogger("muse")

# first bytes of files that are read with ffmpeg
FFMPEG_MAGIC = (
    *FFMPEG_MAGICS,
    (0, b"fLaC"),  # flac of unknown length; libsndfile reads the others
)
FFMPEG_PROTOCOLS = "file,pipe"  # a file cannot make ffmpeg open addresses
HEAD_BYTES = 16  # that tell the format
# each returns the length in seconds that the header states, a corrected header, and the size of the
# old header in bytes
HEADER_CHECKS = {"mp3": mp3_header.corrected_head, "wav": wav_header.corrected_head}
SIZE_NOTE = re.compile(r": (\d+) \(should be (\d+)\)")  # of libsndfile
MUCH_LARGER = 1.01  # a smaller difference is that of a careless header
UNKNOWN_SIZE = (1 << 31) - 1  # and above, in headers that a pipe received
COPY_FRAMES = 1 << 16  # frames copied at a time
LARGEST_LENGTH = 1 << 62  # frames; libsndfile reports more where the length is unknown


def open_sound_file(path: Path, name: str, stack: ExitStack) -> soundfile.SoundFile:
    """Open a sound file, whose `frames` are those that it holds and not those that it states.

    Args:
        path: of the file.
        name: for messages.
        stack: owns the temporary WAV of a file that is decoded first, and removes it when it
            closes.

    Raises:
        BadInputError: the file is missing, empty, or not audio.
        MissingPartError: only ffmpeg can read the format, and it is not installed.
    """
    check_file(path, name)
    try:
        file = open_with_libsndfile(path, name, stack)
    except soundfile.LibsndfileError as error:
        reason = str(error).partition(": ")[2].strip() or str(error)
        return open_with_ffmpeg(path, name, reason, stack)
    if file.frames > LARGEST_LENGTH:
        file.close()
        return open_with_ffmpeg(path, name, "its length is unknown", stack)
    return file if file.seekable() else seekable_copy(file, stack)


def check_file(path: Path, name: str) -> None:
    """Raise BadInputError if there is no file, or nothing in it."""
    try:
        size = path.stat().st_size
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "no such file" if missing else error.strerror
        raise BadInputError(f"{name}: {reason}") from error
    if not path.is_file():
        raise BadInputError(f"{name}: {'is a folder' if path.is_dir() else 'no such file'}")
    if size == 0:
        raise BadInputError(f"{name}: is empty")


def open_with_libsndfile(path: Path, name: str, stack: ExitStack) -> soundfile.SoundFile:
    """Open a file by its content, with a corrected header where its own is wrong."""
    check = HEADER_CHECKS.get(kind_of_header(head_of(path)))
    found = check(path) if check else None
    if found is None:
        file = soundfile.SoundFile(stack.enter_context(AmendedFile(path)))
        if check is None and is_cut_off(file.extra_info):
            report_cut(name, file.frames / file.samplerate)
        return file
    stated_s, head, skipped = found
    file = soundfile.SoundFile(stack.enter_context(AmendedFile(path, head, skipped)))
    report_length(name, stated_s, file.frames / file.samplerate)
    return file


def is_cut_off(notes: str) -> bool:
    """Return whether libsndfile notes that a header states a larger size than the file has."""
    sizes = (map(int, pair) for pair in SIZE_NOTE.findall(notes))
    return any(actual * MUCH_LARGER < stated < UNKNOWN_SIZE for stated, actual in sizes)


@cache
def report_cut(name: str, read_s: float) -> None:
    """Report once that a file holds less sound than its header states."""
    log.info("%s: is cut off; its header states more than the %.1f s it holds", name, read_s)


@cache
def report_length(name: str, stated_s: float, read_s: float) -> None:
    """Report once that a file holds more or less sound than its header states."""
    log.info(
        "%s: its header states %.1f s, it holds %.1f s; all of it is read", name, stated_s, read_s
    )


def kind_of_header(head: bytes) -> str:
    """Return the kind of file whose header can state a wrong length, by its first bytes."""
    if wav_header.is_riff(head):
        return "wav"
    is_mp3 = head[:3] == b"ID3" or mp3_header.frame_bytes(head[: mp3_header.HEADER])
    return "mp3" if is_mp3 else ""


def seekable_copy(file: soundfile.SoundFile, stack: ExitStack) -> soundfile.SoundFile:
    """Return a copy of a file in which libsndfile cannot seek, such as GSM in WAV."""
    folder = stack.enter_context(temporary_folder())
    path = folder / "decoded.wav"
    target = WrittenFile(path)
    with closing(target), blaming(path), target.reporting(), file:
        shape = (file.samplerate, file.channels)
        with soundfile.SoundFile(target, "w", *shape, "FLOAT", format="RF64") as copy:
            while len(block := file.read(COPY_FRAMES, dtype="float32", always_2d=True)):
                copy.write(block)
    return soundfile.SoundFile(path)


def open_with_ffmpeg(path: Path, name: str, reason: str, stack: ExitStack) -> soundfile.SoundFile:
    """Open a file that libsndfile cannot read, for a reason, by way of a WAV that ffmpeg writes."""
    if shutil.which("ffmpeg") is None:
        if needs_ffmpeg(path):
            raise MissingPartError(
                f"{name}: this format is read with ffmpeg; {system_hint('ffmpeg')}"
            )
        raise BadInputError(f"{name}: not audio that can be read ({reason})")
    folder = stack.enter_context(temporary_folder())
    return soundfile.SoundFile(decode_with_ffmpeg(path, folder / "decoded.wav", name))


def head_of(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def needs_ffmpeg(path: Path) -> bool:
    """Return whether a file begins like a format that ffmpeg reads and libsndfile does not."""
    head = head_of(path)
    return any(head[offset:].startswith(magic) for offset, magic in FFMPEG_MAGIC)


def decode_with_ffmpeg(path: Path, target: Path, name: str) -> Path:
    """Decode the first audio stream of a file to a float WAV at `target`, and return `target`.

    Raises:
        BadInputError: ffmpeg finds no audio in it.
        OSError: `target` cannot be written.
    """
    command = ["ffmpeg", "-nostdin", "-v", "error"]
    command += ["-protocol_whitelist", FFMPEG_PROTOCOLS, "-i", f"file:{path}"]
    command += ["-vn", "-map", "0:a:0", "-c:a", "pcm_f32le", "-rf64", "auto", f"file:{target}"]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode or not target.is_file():
        for number in DISK_ERRORS:
            if os.strerror(number) in result.stderr:
                raise OSError(number, os.strerror(number), str(target))
        reason = result.stderr.strip().rpartition("\n")[2].rpartition(": ")[2] or "no audio in it"
        raise BadInputError(f"{name}: not audio that can be read ({reason})")
    return target
