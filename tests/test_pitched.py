"""Tones of known pitch and time are found, from memory and from files, in every role."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from muse.tools.audio.io import write_audio
from muse.tools.errors import ParameterError
from muse.tools.transcription import chunks
from muse.tools.transcription.chunks import Chunk, cut_chunks, join_notes
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.pitched import (
    transcribe_pitched,
    transcribe_pitched_file,
    transcribe_roles_file,
)
from muse.tools.transcription.role_rules import ROLES

RATE = 22050  # Hz

Line = list[tuple[float, float, int]]  # (onset_s, offset_s, pitch)


def play(line: Line, seconds: float, *, cents: float = 0.0, gain: float = 0.3) -> np.ndarray:
    """Synthesize plucked harmonic tones, damped at their ends."""
    time = np.arange(round(seconds * RATE)) / RATE
    audio = np.zeros(len(time))
    for onset, offset, pitch in line:
        hz = 440.0 * 2 ** ((pitch - 69 + cents / 100) / 12)
        held = np.clip((time - onset) / 0.004, 0, 1) * np.clip((offset + 0.03 - time) / 0.03, 0, 1)
        for partial in range(1, 9):
            phase = 2 * np.pi * hz * partial * (time - onset)
            decay = np.exp(-0.8 * partial**0.5 * (time - onset).clip(0))
            audio += gain / partial * held * decay * np.sin(phase) * (hz * partial < RATE / 2)
    noise = np.random.default_rng(2).normal(0, 1e-4, len(time))
    return (audio + noise).astype(np.float32)


def steps(pitches: list[int], step_s: float = 0.4, gap_s: float = 0.08) -> Line:
    """Return a line of consecutive pitches that begins at half a second."""
    return [
        (0.5 + i * step_s, 0.5 + (i + 1) * step_s - gap_s, pitch) for i, pitch in enumerate(pitches)
    ]


def found(line: Line, notes: list[NoteEvent], tolerance_s: float = 0.05) -> int:
    """Return how many notes of a line are among the notes."""
    return sum(
        any(n.pitch == pitch and abs(n.onset_s - onset) <= tolerance_s for n in notes)
        for onset, _, pitch in line
    )


MELODY = steps([69, 71, 72, 72, 74, 76, 76, 72, 69, 81])
BASS = steps([28, 33, 33, 40, 36, 31, 28, 28])
CHORDS = [(t, t + 0.7, p) for t in (0.5, 1.5, 2.5) for p in (48, 64, 67, 71)]


@pytest.mark.parametrize(
    ("role", "line", "least", "most"),
    [
        ("lead", MELODY, 10, 10),
        ("vocals", MELODY, 10, 10),
        ("bass", BASS, 8, 8),
        ("keys", CHORDS, 11, 14),
        ("guitar", CHORDS, 11, 14),
    ],
)
def test_known_notes_are_found(role: str, line: Line, least: int, most: int) -> None:
    result = transcribe_pitched(play(line, 5.0), RATE, role)
    assert found(line, result.notes) >= least
    assert len(result.notes) <= most
    assert result.notes == sorted(result.notes)


@pytest.mark.parametrize("role", ["lead", "bass"])
def test_one_voice_never_overlaps(role: str) -> None:
    notes = transcribe_pitched(play(MELODY + BASS, 5.0), RATE, role).notes
    for earlier, later in pairwise(notes):
        assert earlier.offset_s <= later.onset_s + 1e-6


def test_notes_end_where_the_tones_do() -> None:
    notes = transcribe_pitched(play(MELODY, 5.0), RATE, "lead").notes
    ends = [n.offset_s - offset for n, (_, offset, _) in zip(notes, MELODY, strict=True)]
    assert np.median(np.abs(ends)) < 0.06


@pytest.mark.parametrize("cents", [-40.0, -18.0, 0.0, 27.0])
def test_tuning_is_estimated_and_corrected(cents: float) -> None:
    result = transcribe_pitched(play(CHORDS, 4.0, cents=cents), RATE, "keys")
    assert abs(result.tuning_cents - cents) < 4.0
    assert found(CHORDS, result.notes) >= 11


def test_velocity_follows_loudness() -> None:
    soft, loud = steps([60, 62, 64, 65]), steps([60, 62, 64, 65])
    audio = np.concatenate((play(soft, 2.5, gain=0.05), play(loud, 2.5, gain=0.4)))
    notes = transcribe_pitched(audio, RATE, "lead").notes
    first = [n.velocity for n in notes if n.onset_s < 2.5]
    second = [n.velocity for n in notes if n.onset_s >= 2.5]
    assert first
    assert max(first) + 15 < min(second)
    assert all(1 <= n.velocity <= 127 for n in notes)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("seconds", [0.0, 0.1, 2.0])
def test_silence_has_no_notes(role: str, seconds: float) -> None:
    audio = np.zeros(int(seconds * RATE), np.float32)
    assert transcribe_pitched(audio, RATE, role).notes == []


def test_noise_has_few_notes() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 5 * RATE).astype(np.float32)
    for role in ("lead", "bass", "keys"):
        assert len(transcribe_pitched(noise, RATE, role).notes) < 10


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_any_sample_rate(rate: int) -> None:
    import soxr

    audio = soxr.resample(play(MELODY, 5.0), RATE, rate)
    assert found(MELODY, transcribe_pitched(audio, rate, "lead").notes) >= 9


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParameterError, match="vocals"):
        transcribe_pitched(np.zeros(100, np.float32), RATE, "kazoo")


def test_a_file_in_chunks_gives_the_notes_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = steps([60, 64, 67, 72] * 6)
    audio = play(line, 11.0)
    whole = transcribe_pitched(audio, RATE, "lead").notes
    write_audio(tmp_path / "lead.wav", audio[None], RATE, bits="32f")
    monkeypatch.setattr(chunks, "CHUNK_S", 3.1)
    monkeypatch.setattr(chunks, "MARGIN_S", 1.0)
    cut = transcribe_pitched_file(tmp_path / "lead.wav", "lead").notes
    assert [n.pitch for n in cut] == [n.pitch for n in whole]
    for a, b in zip(cut, whole, strict=True):
        assert abs(a.onset_s - b.onset_s) < 0.03
        assert abs(a.offset_s - b.offset_s) < 0.08


def test_roles_transcribed_together_equal_those_alone(tmp_path: Path) -> None:
    write_audio(tmp_path / "mix.wav", play(MELODY + BASS, 5.0)[None], RATE, bits="32f")
    together = transcribe_roles_file(tmp_path / "mix.wav", ["lead", "bass", "other"])
    for role, result in together.items():
        assert result == transcribe_pitched_file(tmp_path / "mix.wav", role)
    assert together["lead"] != together["bass"]


@pytest.mark.parametrize("block", [700, 5000, 100_000])
def test_chunks_cover_everything_once(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_S", 2.0)
    monkeypatch.setattr(chunks, "MARGIN_S", 0.5)
    audio = np.arange(100_000, dtype=np.float32)
    blocks = [audio[i : i + block] for i in range(0, len(audio), block)]
    cut = list(cut_chunks(blocks, 10_000))
    assert [c.core_start_s for c in cut[1:]] == [c.core_end_s for c in cut[:-1]]
    assert cut[0].core_start_s == 0.0
    assert cut[-1].core_end_s == 10.0
    for chunk in cut:
        start = round(chunk.start_s * 10_000)
        np.testing.assert_array_equal(chunk.audio, audio[start : start + len(chunk.audio)])


def test_a_note_across_a_chunk_boundary_is_one_note() -> None:
    chunk = Chunk(np.zeros(0, np.float32), 57.0, 60.0, 120.0)
    earlier = [NoteEvent(59.0, 63.0, 60, 80, 0.9)]
    later = [NoteEvent(59.01, 64.5, 60, 80, 0.9), NoteEvent(61.0, 62.0, 72, 80, 0.9)]
    joined = join_notes(earlier, later, chunk)
    assert [(n.onset_s, n.offset_s, n.pitch) for n in joined] == [
        (59.0, 64.5, 60),
        (61.0, 62.0, 72),
    ]
