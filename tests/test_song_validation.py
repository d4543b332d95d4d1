"""Ranges of the values in a Song; the error names the value out of range."""

import json
from typing import Any

import pytest

from muse.tools.errors import BadInputError
from muse.tools.song.document import Note, Song, Tempo, Track, song_from_json, song_to_json
from muse.tools.song.midi import song_from_midi, song_to_midi
from muse.tools.song.validation import MAX_BEATS, MAX_BPM, MIN_BPM, first_problem
from tests.test_midi import full_song

CHORD = {"start_beats": 0, "duration_beats": 1, "symbol": "C"}
SOURCE = {"path": "a.wav", "sha256": "", "duration_s": 1.0, "sample_rate": 44_100}
FAR = 1e308


def track(**fields: Any) -> dict[str, Any]:
    return {"tracks": [fields]}


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"ticks_per_beat": 32_768}, "ticks_per_beat"),
        ({"ticks_per_beat": -(10**30)}, "ticks_per_beat"),
        ({"tempos": [{"beat": 0, "bpm": 3.5}]}, "tempo"),
        ({"tempos": [{"beat": 0, "bpm": FAR}]}, "tempo"),
        ({"tempos": [{"beat": FAR, "bpm": 120}]}, "tempo"),
        ({"meters": [{"beat": 0, "numerator": 4, "denominator": 3}]}, "meter"),
        ({"meters": [{"beat": 0, "numerator": 4, "denominator": 2**200}]}, "meter"),
        ({"meters": [{"beat": 0, "numerator": 256, "denominator": 4}]}, "meter"),
        ({"keys": [{"beat": 0, "tonic_pc": 12, "mode": "major"}]}, "key"),
        ({"keys": [{"beat": 0, "tonic_pc": 1, "mode": "major", "confidence": 1.1}]}, "key"),
        ({"keys": [{"beat": -1, "tonic_pc": 1, "mode": "minor"}]}, "key"),
        ({"sections": [{"beat": -0.5, "label": "a"}]}, "section"),
        ({"chords": [CHORD | {"root_pc": 12}]}, "chord"),
        ({"chords": [CHORD | {"bass_pc": -1}]}, "chord"),
        ({"chords": [CHORD | {"quality_code": -1}]}, "chord"),
        ({"chords": [CHORD | {"function_code": 10**400}]}, "chord"),
        ({"chords": [CHORD | {"pitches": [60, 128]}]}, "chord"),
        ({"chords": [CHORD | {"probability": 2}]}, "chord"),
        ({"chords": [CHORD | {"duration_beats": -1}]}, "chord"),
        ({"chords": [CHORD | {"duration_beats": FAR}]}, "chord"),
        (track(bends=[[0, 8192]]), "bend"),
        (track(bends=[[-1, 0]]), "bend"),
        (track(controls=[[0, 128, 0]]), "control"),
        (track(controls=[[0, 64, -1]]), "control"),
        (track(lyrics=[[-1, "la"]]), "lyric"),
        (track(notes=[[FAR, FAR, 60, 64]]), "note"),
        (track(notes=[[0, MAX_BEATS + 1, 60, 64]]), "note"),
        (track(notes=[[0, 1, 60, 64]], confidence=[]), "confidence"),
        (track(notes=[[0, 1, 60, 64]], confidence=[1.5]), "confidence"),
        (track(name="x" * 5000, program=999), "program"),
        ({"source": SOURCE | {"sample_rate": 0}}, "source"),
        ({"source": SOURCE | {"duration_s": FAR}}, "source"),
        ({"source": SOURCE | {"beat_times_s": [0, -FAR]}}, "source"),
    ],
)
def test_a_value_out_of_range_is_named(document: dict[str, Any], word: str) -> None:
    with pytest.raises(BadInputError, match=rf"^x\.json: .*{word}") as caught:
        song_from_json(json.dumps(document).encode(), "x.json")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("song", "word"),
    [
        (Song(ticks_per_beat=32_767, tracks=[Track(notes=[Note(9000.0, 1, 60, 64)])]), "MIDI"),
        (
            Song(
                tempos=[Tempo(0, 10)],
                ticks_per_beat=96,
                tracks=[Track(notes=[Note(7300.0, 1, 60, 64)])],
            ),
            "12 hours",
        ),
    ],
)
def test_a_song_that_is_too_long_is_refused(song: Song, word: str) -> None:
    with pytest.raises(BadInputError, match=word):
        song_from_json(song_to_json(song))


def test_nan_is_never_in_range() -> None:
    nan = float("nan")
    assert "tempo" in str(first_problem(Song(tempos=[Tempo(0.0, nan)])))
    assert "note" in str(first_problem(Song(tracks=[Track(notes=[Note(nan, 1.0, 60, 64)])])))


@pytest.mark.parametrize("bpm", [MIN_BPM, 4.0, 120.0, 60_000.0, MAX_BPM])
def test_any_tempo_in_range_can_be_written(bpm: float) -> None:
    song = full_song()
    song.tempos = [Tempo(0.0, bpm)]
    assert first_problem(song) is None
    back = song_from_midi(song_to_midi(song)).tempos[0].bpm
    assert back == pytest.approx(bpm, rel=0.02)
