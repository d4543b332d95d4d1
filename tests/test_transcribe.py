"""`muse transcribe` from audio to files: the example song against its score, and unusual inputs."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from muse.cli.exit_codes import ExitCode
from muse.tools.audio.io import read_audio, write_audio
from muse.tools.audio.render import has_fluidsynth, render
from muse.tools.evaluation.transcription import score_transcription
from muse.tools.song.document import Song, song_from_json
from muse.tools.song.midi import load_song
from tests.sounds import tone


@pytest.fixture(scope="module")
def transcribed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Transcribe the example song once, with separation, as in the README."""
    folder = tmp_path_factory.mktemp("stems")
    audio = Path(__file__).parent.parent / "examples" / "paper_lanterns.ogg"
    command = [sys.executable, "-m", "muse.cli", "transcribe", str(audio), "-o", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_the_example_gives_stems_midi_and_a_song(transcribed: Path) -> None:
    names = {path.name for path in transcribed.iterdir()}
    assert {f"{stem}.wav" for stem in ("vocals", "drums", "bass", "other")} <= names
    assert {"drums.mid", "bass.mid", "lead.mid", "other.mid", "song.mid", "song.json"} <= names
    assert not [name for name in names if name.startswith(".")]


def test_the_example_is_transcribed(transcribed: Path, example_song: Song) -> None:
    found = load_song(transcribed / "song.json")
    assert found.source is not None
    scores = score_transcription(example_song, found)
    # well below the figures of the benchmark, so that only a step that is broken fails
    assert scores["pitched"]["onset_50ms"]["f1"] > 0.5
    assert scores["drums"]["kick"]["f1"] > 0.6
    assert found.keys[0].tonic_pc == example_song.keys[0].tonic_pc
    assert found.keys[0].mode == example_song.keys[0].mode
    assert found.meters[0].numerator == 4
    if has_fluidsynth():
        assert found.source.drift_ms is not None
        assert found.source.drift_ms < 20


def test_the_tempo_change_of_the_example_is_found(transcribed: Path, example_song: Song) -> None:
    found, truth = load_song(transcribed / "song.mid").tempo_map(), example_song.tempo_map()
    for beat in (8, 24, 56, 72):
        seconds = truth.seconds_at(beat)
        assert found.bpm_at(found.beat_at(seconds)) == pytest.approx(truth.bpm_at(beat), rel=0.02)


def test_midi_and_document_have_the_same_notes(transcribed: Path) -> None:
    document, midi = load_song(transcribed / "song.json"), load_song(transcribed / "song.mid")
    by_name = {track.name: track for track in midi.tracks}
    for track in document.tracks:
        assert sorted(track.notes, key=repr) == sorted(by_name[track.name].notes, key=repr)
        alone = load_song(transcribed / f"{track.name}.mid")
        assert sorted(alone.tracks[0].notes, key=repr) == sorted(track.notes, key=repr)
        assert alone.tracks[0].is_drum == (track.role == "drums")


def test_the_document_records_its_provenance(transcribed: Path) -> None:
    song = load_song(transcribed / "song.json")
    assert song.made_by is not None
    assert song.made_by.command == "transcribe"
    assert song.made_by.model
    assert song.made_by.params["model"] == "auto"
    assert song.source is not None
    assert len(song.source.sha256) == 64
    assert all(stem.silent or stem.engine for stem in song.source.stems)
    for track in song.tracks:
        assert track.confidence is not None
        assert len(track.confidence) == len(track.notes)
        assert all(0 <= value <= 1 for value in track.confidence)


@pytest.mark.needs_fluidsynth
@pytest.mark.parametrize(
    ("name", "role", "floor"),
    [("Bass", "bass", 0.9), ("Lead", "lead", 0.85), ("Keys", "keys", 0.7)],
)
def test_the_role_of_a_solo_recording_is_detected(
    name: str, role: str, floor: float, example_song: Song, tmp_path: Path, muse
) -> None:
    example_song.tracks = [track for track in example_song.tracks if track.name == name]
    write_audio(tmp_path / "solo.wav", render(example_song), 44_100)
    result = muse("transcribe", tmp_path / "solo.wav", "--no-separate", "--json")
    song = song_from_json(result.out)
    assert [track.role for track in song.tracks] == [role]
    assert score_transcription(example_song, song)["pitched"]["onset_50ms"]["f1"] > floor


@pytest.mark.needs_fluidsynth
def test_a_detuned_recording_is_transcribed_in_tune(
    example_song: Song, tmp_path: Path, muse
) -> None:
    example_song.tracks = [track for track in example_song.tracks if track.name == "Lead"]
    audio = render(example_song)
    # read as if 30 cents faster: the pitch rises with the speed
    write_audio(tmp_path / "sharp.wav", audio, round(44_100 * 2 ** (30 / 1200)))
    result = muse("transcribe", tmp_path / "sharp.wav", "--no-separate", "--role", "lead", "--json")
    song = song_from_json(result.out)
    assert song.source is not None
    assert song.source.tuning_cents == pytest.approx(30, abs=6)
    truth = [note.pitch for note in example_song.tracks[0].notes]
    found = [note.pitch for note in song.tracks[0].notes]
    assert abs(np.median(found) - np.median(truth)) < 0.5


def test_quantized_notes_lie_on_the_grid(muse, tone_file) -> None:
    path = tone_file(440, 2.0)
    result = muse(
        "transcribe", path, "--no-separate", "--tempo", "120", "--quantize", "1/8", "--json"
    )
    song = song_from_json(result.out)
    assert all((note.start_beats * 2).is_integer() for track in song.tracks for note in track.notes)


UNUSUAL_SOUNDS = {
    "silence": (np.zeros((2, 44_100), np.float32), 44_100),
    "a tenth of a second": (tone(440, 0.1), 44_100),
    "one sample": (np.full((1, 1), 0.5, np.float32), 44_100),
    "noise": (
        np.random.default_rng(0).normal(0, 0.2, (2, 44_100)).astype(np.float32),
        44_100,
    ),
    "mono at 8 kHz": (tone(440, 1.5, 8000, channels=1), 8000),
    "96 kHz": (tone(440, 1.5, 96_000), 96_000),
    "six channels": (tone(440, 1.0, channels=6), 44_100),
    "clipped": (np.clip(20 * tone(220, 1.0), -1, 1), 44_100),
}


@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("name", UNUSUAL_SOUNDS)
def test_unusual_sounds_give_a_song(name: str, separate: bool, tmp_path: Path, muse) -> None:
    audio, rate = UNUSUAL_SOUNDS[name]
    write_audio(tmp_path / "unusual.wav", audio, rate)
    words = [] if separate else ["--no-separate"]
    result = muse("transcribe", tmp_path / "unusual.wav", "-o", tmp_path / "out", *words, "--debug")
    assert result.code == ExitCode.OK
    song = load_song(tmp_path / "out" / "song.json")
    if name == "silence":
        assert song.tracks == []
        assert "silent" in result.err


def test_channels_in_opposite_phase_are_transcribed(muse, tmp_path: Path) -> None:
    line = np.concatenate([tone(hz, 0.5)[0] for hz in (440.0, 523.25, 659.25, 440.0)])
    write_audio(tmp_path / "opposite.wav", np.stack([line, -line]), 44_100)
    result = muse("transcribe", tmp_path / "opposite.wav", "--no-separate", "--json")
    (track,) = song_from_json(result.out).tracks
    assert {note.pitch for note in track.notes} == {69, 72, 76}


def test_sound_without_notes_is_reported(muse, tone_file) -> None:
    path = tone_file(9000.0, 3.0)  # above the highest pitch
    result = muse("transcribe", path, "--no-separate", "--role", "lead", "--json", "--quiet")
    song = song_from_json(result.out)
    assert result.code == ExitCode.OK
    assert song.tracks == []
    assert "tone.wav: no notes found, although it is not silent" in result.err
    assert song.source is not None
    assert any("no notes found" in warning for warning in song.source.warnings)


def test_a_damaged_input_does_not_stop_the_others(tmp_path: Path, muse) -> None:
    inputs = []
    for number in range(10):
        path = tmp_path / f"track{number}.wav"
        write_audio(path, tone(220 + 20 * number, 0.3), 44_100)
        inputs.append(path)
    inputs[4].write_text("not audio at all\n" * 40)
    result = muse("transcribe", *inputs, "-o", tmp_path / "out", "--no-separate", "--role", "lead")
    assert result.code == ExitCode.FAILED
    assert "track4.wav" in result.err
    done = sorted(path.parent.name for path in (tmp_path / "out").glob("*/song.json"))
    assert done == [f"track{number}" for number in range(10) if number != 4]


@pytest.mark.parametrize(("content", "code"), [(b"words " * 100, 4), (b"", 4), (None, 4)])
def test_an_input_that_is_not_audio_gives_exit_code_4_and_one_line(
    content: bytes | None, code: int, tmp_path: Path, muse
) -> None:
    path = tmp_path / "text.wav"
    if content is not None:
        path.write_bytes(content)
    result = muse("transcribe", path, "-o", tmp_path / "out")
    assert result.code == code
    assert result.err.strip().splitlines()[-1].startswith("muse: ")
    assert "text.wav" in result.err
    assert not list(tmp_path.glob("out/*"))


def test_stdin_to_a_zip_file_on_stdout(tmp_path: Path, muse, tone_file) -> None:
    data = tone_file(440, 1.0).read_bytes()
    result = muse("transcribe", "-", "--no-separate", "--role", "lead", "--zip", "-", stdin=data)
    assert result.code == ExitCode.OK
    with zipfile.ZipFile(io.BytesIO(result.out)) as archive:
        assert set(archive.namelist()) == {"lead.mid", "song.mid", "song.json"}
        song = song_from_json(archive.read("song.json"))
    assert [note.pitch for note in song.tracks[0].notes] == [69]


@pytest.mark.needs_fluidsynth
def test_stdout_has_only_the_document_if_ci_is_set(tone_file) -> None:
    command = [sys.executable, "-m", "muse.cli", "transcribe", str(tone_file()), "--json"]
    done = subprocess.run(
        [*command, "--no-separate", "--role", "lead"],
        env={**os.environ, "CI": "true"},
        capture_output=True,
        check=True,
    )
    assert song_from_json(done.stdout).tracks


def test_two_results_on_stdout_are_refused(muse, tone_file) -> None:
    result = muse("transcribe", tone_file(), "--json", "--zip", "-")
    assert result.code == ExitCode.USAGE


def test_existing_results_are_skipped(tmp_path: Path, muse, tone_file) -> None:
    words = ["transcribe", tone_file(), "--no-separate", "-o", tmp_path / "out"]
    assert muse(*words).code == ExitCode.OK
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    again = muse(*words, "--skip-existing")
    assert again.code == ExitCode.OK
    assert "already" in again.err
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}


def test_an_input_is_not_overwritten_by_its_own_stem(tmp_path: Path, muse, tone_file) -> None:
    path = tone_file(name="bass.wav")
    before = path.read_bytes()
    result = muse("transcribe", path, "-o", path.parent)
    assert result.code == ExitCode.USAGE
    assert path.read_bytes() == before


def test_only_writes_the_stems_that_it_names(tmp_path: Path, muse, tone_file) -> None:
    result = muse("transcribe", tone_file(), "-o", tmp_path / "out", "--only", "bass,drums")
    assert result.code == ExitCode.OK
    assert {path.stem for path in (tmp_path / "out").glob("*.wav")} == {"bass", "drums"}


def test_no_stems_writes_no_audio(tmp_path: Path, muse, tone_file) -> None:
    muse("transcribe", tone_file(), "-o", tmp_path / "out", "--no-stems")
    assert not list((tmp_path / "out").glob("*.wav"))
    assert (tmp_path / "out" / "song.mid").is_file()


def test_inputs_are_not_modified(transcribed: Path, example_audio: Path) -> None:
    song = json.loads((transcribed / "song.json").read_bytes())
    import hashlib

    assert hashlib.sha256(example_audio.read_bytes()).hexdigest() == song["source"]["sha256"]


def test_the_stems_sum_to_the_mix(transcribed: Path, example_audio: Path) -> None:
    mix, _ = read_audio(example_audio)
    stems = [read_audio(path)[0] for path in transcribed.glob("*.wav")]
    residual = mix - np.sum(stems, axis=0)
    assert 20 * np.log10(np.abs(residual).max()) < -80


@pytest.mark.needs_posix
def test_an_interruption_leaves_no_file(tmp_path: Path, example_audio: Path) -> None:
    command = [sys.executable, "-m", "muse.cli", "transcribe", str(example_audio)]
    with subprocess.Popen(
        [*command, "-o", str(tmp_path / "out")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # it has named its engine, so the work has begun
        process.send_signal(signal.SIGTERM)
        message = process.stderr.read()
    assert process.returncode == ExitCode.INTERRUPTED
    assert b"Traceback" not in message
    assert not list(tmp_path.glob("out/*"))
