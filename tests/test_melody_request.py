"""Requests for melodies: invalid options, unusable songs, meters and provenance."""

import logging
import re
from typing import Any

import msgspec
import pytest

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.melody.generate_songs import generate_melodies
from muse.tools.melody.request import MelodyRequest, resolve
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track
from tests.melody_fakes import FakeModel, in_bars


def tune(*pitches: int, beat: float = 0.0, name: str = "Tune") -> Song:
    """Return a melody of quarter notes."""
    notes = [Note(beat + index, 1.0, pitch, 80) for index, pitch in enumerate(pitches)]
    return Song(meters=[Meter(0.0, 4, 4)], tracks=[Track(name, "lead", notes=notes)])


def drums() -> Song:
    return Song(tracks=[Track("Drums", "drums", is_drum=True, notes=[Note(0.0, 1.0, 36, 90)])])


def with_melody(bars: int, beats: int) -> Song:
    song = in_bars(bars)
    notes = tune(*[60 + beat % 5 for beat in range(beats)]).tracks
    return msgspec.structs.replace(song, tracks=[*song.tracks, *notes])


def generate(song: Song, **options: Any) -> list[Note]:
    """Return the notes of a generated melody."""
    (made,) = generate_melodies(song, MelodyRequest(**options), FakeModel(), 1)
    return made.song.tracks[-1].notes


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"range": "A5:C4"}, "--range A5:C4: the lowest pitch comes first"),
        ({"range": "C4:E4"}, "set the highest pitch to B4"),
        ({"range": "C4"}, "--range must be two pitches, such as C4:A5, not 'C4'"),
        ({"range": "C4:H5"}, "--range must be two pitches"),
        ({"range": "C4:A5:C6"}, "--range must be two pitches"),
        ({"range": "C4:A99"}, "--range must be two pitches"),
        ({"form": "AAB1"}, "--form must be letters of sections, such as AABA"),
        ({"form": ""}, "--form must be letters"),
        ({"form": "A" * 65}, "--form must be letters"),
        ({"form": "ABC"}, "8 bars cannot be divided into 3 equal sections; use --bars 6"),
        ({"form": "AABA", "bars": 6}, "6 bars cannot be divided into 4 equal sections"),
        ({"form": "ABCDABCDA"}, "cannot be divided into"),
        ({"fill": "9-12"}, "--fill 9-12: the song's chords are in bars 1-8"),
        ({"fill": "0"}, "--fill 0: the song's chords"),
        ({"fill": "5-4"}, "--fill 5-4"),
        ({"fill": "x"}, "--fill must be bars such as 5-8 or 4, not 'x'"),
        ({"fill": "3", "bars": 2}, "--fill excludes --bars"),
        ({"fill": "3", "is_continuing": True}, "exclude each other"),
        ({"bars": 0}, "--bars must be 1 or more"),
        ({"bars": -3}, "--bars must be 1 or more"),
        ({"bars": 9}, "the song has 8 bars of chords, not 9"),
        ({"density": 0.0}, "--density must be 0.5 to 16 notes per bar"),
        ({"density": 17.0}, "--density must be"),
        ({"density": float("nan")}, "--density must be"),
        ({"rank": 0}, "--rank must be 1"),
        ({"rank": 1001}, "--rank must be 1 to 1000, not 1001"),
        ({"bars": 0}, "--bars must be 1 or more, not 0"),
        ({"is_continuing": True, "bars": 5}, "4 bars of chords after the melody, not 5"),
        ({"motif": tune(40, 60, 78)}, "spans 39 semitones and does not fit the range"),
        ({"motif": tune(*[60, 64] * 20)}, "the motif is longer than the bars"),
        ({"motif": tune(60), "fill": "2"}, "--motif begins a melody"),
        ({"rhythm_like": tune(60), "form": "AABA"}, "leave out --form"),
        ({"rhythm_like": tune(60), "density": 4.0}, "--rhythm-like sets all onsets"),
    ],
)
def test_invalid_requests_are_errors(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(reason)) as refused:
        generate(with_melody(8, 16), **options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [(-1.0, 0, 0.9), (float("nan"), 0, 0.9), (1.0, 0, 0.0)])
def test_sampling_parameters_out_of_range_are_errors(value: tuple[float, int, float]) -> None:
    with pytest.raises(ParameterError, match="--t"):
        Sampling(*value)


@pytest.mark.parametrize(
    ("song", "options", "reason"),
    [
        (Song(), {}, "no chords to write a melody over; `muse chords`"),
        (drums(), {}, "no chords to write a melody over"),
        (in_bars(8), {"is_continuing": True}, "--continue needs a song with a melody"),
        (in_bars(8), {"fill": "2"}, "--fill needs a song with a melody"),
        (in_bars(8), {"motif": drums()}, "--motif needs a song with a melody"),
        (in_bars(8), {"rhythm_like": drums()}, "--rhythm-like needs a song with a melody"),
        (Song(chords=[Chord(0.0, 4.0, "H7"), Chord(4.0, 4.0, "?!")]), {}, "none of the song's"),
        (Song(chords=[Chord(0.0, 0.0, "C")]), {}, "chords have no duration"),
    ],
)
def test_unusable_songs_are_errors(song: Song, options: dict[str, Any], reason: str) -> None:
    if song == in_bars(8):  # neither of its two pitched tracks is a melody
        two = Track("Bass", "bass", notes=[Note(0.0, 1.0, 36, 80)])
        song = msgspec.structs.replace(song, tracks=[*song.tracks, two])
    with pytest.raises(BadInputError, match=re.escape(reason)) as refused:
        generate(song, **options)
    assert "\n" not in str(refused.value)


def test_no_bars_after_a_complete_melody() -> None:
    with pytest.raises(ParameterError, match="no bars of chords after the melody"):
        generate(with_melody(4, 16), is_continuing=True)


def test_untrained_meters_are_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "muse"):
        assert generate(in_bars(4, (7, 8)))
    (message,) = [record.getMessage() for record in caplog.records]
    assert "7/8" in message
    assert "\n" not in message


@pytest.mark.parametrize("meter", [(3, 4), (6, 8), (5, 4), (12, 8), (3, 16), (1, 4), (15, 1)])
def test_all_kinds_of_meters(meter: tuple[int, int]) -> None:
    assert generate(in_bars(4, meter))


def test_songs_without_or_with_several_keys_and_meters() -> None:
    song = in_bars(8)
    assert generate(msgspec.structs.replace(song, keys=[], meters=[], tempos=[]))
    several = msgspec.structs.replace(
        song,
        keys=[Key(0.0, 0, "major"), Key(12.0, 3, "minor")],
        meters=[Meter(0.0, 4, 4), Meter(8.0, 3, 4), Meter(20.0, 6, 8)],
        tempos=[Tempo(0.0, 90.0), Tempo(9.0, 200.0)],
    )
    (made,) = generate_melodies(several, MelodyRequest(), FakeModel(), 1)
    assert (made.song.keys, made.song.meters) == (several.keys, several.meters)
    assert made.song.tracks[-1].notes


def test_missing_chords_are_detected() -> None:
    song = in_bars(4)
    notes = [
        Note(4.0 * bar, 4.0, root + up, 80) for bar, root in enumerate((48, 53)) for up in (0, 4, 7)
    ]
    keys = Track("Keys", "keys", notes=notes)
    song = msgspec.structs.replace(song, chords=[], tracks=[keys])
    (made,) = generate_melodies(song, MelodyRequest(), FakeModel(), 1)
    assert [chord.symbol for chord in made.song.chords] == ["C", "F"]


def test_continuation_stays_in_the_range_of_the_melody() -> None:
    song = in_bars(8)
    high = tune(*[127, 126] * 8)
    song = msgspec.structs.replace(song, tracks=high.tracks)
    options = resolve(song, MelodyRequest(is_continuing=True))
    assert (options.limits.low, options.limits.high) == (115, 127)


def test_request_is_in_made_by() -> None:
    (made,) = generate_melodies(in_bars(8), MelodyRequest(density=2.0, form="AABA"), FakeModel(), 5)
    made_by = made.song.made_by
    assert made_by is not None
    assert (made_by.command, made_by.seed, made_by.model) == ("melody", 5, "fake")
    assert made_by.params["density"] == 2.0
    assert made_by.params["form"] == "AABA"
