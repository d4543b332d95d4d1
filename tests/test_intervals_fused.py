"""What holds no interval: said to be what it is, and never an interval that is certain."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from muse.tools.audio.io import write_audio
from muse.tools.intervals.clip_settings import frequency_of
from muse.tools.intervals.effects import noise
from muse.tools.intervals.hypothesis_scoring import MEASURES, Listener
from muse.tools.intervals.hypothesis_weights import load_hypothesis_weights
from muse.tools.intervals.recordings import find_intervals_in_blocks, hear
from muse.tools.intervals.segments import RATE
from muse.tools.intervals.timbres import VOICES

Mono = NDArray[np.float32]


def note(pitch: float, seconds: float = 0.5, voice: str = "sine", rate: int = RATE) -> Mono:
    """A note of a synthesizer, at half of full scale."""
    rng = np.random.default_rng(1)
    sound = VOICES[voice](frequency_of(pitch), round(seconds * rate), rate, rng)
    return (0.5 * sound).astype(np.float32)


SOUNDS: dict[str, Callable[[], Mono]] = {
    "silence": lambda: np.zeros(2 * RATE, np.float32),
    "hardly a sound": lambda: np.full(5, 0.5, np.float32),
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
def test_what_holds_no_interval_gives_none_that_is_certain(name: str) -> None:
    assert all(one.confidence < 0.5 for one in hear(SOUNDS[name](), RATE))


@pytest.mark.parametrize("colour", ["white", "pink"])
def test_noise_is_never_certain(colour: str) -> None:
    sound = noise(30 * RATE, colour, RATE, np.random.default_rng(4)).astype(np.float32)
    assert all(one.confidence < 0.5 for one in hear(0.2 * sound, RATE))


def test_minutes_of_noise_are_heard_as_they_come() -> None:
    rng = np.random.default_rng(4)
    given_out = 0

    def blocks():
        nonlocal given_out
        for _ in range(60):
            given_out += 1
            yield (0.1 * rng.standard_normal(RATE)).astype(np.float32)

    assert all(one.confidence < 0.5 for one in find_intervals_in_blocks(blocks()))
    assert given_out == 60


def test_a_dyad_of_nothing_is_nothing() -> None:
    hear_dyad = Listener().hear
    for sound in (np.zeros(0, np.float32), np.zeros(RATE, np.float32), np.ones(3, np.float32)):
        assert hear_dyad(sound, RATE).pitches == ()


CHORDS = ((60, 64, 67), (57, 61, 64), (60, 63, 67), (55, 59, 62), (60, 65, 69))


@pytest.mark.parametrize("pitches", CHORDS)
@pytest.mark.parametrize("voice", VOICES)
def test_three_notes_are_neither_an_interval_nor_one_note(
    pitches: tuple[int, ...], voice: str
) -> None:
    # partials 4, 5 and 6 of a fundamental that is not there
    sound = np.sum([note(pitch, 1.0, voice) for pitch in pitches], axis=0, dtype=np.float32)
    chord = Listener().hear(0.5 * sound, RATE)
    fewer = [chance for notes, chance in chord.chances if len(notes) < 3]
    assert max(fewer, default=0.0) < 0.5
    assert all(one.confidence < 0.5 for one in hear(0.5 * sound, RATE))


@pytest.mark.parametrize("voice", VOICES)
def test_chances_are_chances(voice: str) -> None:
    chord = Listener().hear(note(60, 0.6, voice) + note(67, 0.6, voice), RATE)
    chances = [chance for _, chance in chord.chances]
    assert chances == sorted(chances, reverse=True)
    assert 0.99 < sum(chances) < 1 + 1e-9
    assert chord.pitches == chord.chances[0][0]


def test_every_measure_has_its_weight() -> None:
    weights = load_hypothesis_weights()
    assert tuple(weights.by_measure) == MEASURES
    assert 0.9 < weights.largest_confidence < 1.0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("silence", "only silence"),
        ("direct current", "only noise"),
        ("one note", "only one note, C4"),
        ("three rich notes", "only three or more notes at once"),
    ],
)
def test_no_interval_is_said_plainly(muse, tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / "sound.wav"
    write_audio(path, SOUNDS[name]()[None], RATE)
    shown = muse("intervals", path)
    assert (shown.code, shown.out) == (0, b"")
    assert f"no interval found, {told}" in shown.err
