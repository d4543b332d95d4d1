"""Notes of one voice are found from its f0: vibrato, glides, repeated notes, soft and odd files."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.f0 import FRAME_S, amplify, track_pitch
from muse.tools.audio.io import write_audio
from muse.tools.audio.render import render
from muse.tools.song.document import Note, Song, Tempo, Track
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription import chunks
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitch_bends import bend_value, pitch_steps, song_bends
from muse.tools.transcription.solo import drifts_as_a_voice, transcribe_solo_file
from muse.tools.transcription.stems import Stem, transcribe_stem
from muse.tools.transcription.voice_notes import (
    LineTranscription,
    transcribe_line,
    transcribe_line_file,
)
from muse.tools.transcription.voice_segmentation import (
    VoiceFrames,
    cheapest_notes,
    pitch_drift,
    pitch_spread,
)

RATE = 22_050  # Hz
Line = list[tuple[float, float, int]]  # (onset_s, offset_s, pitch)


def sing(line: Line, *, cents: float = 0.0, noise: float = 1e-4, seed: int = 0) -> np.ndarray:
    """Synthesize harmonic tones with a vibrato of 5.5 Hz and a fade in of 30 ms: (samples,)."""
    audio = np.zeros(round((line[-1][1] + 0.5) * RATE))
    for onset, offset, pitch in line:
        time = np.arange(round((offset - onset) * RATE)) / RATE
        vibrato = cents / 1200 * np.clip(time / 0.15, 0, 1) * np.sin(2 * np.pi * 5.5 * time)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12 + vibrato)) / RATE
        fade = np.clip(time / 0.03, 0, 1) * np.clip((time[-1] - time) / 0.05, 0, 1)
        tone = fade * sum(np.sin(k * phase) / k**1.3 for k in range(1, 9))
        start = round(onset * RATE)
        audio[start : start + len(time)] += 0.2 * tone
    return (audio + np.random.default_rng(seed).normal(0, noise, len(audio))).astype(np.float32)


def steps(pitches: list[int], step_s: float, length_s: float) -> Line:
    """Return a line of equally long notes."""
    return [(0.25 + i * step_s, 0.25 + i * step_s + length_s, p) for i, p in enumerate(pitches)]


def assert_line(notes: list[NoteEvent], line: Line, tolerance_s: float = 0.05) -> None:
    """Assert that the notes are those of a line."""
    assert [note.pitch for note in notes] == [pitch for _, _, pitch in line]
    for note, (onset, _, _) in zip(notes, line, strict=True):
        assert abs(note.onset_s - onset) <= tolerance_s


@pytest.mark.parametrize("cents", [0.0, 50.0, 80.0, 100.0])
@pytest.mark.parametrize("octave", [0, -12])
def test_a_vibrato_is_one_note(cents: float, octave: int) -> None:
    line = steps([p + octave for p in (60, 67, 64, 72, 69, 65)], 1.2, 1.1)
    assert_line(transcribe_line(sing(line, cents=cents), RATE).notes, line)


@pytest.mark.parametrize("noise", [1e-4, 0.01])
def test_repeated_notes_are_split(noise: float) -> None:
    line = steps([60, 60, 60, 62, 62, 60, 60, 60], 0.3, 0.25)
    assert_line(transcribe_line(sing(line, noise=noise), RATE).notes, line)


def test_low_notes_are_found_in_their_octave() -> None:
    line = steps([40, 43, 45, 47, 48, 50, 48, 45, 43, 40], 0.4, 0.36)
    assert_line(transcribe_line(sing(line), RATE).notes, line)


def test_notes_of_one_voice_do_not_overlap_and_have_confidences() -> None:
    notes = transcribe_line(sing(steps([57, 60, 64, 62, 57], 0.3, 0.3)), RATE).notes
    assert len(notes) == 5
    for earlier, later in pairwise(notes):
        assert earlier.offset_s <= later.onset_s + 1e-6
    assert all(0.5 < note.confidence <= 1.0 and 1 <= note.velocity <= 127 for note in notes)


def test_a_voice_has_more_pitch_spread_than_an_instrument() -> None:
    line = steps([60, 64, 62, 65], 0.8, 0.7)
    assert transcribe_line(sing(line, cents=40), RATE).pitch_spread > 0.2
    assert transcribe_line(sing(line), RATE).pitch_spread < 0.05


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.1, 2.0])
@pytest.mark.parametrize("level", [0.0, 1e-7])
def test_silence_and_short_sounds_have_no_notes(seconds: float, level: float) -> None:
    audio = np.random.default_rng(0).normal(0, level, round(seconds * RATE)).astype(np.float32)
    assert transcribe_line(audio, RATE).notes == []


def test_noise_has_few_notes() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)
    assert len(transcribe_line(noise, RATE).notes) <= 2


@pytest.mark.parametrize("level_db", [0, -40, -48])
@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_soft_files_of_any_rate_and_stereo(level_db: int, rate: int, tmp_path: Path) -> None:
    import soxr

    line = steps([60, 62, 64, 65, 67], 0.5, 0.45)
    audio = soxr.resample(sing(line, noise=0.0), RATE, rate) * 10 ** (level_db / 20)
    write_audio(tmp_path / "a.wav", np.stack([audio, 0.5 * audio]), rate, bits="32f")
    assert_line(transcribe_line_file(tmp_path / "a.wav").notes, line)


def test_a_long_file_is_transcribed_in_chunks(monkeypatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_S", 2.0)
    monkeypatch.setattr(chunks, "MARGIN_S", 0.7)
    line = steps([60, 62, 64, 65, 67, 65, 64, 62, 60, 60], 0.9, 0.8)
    assert_line(transcribe_line(sing(line, cents=40), RATE).notes, line)


def test_f0_in_windows_equals_f0_at_once(monkeypatch) -> None:
    audio = amplify(sing(steps([60, 64, 67, 72], 0.5, 0.45), cents=30))
    whole = track_pitch(audio)
    monkeypatch.setattr("muse.tools.audio.f0.WINDOW_FRAMES", 40)
    parts = track_pitch(audio)
    np.testing.assert_allclose(parts.pitch, whole.pitch, atol=1e-3)
    np.testing.assert_allclose(parts.confidence, whole.confidence, atol=1e-4)


def test_the_cheapest_notes_of_a_small_example() -> None:
    # columns: two pitches; -1 is a frame that fits, 2 one that does not
    cost = np.array([[2, 2], [-1, 2], [-1, 2], [-1, 2], [2, -1], [2, -1], [2, -1], [2, 2.0]])
    assert cheapest_notes(cost, 1.0) == [(1, 4), (4, 7)]
    assert cheapest_notes(cost, 5.0) == []


def glide(start: float, end: float, seconds: float) -> np.ndarray:
    """Return a pitch that rises evenly, in frames."""
    return np.linspace(start, end, round(seconds / FRAME_S))


def test_steps_follow_a_glide_and_skip_unreliable_frames() -> None:
    pitch = glide(59.0, 60.5, 0.5)
    confidence = np.ones(len(pitch))
    pitch[10:12], confidence[10:12] = 72.0, 0.1
    found = pitch_steps(pitch, confidence, 60)
    values = np.array([semitones for _, semitones in found])
    assert found[0][0] == 0.0
    assert np.all(np.diff(values) > 0)
    assert -1.01 <= values[0] <= -0.9
    assert 0.4 <= values[-1] <= 0.51
    assert len(found) <= 20


def test_a_steady_note_needs_one_step_and_silence_none() -> None:
    assert pitch_steps(np.full(20, 60.2), np.ones(20), 60) == ((0.0, 0.2),)
    assert pitch_steps(np.full(20, 60.2), np.zeros(20), 60) == ()


@pytest.mark.parametrize(
    ("semitones", "value"), [(0.0, 0), (1.0, 4096), (-2.0, -8192), (2.0, 8191), (9.0, 8191)]
)
def test_bends_reach_two_semitones(semitones: float, value: int) -> None:
    assert bend_value(semitones) == value


def test_bends_move_with_their_note_and_end_with_it() -> None:
    events = [
        NoteEvent(0.1, 1.0, 60, 80, 1.0, bends=((0.0, 0.5), (0.5, 1.0), (2.0, -1.0))),
        NoteEvent(1.0, 2.0, 62, 80, 1.0),
    ]
    notes = [Note(0.0, 2.0, 60, 80), Note(2.0, 2.0, 62, 80)]
    bends = song_bends(events, notes, TempoMap([(0.0, 120.0)]), 480)
    assert [(bend.beat, bend.value) for bend in bends] == [(0.0, 2048), (1.0, 4096), (2.0, 0)]
    assert song_bends(events[1:], notes[1:], TempoMap([(0.0, 120.0)]), 480) == []


@pytest.mark.needs_fluidsynth
def test_bends_reproduce_the_f0_when_rendered() -> None:

    audio = sing(steps([60, 64, 67], 1.2, 1.1), cents=70)
    events = transcribe_line(audio, RATE).notes
    tempo_map = TempoMap([(0.0, 60.0)])
    notes = [Note(e.onset_s, e.offset_s - e.onset_s, e.pitch, 100) for e in events]
    track = Track(program=80, notes=notes, bends=song_bends(events, notes, tempo_map, 480))
    rendered = render(Song(tempos=[Tempo(0.0, 60.0)], tracks=[track]), sample_rate=16_000)
    played = track_pitch(amplify(rendered.mean(axis=0)))
    sung = track_pitch(amplify(resampled_to_16k(audio)))
    inside = np.zeros(len(sung.pitch), bool)
    for event in events:
        inside[
            round((event.onset_s + 0.15) / FRAME_S) : round((event.offset_s - 0.1) / FRAME_S)
        ] = 1
    count = min(len(sung.pitch), len(played.pitch))
    error = np.abs(sung.pitch[:count] - played.pitch[:count])[inside[:count]]
    assert np.std(sung.pitch[:count][inside[:count]] % 1) > 0  # the vibrato is there
    assert np.median(error) < 0.2


def resampled_to_16k(audio: np.ndarray) -> np.ndarray:
    """Resample audio from RATE to the net's rate."""
    import soxr

    return np.asarray(soxr.resample(audio, RATE, 16_000), np.float32)


@pytest.mark.parametrize("solo", [True, False])
def test_a_vocal_stem_has_notes_with_bends(solo: bool, tmp_path: Path) -> None:
    line = steps([60, 64, 62, 65, 64], 0.8, 0.7)
    write_audio(tmp_path / "voice.wav", sing(line, cents=40)[None], RATE)
    result = transcribe_stem(Stem("vocals", tmp_path / "voice.wav", "vocals", "input", solo=solo))
    assert (result.role, result.engine) == ("vocals", "swift-f0")
    assert_line(list(result.notes), line)
    assert all(len(note.bends) > 3 for note in result.notes)
    instead = transcribe_stem(
        Stem("vocals", tmp_path / "voice.wav", "vocals", "input", solo=solo), engine="note-net"
    )
    assert instead.engine == "note-net"


def test_a_voice_is_transcribed_from_its_f0_without_a_role(tmp_path: Path) -> None:
    line = steps([60, 64, 62, 65, 64, 60], 0.8, 0.7)
    write_audio(tmp_path / "voice.wav", sing(line, cents=60)[None], RATE)
    result = transcribe_stem(Stem("solo", tmp_path / "voice.wav", None, "input", solo=True))
    assert (result.role, result.engine) == ("lead", "swift-f0")
    assert_line(list(result.notes), line)


@pytest.mark.parametrize(
    ("drift", "cents", "voice"), [(0.6, 5.0, True), (0.0, 60.0, False), (0.01, 0.0, False)]
)
def test_a_drift_within_the_notes_tells_a_voice_from_a_vibrato(
    drift: float, cents: float, voice: bool
) -> None:
    frame = np.arange(60)
    pitch = 60 + drift * (frame / 60 - 0.5) + cents / 100 * np.sin(2 * np.pi * frame / 12)
    frames = VoiceFrames(pitch, np.ones(60), np.zeros(60))
    line = LineTranscription(
        pitch_spread=pitch_spread(frames, 0, 60), pitch_drift=pitch_drift(frames, 0, 60)
    )
    assert drifts_as_a_voice(line) == voice


@pytest.mark.needs_fluidsynth
def test_a_flute_does_not_become_a_voice(example_song: Song, tmp_path: Path) -> None:
    example_song.tracks = [track for track in example_song.tracks if track.name == "Lead"]
    write_audio(tmp_path / "flute.wav", render(example_song), 44_100)
    result = transcribe_solo_file(tmp_path / "flute.wav", None, odds={"voice": 1.0})
    assert result.role == "lead"
