"""Scheduling, dropping, failing outputs, and silence at the end."""

import logging
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import MuseError
from muse.tools.jam.clock import SystemClock, VirtualClock
from muse.tools.jam.events import Message
from muse.tools.jam.ports.lateness import Lateness
from muse.tools.jam.ports.outputs import ListOutput
from muse.tools.jam.ports.playback import RETRY_S, Playback
from tests.jack_server import DEADLINE_S, ReceivedMessages


def on(pitch: int, channel: int = 0) -> bytes:
    return bytes((0x90 | channel, pitch, 90))


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes((0x80 | channel, pitch, 64))


def program(number: int, channel: int = 0) -> bytes:
    return bytes((0xC0 | channel, number))


def sounding(messages: Iterable[bytes]) -> set[tuple[int, int]]:
    """Return channels and pitches that a synthesizer without all-notes-off would still play."""
    left: set[tuple[int, int]] = set()
    for data in messages:
        key = (data[0] & 0x0F, data[1])
        if data[0] & 0xF0 == 0x90 and data[2]:
            left.add(key)
        elif data[0] & 0xF0 in (0x80, 0x90):
            left.discard(key)
    return left


def data_of(output: ListOutput) -> list[bytes]:
    return [message.data for message in output.messages]


class FailingOutput(ListOutput):
    """An output that fails while a flag is set."""

    fails = False

    def send(self, message: Message) -> None:
        if self.fails:
            raise MuseError("the synthesizer is on fire")
        super().send(message)


class WaitableOutput(ListOutput):
    """An output that lets a test wait for messages."""

    def __init__(self) -> None:
        super().__init__()
        self.received = ReceivedMessages()

    def send(self, message: Message) -> None:
        self.received.take(message.data)


@pytest.fixture
def output() -> FailingOutput:
    return FailingOutput()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def test_all_is_sent_at_its_time_and_ends_before_it_begins(
    output: FailingOutput, clock: VirtualClock
) -> None:
    playback = Playback(output, clock)
    playback.schedule([Message(1.0, on(62)), Message(1.0, off(60)), Message(0.0, on(60))])
    playback.schedule([Message(1.0, program(4)), Message(2.0, off(62))])
    playback.play_until(0.5)
    assert data_of(output) == [on(60)]
    playback.play_until(1.0)
    assert data_of(output)[1:] == [off(60), program(4), on(62)]
    assert playback.pending == 1
    playback.play_until(5.0)
    assert [message.time_s for message in output.messages] == [0.0, 1.0, 1.0, 1.0, 2.0]
    assert (playback.sent, playback.lost, playback.pending) == (5, 0, 0)


def test_dropping_messages_ends_their_notes(output: FailingOutput, clock: VirtualClock) -> None:
    playback = Playback(output, clock)
    playback.schedule([Message(0.0, on(60)), Message(4.0, off(60))])  # goes on beyond
    playback.schedule([Message(3.0, on(64)), Message(4.0, off(64))])  # begins after
    playback.schedule([Message(3.0, on(36, 1)), Message(4.0, off(36, 1))])  # another channel
    assert playback.drop_after(2.0, {0}) == 3
    playback.play_until(9.0)
    assert [(message.time_s, message.data) for message in output.messages] == [
        (0.0, on(60)),
        (2.0, off(60)),
        (3.0, on(36, 1)),
        (4.0, off(36, 1)),
    ]
    assert playback.drop_after(0.0) == 0


NOTES = st.lists(
    st.tuples(
        st.floats(0, 10), st.floats(0, 5), st.integers(58, 62), st.integers(0, 2), st.booleans()
    )
)


@given(NOTES, st.floats(0, 12), st.floats(0, 12), st.sets(st.integers(0, 2)))
def test_no_note_hangs_after_leaving(
    notes: list[tuple[float, float, int, int, bool]],
    taken_back_s: float,
    left_s: float,
    channels: set[int],
) -> None:
    output = ListOutput()
    with Playback(output, VirtualClock()) as playback:
        for start, length, pitch, channel, is_ended in notes:
            playback.schedule([Message(start, on(pitch, channel))])
            if is_ended:
                playback.schedule([Message(start + length, off(pitch, channel))])
        playback.drop_after(taken_back_s, channels)
        playback.play_until(left_s)
    assert sounding(data_of(output)) == set()


def test_panic_silences_once(output: FailingOutput, clock: VirtualClock) -> None:
    playback = Playback(output, clock)
    playback.schedule([Message(0.0, on(60)), Message(0.0, on(40, 1)), Message(9.0, on(50))])
    playback.play_until(1.0)
    playback.panic()
    after = data_of(output)[2:]
    assert after[:2] == [off(60), off(40, 1)]
    assert after[2:] == [
        bytes((0xB0 | channel, number, 0)) for channel in (0, 1) for number in (64, 123, 120)
    ]
    playback.panic()
    playback.play_until(10.0)
    assert len(data_of(output)) == 2 + len(after)
    playback.schedule([Message(2.0, on(70))])
    playback.play_until(10.0)
    playback.panic()
    assert off(70) in data_of(output)


def test_exception_ends_all_notes(output: FailingOutput, clock: VirtualClock) -> None:
    playback = Playback(output, clock)
    with pytest.raises(KeyboardInterrupt), playback:
        playback.schedule([Message(0.0, on(60))])
        playback.play_until(1.0)
        raise KeyboardInterrupt
    assert off(60) in data_of(output)
    before = len(output.messages)
    playback.close()
    playback.schedule([Message(0.0, on(60))])
    playback.play_until(9.0)
    assert len(output.messages) == before


def test_failing_output_is_logged_once_and_restored(
    output: FailingOutput, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    playback = Playback(output, clock)
    playback.schedule([Message(0.0, program(33)), Message(0.0, on(60)), Message(2.0, off(60))])
    playback.play_until(1.0)
    output.fails = True
    playback.schedule([Message(1.5, on(64)), Message(1.6, on(65))])
    clock.wait_until(3.0)
    playback.play_until(3.0)
    playback.panic()  # has no effect, and raises nothing
    assert playback.is_failing
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert playback.lost == 3
    output.fails = False
    playback.schedule([Message(4.0, on(67))])
    clock.wait_until(4.0 + RETRY_S)
    playback.play_until(5.0)
    back = data_of(output)[2:]
    assert back[0] == off(60)
    assert back[-2:] == [program(33), on(67)]
    assert not playback.is_failing


def test_the_thread_plays_what_comes_while_it_waits() -> None:
    output, clock = WaitableOutput(), SystemClock()
    with Playback(output, clock) as playback:
        playback.start()
        playback.schedule([Message(clock.now() + 3600, on(72))])
        playback.schedule([Message(clock.now() + 0.02, off(60)), Message(clock.now(), on(60))])
        assert output.received.wait_for(2) == [on(60), off(60)]
    assert playback.lateness.count == 2
    assert playback.lateness.max_s < DEADLINE_S


def test_output_that_may_lose_messages_is_silenced_twice_before_it_closes() -> None:
    calls: list[bytes | str] = []

    class Lossy(ListOutput):
        def send(self, message: Message) -> None:
            calls.append(message.data)

        def settle(self) -> bool:
            calls.append("settle")
            return True

        def close(self) -> None:
            calls.append("close")

    with Playback(Lossy(), VirtualClock()) as playback:
        playback.schedule([Message(0.0, on(60))])
        playback.play_until(0.0)
        playback.panic()
    silence = calls[1:5]
    assert calls == [on(60), *silence, "settle", *silence, "settle", "close"]
    assert silence[0] == off(60)


def test_output_is_silenced_when_it_is_back() -> None:
    output = WaitableOutput()
    clock = SystemClock()
    fails = True

    class Flaky(ListOutput):
        def send(self, message: Message) -> None:
            nonlocal fails
            if fails and message.data != on(60):
                fails = False
                raise OSError("unplugged")
            output.send(message)

    with Playback(Flaky(), clock) as playback:
        playback.start()
        playback.schedule([Message(0.0, on(60))])
        output.received.wait_for(1)
        playback.panic()
        assert output.received.wait_for(5)[1] == off(60)


def test_lateness_histogram() -> None:
    late = Lateness()
    for place in range(10_000):
        late.add(place * 1e-6)
    assert late.percentile(50) == pytest.approx(5e-3, abs=2e-5)
    assert late.percentile(99) == pytest.approx(9.9e-3, abs=2e-5)
    late.add(-1.0)
    late.add(7.0)
    assert late.percentile(100) == 7.0
    assert late.figures()["worst_ms"] == 7000.0
    assert Lateness().figures()["p99_ms"] == 0.0
