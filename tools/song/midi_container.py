"""The bytes of a MIDI file inside what surrounds them: gzip, RIFF, or other bytes."""

import zlib

from muse.tools.errors import BadInputError

MIDI_MAGIC = b"MThd"
HEADER_START = MIDI_MAGIC + b"\0\0"  # and a length below 65 536: not a word of a text
GZIP_MAGIC = b"\x1f\x8b"
GZIP_FORMAT = 16 + zlib.MAX_WBITS  # zlib's number for a gzip stream
MAX_LEADING = (
    4096  # bytes before the header that are skipped, such as those of a mail or a MacBinary
)
MAX_BYTES = 256 << 20  # of an unpacked file
HEAD_BYTES = 8192  # unpacked to detect the kind of a file


def looks_like_midi(head: bytes) -> bool:
    """Return whether the first bytes of a file hold the header of a MIDI file, packed or not."""
    if head.startswith(GZIP_MAGIC):
        head = unpacked(head, HEAD_BYTES)
    return head.startswith(MIDI_MAGIC) or 0 <= head.find(HEADER_START) <= MAX_LEADING


def midi_bytes(data: bytes, name: str) -> bytes:
    """Return the bytes of a MIDI file from its header on; raises BadInputError if it is too big."""
    if data.startswith(GZIP_MAGIC):
        data = unpacked(data, MAX_BYTES)
        if len(data) >= MAX_BYTES:
            raise BadInputError(f"{name}: unpacks to more than {MAX_BYTES >> 20} MiB")
    at = data.find(HEADER_START, 0, MAX_LEADING + len(HEADER_START))
    return data[at:] if at > 0 and not data.startswith(MIDI_MAGIC) else data


def unpacked(data: bytes, limit: int) -> bytes:
    """Return what gzip packed, as far as it is whole, at most `limit` bytes; b"" if nothing is."""
    try:
        return zlib.decompressobj(GZIP_FORMAT).decompress(data, limit)
    except zlib.error:
        return b""
