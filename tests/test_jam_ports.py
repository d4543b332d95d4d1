"""MIDI ports: names, messages through a real server, loss and reconnection."""

import logging
import platform
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import BadInputError, MissingPartError
from muse.tools.jam.clock import SystemClock
from muse.tools.jam.events import Message
from muse.tools.jam.ports import jack as jack_module
from muse.tools.jam.ports import midi_system
from muse.tools.jam.ports.input_queue import InputQueue, open_queue_port
from muse.tools.jam.ports.outputs import PortOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.ports.port_names import choose_port, list_ports, matching_ports
from muse.tools.jam.ports.reconnecting_port import PortLostError, ReconnectingPort
from tests.jack_server import DEADLINE_S, JackPeer, ReceivedMessages, running_jack

NAMES = [
    "Piano:Piano MIDI 1 20:0",
    "Piano:Piano MIDI 2 20:1",
    "a+b",
    "muse jam out:midi",
    "VMPK Output",
]
ON, OFF = bytes((0x90, 60, 90)), bytes((0x80, 60, 64))
LOOK_S = 0.02  # between two searches for a port, in tests


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    with running_jack() as name:
        yield name


@pytest.fixture
def received() -> ReceivedMessages:
    return ReceivedMessages()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Piano:Piano MIDI 2 20:1", [1]),
        ("piano", [0, 1]),
        ("midi 2", [1]),
        ("a+b", [2]),
        ("vmpk.*put$", [4]),
        (r"20:\d", [0, 1]),
        ("muse jam out:midi", [3]),
        ("muse jam", [3]),  # named in full
        ("out", [4]),  # not requested, so a jam does not listen to itself
        ("Piano:Piano MIDI 2 24:1", [1]),  # its number before the cable was pulled
        ("*(", []),
        ("none", []),
    ],
)
def test_text_means_ports(text: str, found: list[int]) -> None:
    assert matching_ports(NAMES, text) == found


def test_loopback_ports_come_last() -> None:
    names = ["Midi Through:Midi Through Port-0 14:0", "Piano:Piano MIDI 1 20:0"]
    assert matching_ports(names, ".") == [1, 0]
    assert matching_ports(names, "through") == [0]


@settings(deadline=None)
@given(st.lists(st.text(), unique=True), st.text())
def test_any_text_means_some_ports_or_none(names: list[str], text: str) -> None:
    ports = matching_ports(names, text)
    assert sorted(ports) == sorted(set(ports))
    assert text not in names or ports == [names.index(text)]


def test_first_of_several_ports_is_used_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "muse"):
        assert choose_port(NAMES, "in", "piano") == 0
    (record,) = caplog.records
    assert NAMES[0] in record.message and NAMES[1] in record.message


def test_no_such_port_names_those_there_are() -> None:
    with pytest.raises(BadInputError, match=r"'Rhodes'.*VMPK Output"):
        choose_port(NAMES, "in", "Rhodes")
    with pytest.raises(BadInputError, match="there is: none"):
        choose_port([], "out", "Rhodes")


def test_without_rtmidi_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    with pytest.raises(MissingPartError, match=r"pip install '\.\[jam\]'"):
        list_ports()
    with pytest.raises(MissingPartError, match="pip install"):
        PortOutput("Piano")


@pytest.mark.needs_rtmidi
def test_without_a_midi_system_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi_system, "ALSA_SEQUENCER", Path("/nowhere"))
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "muse-is-not-there")
    for act in (list_ports, lambda: PortOutput("Piano"), lambda: PortOutput(None)):
        with pytest.raises(MissingPartError, match=r"modprobe snd-seq.*jackd"):
            act()


class HandleOfWindows:
    """A handle as rtmidi has on Windows."""

    def get_current_api(self) -> int:
        import rtmidi

        return int(rtmidi.API_WINDOWS_MM)


@pytest.mark.needs_rtmidi
def test_error_on_windows_names_loopmidi() -> None:
    with pytest.raises(MissingPartError, match="loopMIDI"):
        midi_system.open_virtual(HandleOfWindows(), "in")


def test_refused_client_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jack_module, "PAUSE_S", 0.0)
    answers: list[object] = [OSError("busy"), OSError("busy"), "a client"]

    def make() -> object:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert jack_module.retry(make) == "a client"
    answers = [OSError("busy")] * jack_module.ATTEMPTS
    with pytest.raises(OSError, match="busy"):
        jack_module.retry(make)


def test_ports_are_listed(jack: str) -> None:
    with JackPeer("vintage keys"):
        ports = {(port.direction, port.name, port.api) for port in list_ports()}
        assert ("in", "vintage keys out:plays", "Jack") in ports
        assert ("out", "vintage keys in:hears", "Jack") in ports
        with pytest.raises(BadInputError, match="vintage keys in:hears"):
            PortOutput("Rhodes")
        PortOutput("^vint.*HEARS$").close()


def test_notes_in_both_directions(jack: str) -> None:
    clock = SystemClock()
    queue = InputQueue(clock)
    with (
        JackPeer("vintage keys") as peer,
        Playback(PortOutput("vintage"), clock) as playback,
        closing(open_queue_port("vintage", queue)) as port,
    ):
        playback.start()
        port.open()
        playback.schedule([Message(clock.now(), ON), Message(clock.now() + 0.01, OFF)])
        assert peer.received.wait_for(2)[:2] == [ON, OFF]
        peer.play((0xFE,), (0xF8,), (0xF0, 1, 2, 0xF7), (0x90, 62, 70), (0x90, 62, 0))
        messages = [queue.get(DEADLINE_S), queue.get(DEADLINE_S)]
        assert [m and m.data for m in messages] == [bytes((0x90, 62, 70)), bytes((0x80, 62, 64))]
        assert all(m is not None and 0 <= m.time_s <= clock.now() for m in messages)


def test_notes_end_on_leaving(jack: str) -> None:
    with JackPeer("vintage keys") as peer:
        with Playback(PortOutput("vintage"), SystemClock()) as playback:
            playback.start()
            playback.schedule([Message(0.0, ON), Message(1e6, OFF)])
            assert peer.received.wait_for(1) == [ON]
        after = peer.received.wait_for(9)[1:]
    assert after[:4] == after[4:]  # sent twice, as a client may miss a period
    assert after[0] == OFF
    assert {data[1] for data in after[1:4]} == {64, 120, 123}


def test_virtual_ports(jack: str, received: ReceivedMessages) -> None:
    with closing(ReconnectingPort("in", None, receive=received.take)) as port:
        port.open()
        with closing(PortOutput("muse jam in")) as out:  # as another program would
            out.send(Message(0.0, ON))
            assert received.wait_for(1) == [ON]
        port.close()  # a second time does nothing


def test_a_port_is_lost_and_back(
    jack: str, received: ReceivedMessages, caplog: pytest.LogCaptureFixture
) -> None:
    lost = ReceivedMessages()
    options = {"on_lost": lambda: lost.take(b""), "poll_s": LOOK_S}
    with (
        closing(ReconnectingPort("in", "vint", receive=received.take, **options)) as into,
        closing(ReconnectingPort("out", "vint", **options)) as out,
    ):
        with JackPeer("vintage keys"):
            into.open()
            out.open()
        lost.wait_for(2)
        with pytest.raises(PortLostError, match="vintage keys in:hears"):
            out.send(ON)
        with JackPeer("vintage keys (2)") as peer:
            assert into.connected.wait(DEADLINE_S) and out.connected.wait(DEADLINE_S)
            out.send(OFF)
            assert peer.received.wait_for(1) == [OFF]
            peer.play(tuple(ON))
            assert received.wait_for(1) == [ON]
    texts = [record.message for record in caplog.records]
    assert any("'vintage keys in:hears' is lost" in text for text in texts)


def test_a_port_is_waited_for(jack: str, received: ReceivedMessages) -> None:
    with closing(ReconnectingPort("in", "late", receive=received.take, poll_s=LOOK_S)) as port:
        port.open(wait=True)
        assert not port.connected.is_set()
        with JackPeer("latecomer") as peer:
            assert port.connected.wait(DEADLINE_S)
            peer.play(tuple(ON))
            assert received.wait_for(1) == [ON]
    with pytest.raises(BadInputError, match="'late'"):
        ReconnectingPort("in", "late").open()


def test_programs_are_restored_after_reconnection(jack: str) -> None:
    program, next_on = bytes((0xC0, 33)), bytes((0x90, 67, 80))
    with JackPeer("vintage keys") as peer:
        output = PortOutput("vint", poll_s=LOOK_S)
        playback = Playback(output, SystemClock())
        playback.start()
        playback.schedule([Message(0.0, program), Message(0.0, ON)])
        peer.received.wait_for(2)
    with playback:
        assert output.was_lost.wait(DEADLINE_S)
        with JackPeer("vintage keys") as peer:
            assert output.port.connected.wait(DEADLINE_S)
            playback.schedule([Message(0.0, next_on)])
            back = peer.received.wait_for(6)
    assert back[0] == OFF  # the hanging note was ended
    assert back[-2:] == [program, next_on]
    assert playback.lost == 0


def test_a_port_that_is_gone_for_a_moment_is_connected_again(
    jack: str, received: ReceivedMessages
) -> None:
    back = ReceivedMessages()
    options = {"on_lost": lambda: back.take(b""), "poll_s": 1.0}  # longer than it is gone
    with (
        closing(ReconnectingPort("in", "vint", receive=received.take, **options)) as into,
        closing(ReconnectingPort("out", "vint", **options)) as out,
    ):
        with JackPeer("vintage keys"):
            into.open()
            out.open()
        with JackPeer("vintage keys") as peer:
            back.wait_for(2)
            assert into.connected.wait(DEADLINE_S) and out.connected.wait(DEADLINE_S)
            out.send(ON)
            assert peer.received.wait_for(1) == [ON]
            peer.play(tuple(OFF))
            assert received.wait_for(1) == [OFF]
