"""Melodies as arrays and columns, melody data files, and the melody n-gram."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.datasets.melody_data import (
    MelodyData,
    load_melody_data,
    read_melody_data,
    save_melody_data,
)
from muse.tools.datasets.melody_songs import ARRAYS, FOREVER, MelodySong, melody_song
from muse.tools.errors import BadInputError
from muse.tools.evaluation.melody import EVERYTHING, evaluate, ngram_scores
from muse.tools.melody.columns import (
    ADVANCES,
    COLUMN_SIZES,
    CONTEXT_SIZES,
    DURATIONS,
    LARGEST_LEAP,
    NO_ADVANCE,
    NO_PITCH,
    advance_class,
    duration_class,
    song_columns,
    stack_songs,
)
from muse.tools.melody.ngram_model import MelodyNgram, adaptive_ngram
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Track, song_to_json

IDS = CHORD_VOCABULARY.ids
SCALE = (0, 2, 4, 5, 7, 9, 11)


def tune(seed: int = 0, bars: int = 8, up: int = 0, phrase_bars: int = 2) -> Song:
    """Return a melody that repeats a phrase over I and V, `up` semitones above C major."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(0, 7, phrase_bars * 4)
    notes = [
        Note(float(beat), 0.5, 60 + up + SCALE[steps[beat % len(steps)]], 80)
        for beat in range(bars * 4)
    ]
    names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    symbols = (names[up % 12], names[(up + 7) % 12])
    chords = [Chord(4.0 * bar, 4.0, symbols[bar % 2]) for bar in range(bars)]
    return Song(
        tracks=[Track(name="MELODY", notes=notes)],
        chords=chords,
        keys=[Key(0.0, up % 12, "major")],
        meters=[Meter(0.0, 4, 4)],
    )


def with_notes(song: MelodySong, **arrays: Any) -> MelodySong:
    kinds: Any = {name: np.array(values, ARRAYS[name]) for name, values in arrays.items()}
    return replace(song, **kinds)


def test_arrays_of_a_melody_in_d() -> None:
    song = melody_song("a/b", tune(up=2, bars=2))
    assert song.corpus == "a"
    assert set(song.chord.tolist()) == {IDS["C:maj"], IDS["G:maj"]}
    assert {pitch % 12 for pitch in song.pitch.tolist()} <= set(SCALE)
    assert song.advance.tolist() == [12] * 7 + [6]
    assert song.duration.tolist() == [6] * 8
    assert song.bar.tolist() == [0] * 4 + [1] * 4
    assert song.position.tolist() == [0, 12, 24, 36] * 2
    assert song.until.tolist() == [48, 36, 24, 12] + [FOREVER] * 4
    assert song.coming_chord.tolist() == [IDS["G:maj"]] * 8


@given(st.integers(0, 11), st.integers(0, 5))
def test_arrays_are_invariant_to_transposition(up: int, seed: int) -> None:
    one, other = (melody_song("a", tune(seed, up=key)) for key in (0, up))
    for name in ARRAYS:
        if name != "pitch":
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    octaves = other.pitch.astype(int) - one.pitch
    assert set(octaves.tolist()) <= {0} or set(octaves.tolist()) <= {12}


def test_columns_have_the_note_before_and_the_next_position() -> None:
    song = melody_song("a", tune(bars=2))
    ids = song_columns(song).ids
    assert set(ids) == set(COLUMN_SIZES)
    assert all((ids[name] >= 0).all() for name in ids)
    assert all((ids[name] < size).all() for name, size in COLUMN_SIZES.items())
    assert ids["pitch"].tolist() == [NO_PITCH, *song.pitch.tolist()]
    assert ids["advance"][0] == NO_ADVANCE
    assert ids["interval"][2:].tolist() == (np.diff(song.pitch) + LARGEST_LEAP).tolist()
    assert ids["place"][:8].tolist() == song.position.tolist()
    assert ids["chord"][:8].tolist() == song.chord.tolist()


@given(st.integers(1, 30), st.integers(0, 5))
def test_columns_do_not_look_ahead(index: int, seed: int) -> None:
    """Rows up to a note do not depend on its pitch and duration."""
    song = melody_song("a", tune(seed))
    pitch, duration = song.pitch.copy(), song.duration.copy()
    pitch[index:], duration[index:] = 1, 1
    other = with_notes(song, pitch=pitch, duration=duration)
    one, two = song_columns(song).ids, song_columns(other).ids
    assert all(np.array_equal(one[name][: index + 1], two[name][: index + 1]) for name in one)


@given(st.integers(1, 2000))
def test_advance_and_duration_classes(steps: int) -> None:
    for classes, found in ((ADVANCES, advance_class(steps)), (DURATIONS, duration_class(steps))):
        if steps in classes:
            assert classes[found] == steps
        assert classes[found] >= classes[-1] * (steps >= classes[-1])
    assert list(ADVANCES) == sorted(set(ADVANCES))
    assert advance_class(steps) <= advance_class(steps + 1)


def test_batches_are_padded_at_the_ends() -> None:
    songs = [song_columns(melody_song("a", tune(bars=bars))) for bars in (2, 4)]
    batch = stack_songs(songs)
    assert set(batch) == {*COLUMN_SIZES, *CONTEXT_SIZES, "bars", "is_row"}
    assert batch["is_row"].sum(1).tolist() == [9, 17]
    assert batch["pitch"].shape == (2, 17)


def test_saved_songs_are_loaded_unchanged(tmp_path: Path) -> None:
    songs = tuple(melody_song(f"a/{seed}", tune(seed)) for seed in range(3))
    data = MelodyData(songs, (("a/0", "a/2"),))
    save_melody_data(tmp_path / "m.npz", data)
    again = load_melody_data(tmp_path / "m.npz")
    assert again.groups == data.groups
    for one, other in zip(songs, again.songs, strict=True):
        assert (one.id, one.context) == (other.id, other.context)
        assert all(np.array_equal(getattr(one, n), getattr(other, n)) for n in ARRAYS)
    (tmp_path / "bad.npz").write_bytes(b"no")
    with pytest.raises(BadInputError, match=r"bad\.npz"):
        load_melody_data(tmp_path / "bad.npz")


def test_versions_of_a_song_are_in_one_split(tmp_path: Path) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.json").write_bytes(song_to_json(tune(seed, bars=16, phrase_bars=8)))
    (tmp_path / "again.json").write_bytes(song_to_json(tune(3, 16, 5, 8)))
    (tmp_path / "silent.json").write_bytes(song_to_json(Song(chords=tune().chords)))
    problems: list[BadInputError] = []
    data = read_melody_data([tmp_path], problems.append)
    assert len(data.songs) == 5
    assert len(problems) == 1
    name = tmp_path.name
    assert [sorted(group) for group in data.groups] == [[f"{name}/3", f"{name}/again"]]
    for seed in range(5):
        for songs in data.sides(seed).values():
            ids = {song.id for song in songs}
            assert (f"{name}/3" in ids) == (f"{name}/again" in ids)


def test_short_and_missing_melodies_are_errors(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="too few"):
        melody_song("a", tune(bars=1))
    with pytest.raises(BadInputError):
        melody_song("a", Song())


@pytest.mark.parametrize("escape", [None, 1.5])
def test_ngram_probabilities_sum_to_1_and_are_causal(escape: float | None) -> None:
    songs = [melody_song(f"a/{seed}", tune(seed)) for seed in range(6)]
    model = MelodyNgram(songs[1:], escape)
    pitch = songs[0].pitch.copy()
    pitch[20:] += 1
    changed = with_notes(songs[0], pitch=pitch)
    pairs = list(
        zip(model.song_probabilities(songs[0]), model.song_probabilities(changed), strict=True)
    )
    for index, ((_, one), (_, other)) in enumerate(pairs):
        assert all(np.isclose(p.sum(), 1.0) and (p > 0).all() for p in one)
        if index <= 20:
            assert np.array_equal(one[0], other[0])
        if index < 20:
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_adaptive_ngram_learns_repetition() -> None:
    songs = [melody_song(f"a/{seed}", tune(seed, bars=16)) for seed in range(12)]
    plain = evaluate(ngram_scores(MelodyNgram(songs[4:])), songs[:4])
    adaptive = evaluate(ngram_scores(adaptive_ngram(songs[4:])), songs[:4])
    assert set(plain) == {EVERYTHING, "a"}
    one, other = plain[EVERYTHING], adaptive[EVERYTHING]
    assert other.pitch_nll < 0.6 * one.pitch_nll
    assert other.pitch_accuracy > 0.75
    assert one.notes == 4 * 64
    assert one.note_nll == pytest.approx(one.pitch_nll + one.advance_nll + one.duration_nll)
    assert one.event_nll == pytest.approx(one.note_nll / 3)


def test_real_melodies_are_read(shared_data: Path) -> None:
    data = read_melody_data([shared_data / "pop909" / name for name in ("001", "002")])
    for song in data.songs:
        assert len(song) > 100
        assert np.array_equal(np.diff(song.start), song.advance[:-1])
        assert (song.duration <= song.advance).all()
        assert (song.position < 48).all()
        assert np.mean(song.chord != IDS["N"]) > 0.9
