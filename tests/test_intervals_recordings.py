"""Intervals in recordings: melodies, simultaneous notes, file formats and the command."""

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from muse.tools.audio.io import write_audio
from muse.tools.intervals.clip_settings import ClipSettings, frequency_of
from muse.tools.intervals.generate import clips
from muse.tools.intervals.hypothesis_scoring import Chord
from muse.tools.intervals.recordings import DetectedInterval, find_intervals, merge_segments
from muse.tools.intervals.segments import LONGEST_S, RATE, Segment, stretches
from muse.tools.intervals.timbres import VOICES

Mono = NDArray[np.float32]


def note(pitch: float, seconds: float = 0.5, voice: str = "sine", rate: int = RATE) -> Mono:
    """Synthesize a note at half of full scale, (frames,) mono."""
    rng = np.random.default_rng(1)
    sound = VOICES[voice](frequency_of(pitch), round(seconds * rate), rate, rng)
    return (0.5 * sound).astype(np.float32)


def tune(*pitches: float, gap_s: float = 0.1, voice: str = "sine", rate: int = RATE) -> Mono:
    """Synthesize successive notes with silence of `gap_s` after each."""
    silence = np.zeros(round(gap_s * rate), np.float32)
    return np.concatenate([np.r_[note(p, 0.5, voice, rate), silence] for p in pitches])


def summary(found: list[DetectedInterval]) -> list[tuple[int, str]]:
    """Return size and direction of each interval."""
    return [(one.semitones, one.direction) for one in found]


def accuracy(clip_settings: ClipSettings, count: int) -> float:
    """Return the share of clips in which exactly the labeled interval is found."""
    sounds, labels = clips(clip_settings, count, seed=8)
    right = [
        summary(find_intervals(clip, clip_settings.sample_rate))
        == [(label.semitones, label.direction)]
        for clip, label in zip(sounds, labels, strict=True)
    ]
    return float(np.mean(right))


@pytest.mark.parametrize("direction", ["ascending", "descending", "together"])
def test_intervals_of_pure_tones_are_found(direction: str) -> None:
    # two pure tones an octave apart are also one note with two partials
    sizes = tuple(s for s in range(1, 25) if direction != "together" or s not in (12, 19, 24))
    clip_settings = ClipSettings(
        sample_rate=RATE, directions=(direction,), intervals=sizes, lowest_hz=110.0
    )
    assert accuracy(clip_settings, len(sizes)) >= 0.95


def test_intervals_of_synthesizers_are_found() -> None:
    clip_settings = ClipSettings(
        sample_rate=RATE,
        timbres=("saw", "pluck"),
        directions=("ascending", "descending"),
        note_s=(0.3, 0.9),
        gap_s=(0.0, 0.2),
    )
    assert accuracy(clip_settings, 24) >= 0.9


@pytest.mark.needs_fluidsynth
@pytest.mark.parametrize(
    ("directions", "least"), [(("ascending", "descending"), 0.9), (("together",), 0.7)]
)
def test_intervals_of_instruments_are_found(directions: tuple[str, ...], least: float) -> None:
    clip_settings = ClipSettings(
        sample_rate=RATE,
        timbres=("gm:0-7", "gm:40+56+73"),
        directions=directions,
        note_s=(0.3, 0.9),
        gap_s=(0.0, 0.2),
    )
    assert accuracy(clip_settings, 30) >= least


def test_a_melody_gives_each_successive_interval() -> None:
    found = find_intervals(tune(60, 64, 67, 67, 60), RATE)
    assert summary(found) == [
        (4, "ascending"),
        (3, "ascending"),
        (0, "repeated"),
        (7, "descending"),
    ]
    assert [one.first.name for one in found] == ["C4", "E4", "G4", "G4"]
    onsets = [one.second.onset_s for one in found]
    assert np.abs(np.array(onsets) - 0.6 * np.arange(1, 5)).max() < 0.03
    assert min(one.confidence for one in found) > 0.7


def test_the_attack_of_a_note_is_not_a_chord() -> None:
    attack = Segment(0.0, 0.08, Chord((60.0, 66.0, 93.0), (((60.0, 66.0, 93.0), 0.4),)), True)
    single = Chord((60.0,), (((60.0,), 0.95),))
    (one,) = merge_segments([attack, Segment(0.08, 0.6, single, False)])
    assert (one.start_s, one.end_s, one.chord.pitches) == (0.0, 0.6, (60.0,))
    longer = replace(attack, end_s=0.5)
    (three,) = merge_segments([longer, Segment(0.5, 0.9, single, False)])
    assert len(three.chord.pitches) == 3


def test_notes_without_a_gap_are_two_notes() -> None:
    assert summary(find_intervals(tune(60, 62, 59, gap_s=0.0, voice="saw"), RATE)) == [
        (2, "ascending"),
        (3, "descending"),
    ]


def test_notes_across_a_long_pause_form_no_interval() -> None:
    assert find_intervals(tune(60, 67, gap_s=3.0), RATE) == []


def test_successive_pairs_of_simultaneous_notes() -> None:
    first, second = note(60) + note(64), note(62) + note(71)
    silence = np.zeros(RATE // 5, np.float32)
    found = find_intervals(np.concatenate([first, silence, second]), RATE)
    assert summary(found) == [(4, "together"), (9, "together")]
    assert [(one.first.name, one.second.name) for one in found] == [("C4", "E4"), ("D4", "B4")]


@given(st.integers(57, 72), st.integers(1, 11), st.integers(1, 12), st.booleans())
@settings(max_examples=15, deadline=None)
def test_transposition_keeps_the_interval(low: int, size: int, by: int, both: bool) -> None:
    def detected(pitch: int) -> DetectedInterval:
        sound = note(pitch) + note(pitch + size) if both else tune(pitch, pitch + size)
        (one,) = find_intervals(sound, RATE)
        return one

    here, there = detected(low), detected(low + by)
    assert (here.semitones, here.direction) == (there.semitones, there.direction)
    assert (here.first.pitch, there.first.pitch) == (low, low + by)
    assert here.second.pitch + by == there.second.pitch


@given(st.floats(-45, 45))
@settings(max_examples=10, deadline=None)
def test_deviation_in_cents_is_measured(cents: float) -> None:
    (one,) = find_intervals(tune(60, 67 + cents / 100), RATE)
    assert (one.semitones, one.name) == (7, "perfect fifth")
    assert abs(one.cents_off - cents) < 3
    assert abs(one.second.hz / frequency_of(67 + cents / 100) - 1) < 2e-3


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_any_sample_rate(rate: int) -> None:
    assert summary(find_intervals(tune(57, 64, rate=rate), rate)) == [(7, "ascending")]


def test_a_recording_longer_than_a_stretch() -> None:
    pitches = [60 + step for step in (0, 2, 4, 5, 7, 9, 11, 12) * 4]
    found = find_intervals(tune(*pitches, gap_s=0.05), RATE)
    sizes = np.abs(np.diff(pitches)).tolist()
    assert [one.semitones for one in found] == sizes
    assert len(find_intervals(note(60, 3 * LONGEST_S), RATE)) == 0  # one note, however long


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_stretches_are_short_and_lose_no_sample(sizes: list[int]) -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal(size).astype(np.float32) for size in sizes]
    found = list(stretches(iter(blocks)))
    assert np.array_equal(np.concatenate(found), np.concatenate(blocks))
    assert max(map(len, found)) <= LONGEST_S * RATE


def test_clipped_sound() -> None:
    sound = np.clip(20 * tune(60, 67), -1, 1)
    assert summary(find_intervals(sound, RATE)) == [(7, "ascending")]


def test_noise_at_10_db_snr() -> None:
    clip_settings = ClipSettings(sample_rate=RATE, snr_db=(10.0, 10.0))
    assert accuracy(clip_settings, 12) >= 0.9


def test_command_reads_a_file_and_a_pipe(muse, tmp_path: Path) -> None:
    path = tmp_path / "tune.wav"
    write_audio(path, np.stack([tune(60, 64, 67), 0.5 * tune(60, 64, 67)]), RATE)
    shown = muse("intervals", path)
    assert shown.code == 0
    lines = [json.loads(line) for line in shown.out.splitlines()]
    assert [(line["name"], line["direction"]) for line in lines] == [
        ("major third", "ascending"),
        ("minor third", "ascending"),
    ]
    assert muse("intervals", "-", stdin=path.read_bytes()).out == shown.out
    assert muse("intervals", "--json", path).out == shown.out
    assert muse("intervals", path, "--confidence", 1.0).out == b""


@pytest.mark.parametrize("kind", ["OGG", "MP3", "FLAC"])
def test_other_formats(muse, kind: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.tile(tune(60, 69, rate=44_100), (2, 1)).T, 44_100, format=kind)
    (line,) = muse("intervals", "-", stdin=file.getvalue()).out.splitlines()
    assert json.loads(line)["semitones"] == 9


def test_message_gives_the_highest_confidence_left_out(muse, tmp_path: Path) -> None:
    path = tmp_path / "tune.wav"
    write_audio(path, tune(60, 64)[None], RATE)
    shown = muse("intervals", path, "--confidence", 1.0)
    assert shown.out == b""
    assert "the highest confidence is 0.9" in shown.err


def test_errors_name_the_file(muse, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound at all")
    (tmp_path / "empty.wav").write_bytes(b"")
    for name in ("text.wav", "empty.wav", "missing.wav", ""):
        shown = muse("intervals", tmp_path / name)
        assert (shown.code, shown.out) == (4, b"")
        assert str(tmp_path / name) in shown.err
    assert muse("intervals", "-", stdin=b"").code == 4


def test_subcommands_and_help(muse) -> None:
    assert b"quiz" in muse("intervals", "--help").out
    assert b"FILE" in muse("intervals", "some.wav", "--help").out
    assert json.loads(muse("intervals", "name", "C4", "G4").out)["semitones"] == 7
    assert muse("intervals").code == 2


def test_command_imports_no_heavy_module(tmp_path: Path) -> None:
    import sys

    path = tmp_path / "tune.wav"
    write_audio(path, tune(60, 64)[None], RATE)
    program = (
        "import sys\nfrom muse.cli.main import run\n"
        f"run(['intervals', {str(path)!r}])\n"
        "print(*{'torch', 'librosa', 'scipy', 'symusic'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""
