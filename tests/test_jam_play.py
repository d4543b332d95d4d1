"""A whole jam on a virtual clock: from messages to a take."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.chords.load_model import load_model
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.jam import routing as routes
from muse.tools.jam.clock import VirtualClock
from muse.tools.jam.engine import build_engine
from muse.tools.jam.events import Message
from muse.tools.jam.grid import COMMON_METERS
from muse.tools.jam.inputs import PlayerInput, has_data, stream_input
from muse.tools.jam.midi_bytes import is_off, is_on, key_of
from muse.tools.jam.offline import play_offline
from muse.tools.jam.options import JamOptions, JamRequest, is_file, resolve_options
from muse.tools.jam.play import jam, open_known_input
from muse.tools.jam.ports.outputs import ListOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.ports.port_names import Port
from muse.tools.jam.routing import Routing
from muse.tools.jam.session import Session
from muse.tools.song.document import song_to_json
from muse.tools.song.midi import load_song

SOLO = Path(__file__).parent.parent / "examples" / "paper_lanterns.mid"
METERS = ["3/4", "5/4", "6/8", "2/4", "2/2", "3/2", "9/8", "12/8", "3/8", "5/8", "7/8", "3+2+2/8"]
ON, OFF = 0x90, 0x80


def settled(request: JamRequest | None = None) -> JamOptions:
    return resolve_options(
        request or JamRequest(), bpm=120.0, meters=COMMON_METERS, count_in=0, seed=5
    )


def played(
    known: PlayerInput, options: JamOptions | None = None, bars: int | None = None
) -> tuple[Session, list[Message]]:
    output = ListOutput()
    playback = Playback(output, VirtualClock())
    session = Session(build_engine(options or settled(), load_model("ngram")), playback)
    play_offline(session, known, bars=bars)
    return session, output.messages


def hanging(messages: Iterable[Message]) -> set[tuple[int, int]]:
    sounding: set[tuple[int, int]] = set()
    for message in messages:
        if is_on(message.data):
            assert key_of(message.data) not in sounding
            sounding.add(key_of(message.data))
        elif is_off(message.data):
            sounding.discard(key_of(message.data))
    return sounding


def notes(pitches: Iterable[int], each_s: float = 0.5) -> tuple[Message, ...]:
    found = []
    for place, pitch in enumerate(pitches):
        found.append(Message(place * each_s, bytes((ON, pitch, 80))))
        found.append(Message((place + 0.9) * each_s, bytes((OFF, pitch, 0))))
    return tuple(found)


# -- music and takes


def test_same_seed_gives_same_take(tmp_path: Path) -> None:
    for name in ("one", "two"):
        routing = Routing(source=str(SOLO), target=str(tmp_path / f"{name}.mid"), bars=8)
        jam(JamRequest(style="jazz"), routing, 7)
    assert (tmp_path / "one.mid").read_bytes() == (tmp_path / "two.mid").read_bytes()


def test_take_has_the_unchanged_solo_and_chords(tmp_path: Path) -> None:
    done = jam(JamRequest(), Routing(source=str(SOLO), target=str(tmp_path / "take.mid")), 1)
    take, solo = load_song(tmp_path / "take.mid"), load_song(SOLO)
    assert done.files == (str(tmp_path / "take.mid"),)
    assert done.late == 0
    ours = {track.name: track for track in take.tracks}
    assert set(ours) == {"Solo", "Keys", "Bass"}
    melody = [note.pitch for note in ours["Solo"].notes]
    assert any([note.pitch for note in track.notes] == melody for track in solo.tracks)
    assert take.tempos[0].bpm == pytest.approx(solo.tempos[0].bpm, rel=1e-4)
    assert len(take.chords) > 4
    assert take.keys


def test_key_of_a_scale_is_detected() -> None:
    e_minor = [64, 66, 67, 69, 71, 72, 74, 76, 74, 71, 67, 64] * 4
    session, _ = played(PlayerInput(notes(e_minor)))
    assert session.decision is not None
    assert session.decision.key.tonality.name in ("E minor", "G major")


def test_replay_is_equal_with_the_same_model_only(tmp_path: Path) -> None:
    first = tmp_path / "first"
    jam(JamRequest(style="soul"), Routing(str(SOLO), str(tmp_path / "a.json"), record=first), 3)
    for model in ("auto", "ngram"):
        routing = Routing(
            target=str(tmp_path / f"{model}.json"), model=model, replay=first.with_suffix(".jsonl")
        )
        again = jam(JamRequest(), routing).agreement
        assert again is not None
        assert (again.chord == 1.0) == (model == "auto")
    songs = [load_song(tmp_path / f"{name}.json") for name in ("a", "auto", "ngram")]
    assert [track.notes for track in songs[0].tracks] == [track.notes for track in songs[1].tracks]
    assert songs[0].chords == songs[1].chords
    assert songs[0].chords != songs[2].chords
    assert songs[2].tracks[0].notes == songs[0].tracks[0].notes


@pytest.mark.parametrize("meter", METERS)
def test_other_meters_end_on_a_bar_line(meter: str) -> None:
    options = settled(JamRequest(meter=meter))
    session, messages = played(PlayerInput(notes([60, 64, 67] * 9)), options)
    assert not hanging(messages)
    assert session.grid.step_of(session.end_beat - 4).is_bar_line


def test_louder_player_makes_the_band_louder() -> None:
    def level(velocity: int) -> float:
        loud = [
            Message(m.time_s, bytes((ON, m.data[1], velocity)) if is_on(m.data) else m.data)
            for m in notes([60, 62, 64, 65] * 8)
        ]
        _, messages = played(PlayerInput(tuple(loud)))
        return float(np.mean([m.data[2] for m in messages if is_on(m.data)]))

    assert level(40) < level(80) < level(120)


# -- unusual input


def test_band_plays_without_a_player() -> None:
    session, messages = played(PlayerInput(), bars=6)
    assert not hanging(messages)
    assert session.counts.beats == 24
    assert sum(is_on(message.data) for message in messages) > 24


def test_empty_input_needs_a_number_of_bars() -> None:
    with pytest.raises(BadInputError, match="--bars"):
        played(PlayerInput())


def test_a_stuck_note() -> None:
    stuck = (Message(0.1, bytes((ON, 60, 90))), *notes([64, 67] * 8)[1:])
    _, messages = played(PlayerInput(stuck))
    assert not hanging(messages)


def test_a_thousand_notes_a_second() -> None:
    storm = [Message(n / 1000, bytes((ON, 30 + n % 60, 1 + n % 120))) for n in range(4000)]
    session, messages = played(PlayerInput(storm))
    assert not hanging(messages)
    assert session.counts.notes == 4000


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 12), st.binary(min_size=3, max_size=3)), min_size=1, max_size=60
    )
)
def test_no_bytes_leave_a_note_on(script: list[tuple[float, bytes]]) -> None:
    from muse.tools.jam.midi_bytes import channel_message

    whole = [
        (time_s, channel_message(bytes((data[0] | 0x80, *data[1:])))) for time_s, data in script
    ]
    messages = [Message(time_s, data) for time_s, data in sorted(whole, key=lambda x: x[0]) if data]
    _, sent = played(PlayerInput(messages), bars=5)
    assert not hanging(sent)


def test_a_tempo_that_jumps_skips_no_beat() -> None:
    slow, fast = notes([60, 64, 67, 72] * 12, 1.0), notes([60, 64, 67, 72] * 40, 1 / 3)
    late = slow[-1].time_s + 0.1
    both = (*slow, *(replace(m, time_s=m.time_s + late) for m in fast))
    session, messages = played(PlayerInput(both), settled(JamRequest(bpm="auto")))
    assert not hanging(messages)
    assert session.counts.beats == session.end_beat - 4  # every beat once, and the last chord
    assert session.beat_clock.bpm / 60 == pytest.approx(
        3.0, rel=0.06
    ) or session.beat_clock.bpm / 90 == (pytest.approx(1.0, rel=0.06))


# -- lines, and bad input


def test_json_lines_in() -> None:
    lines = io.BytesIO(
        b'{"time_s": 0, "on": 60}\n\nnonsense\n{"time_s": 0.5, "off": 60}\n{"on": 64}'
    )
    found = list(stream_input(lines).messages)
    assert [(m.time_s, is_on(m.data)) for m in found] == [(0.0, True), (0.5, False), (0.5, True)]


def test_json_lines_out(muse: Any, tmp_path: Path) -> None:
    done = muse("jam", "--in", SOLO, "--out", "-", "--seed", "2", "--bars", "4")
    assert done.code == 0
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [line["time_s"] for line in lines] == sorted(line["time_s"] for line in lines)
    assert {line["part"] for line in lines} >= {"keys", "bass"}


@pytest.mark.parametrize("form", ["MIDI", "a Song document"])
def test_a_song_in_a_pipe_is_a_song_in_a_file(form: str, tmp_path: Path) -> None:
    data = SOLO.read_bytes() if form == "MIDI" else song_to_json(load_song(SOLO))
    for source, brought in ((SOLO, b""), ("-", data)):
        words = [*("jam", "--in", source, "--out", tmp_path / f"{source == '-'}.mid", "--seed", 2)]
        command = [sys.executable, "-m", "muse.cli", *map(str, words)]
        subprocess.run(command, input=brought, check=True, capture_output=True)
    assert (tmp_path / "True.mid").read_bytes() == (tmp_path / "False.mid").read_bytes()


def test_other_bytes_in_a_pipe_are_an_error() -> None:
    with pytest.raises(BadInputError, match="JSON lines"):
        list(stream_input(io.BytesIO(b"MThd\x00\x00")).messages)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (JamRequest(bpm="fast"), "--bpm"),
        (JamRequest(bpm="5000"), "--bpm"),
        (JamRequest(meter="3+2/7"), "--meter"),
        (JamRequest(meter="x"), "--meter"),
        (JamRequest(key="H7"), "--key"),
        (JamRequest(style="polka"), "--style"),
        (JamRequest(mix="2"), "--mix"),
        (JamRequest(ahead=99), "--ahead"),
        (JamRequest(count_in=-1), "--count-in"),
        (JamRequest(voicing="wide"), "--voicing"),
        (JamRequest(swing=90.0), "--swing"),
    ],
)
def test_invalid_options_are_errors(request_: JamRequest, word: str) -> None:
    with pytest.raises(ParameterError, match=word):
        settled(request_)


def test_conflicting_inputs_and_outputs_are_errors(tmp_path: Path) -> None:
    for routing in (
        Routing(source="a.mid", target="b.mid", replay=tmp_path / "c.jsonl"),
        Routing(source=str(SOLO), target=str(SOLO)),
        Routing(source=str(SOLO), target="x.mid", bars=0),
    ):
        with pytest.raises(ParameterError):
            jam(JamRequest(), routing, 1)


def test_audio_input_points_to_transcribe() -> None:
    with pytest.raises(BadInputError, match="muse transcribe"):
        jam(JamRequest(), Routing(source="song.wav", target="x.mid"), 1)


def test_unknown_file_suffix_is_not_a_port(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="xyz"):
        jam(JamRequest(), Routing(source=str(SOLO), target=str(tmp_path / "take.xyz")), 1)


@pytest.mark.parametrize(("source", "target"), [(str(SOLO), "x.xyz"), ("solo.xyz", "take.mid")])
def test_mistyped_file_is_not_waited_for_as_a_port(
    monkeypatch: pytest.MonkeyPatch, source: str, target: str
) -> None:
    ports = [Port("in", "Piano 2.out", "JACK"), Port("out", "Piano 2.out", "JACK")]
    monkeypatch.setattr(routes, "list_ports", lambda: ports)
    with pytest.raises(ParameterError, match=r"\.xyz is neither a MIDI port nor a file"):
        routes.check_routing(Routing(source, target))
    routes.check_routing(Routing(str(SOLO), "Piano 2.out"))


def test_a_folder_that_does_not_exist_is_no_port() -> None:
    with pytest.raises(BadInputError, match="folder"):
        routes.check_routing(Routing(str(SOLO), "new/"))


@pytest.mark.needs_linux
def test_a_full_disk_is_a_failure() -> None:
    words = ["jam", "--in", str(SOLO), "--out", "-", "--model", "ngram"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "muse.cli", *words], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr.count(b"standard output: No space left on device") == 1
    assert b"Exception ignored" not in done.stderr


def test_a_song_in_a_pipe_to_a_port_is_a_song(monkeypatch: pytest.MonkeyPatch) -> None:
    with SOLO.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(file.raw)))
        player = open_known_input(JamRequest(), Routing("-", "a port"), None)
    assert player
    assert player.bpm == load_song(SOLO).tempos[0].bpm


def test_an_empty_pipe_is_a_live_player() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        assert not has_data(stream, 0.0)
        os.close(writing)
        assert has_data(stream, 0.0)


def test_a_pipe_without_notes_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no notes")))
    monkeypatch.setattr(routes, "load_rtmidi", lambda: None)
    monkeypatch.setattr("muse.tools.jam.play.open_output", lambda *_, **__: ListOutput())
    fast = JamRequest(bpm="400", count_in=0)
    with pytest.raises(BadInputError, match="standard input held no notes"):
        jam(fast, Routing("-", "a port", model="ngram"), 1)


def test_a_failure_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BadInputError("stop here")

    monkeypatch.setattr("muse.tools.jam.play.play_offline", fail)
    with pytest.raises(BadInputError):
        jam(JamRequest(), Routing(str(SOLO), str(tmp_path / "x.mid"), record=tmp_path / "y"), 1)
    assert not list(tmp_path.iterdir())


def test_file_names_and_port_names() -> None:
    assert is_file("-")
    assert is_file("take.mid")
    assert is_file("there/take.xyz")
    assert not is_file("IAC Piano OUT")
    assert not is_file("a.b: port 1")
    assert not is_file(None)


def test_reader_that_closes_the_pipe_is_no_error() -> None:
    command = [sys.executable, "-m", "muse.cli", "jam", "--in", str(SOLO), "--out", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as playing:
        assert playing.stdout
        assert playing.stderr
        assert json.loads(playing.stdout.readline())["time_s"] == 0
        playing.stdout.close()
        text = playing.stderr.read().decode()
        assert playing.wait() == 0
    assert "pipe" not in text.lower()


def test_endless_input_ends_when_the_reader_closes_the_pipe() -> None:
    lines = "import json\nt = 0\nwhile True: print(json.dumps({'time_s': t, 'on': 60})); t += 1"
    jamming = "muse.cli jam --in - --out -"
    script = (
        f'{sys.executable} -c "{lines}" 2>/dev/null | {sys.executable} -m {jamming} | head -n 1'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["time_s"] == 0
    assert "Traceback" not in done.stderr
