"""Annotation of the chords of a Song in their key."""

import logging

import pytest

from muse.tools.song.document import Chord, Key, Note, Song, Track, song_from_json, song_to_json
from muse.tools.theory.annotate import annotated, next_chords
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.functions import FUNCTIONS

C_MAJOR = Key(0.0, 0, "major")
BAR = 4.0  # beats


def song_of(symbols: str, *keys: Key) -> Song:
    """Return a song with a bar for each symbol."""
    chords = [Chord(BAR * bar, BAR, symbol) for bar, symbol in enumerate(symbols.split())]
    return Song(chords=chords, keys=list(keys))


def romans(song: Song) -> list[str | None]:
    return [chord.roman for chord in song.chords]


def names(song: Song) -> list[str]:
    return [FUNCTIONS[chord.function_code].name for chord in song.chords]


def test_all_fields_are_filled() -> None:
    song = annotated(song_of("C D7/F# G:min7 N", C_MAJOR))
    second = song.chords[1]
    assert (second.root_pc, second.quality, second.bass_pc, second.roman) == (2, "7", 6, "V65/V")
    assert FUNCTIONS[second.function_code].kind == "secondary"
    last = song.chords[3]
    assert (last.root_pc, last.quality, last.bass_pc, last.roman) == (None, "N", None, "N")
    assert (last.quality_code, last.function_code) == (0, 0)
    assert song_from_json(song_to_json(song)) == song


def test_the_key_changes_on_its_beat() -> None:
    song = annotated(song_of("C G C G", C_MAJOR, Key(2 * BAR, 7, "major")))
    assert romans(song) == ["I", "V", "IV", "I"]


def test_the_first_key_holds_before_its_beat_and_keys_may_be_out_of_order() -> None:
    keys = Key(3 * BAR, 0, "minor"), Key(BAR, 0, "major")
    assert romans(annotated(song_of("F F F F", *keys))) == ["IV"] * 4
    assert romans(annotated(song_of("Eb Eb Eb Eb", *keys))) == ["bIII"] * 3 + ["III"]


def test_what_follows_is_the_next_other_chord() -> None:
    symbols = [parse_chord(text) for text in ("C", "C7", "N", "C7", "F", "G")]
    roots = [each and each.root_pc for each in next_chords(symbols)]
    assert [roots[0], roots[1], *roots[3:]] == [5, 5, 5, 7, None]
    assert names(annotated(song_of("C7 N C7 F G7 C7 G7", C_MAJOR))) == [
        "V/IV",
        "N",
        "V/IV",
        "IV",
        "V",
        "I7",
        "V",
    ]


def test_unknown_symbols_stay(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "muse"):
        song = annotated(song_of("C H7 G", C_MAJOR))
    odd = song.chords[1]
    assert (odd.symbol, odd.quality, odd.root_pc, odd.roman) == ("H7", "X", None, "X")
    assert "H7" in caplog.text
    assert romans(song) == ["I", "X", "V"]


def test_pitches_and_probabilities_stay_and_the_song_is_not_changed() -> None:
    before = Song(
        chords=[Chord(0.0, 4.0, "C", root_pc=7, pitches=[48, 64], probability=0.5)], keys=[C_MAJOR]
    )
    after = annotated(before)
    assert after.chords[0].pitches == [48, 64]
    assert after.chords[0].probability == 0.5
    assert (after.chords[0].root_pc, before.chords[0].root_pc) == (0, 7)
    assert annotated(after) == after


def test_a_song_without_keys_gets_them_from_its_chords() -> None:
    song = annotated(song_of("Fm Bbm C7 Fm Db Eb Ab C7 Fm"))
    assert [(key.tonic_pc, key.mode) for key in song.keys] == [(5, "minor")]
    assert song.chords[2].roman == "V7"


def test_a_song_without_keys_gets_them_from_its_notes() -> None:
    scale = [62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62] * 4
    notes = [Note(float(beat), 1.0, pitch, 80) for beat, pitch in enumerate(scale)]
    song = song_of("D A7 D G")
    song.tracks = [Track(notes=notes)]
    found = annotated(song)
    assert found.keys[0].tonic_pc == 2
    assert romans(found) == ["I", "V7", "I", "IV"]
    assert found.tracks == song.tracks


def test_without_key_or_notes_only_symbol_fields_are_filled() -> None:
    assert annotated(Song()) == Song()
    only_silence = annotated(song_of("N N"))
    assert romans(only_silence) == [None, None]
    assert only_silence.chords[0].quality == "N"
