"""`muse render`: the audio has the notes of the song; errors are one line."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from muse.cli.main import run
from muse.tools.audio.io import read_audio
from muse.tools.audio.render import channels, render, synth_events
from muse.tools.audio.soundfonts import (
    SOUNDFONT_FOLDERS,
    check_soundfont,
    choose_soundfont,
    find_soundfonts,
    soundfont_folders,
)
from muse.tools.errors import BadInputError
from muse.tools.song.document import Bend, Control, Note, Program, Song, Tempo, Track, song_to_json
from muse.tools.song.midi import song_to_midi

HOP = 64  # frames, of the energy that onsets are read from

pytestmark = pytest.mark.needs_fluidsynth


def song(*notes: Note, bpm: float = 120.0, **options: object) -> Song:
    return Song(tempos=[Tempo(0.0, bpm)], tracks=[Track(notes=list(notes), **options)])


def first_sounds(audio: np.ndarray, rate: int, level: float = 0.1) -> list[float]:
    """Return the times in seconds at which the level rises through a share of its peak."""
    frames = audio.shape[1] // HOP
    energy = np.abs(audio[0, : frames * HOP]).reshape(frames, HOP).max(axis=1)
    loud = energy > level * energy.max()
    rises = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    pause = round(0.2 * rate / HOP)
    return [r * HOP / rate for i, r in enumerate(rises) if i == 0 or r - rises[i - 1] > pause]


@pytest.fixture
def play(muse: Callable, tmp_path: Path) -> Callable[..., tuple[np.ndarray, int]]:
    """Render a Song through the command line and read the file back."""

    def call(piece: Song, *options: object, name: str = "out.wav") -> tuple[np.ndarray, int]:
        source = tmp_path / "in.mid"
        source.write_bytes(song_to_midi(piece))
        result = muse("render", source, "-o", tmp_path / name, *options)
        assert result.code == 0, result.err
        assert result.out == b""
        return read_audio(tmp_path / name)

    return call


def test_two_notes_sound_at_their_times(play) -> None:
    piece = song(Note(1.0, 0.25, 37, 110), Note(3.5, 0.25, 37, 110), role="drums", is_drum=True)
    audio, rate = play(piece)
    assert first_sounds(audio, rate) == pytest.approx([0.5, 1.75], abs=0.008)


def test_a_tempo_change_moves_what_comes_after_it(play) -> None:
    piece = song(Note(1.0, 0.25, 37, 110), Note(3.0, 0.25, 37, 110), role="drums", is_drum=True)
    piece.tempos = [Tempo(0.0, 120.0), Tempo(2.0, 60.0)]
    audio, rate = play(piece)
    assert first_sounds(audio, rate) == pytest.approx([0.5, 2.0], abs=0.008)


@pytest.mark.parametrize("sample_rate", [22_050, 48_000])
def test_the_length_is_the_song_and_its_tail(play, sample_rate: int) -> None:
    audio, rate = play(song(Note(0.0, 4.0, 60, 90)), "--sample-rate", sample_rate)
    assert rate == sample_rate
    assert audio.shape == (2, 4 * sample_rate)  # four beats at 120 and two seconds for the release


def test_the_pitch_is_the_one_written(play) -> None:
    audio, rate = play(song(Note(0.0, 4.0, 69, 100), program=73))  # a flute's A
    spectrum = np.abs(np.fft.rfft(audio[0, rate // 2 : rate * 3 // 2]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=3)


def test_a_higher_velocity_is_louder(play) -> None:
    levels = [np.abs(play(song(Note(0.0, 1.0, 60, v)))[0]).max() for v in (20, 60, 100)]
    assert levels[0] * 2 < levels[1]
    assert levels[1] * 1.3 < levels[2]


def test_gain_is_linear(play) -> None:
    piece = song(Note(0.0, 1.0, 60, 80))
    quiet, _ = play(piece, "--gain", 0.2, "--bits", "32f")
    loud, _ = play(piece, "--gain", 0.4, "--bits", "32f")
    assert np.abs(loud).max() == pytest.approx(2 * np.abs(quiet).max(), rel=1e-3)


def test_a_missing_drum_kit_is_replaced_and_reported(play, muse, tmp_path: Path) -> None:
    piece = song(Note(0.0, 0.5, 38, 100), program=100, role="drums", is_drum=True)
    audio, _ = play(piece)
    assert np.abs(audio).max() > 0.01
    source = tmp_path / "in.mid"
    result = muse("render", source, "-o", tmp_path / "x.wav", "--quiet")
    assert result.err == "muse: the soundfont has no drum kit 100; playing drum kit 0 instead\n"


@pytest.mark.parametrize(("suffix", "kind"), [("flac", "FLAC"), ("ogg", "OGG"), ("mp3", "MP3")])
def test_the_suffix_chooses_the_format(play, tmp_path: Path, suffix: str, kind: str) -> None:
    play(song(Note(0.0, 1.0, 60, 80)), name=f"out.{suffix}")
    assert soundfile.info(tmp_path / f"out.{suffix}").format == kind


def test_song_documents_and_pipes(muse, play, tmp_path: Path) -> None:
    piece = song(Note(0.0, 1.0, 60, 80))
    expected, _ = play(piece)
    result = muse("render", "-", "-o", "-", stdin=song_to_json(piece))
    assert result.code == 0
    audio, rate = soundfile.read(io.BytesIO(result.out), dtype="float32", always_2d=True)
    assert rate == 44_100
    np.testing.assert_allclose(audio.T, expected, atol=2e-4)


class Terminal(io.StringIO):
    """A stdout that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_wav_is_not_written_on_a_terminal(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "in.mid"
    source.write_bytes(song_to_midi(song(Note(0.0, 1.0, 60, 80))))
    screen = Terminal()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        assert run(["render", str(source)]) == 2
    assert screen.getvalue() == ""


def cut_off(path: Path) -> bytes:
    """Return the first part of a soundfont."""
    with path.open("rb") as file:
        return file.read(50_000)


@pytest.mark.parametrize("kind", ["text", "empty", "cut off", "missing", "folder"])
def test_a_bad_soundfont_ends_with_code_4_and_one_line(muse, tmp_path: Path, kind: str) -> None:
    source, font = tmp_path / "in.mid", tmp_path / "font.sf2"
    source.write_bytes(song_to_midi(song(Note(0.0, 1.0, 60, 80))))
    if kind == "folder":
        font.mkdir()
    elif kind != "missing":
        font.write_bytes(
            {"text": b"not a font", "empty": b""}.get(kind, cut_off(find_soundfonts()[-1]))
        )
    result = muse("render", source, "-o", tmp_path / "x.wav", "--soundfont", font)
    assert result.code == 4
    assert "font.sf2" in result.err
    assert result.err.count("\n") == 1
    assert not (tmp_path / "x.wav").exists()


def test_nothing_to_play(muse, tmp_path: Path) -> None:
    source = tmp_path / "in.mid"
    source.write_bytes(song_to_midi(Song(tempos=[Tempo(0.0, 120.0)])))
    result = muse("render", source, "-o", tmp_path / "x.wav")
    assert result.code == 1
    assert "no notes" in result.err
    assert list(tmp_path.iterdir()) == [source]


def test_a_chart_without_notes_names_the_command_that_plays_chords(muse, tmp_path: Path) -> None:
    source = tmp_path / "chart.txt"
    source.write_text("| C | G7 |\n")
    result = muse("render", source, "-o", tmp_path / "x.wav")
    assert result.code == 1
    assert "no notes, only chords; 'muse chords --prompt CHORDS -o song.wav'" in result.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("-o", "x.aiff"), ".aiff"),
        (("-o", "x"), "suffix"),
        (("-o", "x.flac", "--bits", "32f"), "32f"),
        (("-o", "x.wav", "--sample-rate", "7"), "--sample-rate"),
        (("-o", "x.wav", "--gain", "0"), "--gain"),
    ],
)
def test_invalid_options_are_usage_errors(muse, tmp_path, monkeypatch, arguments, word) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.mid").write_bytes(song_to_midi(song(Note(0.0, 1.0, 60, 80))))
    result = muse("render", "in.mid", *arguments)
    assert result.code == 2
    assert word in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.mid"]


def test_the_input_is_not_overwritten(muse, tmp_path: Path) -> None:
    source = tmp_path / "misnamed.wav"
    midi = song_to_midi(song(Note(0.0, 1.0, 60, 80)))
    source.write_bytes(midi)
    assert muse("render", source, "-o", source).code == 2
    assert source.read_bytes() == midi


def test_a_missing_fluidsynth_ends_with_code_3_and_its_command(muse, tmp_path, monkeypatch) -> None:
    source = tmp_path / "in.mid"
    source.write_bytes(song_to_midi(song(Note(0.0, 1.0, 60, 80))))
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    result = muse("render", source, "-o", tmp_path / "x.wav")
    assert result.code == 3
    assert "apt-get install libfluidsynth3" in result.err
    assert not (tmp_path / "x.wav").exists()


def test_muse_soundfont_is_searched_first(monkeypatch, tmp_path: Path) -> None:
    always_there = find_soundfonts()[-1]
    mine = tmp_path / "mine.sf2"
    mine.symlink_to(always_there)
    monkeypatch.setenv("MUSE_SOUNDFONT", str(mine))
    assert find_soundfonts()[0].resolve() == always_there.resolve()
    check_soundfont(mine)


def test_only_the_named_folders_are_searched(monkeypatch, tmp_path: Path) -> None:
    always_there = find_soundfonts()[-1]
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        (folder / f"{folder.name}.sf2").write_bytes(always_there.read_bytes()[:100])
    monkeypatch.setenv("MUSE_SOUNDFONT_PATH", os.pathsep.join(map(str, folders)))
    assert [path.name for path in find_soundfonts()] == ["a.sf2", "b.sf2", "TimGM6mb.sf2"]
    monkeypatch.setenv("MUSE_SOUNDFONT_PATH", "")
    assert find_soundfonts() == [always_there]
    monkeypatch.delenv("MUSE_SOUNDFONT_PATH")
    assert soundfont_folders() == [Path(folder).expanduser() for folder in SOUNDFONT_FOLDERS]


def test_tests_find_only_the_soundfont_inside_pretty_midi(soundfont: Path) -> None:
    assert find_soundfonts() == [soundfont]
    assert soundfont.parent.name == "pretty_midi"


def test_rendering_is_the_same_each_time(example_song: Song) -> None:
    bass = Song(tempos=example_song.tempos, tracks=example_song.tracks[2:3])
    options = {"sample_rate": 22_050, "soundfont": find_soundfonts()[-1]}
    np.testing.assert_array_equal(render(bass, **options), render(bass, **options))


def test_of_events_at_one_moment_ends_come_before_starts() -> None:
    events = synth_events(song(Note(0.0, 1.0, 60, 80), Note(1.0, 1.0, 60, 80)), 44_100)
    assert [event.call for event in events][-4:] == ["noteon", "noteoff", "noteon", "noteoff"]


def played(track: Track) -> list[tuple[str, tuple[int, ...]]]:
    """Return the calls of a track but its notes, in order."""
    events = synth_events(Song(tracks=[track]), 44_100)
    return [(e.call, e.arguments) for e in events if not e.call.startswith("note")]


def test_controllers_and_bends_of_one_time_are_played_in_order() -> None:
    controls = [Control(0.0, *each) for each in ((101, 0), (100, 0), (6, 12), (64, 127), (64, 0))]
    bends = [Bend(0.0, 8191), Bend(0.0, 0)]
    track = Track(notes=[Note(0.0, 1.0, 60, 80)], controls=controls, bends=bends)
    assert played(track)[1:] == [
        *(("cc", (0, control.number, control.value)) for control in controls),
        *(("pitch_bend", (0, bend.value)) for bend in bends),
    ]


def test_programs_are_selected_at_their_time_in_the_selected_bank() -> None:
    track = Track(
        program=5,
        notes=[Note(0.0, 1.0, 60, 80), Note(4.0, 1.0, 60, 80)],
        controls=[Control(3.0, 0, 8)],
        programs=[Program(4.0, 40)],
    )
    assert played(track) == [
        ("program_select", (0, 0, 5)),
        ("cc", (0, 0, 8)),
        ("program_select", (0, 8, 40)),
    ]


def test_each_of_many_instruments_has_its_channel() -> None:
    melodic = [Track(program=n) for n in range(40)]
    kits = [Track(program=n, is_drum=True) for n in (0, 25, 0)]
    taken = channels([*melodic, *kits])
    assert len(set(taken[:40])) == 40
    assert not {channel % 16 for channel in taken[:40]} & {9}
    assert taken[40:] == [9, 25, 9]


def test_a_bend_range_is_set_by_its_selector_and_then_its_data() -> None:
    controls = [Control(0.0, *each) for each in ((101, 0), (100, 0), (6, 12), (38, 0))]
    flute = Track(
        program=73, notes=[Note(1.0, 4.0, 57, 90)], controls=controls, bends=[Bend(1.0, 8191)]
    )
    audio = render(Song(tracks=[flute]), soundfont=find_soundfonts()[-1])
    spectrum = np.abs(np.fft.rfft(audio[0, 44_100 : 2 * 44_100]))
    assert np.argmax(spectrum[:600]) == pytest.approx(440, abs=3)  # Hz, below its octave


def test_a_missing_soundfont_of_the_environment_is_an_error(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("MUSE_SOUNDFONT", str(tmp_path / "none.sf2"))
    with pytest.raises(BadInputError, match=r"none.sf2: no such file; it is set as MUSE_SOUNDFONT"):
        choose_soundfont()
