"""Playing the chords of a chart, styles by section, and the player's notes in the output."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from muse.tools.chords.load_model import load_model
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.jam import routing as routes
from muse.tools.jam.chart import read_chart
from muse.tools.jam.clock import VirtualClock
from muse.tools.jam.engine import build_engine
from muse.tools.jam.events import Message
from muse.tools.jam.grid import COMMON_METERS, StepGrid, group_meters
from muse.tools.jam.options import JamRequest, resolve_options
from muse.tools.jam.play import jam
from muse.tools.jam.ports.outputs import ListOutput
from muse.tools.jam.ports.playback import Playback
from muse.tools.jam.ports.port_names import Port
from muse.tools.jam.routing import Routing, sends_through
from muse.tools.jam.section_styles import parse_style_plan
from muse.tools.jam.session import SOLO_CHANNEL, Session
from muse.tools.song.document import Meter, Note, Section, Song, Tempo, Track
from muse.tools.song.midi import load_song, save_song
from muse.tools.theory.chords import write_leadsheet

CHART = """title: Blue
key: F major; tempo: 140; meter: 4/4
verse  | F7 | Bb7 | F7 | Cm7 F7 |
chorus | Bb7 | <Bdim7 | F7 | D7 |
"""
ORGAN, PIANO = 16, 0
COMMON = StepGrid(COMMON_METERS)
SECTIONS = (Section(0.0, "verse"), Section(16.0, "chorus"))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    path = tmp_path / "chart.txt"
    path.write_text(CHART)
    return path


def solo(folder: Path, bars: int = 18, velocity: int = 80) -> str:
    notes = [Note(float(beat), 0.9, 65, velocity) for beat in range(4 * bars)]
    song = Song(
        tempos=[Tempo(0.0, 120.0)],
        meters=[Meter(0.0, 4, 4)],
        tracks=[Track("Melody", "lead", 0, notes=notes)],
    )
    save_song(song, folder / f"solo{velocity}.mid")
    return str(folder / f"solo{velocity}.mid")


def take(folder: Path, source: str, name: str = "out", **request: str) -> Song:
    target = folder / f"{name}.mid"
    jam(JamRequest(**request), Routing(source=source, target=str(target), model="ngram"), 2)
    return load_song(target)


def test_the_chords_of_a_chart_are_played_and_repeated(chart: Path, tmp_path: Path) -> None:
    song = take(tmp_path, solo(tmp_path), chart=str(chart))
    found = [(chord.start_beats, chord.symbol) for chord in song.chords]
    first = [
        (0.0, "F7"),
        (4.0, "Bb7"),
        (8.0, "F7"),
        (12.0, "Cm7"),
        (14.0, "F7"),
        (16.0, "Bb7"),
        (20.0, "Bdim7"),  # pushed by an eighth in the chart, from the beat on here
        (24.0, "F7"),
        (28.0, "D7"),
    ]
    assert found[:9] == first
    assert found[9:18] == [(beat + 32, symbol) for beat, symbol in first]
    assert {(key.tonic_pc, key.mode) for key in song.keys} == {(5, "major")}
    (bass,) = (track for track in song.tracks if track.name == "Bass")
    roots = {0: 5, 4: 10, 16: 10, 20: 11, 28: 2}
    for beat, pc in roots.items():
        note = min(bass.notes, key=lambda each: abs(each.start_beats - beat))
        assert note.pitch % 12 == pc


def test_the_band_follows_the_dynamics_over_a_chart(chart: Path, tmp_path: Path) -> None:
    means = []
    for velocity in (40, 115):
        song = take(tmp_path, solo(tmp_path, velocity=velocity), chart=str(chart))
        (keys,) = (track for track in song.tracks if track.name == "Keys")
        means.append(sum(note.velocity for note in keys.notes) / len(keys.notes))
    assert means[0] < means[1] - 15


def test_upcoming_chords_are_those_of_the_chart(chart: Path) -> None:
    read = read_chart(str(chart))
    changes = [(beat, write_leadsheet(each)) for beat, each in islice(read.changes_after(28.0), 2)]
    assert changes == [(32.0, "F7"), (36.0, "Bb7")]
    assert read.length == 32.0


def test_a_file_without_chords_is_no_chart(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    drums = Track("Drums", "drums", 0, is_drum=True, notes=[Note(0.0, 1.0, 36, 90)])
    save_song(Song(tracks=[drums]), path)
    with pytest.raises(BadInputError, match="no chords"):
        read_chart(str(path))


def test_each_section_has_its_style(chart: Path, tmp_path: Path) -> None:
    style = "pop,chorus=rock"
    song = take(tmp_path, solo(tmp_path), chart=str(chart), style=style)
    spans = {
        track.program: [note.start_beats % 32 for note in track.notes if note.start_beats < 64]
        for track in song.tracks
        if track.role == "keys"
    }
    assert spans.keys() == {PIANO, ORGAN}
    assert max(spans[PIANO]) < 16.1 and min(spans[ORGAN]) > 15.9


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("jazz", ((0.0, "jazz"), (16.0, "jazz"))),
        ("chorus=rock", ((0.0, "pop"), (16.0, "rock"))),
        ("jazz, 3=soul, Chor = rock", ((0.0, "jazz"), (8.0, "soul"), (16.0, "rock"))),
    ],
)
def test_styles_of_places(text: str, changes: Sequence[tuple[float, str]]) -> None:
    plan = parse_style_plan(text, "pop", COMMON, SECTIONS)
    assert plan.changes == changes
    again = parse_style_plan(plan.text(COMMON), "pop", COMMON)
    assert again.changes == changes


@pytest.mark.parametrize(
    "text", ["bridge=rock", "0=rock", "=rock", "chorus=", "9" * 5000 + "=rock"]
)
def test_unknown_places_are_errors(text: str) -> None:
    with pytest.raises(ParameterError, match="--style"):
        parse_style_plan(text, "pop", COMMON, SECTIONS)


def test_played_notes_go_through_and_drums_stay_drums() -> None:
    options = resolve_options(JamRequest(), bpm=100.0, meters=COMMON_METERS, count_in=0, seed=1)
    output = ListOutput()
    playback = Playback(output, VirtualClock())
    session = Session(build_engine(options, load_model("ngram")), playback, is_through=True)
    played = [bytes((0x90, 60, 80)), bytes((0xE0, 0, 70)), bytes((0xB0, 64, 127)), b"\x99\x26\x50"]
    for number, data in enumerate(played):
        session.receive(Message(0.1 * number, data))
    playback.play_until(1.0)
    assert [message.data for message in output.messages] == [
        bytes((0x90 | SOLO_CHANNEL, 60, 80)),
        bytes((0xE0 | SOLO_CHANNEL, 0, 70)),
        bytes((0xB0 | SOLO_CHANNEL, 64, 127)),
        b"\x99\x26\x50",
    ]


@pytest.mark.parametrize(
    ("routing", "is_through"),
    [
        (Routing(source="Piano", target="Synth"), True),
        (Routing(source="Piano", target="Piano"), False),
        (Routing(source=None, target="Digital"), False),
        (Routing(source="Piano", target="Piano", is_through=True), True),
        (Routing(source="Piano", target="synth"), True),
        (Routing(source="Piano", target="Synth", is_through=False), False),
        (Routing(source="-", target="-"), True),
    ],
)
def test_live_notes_go_through_unless_they_sound_already(
    routing: Routing, is_through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = [
        Port(name=name, direction=direction, api="ALSA")  # type: ignore[arg-type]
        for name in ("Digital Piano", "Synth")
        for direction in ("in", "out")
    ]
    monkeypatch.setattr(routes, "list_ports", lambda: ports)
    assert sends_through(routing) == is_through


def test_a_late_bar_is_found_at_once() -> None:
    plan = parse_style_plan("pop,999999=rock", "pop", COMMON)
    assert plan.changes[-1] == (4.0 * 999998, "rock")


def test_the_first_step_of_a_bar_is_found_in_every_meter() -> None:
    meters = [Meter(0.0, 3, 4), Meter(7.0, 6, 8), Meter(13.0, 4, 4)]  # the third bar is cut
    grid = StepGrid(group_meters(meters))
    steps = [step for step in map(grid.step, range(40)) if step.is_bar_line]
    assert [grid.bar_line(step.bar) for step in steps] == steps


def test_the_meter_of_a_chart_is_reported(chart: Path, tmp_path: Path, caplog) -> None:
    caplog.set_level("INFO", "muse")
    waltz = tmp_path / "waltz.mid"
    notes = [Note(float(beat), 1.0, 72, 80) for beat in range(12)]
    tracks = [Track("Melody", "lead", 0, is_drum=False, notes=notes)]
    save_song(Song(meters=[Meter(0.0, 3, 4)], tracks=tracks), waltz)
    take(tmp_path, str(waltz), chart=str(chart))
    assert "playing in 4/4 as in" in caplog.text and "the input is in 3/4" in caplog.text


def test_standard_input_is_read_once() -> None:
    with pytest.raises(ParameterError, match="--in and --chart"):
        jam(JamRequest(chart="-"), Routing("-", "x.mid"), 1)
