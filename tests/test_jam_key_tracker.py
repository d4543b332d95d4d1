"""Key detection: scales, key changes, and melodies of songs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import BAR_LINE, extract_beat_features, metrical_position
from muse.tools.jam.harmony.key_parameters import (
    expand_prior,
    expand_segments,
    expand_steps,
    expand_transitions,
    key_number,
)
from muse.tools.jam.harmony.key_tracker import KeyTracker
from muse.tools.jam.harmony.parameters import load_harmony_parameters
from muse.tools.song.document import Key, Meter
from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import C_MAJOR, Tonality, parse_key, relative, tonality
from muse.tools.training.jam.keys import KeyNet, make_key_song
from muse.tools.training.jam.songs import JamSong, is_for_test, read_jam_songs

FOUR = Meter(0.0, 4, 4)
TUNE = (0, 2, 4, 5, 4, 2, 0, 7, 9, 7, 5, 4, 2, 11, 0, 0)  # semitones above the tonic
MINOR_TUNE = (0, 2, 3, 5, 3, 2, 0, 7, 8, 7, 5, 3, 2, -1, 0, 0)


def notes_of(pitches: Sequence[int], start: int = 0) -> list[SoloNote]:
    return [SoloNote(pitch, 90, start + i, start + i + 0.9) for i, pitch in enumerate(pitches)]


def detect(tracker: KeyTracker, notes: Sequence[SoloNote], start: int = 0) -> list[Tonality]:
    """Track the notes beat by beat in 4/4, and return the detected key after each beat."""
    found = []
    for beat in range(start, round(max(note.end_beat or 0 for note in notes) + 0.5)):
        tracker.add_beat(extract_beat_features(notes, beat, metrical_position(beat, FOUR)))
        found.append(tracker.key.tonality)
    return found


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "tune"), [("major", TUNE), ("minor", MINOR_TUNE)])
def test_tunes_are_detected_in_every_key(tonic: int, mode: str, tune: tuple[int, ...]) -> None:
    tracker = KeyTracker(load_harmony_parameters())
    detect(tracker, notes_of([60 + tonic + step for step in tune * 2]))
    assert tracker.key.tonality == tonality(tonic, MODES[mode == "minor"])
    assert tracker.key.confidence > 0.5


def test_silence_is_c_major_without_confidence() -> None:
    tracker = KeyTracker(load_harmony_parameters())
    for beat in range(8):
        tracker.add_beat(extract_beat_features([], beat, metrical_position(beat, FOUR)))
    assert tracker.key.tonality == C_MAJOR
    assert tracker.key.confidence < 0.1 and not tracker.has_notes


def test_given_key_stays() -> None:
    tracker = KeyTracker(load_harmony_parameters(), parse_key("F#m"))
    detect(tracker, notes_of([60 + step for step in TUNE]))
    assert tracker.key.tonality == parse_key("F#m") and tracker.key.confidence == 1.0


def test_one_foreign_note_does_not_change_the_key() -> None:
    tracker = KeyTracker(load_harmony_parameters())
    detected = detect(tracker, notes_of([*[60 + step for step in TUNE * 2], 66, 61, 60, 64]))
    assert set(detected[-6:]) == {C_MAJOR}


def test_change_of_key_is_followed() -> None:
    tracker = KeyTracker(load_harmony_parameters())
    tune = [60 + step for step in TUNE * 2]
    detected = detect(tracker, notes_of([*tune, *[pitch + 2 for pitch in tune * 3]]))
    assert detected[31] == C_MAJOR and detected[-1] == parse_key("D")
    last = detected[-32:]  # intermediate keys may be detected during the change
    assert set(last) == {parse_key("D")}


def test_weight_of_one_beat_is_limited() -> None:
    tracker = KeyTracker(load_harmony_parameters())
    flood = [SoloNote(61, 90, 0.001 * i, 0.001 * i + 0.01) for i in range(900)]
    tracker.add_beat(extract_beat_features(flood, 0, BAR_LINE))
    tune = notes_of([60 + step for step in TUNE * 2], 1)
    detect(tracker, tune, 1)
    assert tracker.key.tonality in {C_MAJOR, relative(C_MAJOR)}


def test_numbers_of_keys() -> None:
    numbers = [key_number(tonality(tonic, mode)) for mode in MODES for tonic in range(12)]
    assert numbers == list(range(KEYS))


def test_key_transitions_are_probabilities() -> None:
    tables = load_harmony_parameters()
    np.testing.assert_allclose(tables.key_transitions.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(tables.key_prior.sum(), 1.0)
    assert (tables.key_transitions.diagonal() > 0.98).all()


def test_filter_agrees_in_numpy_and_torch() -> None:
    """Compare KeyTracker with KeyNet, also the expansion of tables by mode to all keys."""
    torch.manual_seed(0)
    net = KeyNet()
    for table in (net.segments, net.steps, net.moves, net.start):
        torch.nn.init.normal_(table, std=0.5)
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 12, 30))
    notes = tuple(
        SoloNote(int(pitch), 90, start, start + 0.7)
        for pitch, start in zip(rng.integers(50, 80, 30), starts, strict=True)
    )
    song = JamSong("song", FOUR, notes, np.zeros(12, int), (Key(0.0, 0, "major"),), 100.0)
    key_song = make_key_song(song)
    with torch.no_grad():
        expected = net(
            torch.tensor(key_song.segments)[:, None], torch.tensor(key_song.steps)[:, None]
        )
    tracker = KeyTracker(replace(load_harmony_parameters(), **all_keys(net.tables())))
    for beat in range(12):
        tracker.add_beat(extract_beat_features(notes, beat, metrical_position(beat, FOUR)))
        np.testing.assert_allclose(np.log(tracker.posterior), expected[beat, 0].numpy(), atol=1e-3)


def all_keys(tables: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    return {
        "key_segment_log_odds": expand_segments(tables["key_heard"]),
        "key_step_log_odds": expand_steps(tables["key_steps"]),
        "key_transitions": expand_transitions(tables["key_moves"]),
        "key_prior": expand_prior(tables["key_start"]),
    }


def test_keys_of_songs(shared_data: Path) -> None:
    """Check that in most held-out songs, the key or its relative is detected after 8 bars."""
    root = shared_data / "pop909"
    names = [f.name for f in root.iterdir() if f.name.isdigit() and is_for_test(f.name)]
    songs = read_jam_songs(root, sorted(names)[::5])
    found = 0
    for song in songs:
        tracker, end = KeyTracker(load_harmony_parameters()), round(8 * song.bar)
        for beat in range(end):
            nearby = [n for n in song.notes if beat - 8 < n.start_beat < beat + 1]
            tracker.add_beat(
                extract_beat_features(nearby, beat, metrical_position(beat, song.meter))
            )
        truth = song.key_at(end - 1)
        same = {tonality(key.tonic_pc, key.mode) for key in (truth, relative(truth))}
        found += tracker.key.tonality in same
    assert found >= 0.85 * len(songs)
