"""Files that are written atomically, and '-' for a pipe.

A file is written under a temporary name beside its final one and renamed when complete, so that an
interruption at any time leaves the old file or none. A device or a named pipe is written
into, never replaced.
"""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from muse.tools.errors import BadInputError, MuseError
from muse.tools.streams import PIPE as PIPE
from muse.tools.streams import PIPE_NAME as PIPE_NAME
from muse.tools.streams import is_stream, stream_blocks, stream_on_disk
from muse.tools.temporary import MOVED, temporary_beside, temporary_folder
from muse.tools.temporary import blaming as blaming

log = logging.getLogger("muse")

STDIN_NAME = "stdin"  # in names of output files
HASH_BLOCK = 1 << 20  # bytes read at a time
# of a disk that is full, over its quota, read-only or damaged, or of a file that is too large
DISK_ERRORS = [
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EFBIG")
    if hasattr(errno, name)
]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` at the end, or remove it on error.

    The temporary name has the same suffix, as audio writers choose the format by it. Missing parent
    folders are created. A `path` that is no regular file, such as a device or a named pipe,
    receives the bytes at the end. Raises MuseError if `path` is a folder.
    """
    if path.is_dir():
        raise MuseError(f"{path} is a folder; name a file")
    if is_node(path):
        with written_into(path) as temporary:
            yield temporary
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with blaming(path):
            temporary = stack.enter_context(temporary_beside(path))
        with blaming_output(path, temporary):
            yield temporary
            temporary.chmod(0o666 & ~current_umask())  # mkstemp's own mode is 0600
            flush_to_disk(temporary)
            temporary.replace(path)


def is_node(path: Path) -> bool:
    """Return whether a path is a device, a named pipe or a socket, which must not be replaced."""
    return path.exists() and not (path.is_file() or path.is_dir())


@contextmanager
def written_into(node: Path) -> Iterator[Path]:
    """Yield a temporary name in a folder of its own; copy the bytes into `node` at the end."""
    with temporary_folder() as folder:
        temporary = folder / f"output{node.suffix}"
        with blaming_output(node, temporary):
            yield temporary
        with blaming(node), temporary.open("rb") as source, node.open("wb", buffering=0) as target:
            shutil.copyfileobj(source, target)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that replaces `folder` at the end, or is removed on error.

    Raises MuseError if `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise MuseError(f"{folder} is not a folder; name a folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with blaming(folder):
            beside = stack.enter_context(temporary_folder(folder))
        fresh, old = beside / "new", beside / MOVED
        fresh.mkdir()
        with blaming_output(folder, fresh):
            yield fresh
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)


@contextmanager
def blaming_output(path: Path, temporary: Path) -> Iterator[None]:
    """Make errors of writing name the output at `path`, which is written as `temporary`.

    An OSError of the system is raised in place of an error that it caused, such as one of a
    library that closes its file after the disk was full.
    """
    try:
        yield
    except Exception as error:
        cause = writing_error(error, temporary)
        if cause is None:
            raise
        inner = os.path.relpath(cause.filename, temporary) if cause.filename else "."
        cause.filename = str(path / inner)
        if cause is error:
            raise
        raise cause from error


def writing_error(error: BaseException | None, temporary: Path) -> OSError | None:
    """Return the OSError of writing a temporary file or folder behind an error, if there is one."""
    while error is not None:
        if isinstance(error, OSError) and is_of_writing(error, temporary):
            return error
        error = error.__cause__ or error.__context__
    return None


def is_of_writing(error: OSError, temporary: Path) -> bool:
    """Return whether an error names a temporary file, or no file while a disk cannot be written."""
    if error.filename is None:
        return error.errno in DISK_ERRORS
    return Path(str(error.filename)).is_relative_to(temporary)


def unused_stem(stem: Path, suffixes: Sequence[str]) -> Path:
    """Return `stem`, or `stem_2`, `stem_3` ..., the first with which no file exists.

    Args:
        stem: a path without its suffix.
        suffixes: of the files that will be written.
    """
    for number in count(1):
        name = stem.name if number == 1 else f"{stem.name}_{number}"
        if not any(os.path.lexists(stem.with_name(f"{name}{suffix}")) for suffix in suffixes):
            return stem.with_name(name)
    raise AssertionError  # the loop has no end


def current_umask() -> int:
    """Return the umask of the process; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def check_folder(path: Path) -> None:
    """Raise MuseError if a folder that will be written is a file, or below one."""
    above = next((each for each in (path, *path.parents) if os.path.lexists(each)), path)
    if os.path.lexists(above) and not above.is_dir():
        raise MuseError(f"{above} is a file; name a folder")


def real_path(path: str | Path) -> Path:
    """Return the absolute path without symbolic links; of links in a circle, some path."""
    with blaming(Path(path)):  # where the working folder was deleted
        return Path(os.path.realpath(path))


def input_name(source: str | Path) -> str:
    """Return the name of an input for messages."""
    return PIPE_NAME if str(source) == PIPE else str(source)


def flush_to_disk(path: Path) -> None:
    """Wait until the bytes of a file are on the disk, so that the rename cannot precede them."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def read_bytes(source: str | Path) -> bytes:
    """Read a file, a named pipe, or standard input for '-'.

    Raises:
        BadInputError: the file is missing, is a folder, or cannot be read; or a pipe is too long.
    """
    if is_stream(source):
        return b"".join(stream_blocks(source, audio=False))
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise BadInputError(f"{source}: {error.strerror or error}") from error


@contextmanager
def on_disk(source: str | Path) -> Iterator[Path]:
    """Yield a path that can be read and sought: the file, or a temporary copy of a pipe.

    Raises:
        BadInputError: a pipe is too long.
    """
    if not is_stream(source):
        yield Path(source)
        return
    with stream_on_disk(source) as path:
        yield path


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON in UTF-8; what file names hold that is not UTF-8 becomes U+FFFD."""
    import msgspec  # not above: 'muse doctor' reports where it is missing

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(legible(msgspec.to_builtins(value)))


def legible(value: Any) -> Any:
    """Return a value of JSON in whose texts the bytes that are not UTF-8 are U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(value, dict):
        return {legible(key): legible(each) for key, each in value.items()}
    return [legible(each) for each in value] if isinstance(value, list | tuple) else value


def track_name(source: str | Path) -> str:
    """Return what an input is called in the names of its outputs: its file name without suffix."""
    return STDIN_NAME if str(source) == PIPE else Path(source).stem


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
