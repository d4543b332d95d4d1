"""Standard input and output that a caller closed, and names that are no text in UTF-8."""

import codecs
import io
import os
import sys
from typing import Any

OUTPUT_NAME = "standard output"  # in messages
ERROR_HANDLER = "muse.file_names"
BYTES = range(0xDC80, 0xDD00)  # how Python writes the bytes of a file name that is not UTF-8


class StandardOutput(io.FileIO):
    """Standard output; its errors name it."""

    def write(self, data: Any) -> int:
        """Write some bytes."""
        try:
            return super().write(data)
        except OSError as error:
            error.filename = OUTPUT_NAME
            raise


def open_standard_streams() -> None:
    """Occupy standard streams that are closed, and write file names as they are.

    A file would otherwise be opened under the number of a closed stream. What is then written to
    standard output fails with an OSError; standard input stays None.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    encoding = "utf-8" if sys.stdout is None else sys.stdout.encoding
    codecs.register_error(ERROR_HANDLER, encode_leniently)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(StandardOutput(1, "w", closefd=False)),
        encoding=encoding,
        errors=ERROR_HANDLER,
        line_buffering=os.isatty(1),
    )


def encode_leniently(error: UnicodeError) -> tuple[bytes | str, int]:
    """Encode the bytes of a file name as themselves, and what an encoding lacks as '?'."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    code = ord(error.object[error.start])
    return bytes([code & 0xFF]) if code in BYTES else "?", error.start + 1


def drop_output() -> None:
    """Discard what is left in the buffer of standard output, after a write to it failed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
