"""Correct the length in the header of a WAV file, which is wrong where a recorder crashed.

Source: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF);
EBU Tech 3306 (RF64).
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

RIFF_MAGICS = (b"RIFF", b"RF64")
CHUNK_HEADER = 8  # bytes: id and size
RIFF_HEADER = 12  # bytes: id, size and form
UNKNOWN = 0xFFFFFFFF  # a size that the header does not tell
TRAILING_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")
MAX_JUNK_BYTES = 1024  # after the samples; more is sound


@dataclass(frozen=True)
class WavHeader:
    """Where the samples of a WAV file are.

    Attributes:
        start: offset of the first sample in bytes.
        size: of the samples in bytes, according to the header.
        bytes_per_second: of the samples.
    """

    start: int
    size: int
    bytes_per_second: int


def is_riff(head: bytes) -> bool:
    """Return whether the first 12 bytes of a file are those of a WAV."""
    return head[:4] in RIFF_MAGICS and head[8:12] == b"WAVE"


def read_wav_header(file: BinaryIO) -> WavHeader | None:
    """Read the header of an open WAV file; None if it has no chunk of samples."""
    file.seek(0)
    if not is_riff(file.read(RIFF_HEADER)):
        return None
    position, rate, large_size = RIFF_HEADER, 0, UNKNOWN
    while len(head := read_at(file, position, CHUNK_HEADER)) == CHUNK_HEADER:
        name, size = head[:4], struct.unpack("<I", head[4:])[0]
        position += CHUNK_HEADER
        if name == b"data":
            return WavHeader(position, large_size if size == UNKNOWN else size, rate)
        content = read_at(file, position, min(size, 24))
        if name == b"fmt " and len(content) >= 12:
            rate = struct.unpack_from("<I", content, 8)[0]
        if name == b"ds64" and len(content) >= 16:
            large_size = struct.unpack_from("<Q", content, 8)[0]
        position += size + size % 2
    return None


def actual_size(file: BinaryIO, header: WavHeader, file_size: int) -> int:
    """Return the size of the samples in bytes: up to the next valid chunk, else to the end."""
    end = header.start + header.size
    if end <= file_size and is_end_of_samples(file, end, file_size):
        return header.size
    return file_size - header.start


def is_end_of_samples(file: BinaryIO, end: int, file_size: int) -> bool:
    """Return whether nothing but chunks and tags follows the samples."""
    position = end + end % 2
    while file_size - position > MAX_JUNK_BYTES:
        head = read_at(file, position, max(map(len, TRAILING_TAGS)))
        if head.startswith(TRAILING_TAGS):
            return True
        if not head[:4].isascii() or not head[:4].decode("ascii").isprintable():
            return False
        size = struct.unpack_from("<I", head, 4)[0]
        position += CHUNK_HEADER + size + size % 2
    return position <= file_size + 1 or position == end + end % 2


def read_at(file: BinaryIO, position: int, size: int) -> bytes:
    """Return `size` bytes from a position; fewer at the end."""
    file.seek(position)
    return file.read(size)


def corrected_head(path: Path) -> tuple[float, bytes, int] | None:
    """Return a corrected header for a WAV file whose header states a wrong length.

    Returns:
        the length in seconds according to the header, the bytes of the new header, and the
        length of the old one in bytes; None where the length is right or left open.
    """
    file_size = path.stat().st_size
    with path.open("rb") as file:
        header = read_wav_header(file)
        if header is None or header.size == UNKNOWN or not header.bytes_per_second:
            return None
        size = actual_size(file, header, file_size)
        if size == header.size or size <= 0:
            return None
        head = bytearray(read_at(file, 0, header.start))
    head[:4] = b"RIFF"
    struct.pack_into("<I", head, 4, min(size + header.start - CHUNK_HEADER, UNKNOWN))
    struct.pack_into("<I", head, header.start - 4, min(size, UNKNOWN))
    return header.size / header.bytes_per_second, bytes(head), header.start
