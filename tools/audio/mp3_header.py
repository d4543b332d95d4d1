"""Count the frames of an MP3 file, and write the header that tells how many there are.

An MP3 without such a header (Xing, Info or VBRI) gives no length, and readers guess it from the bit
rate of the first frame.

Source: ISO/IEC 11172-3 and 13818-3 (frame header); the Xing header as LAME writes it.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

HEADER = 4  # bytes of a frame header
ID3_HEADER = 10  # bytes of the header of an ID3v2 tag
XING_FIELDS = 16  # bytes: 'Xing', flags, number of frames, number of bytes
HAS_FRAMES_AND_BYTES = 3  # flags of a Xing header
LAYER_3 = 1  # as the frame header counts
NO_CRC = 0x01  # bit of the second byte
MONO = 3  # channel mode
# kbit/s by index, of layer III
RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
SAMPLE_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8000)}
# bytes between the frame header and a Xing header, by whether the file is MPEG 1 and is mono
SIDE_BYTES = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}
VBRI_OFFSET = 32  # bytes after the frame header
MAX_XING_END = HEADER + 32 + XING_FIELDS
TOLERANCE = 4  # frames by which a length may be off: header, delay and padding of an encoder
MPEG_1 = 3  # version, as the frame header counts


@dataclass(frozen=True)
class Mp3Frames:
    """The frames of an MP3 file.

    Attributes:
        first: offset of the first one in bytes.
        count: how many there are.
        seconds: length of one.
    """

    first: int
    count: int
    seconds: float


def frame_bytes(header: bytes) -> int:
    """Return the length of a frame from its header of 4 bytes; 0 if that is none of layer III."""
    if len(header) < HEADER or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    rate, frequency, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if layer != LAYER_3 or version not in SAMPLE_RATES or not 0 < rate < 15 or frequency == 3:
        return 0
    kbits = (RATES_1 if version == MPEG_1 else RATES_2)[rate]
    return samples_of(header) // 8 * kbits * 1000 // SAMPLE_RATES[version][frequency] + padding


def samples_of(header: bytes) -> int:
    """Return the samples of a frame."""
    return 1152 if header[1] >> 3 & 3 == MPEG_1 else 576


def frame_seconds(header: bytes) -> float:
    """Return the length of a frame in seconds."""
    return samples_of(header) / SAMPLE_RATES[header[1] >> 3 & 3][header[2] >> 2 & 3]


def count_frames(path: Path) -> Mp3Frames | None:
    """Count the frames of an MP3 file; None if there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        first = next_frame(data, after_tags(data))
        if first < 0:
            return None
        count, position = 0, first
        while position >= 0:
            size = frame_bytes(data[position : position + HEADER])
            if size:
                count += position + size <= len(data)
                position += size
            else:
                position = next_frame(data, position)
        return Mp3Frames(first, count, frame_seconds(data[first : first + HEADER]))


def after_tags(data: mmap.mmap) -> int:
    """Return the offset after the ID3v2 tags at the beginning."""
    position = 0
    while data[position : position + 3] == b"ID3" and len(data) > position + ID3_HEADER:
        a, b, c, d = data[position + 6 : position + ID3_HEADER]
        position += ID3_HEADER + (a << 21 | b << 14 | c << 7 | d)
    return position


def next_frame(data: mmap.mmap, start: int) -> int:
    """Return the offset of the next frame that another one follows; -1 without one."""
    position = data.find(b"\xff", start)
    while position >= 0:
        size = frame_bytes(data[position : position + HEADER])
        if size and frame_bytes(data[position + size : position + size + HEADER]):
            return position
        position = data.find(b"\xff", position + 1)
    return -1


def xing_frame(header: bytes, count: int, size: int) -> bytes:
    """Return a Xing frame.

    Args:
        header: of the first frame with sound.
        count: of the frames that follow.
        size: of the frames that follow in bytes.
    """
    side = SIDE_BYTES[header[1] >> 3 & 3 == MPEG_1, header[3] >> 6 == MONO]
    top = bytearray(header)
    top[1] |= NO_CRC
    while frame_bytes(bytes(top)) < HEADER + side + XING_FIELDS:
        top[2] += 0x10  # the next higher bit rate
    length = frame_bytes(bytes(top))
    tag = b"Xing" + struct.pack(">III", HAS_FRAMES_AND_BYTES, count, length + size)
    return (bytes(top) + bytes(side) + tag).ljust(length, b"\0")


def frames_in_header(frame: bytes) -> int | None:
    """Return the number of frames that a Xing or Info frame states; None for other frames."""
    for name in (b"Xing", b"Info"):
        position = frame.find(name, HEADER, MAX_XING_END)
        if position > 0:
            flags, count = struct.unpack_from(">II", frame, position + 4)
            return count if flags & 1 else 0
    return None


def corrected_head(path: Path) -> tuple[float, bytes, int] | None:
    """Return a corrected header for an MP3 file whose length would be read wrong.

    Returns:
        the length in seconds that would be read, the bytes of the new header, and the length of
        the old one in bytes; None where the length is right.
    """
    found = count_frames(path)
    if found is None:
        return None
    with path.open("rb") as file:
        size = file.seek(0, 2) - found.first
        file.seek(found.first)
        header = file.read(HEADER)
        frame = header + file.read(frame_bytes(header) - HEADER)
    if b"VBRI" in frame[: HEADER + VBRI_OFFSET + 4]:
        return None
    stated = frames_in_header(frame)
    count = found.count - (stated is not None)
    guess = stated or size // len(frame)
    if abs(guess - count) <= TOLERANCE:
        return None
    skipped = 0 if stated is None else len(frame)
    top = xing_frame(header, count, size - skipped)
    return guess * found.seconds, top, found.first + skipped
