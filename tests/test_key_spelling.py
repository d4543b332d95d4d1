"""Spelling of keys by the chords of a song."""

from pathlib import Path

import music21
import pytest
import symusic

from muse.tools.datasets.chart_writer import write_charts
from muse.tools.datasets.charts import parse_charts
from muse.tools.datasets.readers import read_song
from muse.tools.files import json_bytes
from muse.tools.notation.abc import save_abc
from muse.tools.notation.musicxml import save_musicxml
from muse.tools.song.document import Chord, Key, Note, Song, Track, song_from_json
from muse.tools.song.midi import load_song, save_song
from muse.tools.theory.annotate import annotated
from muse.tools.theory.chord_finding import find_chords
from muse.tools.theory.key_spelling import spelled_keys
from muse.tools.theory.keys import parse_key, song_key


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


KEYS = [
    *("C major", "G major", "D major", "A major", "E major", "B major", "F# major", "C# major"),
    *("F major", "Bb major", "Eb major", "Ab major", "Db major", "Gb major", "Cb major"),
    *("A minor", "E minor", "B minor", "F# minor", "C# minor", "G# minor", "D# minor", "A# minor"),
    *("D minor", "G minor", "C minor", "F minor", "Bb minor", "Eb minor", "Ab minor"),
]


@pytest.mark.parametrize("name", KEYS)
def test_a_written_key_stays_as_written(name: str, tmp_path: Path) -> None:
    """All thirty signatures, in every format that has them."""
    key = song_key(0.0, parse_key(name))
    notes = [Note(0.0, 4.0, 60 + key.tonic_pc, 64)]
    song = Song(keys=[key], tracks=[Track("Lead", "lead", notes=notes)])
    for save, suffix in ((save_song, "mid"), (save_musicxml, "musicxml"), (save_abc, "abc")):
        save(song, tmp_path / f"x.{suffix}")
        read = read_song(tmp_path / f"x.{suffix}")
        assert [found.name for found in spelled_keys(read)] == [name], suffix
    assert song_from_json(json_bytes(song)).keys == [key]


@pytest.mark.parametrize("name", KEYS)
def test_charts_keep_the_key_as_written(name: str) -> None:
    text = f"key: {name}; meter: 4/4\n| {parse_key(name).short} | {parse_key(name).short} |\n"
    (chart,) = parse_charts(text)
    assert [found.name for found in spelled_keys(chart.song)] == [name]
    assert f"key: {name}" in write_charts([chart])


def test_a_written_key_is_stronger_than_the_chords() -> None:
    key = song_key(0.0, parse_key("Gb"))
    song = Song(keys=[key], chords=[Chord(0.0, 4.0, "F#"), Chord(4.0, 4.0, "B")])
    assert [found.name for found in spelled_keys(song)] == ["Gb major"]


def test_chords_and_numerals_are_spelled_in_the_written_key() -> None:
    notes = [Note(0.0, 4.0, pitch, 80) for pitch in (47, 59, 63, 66)]
    song = Song(keys=[song_key(0.0, parse_key("Gb"))], tracks=[Track("P", "keys", notes=notes)])
    assert [chord.symbol for chord in find_chords(song)] == ["Cb"]
    by_chords = annotated(song_in("Gb major", "Gb", "Cb", "Db7"))
    assert [chord.roman for chord in by_chords.chords] == ["I", "IV", "V7"]


def test_a_key_whose_spelling_does_not_fit_is_spelled_as_usual() -> None:
    assert [found.name for found in spelled_keys(Song(keys=[Key(0.0, 0, "major", 1.0, 3)]))] == [
        "C major"
    ]


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
