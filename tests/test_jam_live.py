"""A jam in real time through a real MIDI server, and its ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest

from muse.tools.chords.load_model import load_model
from muse.tools.jam.benchmark.jack_server import (
    NAME_VARIABLE,
    end,
    start,
    wait_for_server,
)
from muse.tools.jam.clock import SystemClock
from muse.tools.jam.engine import build_engine
from muse.tools.jam.events import ChordForecast, ForecastTask
from muse.tools.jam.grid import COMMON_METERS
from muse.tools.jam.inputs import PlayerInput
from muse.tools.jam.live import LiveSession
from muse.tools.jam.midi_bytes import is_off, is_on, key_of
from muse.tools.jam.options import JamRequest, resolve_options
from muse.tools.jam.ports.input_queue import InputQueue
from muse.tools.jam.ports.outputs import ListOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.session import Session
from muse.tools.jam.takes.records import read_take
from muse.tools.song.midi import load_song
from tests.jack_server import DEADLINE_S, JackPeer, running_jack

FAST = JamRequest(bpm="400", count_in=0)  # a beat in 0.15 s


@pytest.fixture(scope="module")
def jack() -> Iterator[str]:
    with running_jack() as name:
        yield name


def sounding(messages: list[bytes]) -> set[tuple[int, int]]:
    on: set[tuple[int, int]] = set()
    for data in messages:
        if is_on(data):
            on.add(key_of(data))
        elif is_off(data):
            on.discard(key_of(data))
    return on


# Ctrl-C reaches it even where the tests run in the background, which shuts their children off
WITH_CTRL_C = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    "from muse.cli.main import main; main()"
)


@contextmanager
def muse_jam(*options: object) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", WITH_CTRL_C, "jam", *map(str, options)]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as playing:
        try:
            yield playing
        finally:
            playing.kill()


@pytest.mark.parametrize(
    "ways_out", [(signal.SIGINT, signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGHUP,)]
)
def test_signals_end_all_notes_and_save_the_take(
    jack: str, tmp_path: Path, ways_out: tuple[signal.Signals, ...]
) -> None:
    take, name = tmp_path / "take", ways_out[0].name
    with JackPeer(f"peer {name}") as peer:
        options = (
            *("--in", f"{name}.*plays", "--out", f"{name}.*hears"),
            *("--bpm", "240", "--count-in", "0", "--seed", "1", "--record", take),
        )
        with muse_jam(*options) as playing:
            peer.received.wait_for(20)  # it has begun
            peer.play((0x90, 64, 90), (0x90, 67, 90), (0x80, 64, 0))
            peer.received.wait_for(60)
            for way_out in ways_out:
                playing.send_signal(way_out)
            _, text = playing.communicate(timeout=DEADLINE_S)
        messages = list(peer.received.messages)
    assert playing.returncode == 0, text
    assert "Traceback" not in text
    assert not sounding(messages)
    assert bytes((0xB0, 123, 0)) in messages
    assert bytes((0xB0, 64, 0)) in messages
    recorded = read_take(take.with_suffix(".jsonl"))
    assert recorded.is_whole
    assert [bytes.fromhex(line.data)[1] for line in recorded.player_messages][:2] == [64, 67]
    assert recorded.decisions
    assert re.search(r"bar +1  ", text)
    assert {track.name for track in load_song(take.with_suffix(".mid")).tracks} >= {"Keys", "Solo"}


@contextmanager
def mortal_jack(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server of that name, which the test may end."""
    monkeypatch.setenv(NAME_VARIABLE, name)
    server = start(name, patient=True)
    try:
        wait_for_server(server)
        yield server
    finally:
        end(server)


def output_until(playing: subprocess.Popen[str], text: str) -> str:
    """Return the output of a process up to the first line that contains a text."""
    assert playing.stderr is not None
    lines = []
    for line in playing.stderr:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


@pytest.mark.needs_jack
@pytest.mark.parametrize("death", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_server_is_logged_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: signal.Signals
) -> None:
    name, take = f"muse-{death.name}-{os.getpid()}", tmp_path / "take"
    options = (
        *("--in", "peer.*plays", "--out", "peer.*hears", "--bpm", "240", "--count-in", "0"),
        *("--seed", "1", "--record", take),
    )
    with ExitStack() as stack:
        server = stack.enter_context(mortal_jack(monkeypatch, name))
        with JackPeer("peer") as peer:
            playing = stack.enter_context(muse_jam(*options))
            peer.received.wait_for(20)
            server.send_signal(death)
            server.wait(DEADLINE_S)
            text = output_until(playing, "JACK server has stopped")
        stack.enter_context(mortal_jack(monkeypatch, name))
        peer = stack.enter_context(JackPeer("peer"))
        back = peer.received.wait_for(20)
        text += output_until(playing, "is connected") + output_until(playing, "is connected")
        peer.play((0x90, 64, 90), (0x80, 64, 0))
        peer.received.wait_for(len(peer.received.messages) + 20)
        playing.send_signal(signal.SIGINT)
        _, rest = playing.communicate(timeout=DEADLINE_S)
        messages = list(peer.received.messages)
    text += rest
    assert playing.returncode == 0, text
    assert "Traceback" not in text
    assert text.count("has stopped") == 1, text
    assert not sounding(messages)
    assert {data[0] for data in back} >= {0xC0, 0xC1}  # its programs are sent again
    recorded = read_take(take.with_suffix(".jsonl"))
    assert recorded.is_whole
    assert [bytes.fromhex(line.data)[1] for line in recorded.player_messages][:1] == [64]


def live_session(
    slow: Callable[[ForecastTask], ForecastTask] | None = None,
) -> tuple[Session, ListOutput]:
    options = resolve_options(FAST, bpm=400.0, meters=COMMON_METERS, count_in=0, seed=1)
    engine = build_engine(options, load_model("ngram"))
    if slow is not None:
        usual = engine.forecast_task
        engine.forecast_task = lambda beat: slow(usual(beat))  # type: ignore[method-assign]
    output = ListOutput()
    return Session(engine, Playback(output, SystemClock()), has_click=True), output


def test_slow_chord_model_does_not_delay_beats() -> None:
    never = Event()

    def slowed(task: ForecastTask) -> ForecastTask:
        def predict() -> ChordForecast:
            never.wait(0.3)
            return task()

        return predict

    clock = SystemClock()
    session, output = live_session(slowed)
    session.playback = Playback(output, clock)
    live = LiveSession(session, clock, InputQueue(clock), bars=2)
    with session.playback, live.running():
        assert live.ended.wait(DEADLINE_S)
    assert live.error is None
    assert session.counts.beats == 8
    assert session.counts.late >= 4
    assert not sounding([message.data for message in output.messages])


def test_error_in_the_chord_model_ends_the_jam_silently() -> None:
    def failing(_task: ForecastTask) -> ForecastTask:
        def predict() -> ChordForecast:
            raise ValueError("a bug")

        return predict

    clock = SystemClock()
    session, output = live_session(failing)
    session.playback = Playback(output, clock)
    live = LiveSession(session, clock, InputQueue(clock), bars=2)
    with session.playback, live.running():
        assert live.ended.wait(DEADLINE_S)
    assert isinstance(live.error, ValueError)
    assert not sounding([message.data for message in output.messages])


def test_recorded_player_is_fed_in_time() -> None:
    from muse.tools.jam.events import Message

    player_input = PlayerInput(
        tuple(Message(0.1 * n, bytes((0x90, 60 + n, 90 * (n % 2)))) for n in range(8))
    )
    clock = SystemClock()
    session, output = live_session()
    session.playback = Playback(output, clock)
    live = LiveSession(session, clock, InputQueue(clock), player_input=player_input)
    with session.playback, live.running():
        assert live.ended.wait(DEADLINE_S)
    assert live.error is None
    assert session.counts.notes == 4
    assert session.counts.beats >= 4
    assert output.messages[-1].time_s > output.messages[0].time_s


def test_ports_are_listed_as_json(jack: str) -> None:
    with JackPeer("listed"):
        done = subprocess.run(
            [sys.executable, "-m", "muse.cli", "jam", "--list-ports", "--json"],
            capture_output=True,
            text=True,
            check=True,
            timeout=DEADLINE_S,
        )
    assert "listed" in done.stdout
