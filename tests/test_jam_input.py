"""Input of messages from bytes, lines and files; no note hangs."""

import io
import logging
from itertools import pairwise
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.jam.clock import SystemClock, VirtualClock
from muse.tools.jam.events import Message
from muse.tools.jam.inputs import read_solo_file
from muse.tools.jam.midi_bytes import LENGTHS, ByteParser, channel_message
from muse.tools.jam.ports.input_queue import (
    CAPACITY,
    SILENCE_TIMEOUT_S,
    InputDispatcher,
    InputQueue,
    StreamReader,
)
from muse.tools.jam.ports.json_lines import JsonLines, format_line
from muse.tools.song.document import Note, Song, Tempo, Track
from muse.tools.song.midi import save_song
from tests.jack_server import DEADLINE_S, ReceivedMessages

DATA = st.integers(0, 127)
REAL_TIME = st.sampled_from([0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF])


@st.composite
def channel_messages(draw: st.DrawFn) -> bytes:
    status = draw(st.sampled_from(sorted(LENGTHS))) | draw(st.integers(0, 2))
    return bytes([status, *(draw(DATA) for _ in range(LENGTHS[status & 0xF0] - 1))])


SYSEX = st.lists(DATA).map(lambda data: bytes([0xF0, *data, 0xF7]))
COMMON = st.sampled_from([bytes((0xF1, 3)), bytes((0xF2, 1, 2)), bytes((0xF3, 9)), b"\xf6"])
STREAMS = st.lists(channel_messages() | SYSEX | COMMON)


def with_running_status(messages: list[bytes]) -> bytes:
    """Encode messages as keyboards do: a status byte equal to the last one is omitted."""
    out, last = b"", 0
    for message in messages:
        is_running = message[0] == last and message[0] < 0xF0
        out += message[1:] if is_running else message
        last = message[0]
    return out


@given(STREAMS, st.data())
def test_streams_are_parsed_as_mido_does(messages: list[bytes], data: st.DataObject) -> None:
    theirs = mido.Parser()
    theirs.feed(b"".join(messages))  # it does not support running status
    expected = [message.bin() for message in theirs if message.bin()[0] < 0xF0]
    stream = list(with_running_status(messages))
    for _ in range(data.draw(st.integers(0, 5))):
        stream.insert(data.draw(st.integers(0, len(stream))), data.draw(REAL_TIME))
    cut = data.draw(st.integers(0, len(stream)))
    ours = ByteParser()
    assert ours.feed(bytes(stream[:cut])) + ours.feed(bytes(stream[cut:])) == expected


@given(st.binary())
def test_any_bytes_give_whole_messages(data: bytes) -> None:
    for message in ByteParser().feed(data):
        assert channel_message(message) is not None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x90\x3c\x5a", b"\x90\x3c\x5a"),
        (b"\x91\x3c\x00", b"\x81\x3c\x40"),
        (b"\xc0\x05", b"\xc0\x05"),
        (b"", None),
        (b"\x90\x3c", None),
        (b"\x90\x3c\x80", None),
        (b"\x3c\x5a\x00", None),
        (b"\xf8", None),
        (b"\xf0\x01\xf7", None),
    ],
)
def test_channel_messages(data: bytes, message: bytes | None) -> None:
    assert channel_message(data) == message


def emptied(queue: InputQueue) -> list[bytes]:
    """Return all messages in a queue."""
    found = []
    while (message := queue.get(0.0)) is not None:
        found.append(message.data)
    return found


def test_a_flood_loses_no_end_of_a_note() -> None:
    queue = InputQueue(VirtualClock())
    for place in range(10 * CAPACITY):
        queue.put(bytes((0x90, place % 100, 90)))
        queue.put(bytes((0xB0, 1, place % 128)))
        queue.put(bytes((0x80, place % 100, 0)))
    take_from_lines = emptied(queue)
    assert len(take_from_lines) <= 2 * CAPACITY
    ons, offs = ([data[1] for data in take_from_lines if data[0] == kind] for kind in (0x90, 0x80))
    assert ons == offs
    assert queue.dropped == 20 * CAPACITY - sum(data[0] != 0x80 for data in take_from_lines)


def test_a_stuck_note_ends_after_long_silence() -> None:
    clock = VirtualClock()
    queue = InputQueue(clock)
    queue.put(b"\x90\x3c\x5a")
    assert emptied(queue) == [b"\x90\x3c\x5a"]
    clock.wait_until(SILENCE_TIMEOUT_S - 1)
    assert emptied(queue) == []
    clock.wait_until(SILENCE_TIMEOUT_S + 1)
    assert emptied(queue) == [b"\x80\x3c\x40"]
    clock.wait_until(3 * SILENCE_TIMEOUT_S)
    assert emptied(queue) == []


def test_notes_end_when_the_source_is_lost_or_asks_for_it() -> None:
    queue = InputQueue(VirtualClock())
    queue.put(b"\x90\x3c\x5a")
    queue.put(b"\x91\x3e\x5a")
    queue.release_all()
    assert emptied(queue)[2:] == [b"\x80\x3c\x40", b"\x81\x3e\x40"]
    queue.put(b"\x90\x3c\x5a")
    queue.put(b"\xb0\x7b\x00")
    assert emptied(queue)[1:] == [b"\x80\x3c\x40", b"\xb0\x7b\x00"]
    queue.put(b"\x80\x3c\x00")  # has already ended
    assert emptied(queue) == []


def test_dispatcher_passes_messages_on_in_order() -> None:
    clock, received = SystemClock(), ReceivedMessages()
    queue = InputQueue(clock)
    listener = InputDispatcher(queue, lambda message: received.take(message.data), clock)
    listener.start()
    sent = [bytes((0x90, pitch, 90)) for pitch in range(100)]
    for data in sent:
        queue.put(data)
    assert received.wait_for(100) == sent
    listener.close()
    listener.close()
    assert listener.delay.count == 100


def read_stream(data: bytes) -> list[bytes]:
    """Return the messages read from a stream of bytes."""
    clock = VirtualClock()
    queue = InputQueue(clock)
    reader = StreamReader(io.BytesIO(data), queue, clock)
    reader.start()
    assert reader.ended.wait(DEADLINE_S)
    return emptied(queue)


def test_raw_bytes_on_a_stream() -> None:
    assert read_stream(b"\x90\x3c\x5a\x3e\xfe\x5a\x3c\x00") == [
        b"\x90\x3c\x5a",
        b"\x90\x3e\x5a",
        b"\x80\x3c\x40",
        b"\x80\x3e\x40",  # no note-off in the stream
    ]
    assert read_stream(b"") == []


def test_lines_on_a_stream(caplog: pytest.LogCaptureFixture) -> None:
    lines = (
        b'{"time_s": 1.25, "on": 60, "velocity": 90}\n'
        b"so what\n"
        b"\n"
        b'{"on": 200}\n'
        b'{"time_s": NaN, "off": 60}\n'
        b'{"time_s": 2, "off": 60}\n'
        b'[1]\n{"time_s": 3}\n'
        b'{"control": 64, "value": 127, "channel": 2}'
    )
    assert read_stream(lines) == [b"\x90\x3c\x5a", b"\x80\x3c\x40", b"\xb2\x40\x7f"]
    texts = [record.message for record in caplog.records]
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert [text.split(" is ")[0] for text in texts] == [
        f"standard input, line {number}" for number in (2, 4, 5, 7, 8)
    ]


@given(st.lists(channel_messages().filter(lambda m: m[0] & 0xF0 in (0x80, 0x90, 0xB0))), st.data())
def test_lines_come_back_however_they_are_cut(messages: list[bytes], data: st.DataObject) -> None:
    text = "".join(
        format_line(Message(0.25, message), {0: "keys"}) for message in messages
    ).encode()
    cut = data.draw(st.integers(0, len(text)))
    reader = JsonLines()
    read = [*reader.feed(text[:cut]), *reader.feed(text[cut:])]
    assert [channel_message(message) for _time, message in read] == [
        message[:2] + b"\x40" if message[0] & 0xF0 == 0x80 else channel_message(message)
        for message in messages
    ]
    assert all(time_s == 0.25 for time_s, _message in read)


@given(st.binary())
def test_any_line_is_a_message_or_a_warning(data: bytes) -> None:
    for time_s, message in JsonLines().feed(data + b"\n"):
        assert channel_message(message) is not None
        assert time_s is None or abs(time_s) < float("inf")


def solo_song(*names: str) -> Song:
    """Return a song at 60, then 120 bpm, with a track for each name, each an octave higher."""
    tracks = [
        Track(name=name, notes=[Note(0.0, 1.0, 36 + 12 * place, 90), Note(2.0, 2.0, 40, 80)])
        for place, name in enumerate(names)
    ]
    return Song(tempos=[Tempo(0.0, 60.0), Tempo(2.0, 120.0)], tracks=tracks)


def test_a_file_is_played_by_its_tempo_map(tmp_path: Path) -> None:
    save_song(solo_song("Bass", "The melody", "High"), tmp_path / "solo.mid")
    solo = read_solo_file(tmp_path / "solo.mid")
    assert solo.track.name == "The melody"
    assert [(message.time_s, message.data) for message in solo.messages] == [
        (0.0, bytes((0x90, 48, 90))),
        (1.0, bytes((0x80, 48, 64))),
        (2.0, bytes((0x90, 40, 80))),
        (3.0, bytes((0x80, 40, 64))),
    ]


def test_choice_of_the_solo_track(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "solo.mid"
    save_song(solo_song("One", "Two", "Three"), path)
    with caplog.at_level(logging.INFO, "muse"):
        assert read_solo_file(path).track.name == "Three"
    assert "the highest, 'Three'" in caplog.text
    assert read_solo_file(path, "2").track.name == "Two"
    assert read_solo_file(path, "one").track.name == "One"
    with pytest.raises(ParameterError, match="2 Two"):
        read_solo_file(path, "4")
    save_song(Song(), path)
    with pytest.raises(BadInputError, match="no pitched notes"):
        read_solo_file(path)


def test_example_song_is_a_solo(example_song: Song, tmp_path: Path) -> None:
    save_song(example_song, tmp_path / "example.mid")
    solo = read_solo_file(tmp_path / "example.mid")
    assert len(solo.messages) >= 2 * len(solo.track.notes)
    assert all(a.time_s <= b.time_s for a, b in pairwise(solo.messages))
