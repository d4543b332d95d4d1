"""A file whose first bytes are replaced while it is read, so that a wrong header needs no copy."""

import io
import os
from pathlib import Path


class AmendedFile(io.RawIOBase):
    """Reads `head`, then the bytes of a file from an offset on, as one file.

    It has no `name`, so that the format is detected by content and not by the suffix.
    """

    def __init__(self, path: Path, head: bytes = b"", skipped: int = 0) -> None:
        """Open a file.

        Args:
            path: of the file.
            head: bytes in place of the beginning of the file.
            skipped: length of that beginning in bytes.
        """
        super().__init__()
        self._file = path.open("rb")
        self._head = head
        self._skipped = skipped
        self._size = os.fstat(self._file.fileno()).st_size - skipped + len(head)
        self._position = 0

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: it can be sought."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position and return it; positions before the start become 0."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most `size`; fewer at the end."""
        end = self._size if size < 0 else min(self._position + size, self._size)
        if end <= self._position:
            return b""
        data = self._head[self._position : end]
        rest = end - self._position - len(data)
        if rest:
            self._file.seek(self._position + len(data) - len(self._head) + self._skipped)
            data += self._file.read(rest)
        self._position += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with the next bytes and return their number."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
