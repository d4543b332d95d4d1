"""Key detection: all 24 keys, modulations, and what must not change the key."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import ParameterError
from muse.tools.song.document import Chord, Key, Note, Song, Track
from muse.tools.song.midi import load_song
from muse.tools.theory.annotate import annotated
from muse.tools.theory.key_finding import (
    CHANGE_COST,
    find_key,
    find_keys,
    key_fits,
    key_of_weights,
    key_path,
    pitch_class_weights,
    windowed,
)
from muse.tools.theory.key_profiles import PROFILES, profile_matrix
from muse.tools.theory.keys import Mode, parse_key, tonality
from muse.tools.theory.sounding_notes import sounding_notes

BAR = 4.0  # beats
# degrees of the triads of a cadence in semitones above the tonic: I IV V I in either mode
CADENCES: dict[Mode, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)),
}


def cadences(tonic: int, mode: Mode, bars: int, begin: float = 0.0) -> list[Note]:
    """Return cadences in whole bars, repeated, around middle C."""
    return [
        Note(begin + bar * BAR, BAR, 48 + tonic + step, 80)
        for bar in range(bars)
        for step in CADENCES[mode][bar % 4]
    ]


def song_of(notes: list[Note]) -> Song:
    return Song(tracks=[Track(name="Piano", role="keys", notes=notes)])


def names(keys: list[Key]) -> list[tuple[int, Mode]]:
    return [(key.tonic_pc, key.mode) for key in keys]


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("profile", PROFILES)
def test_cadences_in_every_key(tonic: int, mode: Mode, profile: str) -> None:
    song = song_of(cadences(tonic, mode, 8))
    assert names(find_keys(song, profile)) == [(tonic, mode)]


# progressions whose pitch classes fit another key: semitones above the tonic, degrees of the chord
FUNCTIONAL: dict[str, tuple[tuple[int, tuple[int, ...]], ...]] = {
    "I vi IV V7": ((0, (0, 4, 7)), (9, (0, 3, 7)), (5, (0, 4, 7)), (7, (0, 4, 7, 10))),
    "I7 IV7 I7 V7": tuple((root, (0, 4, 7, 10)) for root in (0, 5, 0, 7)),
}


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("progression", FUNCTIONAL)
def test_functions_decide(progression: str, tonic: int) -> None:
    """Four times over, in all keys: heard as IV by pitch classes alone."""
    chords = FUNCTIONAL[progression] * 4
    notes = [
        Note(bar * BAR, BAR, 48 + (tonic + root + step) % 12 - 12 * (step == 0), 80)
        for bar, (root, steps) in enumerate(chords)
        for step in steps
    ]
    assert names(find_keys(song_of(notes))) == [(tonic, "major")]


@pytest.mark.parametrize("tonic", range(12))
def test_written_chords_are_evidence(tonic: int) -> None:
    roots = [tonality((tonic + step) % 12, "major") for step in (0, 9, 5, 7)]
    symbols = [root.short + end for root, end in zip(roots, ("", "m", "", "7"), strict=True)]
    song = Song(chords=[Chord(BAR * i, BAR, symbols[i % 4]) for i in range(16)])
    assert names(annotated(song).keys) == [(tonic, "major")]
    assert [chord.roman for chord in annotated(song).chords[:4]] == ["I", "vi", "IV", "V7"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0, "major"), (2, "major")),  # the last chorus a tone up
        ((0, "major"), (7, "major")),  # to the dominant
        ((9, "minor"), (9, "major")),  # to the parallel
        ((4, "minor"), (0, "minor")),
    ],
)
def test_a_change_of_key_is_found(first: tuple[int, Mode], second: tuple[int, Mode]) -> None:
    change = 24 * BAR
    song = song_of(cadences(*first, 24) + cadences(*second, 16, change))
    keys = find_keys(song)
    assert names(keys) == [first, second]
    assert keys[0].beat == 0
    assert abs(keys[1].beat - change) <= 2 * BAR
    assert names([find_key(song)]) == [first]


def test_a_chromatic_bar_changes_nothing() -> None:
    run = [Note(16 * BAR + i / 4, 0.25, 60 + i % 12, 100) for i in range(16)]
    song = song_of(cadences(5, "major", 16) + run + cadences(5, "major", 16, 17 * BAR))
    assert names(find_keys(song)) == [(5, "major")]


def test_a_note_far_after_the_others_is_tolerated() -> None:
    """The last note of a damaged file may lie years after the others."""
    keys = find_keys(song_of([*cadences(3, "major", 8), Note(1e8, 1.0, 60, 80)]))
    assert len(keys) < 4


def test_drums_do_not_count() -> None:
    notes = cadences(9, "minor", 8)
    drums = [Note(beat / 4, 0.25, 36 + beat % 3, 127) for beat in range(128)]
    song = song_of(notes)
    song.tracks += [
        Track(is_drum=True, role="drums", notes=drums),
        Track(name="kit", role="drums", notes=drums),
    ]
    assert find_keys(song) == find_keys(song_of(notes))


@pytest.mark.parametrize("song", [Song(), Song(tracks=[Track()]), song_of([])])
def test_no_notes_no_keys(song: Song) -> None:
    assert find_keys(song) == []
    assert find_key(song) == Key(0.0, 0, "major", 0.0)


def test_equal_weights_give_no_key() -> None:
    assert key_of_weights(np.zeros(12)).confidence == 0
    assert key_of_weights(np.full(12, 3.7)).confidence == 0


def test_confidence_is_a_share() -> None:
    clear = find_keys(song_of(cadences(0, "major", 8)))[0].confidence
    alone = find_keys(song_of([Note(0, 8, 60, 80)]))[0].confidence
    assert 0 <= alone < clear <= 1


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ParameterError, match="albrecht-shanahan"):
        find_keys(song_of(cadences(0, "major", 1)), "aarden")


@pytest.mark.parametrize("profile", PROFILES)
def test_fits_are_correlations(profile: str) -> None:
    weights = np.random.default_rng(3).random((5, 12))
    expected = np.corrcoef(np.vstack([weights, profile_matrix(profile)]))[:5, 5:]
    assert key_fits(weights, profile) == pytest.approx(expected)


weights_of_windows = st.integers(1, 12).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(0, 9), min_size=12, max_size=12), min_size=count, max_size=count
    )
)


@given(weights_of_windows, st.integers(0, 11))
@settings(max_examples=60, deadline=None)
def test_transposed_weights_fit_transposed_keys(rows: list[list[int]], steps: int) -> None:
    weights = windowed(np.array(rows, dtype=float))
    fits = key_fits(weights).reshape(-1, 2, 12)
    moved = key_fits(np.roll(weights, steps, axis=1)).reshape(-1, 2, 12)
    assert moved == pytest.approx(np.roll(fits, steps, axis=2), abs=1e-9)


@given(weights_of_windows)
@settings(max_examples=60, deadline=None)
def test_the_path_has_the_largest_sum(rows: list[list[int]]) -> None:
    """No path that stays in one key, and no change of one window, has a larger sum."""
    fits = key_fits(np.array(rows, dtype=float))
    path = key_path(fits)

    def worth(keys: np.ndarray) -> float:
        held = float(fits[np.arange(len(fits)), keys].sum())
        return held - CHANGE_COST * np.count_nonzero(np.diff(keys))

    best = worth(path)
    for key in range(24):
        assert worth(np.full(len(fits), key)) <= best + 1e-9
        for i in range(len(fits)):
            other = path.copy()
            other[i] = key
            assert worth(other) <= best + 1e-9


notes_of_songs = st.lists(
    st.builds(
        Note,
        st.integers(0, 400).map(lambda tick: tick / 8),
        st.integers(0, 64).map(lambda tick: tick / 8),
        st.integers(0, 127),
        st.integers(1, 127),
    ),
    min_size=1,
    max_size=40,
)


@given(notes_of_songs)
@settings(max_examples=60, deadline=None)
def test_weights_are_the_time_that_sounds(notes: list[Note]) -> None:
    """Compare with a sum note by note and window by window."""
    sounding = sounding_notes(song_of(notes))
    edges = np.arange(0.0, 64.0, 4.0)
    weights = pitch_class_weights(sounding, edges)
    expected = np.zeros_like(weights)
    for start, end, pitch in zip(sounding.start, sounding.end, sounding.pitch, strict=True):
        for i in range(len(expected)):
            expected[i, pitch % 12] += max(min(end, edges[i + 1]) - max(start, edges[i]), 0.0)
    assert weights == pytest.approx(expected, abs=1e-9)


@given(notes_of_songs)
@settings(max_examples=40, deadline=None)
def test_any_notes_have_keys_in_order(notes: list[Note]) -> None:
    keys = find_keys(song_of(notes))
    beats = [key.beat for key in keys]
    assert beats[0] == 0
    assert beats == sorted(set(beats))
    assert all(0 <= key.tonic_pc < 12 and 0 <= key.confidence <= 1 for key in keys)


def test_real_songs(shared_data: Path) -> None:
    """Songs that no setting was tuned on, compared with keys annotated by listeners."""
    numbers = [f"{number:03}" for number in range(0, 200, 5)]
    folders = [shared_data / "pop909" / number for number in numbers]
    right = []
    for folder in filter(Path.is_dir, folders):
        rows = (folder / "key_audio.txt").read_text().splitlines()
        if len(rows) == 1:
            annotated = parse_key(rows[0].split()[2])
            found = find_key(load_song(folder / f"{folder.name}.mid"))
            right.append((found.tonic_pc, found.mode) == (annotated.tonic_pc, annotated.mode))
    assert len(right) >= 15
    assert np.mean(right) >= 0.75
