"""Hypotheses of notes: sounds without an interval, probabilities and weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.audio.io import write_audio
from muse.tools.intervals.clip_settings import frequency_of
from muse.tools.intervals.effects import noise
from muse.tools.intervals.hypothesis_scoring import MEASURES, ChordEstimator
from muse.tools.intervals.hypothesis_weights import load_hypothesis_weights
from muse.tools.intervals.recordings import find_intervals, find_intervals_in_blocks
from muse.tools.intervals.segments import RATE
from muse.tools.intervals.timbres import VOICES

Mono = NDArray[np.float32]


def note(pitch: float, seconds: float = 0.5, voice: str = "sine", rate: int = RATE) -> Mono:
    """Synthesize a note at half of full scale, (frames,) mono."""
    rng = np.random.default_rng(1)
    sound = VOICES[voice](frequency_of(pitch), round(seconds * rate), rate, rng)
    return (0.5 * sound).astype(np.float32)


SOUNDS: dict[str, Callable[[], Mono]] = {
    "silence": lambda: np.zeros(2 * RATE, np.float32),
    "five samples": lambda: np.full(5, 0.5, np.float32),
    "a click": lambda: np.r_[np.zeros(RATE), 1.0, np.zeros(RATE)].astype(np.float32),
    "direct current": lambda: np.full(2 * RATE, 0.5, np.float32),
    "one note": lambda: note(60, 2.0, "saw"),
    "one plucked note": lambda: note(45, 2.0, "pluck"),
    "three notes": lambda: note(60, 2.0) + note(64, 2.0) + note(67, 2.0),
    "three rich notes": lambda: (
        note(60, 2.0, "saw") + note(64, 2.0, "saw") + note(69, 2.0, "saw")
    ).astype(np.float32),
    "quietest": lambda: np.full(RATE, 1e-30, np.float32),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_sounds_without_interval_give_no_confident_interval(name: str) -> None:
    assert all(one.confidence < 0.5 for one in find_intervals(SOUNDS[name](), RATE))


@pytest.mark.parametrize("color", ["white", "pink"])
def test_noise_gives_no_confident_interval(color: str) -> None:
    sound = noise(30 * RATE, color, RATE, np.random.default_rng(4)).astype(np.float32)
    assert all(one.confidence < 0.5 for one in find_intervals(0.2 * sound, RATE))


def test_blocks_are_read_one_by_one() -> None:
    rng = np.random.default_rng(4)
    read = 0

    def blocks():
        nonlocal read
        for _ in range(60):
            read += 1
            yield (0.1 * rng.standard_normal(RATE)).astype(np.float32)

    assert all(one.confidence < 0.5 for one in find_intervals_in_blocks(blocks()))
    assert read == 60


def test_silence_has_no_pitches() -> None:
    estimate = ChordEstimator().estimate
    for sound in (np.zeros(0, np.float32), np.zeros(RATE, np.float32), np.ones(3, np.float32)):
        assert estimate(sound, RATE).pitches == ()


CHORDS = ((60, 64, 67), (57, 61, 64), (60, 63, 67), (55, 59, 62), (60, 65, 69))


@pytest.mark.parametrize("pitches", CHORDS)
@pytest.mark.parametrize("voice", VOICES)
def test_triads_are_not_taken_for_fewer_notes(pitches: tuple[int, ...], voice: str) -> None:
    # a major triad can look like partials 4, 5 and 6 of a missing fundamental
    sound = np.sum([note(pitch, 1.0, voice) for pitch in pitches], axis=0, dtype=np.float32)
    chord = ChordEstimator().estimate(0.5 * sound, RATE)
    fewer = [probability for notes, probability in chord.ranked if len(notes) < 3]
    assert max(fewer, default=0.0) < 0.5
    assert all(one.confidence < 0.5 for one in find_intervals(0.5 * sound, RATE))


@pytest.mark.parametrize("voice", VOICES)
def test_ranked_probabilities_are_sorted_and_sum_to_one(voice: str) -> None:
    chord = ChordEstimator().estimate(note(60, 0.6, voice) + note(67, 0.6, voice), RATE)
    probabilities = [probability for _, probability in chord.ranked]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0.99 < sum(probabilities) < 1 + 1e-9
    assert chord.pitches == chord.ranked[0][0]


def test_every_measure_has_a_weight() -> None:
    weights = load_hypothesis_weights()
    assert tuple(weights.by_measure) == MEASURES
    assert 0.9 < weights.largest_confidence < 1.0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("silence", "only silence"),
        ("direct current", "only noise"),
        ("one note", "only one note, C4"),
        ("three rich notes", "only three or more notes at once"),
    ],
)
def test_message_says_why_no_interval_was_found(
    muse, tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / "sound.wav"
    write_audio(path, SOUNDS[name]()[None], RATE)
    shown = muse("intervals", path)
    assert (shown.code, shown.out) == (0, b"")
    assert f"no interval found, {reason}" in shown.err
