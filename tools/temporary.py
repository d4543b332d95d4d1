"""Temporary files and folders that the next run removes if a kill left them behind.

Each is locked while it is in use, and the kernel drops the lock with the process. One that can be
locked belongs to no running program. Where there are no such locks (Windows), nothing is swept.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MARK = ".muse-"  # in the names of temporary files, which begin with a dot
LEFTOVER = re.compile(r"\..*\.muse-\w{8}(\.\w+)?")
MOVED = "old"  # a folder that was being replaced; never swept


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Make OSErrors name the requested file instead of a temporary one."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Yield a new file beside `path`, with the same suffix; it is removed at the end.

    Raises:
        OSError: the file cannot be made.
    """
    sweep(Path(os.path.realpath(path.parent)))

    def make() -> Path:
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}{MARK}", suffix=path.suffix, dir=path.parent
        )
        os.close(handle)
        return Path(name)

    with locked(make) as temporary:
        try:
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def temporary_folder(beside: Path | None = None) -> Iterator[Path]:
    """Yield a new folder beside a path, or among the system's temporary ones; remove it at the end.

    Raises:
        OSError: the folder cannot be made.
    """
    parent = Path(tempfile.gettempdir()) if beside is None else beside.parent
    name = "muse" if beside is None else beside.name
    sweep(Path(os.path.realpath(parent)))
    with locked(lambda: Path(tempfile.mkdtemp(prefix=f".{name}{MARK}", dir=parent))) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(make: Callable[[], Path]) -> Iterator[Path]:
    """Make a file or folder and lock it; make another one if a sweep removed it before."""
    path = make()
    handle = lock(path, wait=True)
    while fcntl is not None and not path.exists():
        release(handle)
        path = make()
        handle = lock(path, wait=True)
    try:
        yield path
    finally:
        release(handle)


def lock(path: Path, *, wait: bool) -> int | None:
    """Lock a file or folder; return the handle, or None if it is in use or cannot be locked."""
    if fcntl is None:
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # in use, or a file system without locks
        os.close(handle)
        return None
    return handle


def release(handle: int | None) -> None:
    """Drop a lock."""
    if handle is not None:
        os.close(handle)


@cache
def sweep(folder: Path) -> None:
    """Remove what killed runs of this user left in a folder; once for each folder."""
    if fcntl is None:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if LEFTOVER.fullmatch(entry.name):
                remove_unused(Path(entry.path))


def remove_unused(path: Path) -> None:
    """Remove a temporary file or folder of this user that no process uses."""
    handle = lock(path, wait=False)
    if handle is None:
        return
    try:
        if os.fstat(handle).st_uid != os.getuid() or (path / MOVED).exists():
            return
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    finally:
        release(handle)
