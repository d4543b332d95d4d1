"""The Python API: light to import, the commands' parameters, the commands' results."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer

import muse as api
from muse.cli.main import app

# options of a command that make no sense for a function: output formats and terminals
TERMINAL_ONLY = {
    "transcribe": {"to_zip", "jobs", "as_json"},
    "separate": {"jobs", "as_json"},
    "chords": {"count", "raw", "explain", "as_json", "out"},
    "melody": {"count", "raw", "as_json", "out"},
    "render": set(),
}
RENAMED = {"inputs": "source", "range_": "range", "audio_format": "format"}


def test_import_is_light() -> None:
    program = "import sys; before = {*sys.modules}; import muse; print(*{*sys.modules} - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.split() == [b"muse"]


def test_public_names_are_there_and_listed() -> None:
    for name in api.__all__:
        assert getattr(api, name) is not None
        assert name in dir(api)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = api.nothing


@pytest.mark.parametrize("name", TERMINAL_ONLY)
def test_parameters_are_those_of_the_command(name: str) -> None:
    command = typer.main.get_command(app).commands[name]
    options = {RENAMED.get(each.name, each.name) for each in command.params}
    parameters = set(inspect.signature(getattr(api, name)).parameters)
    assert parameters == options - TERMINAL_ONLY[name]


@pytest.mark.parametrize("name", ["chords", "melody", "transcribe", "separate", "render"])
def test_defaults_are_those_of_the_command(name: str) -> None:
    command = typer.main.get_command(app).commands[name]
    parameters = inspect.signature(getattr(api, name)).parameters
    for option in command.params:
        parameter = parameters.get(RENAMED.get(option.name, option.name))
        is_given = parameter is not None and parameter.default not in (parameter.empty, (), None)
        if is_given and option.name != "out":
            assert str(parameter.default) == str(option.default), option.name


def test_same_seed_same_song_as_the_command(muse: Callable) -> None:
    song = api.chords(bars=4, key="Eb", style="jazz", seed=7)
    written = muse("chords", "--bars", 4, "--key", "Eb", "--style", "jazz", "--seed", 7)
    assert song.chords == api.Song.from_json(written.out).chords
    assert song.made_by.seed == 7


def test_a_melody_track_needs_a_melody() -> None:
    with pytest.raises(api.ParameterError, match="give under"):
        api.chords(melody_track="Lead")


def test_a_song_goes_through_every_function(tmp_path: Path) -> None:
    song = api.melody(api.chords(bars=2, seed=1), seed=1)
    ids = api.tokenize(song, scheme="tsd")
    again = api.detokenize(ids, scheme="tsd")
    pitches = [[note.pitch for note in track.notes] for track in song.tracks]
    assert sorted(map(sorted, pitches)) == sorted(
        sorted(note.pitch for note in track.notes) for track in again.tracks
    )
    api.save_song(song, tmp_path / "song.mid")
    read = api.load_song(str(tmp_path / "song.mid"))
    assert [len(track.notes) for track in read.tracks] == [len(part) for part in pitches]


def test_files_and_songs_are_taken_alike(tmp_path: Path) -> None:
    song = api.chords(bars=2, seed=1)
    api.save_song(song, tmp_path / "song.json")
    assert api.tokenize(tmp_path / "song.json") == api.tokenize(song)


def test_render_gives_audio_or_writes_it(tmp_path: Path) -> None:
    song = api.chords(bars=1, seed=1)
    audio = api.render(song, sample_rate=22_050)
    assert audio.shape[0] == 2
    assert np.abs(audio).max() > 0.01
    assert api.render(song, tmp_path / "song.wav", sample_rate=22_050) is None
    written, rate = soundfile.read(tmp_path / "song.wav")
    assert rate == 22_050
    assert np.allclose(written.T, audio, atol=2e-4)


def test_transcribe_and_separate(example_audio: Path, tmp_path: Path) -> None:
    data, rate = soundfile.read(example_audio, frames=8 * 44_100)
    soundfile.write(tmp_path / "start.wav", data, rate)
    stems = api.separate(tmp_path / "start.wav", tmp_path / "stems", two_stems="vocals")
    assert [Path(stem.path).is_file() for stem in stems.stems] == [True, True]
    song = api.transcribe(tmp_path / "start.wav", no_separate=True, role="keys")
    assert song.tracks[0].role == "keys"
    assert song.tracks[0].notes


def test_errors_are_of_one_family(tmp_path: Path) -> None:
    with pytest.raises(api.BadInputError, match=r"gone\.mid"):
        api.load_song(tmp_path / "gone.mid")
    with pytest.raises(api.ParameterError, match="cannot write"):
        api.save_song(api.Song(), tmp_path / "song.xyz")
    assert issubclass(api.MissingPartError, api.MuseError)


def test_intervals(tmp_path: Path) -> None:
    rate = 44_100
    seconds = np.arange(rate) / rate
    notes = [np.sin(2 * np.pi * hz * seconds) * np.hanning(rate) for hz in (261.63, 392.0)]
    soundfile.write(tmp_path / "fifth.wav", 0.5 * np.concatenate(notes), rate)
    (found,) = api.intervals(tmp_path / "fifth.wav")
    assert found.semitones == 7


def test_something_that_is_no_song_is_a_parameter_error() -> None:
    for wrong in (None, 3, []):
        with pytest.raises(api.ParameterError, match="a Song or the path of a file is needed"):
            api.melody(wrong)
