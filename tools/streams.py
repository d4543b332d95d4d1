"""Standard input, named pipes and devices, which have no length: read up to a limit."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.temporary import blaming, temporary_folder

log = logging.getLogger("muse")

PIPE = "-"  # names standard input or output in place of a path
PIPE_NAME = "standard input"  # in messages
BLOCK_BYTES = 1 << 20  # read at a time
MAX_SYMBOLIC_BYTES = 64_000_000  # of MIDI, JSON and text
MAX_AUDIO_BYTES = 4_000_000_000
LIMIT_VARIABLE = "MUSE_MAX_BYTES"  # replaces both limits
UNITS = {"": 1, "K": 1000, "M": 1_000_000, "G": 1_000_000_000}
SIZE = re.compile(r"([1-9][0-9]{0,17})([KMG]?)B?", re.IGNORECASE)

# first bytes of audio that libsndfile does not read and ffmpeg does: (offset in bytes, magic)
FFMPEG_MAGICS = (
    (4, b"ftyp"),  # m4a, mp4, mov
    (0, b"\x1a\x45\xdf\xa3"),  # matroska, webm
    (0, b"\x30\x26\xb2\x75"),  # wma
    (0, b"\xff\xf1"),  # aac
    (0, b"\xff\xf9"),  # aac
    (0, b"wvpk"),  # wavpack
    (0, b"MAC "),  # monkey's audio
)
# first bytes of all audio; what begins otherwise has the lower limit
AUDIO_MAGICS = (
    (0, b"RIFF"),
    (0, b"RF64"),
    (0, b"RIFX"),
    (0, b"FORM"),  # aiff
    (0, b"fLaC"),
    (0, b"OggS"),
    (0, b"ID3"),  # mp3
    (0, b"caff"),
    (0, b"riff"),  # w64
    (0, b".snd"),  # au
    (0, b"\xff\xe3"),  # mpeg audio
    (0, b"\xff\xf2"),
    (0, b"\xff\xf3"),
    (0, b"\xff\xfa"),
    (0, b"\xff\xfb"),
    *FFMPEG_MAGICS,
)


def is_stream(source: str | Path) -> bool:
    """Return whether a source is '-', a named pipe or a device, which cannot be sought."""
    if str(source) == PIPE:
        return True
    path = Path(source)
    try:
        return path.exists() and not (path.is_file() or path.is_dir())
    except OSError:
        return False


@contextmanager
def opened(source: str | Path) -> Iterator[BinaryIO]:
    """Open a stream.

    Raises:
        BadInputError: standard input is closed.
        OSError: the stream cannot be opened.
    """
    if str(source) != PIPE:
        with Path(source).open("rb") as file:
            yield file
        return
    report_terminal()
    yield standard_input()


def report_terminal() -> None:
    """Report that input is read from a terminal, where a command would seem to hang."""
    if sys.stdin is not None and sys.stdin.isatty():
        log.info("reading standard input from the terminal; Ctrl-D ends it")


def standard_input() -> BinaryIO:
    """Return standard input as bytes; raise BadInputError if the caller closed it."""
    if sys.stdin is None:
        raise BadInputError(f"{PIPE_NAME} is closed; name a file instead of '{PIPE}'")
    return sys.stdin.buffer


def stream_blocks(source: str | Path, *, audio: bool) -> Iterator[bytes]:
    """Yield the bytes of a stream in blocks.

    Args:
        source: '-', or the path of a named pipe or device.
        audio: whether audio is expected, which may be longer.

    Raises:
        BadInputError: the stream is longer than the limit for its kind, or begins with zeros only,
            as no format does.
    """
    name = PIPE_NAME if str(source) == PIPE else str(source)
    total, limit = 0, 0
    with opened(source) as file:
        while block := file.read(BLOCK_BYTES):
            limit = limit or limit_for(block, audio)
            if not total and len(block) == BLOCK_BYTES and not any(block):
                raise BadInputError(f"{name}: neither audio nor music; it begins with zeros only")
            total += len(block)
            if total > limit:
                raise BadInputError(
                    f"{name}: longer than {limit / 1e6:g} MB; save it to a file and name that, "
                    f"or raise the limit with --max-bytes or {LIMIT_VARIABLE}"
                )
            yield block


def limit_for(head: bytes, audio: bool) -> int:
    """Return how many bytes of a stream are read, by its first bytes and what is expected.

    Raises:
        ParameterError: $MUSE_MAX_BYTES is no size.
    """
    if named := os.environ.get(LIMIT_VARIABLE):
        return parse_size(named, LIMIT_VARIABLE)
    is_audio = audio and any(head[offset:].startswith(magic) for offset, magic in AUDIO_MAGICS)
    return MAX_AUDIO_BYTES if is_audio else MAX_SYMBOLIC_BYTES


def parse_size(text: str, name: str) -> int:
    """Return a size in bytes: digits, and K, M or G for a power of 1000.

    Raises:
        ParameterError: the text is no size; the message calls it by `name`.
    """
    match = SIZE.fullmatch(text.strip())
    if match is None:
        raise ParameterError(f"{name} must be a size in bytes, such as 64M or 4G, not '{text}'")
    return int(match[1]) * UNITS[match[2].upper()]


@contextmanager
def stream_on_disk(source: str | Path) -> Iterator[Path]:
    """Yield a temporary copy of a stream, which can be sought.

    Raises:
        BadInputError: as `stream_blocks`.
    """
    with temporary_folder() as folder:
        path = folder / "input"
        with path.open("wb") as file:
            for block in stream_blocks(source, audio=True):
                with blaming(path):
                    file.write(block)
        yield path
