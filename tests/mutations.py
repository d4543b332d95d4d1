"""Damaged MIDI files, made from valid ones by a seeded generator.

Each kind of damage is a function of (bytes, random) -> bytes, in a table by name.
"""

import random
import struct
from collections.abc import Callable, Iterator, Sequence

Damage = Callable[[bytes, random.Random], bytes]

BIG_DELTA = b"\xff\xff\xff\x7f"  # the longest time between two events: 2^28 - 1 ticks
END_OF_TRACK = b"\x00\xff\x2f\x00"
HEADER_BYTES = 14


def quantity(value: int) -> bytes:
    """Return a number as a MIDI variable-length quantity, seven bits per byte."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk: four letters, the length, the body."""
    return kind + struct.pack(">I", len(body)) + body


def midi_file(events: bytes, ticks: int = 480, tracks: int = 1, kind: int = 1) -> bytes:
    """Return a file with one track of raw events; the header may give other numbers."""
    header = struct.pack(">HHH", kind, tracks, ticks)
    return chunk(b"MThd", header) + chunk(b"MTrk", events + END_OF_TRACK)


def small_files() -> list[bytes]:
    """Return small valid files: running status, meta events, bends, SysEx, several tracks."""
    scale = b"".join(bytes([0, p, 90, 60, p, 0]) for p in range(60, 73))
    metas = (
        b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x03\x02\x18\x08\x00\xff\x59\x02\xff\x01"
        b"\x00\xff\x03\x05Piano\x00\xff\x06\x02Dm\x00\xff\x05\x02la"
    )
    wheel = b"\x00\xe0\x00\x50\x10\xb0\x40\x7f\x10\xc0\x21\x00\xf0\x03\x7e\x01\xf7"
    play = b"\x00\x90" + scale[1:]  # the status byte once, then running status
    drums = b"\x00\x99\x24\x64\x30\x24\x00\x00\x26\x50\x30\x26\x00"
    several = midi_file(metas, tracks=3) + chunk(b"MTrk", wheel + play + END_OF_TRACK)
    return [
        midi_file(play),
        midi_file(metas + wheel + play),
        several + chunk(b"MTrk", drums + END_OF_TRACK),
        midi_file(metas + drums, ticks=96, kind=0),
    ]


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    """Flip one to sixteen bits anywhere."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 16)):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def flip_body_bits(data: bytes, rng: random.Random) -> bytes:
    """Flip bits after the headers only, so that the events are parsed."""
    return data[:22] + flip_bits(data[22:] or b"\x00", rng)


def wild_bytes(data: bytes, rng: random.Random) -> bytes:
    """Replace a run of bytes by random ones."""
    start = rng.randrange(len(data))
    run = rng.randbytes(rng.randint(1, 40))
    return data[:start] + run + data[start + len(run) :]


def cut(data: bytes, rng: random.Random) -> bytes:
    """Return the first part only."""
    return data[: rng.randrange(len(data))]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    """Remove a part of the middle: note-offs without note-ons and wrong status bytes remain."""
    start = rng.randrange(len(data))
    return data[:start] + data[start + rng.randint(1, 60) :]


def doubled(data: bytes, rng: random.Random) -> bytes:
    """Repeat a part of the file."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randint(1, 2000))
    return data[:end] + data[start:]


def wrong_length(data: bytes, rng: random.Random) -> bytes:
    """Write a wrong length into the header of a chunk."""
    spots = [i for i in range(len(data) - 8) if data[i : i + 4] in (b"MTrk", b"MThd")]
    at = rng.choice(spots or [4]) + 4
    wrong = rng.choice([0, 1, 5, 0x7FFFFFFF, 0xFFFFFFFF, rng.getrandbits(32), len(data)])
    wrong = rng.choice([wrong, max(int.from_bytes(data[at : at + 4]) + rng.randint(-9, 9), 0)])
    return data[:at] + struct.pack(">I", wrong & 0xFFFFFFFF) + data[at + 4 :]


def wrong_header(data: bytes, rng: random.Random) -> bytes:
    """Change the type, number of tracks or resolution, for example to SMPTE, 0 or 32 767."""
    kind, tracks, ticks = struct.unpack(">HHH", data[8:HEADER_BYTES])
    ticks = rng.choice([0, 1, 2, 20_000, 32_767, 0x8000, 0xE728, 0xE250, 0xFFFF, ticks])
    tracks = rng.choice([0, 1, 2, 255, 65_535, tracks])
    kind = rng.choice([0, 1, 2, 3, 65_535, kind])
    return data[:8] + struct.pack(">HHH", kind, tracks, ticks) + data[HEADER_BYTES:]


def odd_track(data: bytes, rng: random.Random) -> bytes:
    """Add a track of valid events with unusual values: hanging notes, long waits, meta events."""
    events = b""
    for _ in range(rng.randint(1, 40)):
        wait = quantity(rng.choice([0, 0, 1, 480, 5_000, rng.getrandbits(rng.randint(1, 26))]))
        status, value = rng.randrange(0x80, 0xF0), rng.randbytes(4)
        size = 1 if status >> 4 in (0xC, 0xD) else 2
        kind = bytes([rng.choice([1, 2, 3, 4, 5, 6, 7, 0x51, 0x58, 0x59, 0x7F])])
        meta = b"\xff" + kind + quantity(len(value)) + value
        play = bytes([status, *(byte & 0x7F for byte in value[:size])])
        events += wait + rng.choice([play, play, meta])
    tracks = min(int.from_bytes(data[10:12]) + 1, 0xFFFF)
    return data[:10] + struct.pack(">H", tracks) + data[12:] + chunk(b"MTrk", events + END_OF_TRACK)


def inserted(data: bytes, rng: random.Random) -> bytes:
    """Insert an invalid or extreme event at the start of the first track, or anywhere."""
    event = rng.choice(extreme_events(rng)) * rng.choice([1, 1, 2, 50])
    at = rng.choice([22, 22, rng.randrange(len(data))])
    grown = int.from_bytes(data[18:22]) + len(event)
    length = struct.pack(">I", grown & 0xFFFFFFFF)
    return data[:18] + length + data[22:at] + event + data[at:]


def extreme_events(rng: random.Random) -> list[bytes]:
    """Return events that are invalid or extreme."""
    data = rng.randbytes(3)
    return [
        BIG_DELTA + b"\x90\x3c\x40" + BIG_DELTA + b"\x80\x3c\x40",  # a note of 2^28 ticks
        BIG_DELTA + b"\xff\x01\x00",
        b"\xff\xff\xff\xff\xff\xff\x7f\x90\x3c\x40",  # a delta of 49 bits
        b"\x00\x80\x3c\x40\x00\x80\x3c\x40",  # note-offs without note-ons
        b"\x00\x90\x3c\x40\x00\x90\x3c\x50\x00\x90\x3c\x60",  # the same key repeatedly
        b"\x00\x90\xff\xff",
        b"\x00\x3c\x40",  # running status without a status byte
        b"\x00\xff\x51\x03\x00\x00\x00",  # a tempo of 0 microseconds
        b"\x00\xff\x51\x03\x00\x00\x01",
        b"\x00\xff\x51\x03\xff\xff\xff",
        b"\x00\xff\x51\x00",
        b"\x00\xff\x51\x7f" + data,
        b"\x00\xff\x58\x04\x04\xc8\x18\x08",  # a meter with denominator 2^200
        b"\x00\xff\x58\x04\x00\x00\x18\x08",
        b"\x00\xff\x58\x04\xff\x1f\x18\x08",
        b"\x00\xff\x58\x01\x04",
        b"\x00\xff\x59\x02\x64\x09",  # a hundred sharps in mode 9
        b"\x00\xff\x59\x02\x80\x00",
        b"\x00\xff\x59\x00",
        b"\x00\xff\x06\x04\xff\xfe\x00\x80",  # a marker that is not UTF-8
        b"\x00\xff\x03\x06\x83h\x83\x89\x80\xff",  # a name in another code page
        b"\x00\xff\x05\x02\xc3\x28",
        b"\x00\xff\x06\x03A\x00B",
        b"\x00\xff\x06\xff\xff\xff\x7f" + data,  # a length past the end
        b"\x00\xf0\xff\xff\xff\x7f" + data,
        b"\x00\xff\x7f\x84\x80\x00" + data,
        b"\x00\xff\x2f\x00",  # an event after the end of the track
        b"\x00\xff\x2f\x05" + data,
        b"\x00\xf4\x00\xf5\x00\xfd",
        b"\x00\xc0\xff\x00\xe0\xff\xff\x00\xb0\xff\xff",
        b"\x00\x9f\x7f\x7f\x00\x8f\x7f\x00",
        quantity(rng.getrandbits(28)) + bytes([rng.randrange(0x80, 0x100)]) + data,
    ]


MIDI_DAMAGE: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (
        flip_bits,
        flip_body_bits,
        wild_bytes,
        cut,
        cut_out,
        doubled,
        wrong_length,
        wrong_header,
        odd_track,
        inserted,
    )
}


def damaged_midi(
    files: Sequence[bytes], count: int, seed: int, first: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged files, each with the name of its seed and damages, one or two each.

    Each file depends on the seed and its own number only, so that one can be made again alone.
    """
    for number in range(first, first + count):
        rng = random.Random(f"{seed}-{number}")
        data, kinds = rng.choice(files), []
        for _ in range(rng.choice([1, 1, 1, 2])):
            kind = rng.choice(list(MIDI_DAMAGE))
            if len(data) > 22:
                data = MIDI_DAMAGE[kind](data, rng)
                kinds.append(kind)
        yield f"{seed}-{number} {' '.join(kinds)}", data
