"""The key that `muse jam` hears: scales, changes, and melodies of songs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from muse.tools.jam.events import SoloNote
from muse.tools.jam.harmony.beat_features import BAR_LINE, listened, place_of
from muse.tools.jam.harmony.key_parameters import (
    heard_in_every_key,
    moves_between_keys,
    number_of,
    start_in_every_key,
    steps_in_every_key,
)
from muse.tools.jam.harmony.key_tracker import KeyEar
from muse.tools.jam.harmony.parameters import load_tables
from muse.tools.song.document import Key, Meter
from muse.tools.theory.key_profiles import KEYS, MODES
from muse.tools.theory.keys import C_MAJOR, Tonality, parse_key, relative, tonality
from muse.tools.training.jam.keys import KeyNet, key_song_of
from muse.tools.training.jam.songs import JamSong, is_for_test, read_jam_songs

FOUR = Meter(0.0, 4, 4)
TUNE = (0, 2, 4, 5, 4, 2, 0, 7, 9, 7, 5, 4, 2, 11, 0, 0)  # semitones above the tonic
MINOR_TUNE = (0, 2, 3, 5, 3, 2, 0, 7, 8, 7, 5, 3, 2, -1, 0, 0)


def notes_of(pitches: Sequence[int], start: int = 0) -> list[SoloNote]:
    return [SoloNote(pitch, 90, start + i, start + i + 0.9) for i, pitch in enumerate(pitches)]


def listen(ear: KeyEar, notes: Sequence[SoloNote], start: int = 0) -> list[Tonality]:
    """Hear the notes beat by beat, in bars of four; what is heard after each."""
    found = []
    for beat in range(start, round(max(note.end_beat or 0 for note in notes) + 0.5)):
        ear.hear(listened(notes, beat, place_of(beat, FOUR)))
        found.append(ear.heard.tonality)
    return found


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "tune"), [("major", TUNE), ("minor", MINOR_TUNE)])
def test_tunes_are_heard_in_every_key(tonic: int, mode: str, tune: tuple[int, ...]) -> None:
    ear = KeyEar(load_tables())
    listen(ear, notes_of([60 + tonic + step for step in tune * 2]))
    assert ear.heard.tonality == tonality(tonic, MODES[mode == "minor"])
    assert ear.heard.confidence > 0.5


def test_silence_is_c_major_without_confidence() -> None:
    ear = KeyEar(load_tables())
    for beat in range(8):
        ear.hear(listened([], beat, place_of(beat, FOUR)))
    assert ear.heard.tonality == C_MAJOR
    assert ear.heard.confidence < 0.1 and not ear.has_heard


def test_given_key_stays() -> None:
    ear = KeyEar(load_tables(), parse_key("F#m"))
    listen(ear, notes_of([60 + step for step in TUNE]))
    assert ear.heard.tonality == parse_key("F#m") and ear.heard.confidence == 1.0


def test_one_foreign_note_changes_nothing() -> None:
    ear = KeyEar(load_tables())
    heard = listen(ear, notes_of([*[60 + step for step in TUNE * 2], 66, 61, 60, 64]))
    assert set(heard[-6:]) == {C_MAJOR}


def test_change_of_key_is_followed() -> None:
    ear = KeyEar(load_tables())
    tune = [60 + step for step in TUNE * 2]
    heard = listen(ear, notes_of([*tune, *[pitch + 2 for pitch in tune * 3]]))
    assert heard[31] == C_MAJOR and heard[-1] == parse_key("D")
    heard_last = heard[-32:]  # on the way there, keys that lie between may be heard
    assert set(heard_last) == {parse_key("D")}


def test_flood_counts_no_more_than_a_beat_can() -> None:
    ear = KeyEar(load_tables())
    flood = [SoloNote(61, 90, 0.001 * i, 0.001 * i + 0.01) for i in range(900)]
    ear.hear(listened(flood, 0, BAR_LINE))
    tune = notes_of([60 + step for step in TUNE * 2], 1)
    listen(ear, tune, 1)
    assert ear.heard.tonality in {C_MAJOR, relative(C_MAJOR)}


def test_numbers_of_keys() -> None:
    numbers = [number_of(tonality(tonic, mode)) for mode in MODES for tonic in range(12)]
    assert numbers == list(range(KEYS))


def test_moves_of_keys_are_probabilities() -> None:
    tables = load_tables()
    np.testing.assert_allclose(tables.key_moves.sum(axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(tables.key_start.sum(), 1.0)
    assert (tables.key_moves.diagonal() > 0.98).all()


def test_belief_in_numpy_is_the_one_that_is_fitted() -> None:
    """Also that a table by mode means the same in all keys on both sides."""
    torch.manual_seed(0)
    net = KeyNet()
    for table in (net.heard, net.heard_by_mode, net.steps, net.steps_by_mode, net.moves, net.start):
        torch.nn.init.normal_(table, std=0.5)
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 12, 30))
    notes = tuple(
        SoloNote(int(pitch), 90, start, start + 0.7)
        for pitch, start in zip(rng.integers(50, 80, 30), starts, strict=True)
    )
    song = JamSong("song", FOUR, notes, np.zeros(12, int), (Key(0.0, 0, "major"),), 100.0)
    heard = key_song_of(song)
    with torch.no_grad():
        told = net(torch.tensor(heard.stretches)[:, None], torch.tensor(heard.steps)[:, None])
    ear = KeyEar(replace(load_tables(), **all_keys(net.tables())))
    for beat in range(12):
        ear.hear(listened(notes, beat, place_of(beat, FOUR)))
        np.testing.assert_allclose(np.log(ear.odds), told[beat, 0].numpy(), atol=1e-3)


def all_keys(tables: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    return {
        "key_heard": heard_in_every_key(tables["key_heard"]),
        "key_steps": steps_in_every_key(tables["key_steps"]),
        "key_moves": moves_between_keys(tables["key_moves"]),
        "key_start": start_in_every_key(tables["key_start"]),
    }


def test_keys_of_songs(shared_data: Path) -> None:
    """Songs that nothing was learnt from: after 8 bars, the key or its relative in most."""
    root = shared_data / "pop909"
    names = [f.name for f in root.iterdir() if f.name.isdigit() and is_for_test(f.name)]
    songs = read_jam_songs(root, sorted(names)[::5])
    found = 0
    for song in songs:
        ear, end = KeyEar(load_tables()), round(8 * song.bar)
        for beat in range(end):
            near = [n for n in song.notes if beat - 8 < n.start_beat < beat + 1]
            ear.hear(listened(near, beat, place_of(beat, song.meter)))
        truth = song.key_at(end - 1)
        same = {tonality(key.tonic_pc, key.mode) for key in (truth, relative(truth))}
        found += ear.heard.tonality in same
    assert found >= 0.85 * len(songs)
