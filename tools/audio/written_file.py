"""A file that libsndfile writes through Python, so that the reason of a failure is known."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile


class WrittenFile:
    """A file for soundfile.SoundFile, which reports only 'System error' where a disk is full."""

    def __init__(self, path: Path) -> None:
        """Create the file, or empty it."""
        self._file = path.open("w+b", buffering=0)
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write bytes and return their number; 0 after an error, which is kept."""
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError as error:  # an exception would not leave libsndfile's callback
            self._error = error
            return 0
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position and return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Raise the OSError behind a failure of libsndfile in the context."""
        try:
            yield
        except (soundfile.LibsndfileError, AssertionError):  # what soundfile makes of it
            if self._error is None:
                raise
        if self._error is not None:
            raise self._error
