"""Onsets that a head of the note net lacks, in solo recordings."""

from pathlib import Path

import numpy as np
import pytest

from muse.models.note_net.inference import Evidence
from muse.tools.audio.io import write_audio
from muse.tools.transcription.extra_onsets import NEAR_FRAMES, add_onsets
from muse.tools.transcription.pitched import transcribe_roles_file
from muse.tools.transcription.role_rules import ROLES

FRAMES, ROW, RATE = 100, 2, 44_100
KNOWN = 10


def evidence(onsets: dict[int, float], sounding: float = 0.9) -> Evidence:
    """Return the posteriors of five pitches, of which one sounds all the time."""
    frame_posterior, onset = (np.zeros((FRAMES, 5), np.float32) for _ in range(2))
    frame_posterior[:, ROW] = sounding
    for frame, value in onsets.items():
        onset[frame, ROW] = value
    return Evidence(frame_posterior, onset)


def test_onsets_are_added_where_the_pitch_sounds() -> None:
    anything = evidence({KNOWN + 3: 0.9, 30: 0.7, 32: 0.8, 60: 0.9})
    added = add_onsets(evidence({KNOWN: 0.9}), anything)
    assert dict(zip(*peaks(added), strict=True)) == pytest.approx({KNOWN: 0.9, 32: 0.8, 60: 0.9})
    quiet = evidence({KNOWN: 0.9}, sounding=0.1)
    assert (add_onsets(quiet, anything).onset == quiet.onset).all()


def peaks(found: Evidence) -> tuple[list[int], list[float]]:
    """Return the frames with an onset, and the onset posteriors there."""
    frames = np.flatnonzero(found.onset[:, ROW])
    return frames.tolist(), found.onset[frames, ROW].tolist()


def test_evidence_is_unchanged_by_itself() -> None:
    same = evidence({KNOWN: 0.9, KNOWN + 2 * NEAR_FRAMES: 0.8})
    assert (add_onsets(same, same).onset == same.onset).all()
    empty = Evidence(np.zeros((0, 5), np.float32), np.zeros((0, 5), np.float32))
    assert add_onsets(empty, empty) is empty


def test_repeated_notes_of_a_ringing_sound_are_found_in_a_solo_recording(tmp_path: Path) -> None:
    count, step_s = 16, 60.0 / 140.0 / 4.0
    time = np.arange(round(2.5 * RATE)) / RATE
    audio = np.zeros(len(time))
    for number in range(count):
        since = np.maximum(time - 0.25 - number * step_s, 0.0)
        strike = sum(np.sin(2 * np.pi * 261.63 * k * since) / k for k in range(1, 9))
        audio += strike * np.exp(-4.0 * since) * np.minimum(since / 0.002, 1.0)
    path = tmp_path / "repeated.wav"
    write_audio(path, (0.1 * audio).astype(np.float32)[None], RATE)
    solo = transcribe_roles_file(path, ["keys"], solo=True)["keys"].notes
    in_a_mix = transcribe_roles_file(path, ["keys"])["keys"].notes
    assert sum(note.pitch == 60 for note in solo) >= count - 1
    assert len(solo) > len(in_a_mix)


def test_only_pads_have_soft_attacks() -> None:
    assert [name for name, rules in ROLES.items() if not rules.struck] == ["pad"]
