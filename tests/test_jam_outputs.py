"""Outputs: JSON lines, tracks, and a synthesizer."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import MissingPartError
from muse.tools.jam.clock import SystemClock, VirtualClock
from muse.tools.jam.events import Message
from muse.tools.jam.ports import synth
from muse.tools.jam.ports.outputs import JsonOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.ports.synth import SynthOutput
from muse.tools.jam.takes.to_song import channel_track
from muse.tools.song.document import Note
from tests.jack_server import running_jack

ON, OFF = bytes((0x90, 60, 90)), bytes((0x80, 60, 64))
PLAYED = [
    Message(0.0, bytes((0xC1, 33))),
    Message(0.0, bytes((0x91, 36, 100))),
    Message(1.0, bytes((0xB0, 64, 127))),
    Message(1.0, ON),
    Message(2.5, OFF),
    Message(2.5, bytes((0xE0, 0, 64))),
    Message(3.0, bytes((0x81, 36, 64))),
    Message(3.0, bytes((0x99, 42, 80))),
    Message(3.5, bytes((0x99, 42, 70))),  # struck again, and left
    Message(4.0, bytes((0xB0, 123, 0))),
]


def timed(channel: int) -> list[tuple[float, bytes]]:
    """Return the messages of a channel with their beats; a beat is a second."""
    return [(m.time_s, m.data) for m in PLAYED if m.data[0] & 0x0F == channel]


def test_messages_become_tracks() -> None:
    keys = channel_track(timed(0), 0, "Keys", 9.0)
    assert keys.notes == [Note(1.0, 1.5, 60, 90)]
    assert [(c.beat, c.number, c.value) for c in keys.controls] == [(1.0, 64, 127)]
    assert [bend.value for bend in keys.bends] == [0]
    bass = channel_track(timed(1), 1, "Bass", 9.0)
    assert (bass.name, bass.role, bass.program) == ("Bass", "bass", 33)
    assert bass.notes == [Note(0.0, 3.0, 36, 100)]
    drums = channel_track(timed(9), 9, "", 9.0)
    assert drums.is_drum
    assert drums.notes == [Note(3.0, 0.5, 42, 80), Note(3.5, 5.5, 42, 70)]
    assert channel_track([], 0, "", 0.0).notes == []


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans(), st.integers(60, 63))))
def test_any_messages_become_notes_that_last(events: list[tuple[float, bool, int]]) -> None:
    messages = [
        (beat, bytes((0x90 if begins else 0x80, pitch, 64)))
        for beat, begins, pitch in sorted(events)
    ]
    notes = channel_track(messages, 0, "", 10.0).notes
    assert len(notes) == sum(begins for _beat, begins, _pitch in events)
    assert all(note.duration_beats > 0 for note in notes)


def test_lines_are_written_at_once() -> None:
    stream = io.StringIO()
    output = JsonOutput(stream, {0: "keys", 1: "bass"})
    for message in PLAYED[:3]:
        output.send(message)
    output.close()
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        {"time_s": 0.0, "part": "bass", "channel": 1, "program": 33},
        {"time_s": 0.0, "part": "bass", "channel": 1, "on": 36, "velocity": 100},
        {"time_s": 1.0, "part": "keys", "channel": 0, "control": 64, "value": 127},
    ]


class ClosedPipe(io.StringIO):
    """A stream whose reader has closed it."""

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


def test_closed_reader_ends_the_output() -> None:
    output = JsonOutput(ClosedPipe(), {})
    with Playback(output, VirtualClock()) as playback:
        playback.schedule(PLAYED)
        playback.play_until(10.0)
    assert output.ended.is_set()
    assert playback.lost == len(PLAYED)


class FakeSynth:
    """A synthesizer that records its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: self.calls.append((name, *arguments)) or 0


def test_messages_become_calls_of_fluidsynth() -> None:
    output = SynthOutput.__new__(SynthOutput)
    output._synth, output._font = FakeSynth(), 7
    for data in (b"\x90\x3c\x5a", b"\x81\x3c\x00", b"\xb0\x40\x7f", b"\xe0\x00\x00", b"\xd0\x01"):
        output.send(Message(0.0, data))
    output.send(Message(0.0, b"\xc2\x05"))
    output.send(Message(0.0, b"\xc9\x01"))
    assert output._synth.calls == [
        ("noteon", 0, 60, 90),
        ("noteoff", 1, 60),
        ("cc", 0, 64, 127),
        ("pitch_bend", 0, -8192),
        ("program_select", 2, 7, 0, 5),
        ("program_select", 9, 7, 128, 1),
    ]


@pytest.mark.needs_fluidsynth
def test_error_without_sound_suggests_files(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "muse-is-not-there")
    with pytest.raises(MissingPartError, match=r"tried jack.*take\.mid.*take\.wav"):
        SynthOutput(drivers=("jack",))
    assert capfd.readouterr() == ("", "")


def test_alsa_is_tried_only_where_it_has_a_card(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(synth.platform, "system", lambda: "Linux")
    monkeypatch.setattr(synth, "SOUND_CARDS", tmp_path)
    assert "alsa" not in synth.default_drivers()
    (tmp_path / "pcmC0D0p").touch()
    assert "alsa" in synth.default_drivers()


@pytest.fixture
def jack() -> Iterator[str]:
    with running_jack() as name:
        yield name


@pytest.mark.needs_fluidsynth
@pytest.mark.needs_linux
def test_the_synthesizer_sounds_through_jack(jack: str) -> None:
    with Playback(SynthOutput(drivers=("jack",)), SystemClock()) as playback:
        playback.start()
        playback.schedule([Message(0.0, ON), Message(0.0, OFF)])
        synth = playback._sink
        assert isinstance(synth, SynthOutput) and synth.driver == "jack"
    assert playback.lost == 0
