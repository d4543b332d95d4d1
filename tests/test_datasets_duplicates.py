"""Tests of near-duplicates: versions are found, songs with common material are not."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.duplicates import (
    add_singletons,
    compare_songs,
    connected_components,
    find_near_duplicates,
    group_fingerprints,
)
from muse.tools.datasets.fingerprints import fingerprint, phrases
from muse.tools.datasets.splits import split_songs
from muse.tools.song.document import Chord, Note, Song, Track
from muse.tools.song.midi import load_song

LOOP = ("C", "G", "Am", "F")
WORDS = ("", "m", "7", "m7", "maj7", "sus4", "dim")
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def tune(seed: int, length: int = 80, role: str = "lead") -> Song:
    """Return a random melody."""
    rng = random.Random(seed)
    notes, beat = [], 0.0
    for _ in range(length):
        duration = rng.choice([0.5, 0.5, 1.0, 1.5, 2.0])
        notes.append(Note(beat, duration, rng.randint(55, 79), 80))
        beat += duration
    return Song(tracks=[Track("tune", role, notes=notes)])


def progression(seed: int, length: int = 40) -> list[str]:
    """Return random chords."""
    rng = random.Random(seed)
    return [rng.choice(NAMES) + rng.choice(WORDS) for _ in range(length)]


def chart(symbols: list[str], beats: float = 4.0) -> Song:
    """Return a song of chords only."""
    return Song(chords=[Chord(i * beats, beats, symbol) for i, symbol in enumerate(symbols)])


def changed(song: Song, semitones: int = 0, factor: float = 1.0, start: float = 0.0) -> Song:
    notes = [
        Note((n.start_beats - start) * factor, n.duration_beats * factor, n.pitch + semitones, 64)
        for n in song.tracks[0].notes
        if n.start_beats >= start
    ]
    return Song(tracks=[Track("other", song.tracks[0].role, notes=notes)])


def groups(**songs: Song) -> list[list[str]]:
    return find_near_duplicates(songs.items())


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(-12, 12), st.sampled_from([0.5, 0.75, 1.0, 1.3, 2.0]))
def test_key_and_tempo_do_not_matter(seed: int, semitones: int, factor: float) -> None:
    song = tune(seed)
    assert groups(a=song, b=changed(song, semitones, factor), c=tune(seed + 1)) == [["a", "b"]]


def test_an_excerpt_is_a_version_of_the_whole() -> None:
    song = tune(1, 200)
    assert groups(a=song, b=changed(song, 3, start=song.end_beats() / 2)) == [["a", "b"]]


def test_versions_with_wrong_and_missing_notes_are_found() -> None:
    song, rng = tune(1, 200), random.Random(1)
    remaining = [n for n in song.tracks[0].notes if rng.random() > 0.08]
    other = Song(tracks=[Track("transcribed", "vocals", notes=remaining)])
    assert groups(a=song, b=other, c=tune(2, 200)) == [["a", "b"]]


def test_an_added_accompaniment_does_not_matter() -> None:
    song = tune(1)
    low = [Note(float(i), 1.0, 40 + i % 5, 64) for i in range(100)]
    full = Song(tracks=[Track("piano", "keys", notes=low), *song.tracks])
    assert groups(a=song, b=full) == [["a", "b"]]


def test_the_same_chords_in_another_key() -> None:
    symbols = progression(1)
    up = {name: NAMES[(i + 5) % 12] for i, name in enumerate(NAMES)}
    moved = [up[s[:2] if s[:2] in up else s[:1]] + s[2 if s[:2] in up else 1 :] for s in symbols]
    found = groups(a=chart(symbols), b=chart(moved, 2.0), c=chart(progression(2)))
    assert found == [["a", "b"]]


def test_a_common_progression_makes_no_group() -> None:
    """Compare twenty songs of the same four chords, each with a bridge of its own."""
    songs = {
        f"song{n}": chart([*LOOP * 8, *progression(n, 6), *LOOP * 8], beats=2.0 + n)
        for n in range(20)
    }
    assert groups(**songs) == []


def test_songs_of_one_loop_must_be_equal() -> None:
    songs = {"a": chart([*LOOP] * 8), "b": chart([*LOOP] * 8), "c": chart([*LOOP] * 8, 2.0)}
    assert groups(**songs) == [["a", "b"]]


def test_chords_do_not_join_songs_with_other_melodies() -> None:
    one, other = tune(1), tune(2)
    one.chords = other.chords = chart(progression(1)).chords
    assert groups(a=one, b=other) == []


def test_small_and_empty_songs() -> None:
    small = tune(1, 3)
    found = groups(a=small, b=changed(small, 5), c=tune(2, 3), d=Song(), e=Song())
    assert found == [["a", "b"]]


def test_drums_are_compared_by_their_hits() -> None:
    def take(seed: int) -> Song:
        rng = random.Random(seed)
        hits = [Note(i / 4, 0.1, rng.choice([36, 38, 42, 46]), 90) for i in range(200)]
        return Song(tracks=[Track("kit", "drums", 0, True, notes=hits)])

    again = changed(take(1), 0, 1.5)
    again.tracks[0].is_drum = True
    assert groups(a=take(1), b=again, c=take(2)) == [["a", "b"]]


def test_order_does_not_matter() -> None:
    songs = {f"s{n}": tune(n // 2) for n in range(8)}
    assert find_near_duplicates(songs.items()) == find_near_duplicates(reversed(songs.items()))


def test_versions_of_versions_are_one_group() -> None:
    assert connected_components([("a", "b"), ("d", "c"), ("b", "e")]) == [
        ["a", "b", "e"],
        ["c", "d"],
    ]
    whole = add_singletons([["a", "b", "e"]], "abcde")
    assert whole == [["a", "b", "e"], ["c"], ["d"]]
    splits = split_songs(whole)
    assert splits["a"] == splits["b"] == splits["e"]


def test_empty_songs_match_nothing() -> None:
    assert find_near_duplicates([]) == []
    assert list(compare_songs({"a": fingerprint(Song())})) == []


def test_phrases_depend_on_order_and_count_once() -> None:
    import numpy as np

    codes = np.array([1, 2, 3, 1, 2, 3, 1, 2])
    assert len(phrases(codes, 3)) == 3
    assert len(phrases(codes, 9)) == 0
    assert set(phrases(codes[::-1], 3).tolist()).isdisjoint(phrases(codes, 3).tolist())


@pytest.mark.parametrize("folder", ["pop909"])
def test_known_covers_are_found_in_real_songs(shared_data: Path, folder: str) -> None:
    """Find 17 and 18 (one song, two numbers) and covers: 262 and 805, 492 and 666, 101 and 103."""
    numbers = (17, 18, 262, 805, 492, 666, 101, 103, *range(200, 260))
    paths = {n: shared_data / folder / f"{n:03d}" / f"{n:03d}.mid" for n in numbers}
    prints = {f"{n:03d}": fingerprint(load_song(p)) for n, p in paths.items() if p.is_file()}
    assert group_fingerprints(prints) == [
        ["017", "018"],
        ["101", "103"],
        ["262", "805"],
        ["492", "666"],
    ]
