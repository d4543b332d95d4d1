"""Signatures of C major that programs write by default."""

import logging
from pathlib import Path

import pytest

from muse.tools.datasets.readers import read_song
from muse.tools.notation.musicxml import save_musicxml
from muse.tools.song.document import Key, Note, Song, Track
from muse.tools.song.midi import save_song
from muse.tools.theory.keys import Mode
from muse.tools.theory.written_keys import weighed_keys

BAR = 4.0  # beats
C_MAJOR = Key(0.0, 0, "major")
# semitones above the tonic: I vi ii V7 I, i iv V7 i
CADENCES: dict[Mode, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 4, 7), (9, 12, 16), (2, 5, 9), (7, 11, 14, 17), (0, 4, 7), (0, 4, 7)),
    "minor": ((0, 3, 7), (5, 8, 12), (7, 11, 14, 17), (0, 3, 7)),
}


def song_in(tonic: int, mode: Mode = "major", keys: tuple[Key, ...] = (C_MAJOR,)) -> Song:
    """Return a song of cadences, by default with a signature of C major."""
    chords = CADENCES[mode] * 3
    notes = [
        Note(bar * BAR, BAR, 48 + tonic + step, 80)
        for bar, steps in enumerate(chords)
        for step in steps
    ]
    return Song(keys=list(keys), tracks=[Track(name="Piano", role="keys", notes=notes)])


@pytest.mark.parametrize("mode", CADENCES)
@pytest.mark.parametrize("tonic", range(12))
def test_notes_overrule_a_default(tonic: int, mode: Mode) -> None:
    (key,) = weighed_keys(song_in(tonic, mode))
    assert (key.tonic_pc, key.mode) == (tonic, mode)
    assert (key.confidence == 1) == (key == C_MAJOR)


@pytest.mark.parametrize(
    "keys",
    [
        (Key(0.0, 0, "minor"),),
        (Key(0.0, 9, "minor"),),
        (Key(0.0, 7, "major"),),
        (C_MAJOR, Key(32.0, 7, "major")),
        (Key(0.0, 0, "major", 0.9),),
        (),
    ],
)
def test_other_keys_stay(keys: tuple[Key, ...]) -> None:
    assert weighed_keys(song_in(3, keys=keys)) == list(keys)


def test_a_song_without_notes_keeps_its_key() -> None:
    assert weighed_keys(Song(keys=[C_MAJOR])) == [C_MAJOR]


def test_a_part_of_a_song_in_another_key() -> None:
    song = song_in(0)
    later = [Note(n.start_beats + 72, BAR, n.pitch, 80) for n in song_in(3).tracks[0].notes]
    song.tracks[0].notes += later
    first, second = weighed_keys(song)
    assert (first.tonic_pc, second.tonic_pc) == (0, 3)
    assert abs(second.beat - 72) <= 2 * BAR


def test_files_say_what_was_overruled(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "muse")
    save_song(song_in(3), tmp_path / "x.mid")
    save_musicxml(song_in(3), tmp_path / "x.musicxml")
    for name in ("x.mid", "x.musicxml"):
        caplog.clear()
        (key,) = read_song(tmp_path / name).keys
        assert (key.tonic_pc, key.mode) == (3, "major")
        assert f"{name}: marked as C major" in caplog.text
        assert "Eb major" in caplog.text


def test_files_in_c_major_stay_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "muse")
    save_song(song_in(0), tmp_path / "x.mid")
    assert read_song(tmp_path / "x.mid").keys == [C_MAJOR]
    assert "C major" not in caplog.text


def test_typed_keys_are_not_weighed(tmp_path: Path) -> None:
    path = tmp_path / "x.abc"
    path.write_text("X:1\nL:1/4\nK:C\n_EGBe|_A=c_eA|_B=df_a|_EGBe|]\n")
    assert read_song(path).keys == [C_MAJOR]


def test_a_minor_part_of_a_song_in_c_major_changes_nothing() -> None:
    song = song_in(0)
    later = song_in(9, "minor").tracks[0].notes
    song.tracks[0].notes += [Note(n.start_beats + 72, BAR, n.pitch, 80) for n in later]
    assert weighed_keys(song) == [C_MAJOR]
