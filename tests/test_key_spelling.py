"""Spelling of keys by the chords of a song."""

from pathlib import Path

import music21
import pytest
import symusic

from muse.tools.notation.musicxml import save_musicxml
from muse.tools.song.document import Chord, Key, Note, Song, Track
from muse.tools.song.midi import load_song, save_song
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import parse_key


def song_in(key: str, *symbols: str) -> Song:
    """Return a song of one key and its chords, a bar each."""
    tonality = parse_key(key)
    return Song(
        keys=[Key(0.0, tonality.tonic_pc, tonality.mode)],
        chords=[Chord(4.0 * place, 4.0, symbol) for place, symbol in enumerate(symbols)],
    )


@pytest.mark.parametrize(
    ("key", "symbols"),
    [
        ("Gb major", "Gbmaj9 Ebm9 Cbmaj7 Db13"),
        ("F# major", "F#maj9 D#m9 Bmaj7 C#13"),
        ("D# minor", "D#m9 Bmaj7 E#m7b5 A#7"),
        ("Eb minor", "Ebm9 Cbmaj7 Fm7b5 Bb7"),
        ("Db major", "Dbmaj7 Bbm7 Ebm7 Ab7"),
        ("C# major", "C#maj7 A#m7 D#m7 G#7"),
        ("B major", "B E F#7 G#m"),
        ("Cb major", "Cb Fb Gb7 Abm"),
        ("Ab minor", "Abm Dbm Eb7 Cb"),
        ("G# minor", "G#m C#m D#7 B"),
        ("C major", "Ebmaj7 Abmaj7 Dbmaj7 Cbmaj7"),
        ("A minor", "C#m7 F#7 D#m7 G#7"),
    ],
)
def test_chords_decide_between_enharmonic_keys(key: str, symbols: str) -> None:
    assert [found.name for found in spelled_keys(song_in(key, *symbols.split()))] == [key]


def test_without_chords_that_can_be_read_keys_are_spelled_as_usual() -> None:
    assert [found.name for found in spelled_keys(song_in("Gb major", "?"))] == ["F# major"]
    assert [found.name for found in spelled_keys(song_in("C# major"))] == ["Db major"]
    assert spelled_keys(Song()) == []


def test_each_key_is_spelled_by_its_own_chords() -> None:
    song = Song(
        keys=[Key(8.0, 6, "major"), Key(4.0, 6, "major")],
        chords=[Chord(0.0, 4.0, "Gbmaj7"), Chord(4.0, 4.0, "Cb"), Chord(8.0, 4.0, "F#")],
    )
    assert [found.name for found in spelled_keys(song)] == ["F# major", "Gb major"]


def test_files_have_the_signature_that_the_chords_are_spelled_in(tmp_path: Path) -> None:
    song = song_in("Gb major", "Gbmaj9", "Cbmaj7")
    song.tracks.append(Track("Keys", "keys", notes=[Note(0.0, 4.0, 66, 64)]))
    save_song(song, tmp_path / "x.mid")
    save_musicxml(song, tmp_path / "x.musicxml")
    (signature,) = symusic.Score(tmp_path / "x.mid").key_signatures
    score = music21.converter.parse(tmp_path / "x.musicxml")
    written = {found.sharps for found in score.recurse().getElementsByClass("KeySignature")}
    assert signature.key == -6
    assert written == {-6}
    assert spelled_keys(load_song(str(tmp_path / "x.mid"))) == [parse_key("Gb")]
