"""Conversion of Songs and MIDI files, the Song document, and invalid documents."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from muse.tools.errors import BadInputError
from muse.tools.song.document import (
    Bend,
    Chord,
    Control,
    Key,
    Lyric,
    MadeBy,
    Meter,
    Note,
    Section,
    Song,
    Source,
    SourceStem,
    Tempo,
    Track,
    song_from_json,
    song_schema,
    song_to_json,
)
from muse.tools.song.midi import load_song, save_song, song_from_midi, song_to_midi
from muse.tools.theory.keys import tonality_of

TICKS = 480


def notes() -> st.SearchStrategy[list[Note]]:
    """Draw notes on ticks that do not overlap on one pitch, as on one MIDI channel."""
    step = st.integers(1, 2000)
    line = st.lists(st.tuples(step, step, st.integers(1, 127)), max_size=6)

    def lay(pitch: int, steps: list[tuple[int, int, int]]) -> list[Note]:
        laid, now = [], 0
        for rest, length, velocity in steps:
            laid.append(Note((now + rest) / TICKS, length / TICKS, pitch, velocity))
            now += rest + length
        return laid

    lines = st.dictionaries(st.integers(0, 127), line, max_size=5)
    return lines.map(lambda parts: sorted_notes([n for p, s in parts.items() for n in lay(p, s)]))


def sorted_notes(items: list[Note]) -> list[Note]:
    return sorted(items, key=lambda n: (n.start_beats, n.pitch, n.duration_beats, n.velocity))


def as_preserved(song: Song) -> tuple[object, ...]:
    """Return all of a song that MIDI preserves."""
    tracks = [
        (t.name, t.program, t.is_drum, sorted_notes(t.notes), t.bends, t.controls)
        for t in song.tracks
        if t.notes
    ]
    return (
        song.ticks_per_beat,
        song.tempos,
        song.meters,
        song.keys,
        song.sections,
        song.chords,
        tracks,
    )


def full_song() -> Song:
    return Song(
        tempos=[Tempo(0.0, 96.0), Tempo(8.0, 125.0)],
        meters=[Meter(0.0, 4, 4), Meter(8.0, 7, 8)],
        keys=[Key(0.0, 2, "minor"), Key(8.0, 5, "major")],
        sections=[Section(0.0, "verse"), Section(8.0, "chorus")],
        chords=[Chord(0.0, 4.0, "Dm9"), Chord(4.0, 6.5, "F#ø7/A")],
        tracks=[
            Track("Lead", "lead", 73, notes=[Note(0.5, 10.0, 74, 90)], bends=[Bend(1.0, -4096)]),
            Track(
                "Keys", "keys", 4, notes=[Note(0.0, 4.0, 62, 70)], controls=[Control(0.0, 64, 127)]
            ),
            Track("Kit", "drums", 0, True, notes=[Note(0.0, 0.25, 36, 100)]),
        ],
    )


def test_midi_preserves_all_that_it_can_hold() -> None:
    song = full_song()
    back = song_from_midi(song_to_midi(song))
    assert as_preserved(back) == as_preserved(song)
    assert [track.role for track in back.tracks] == ["lead", "keys", "drums"]


@settings(max_examples=60)
@given(notes(), notes())
def test_no_note_is_changed_by_midi(first: list[Note], second: list[Note]) -> None:
    tracks = [Track("a", "keys", 0, notes=first), Track("b", "bass", 33, notes=second)]
    song = Song(ticks_per_beat=TICKS, tracks=tracks)
    assert as_preserved(song_from_midi(song_to_midi(song))) == as_preserved(song)


def test_real_files_survive_midi_and_json(shared_data: Path) -> None:
    paths = sorted(shared_data.glob("pop909/*/*.mid"))[::60]
    paths += sorted(shared_data.glob("groove/**/*.mid"))[::90]
    assert len(paths) > 15
    for path in paths:
        song = load_song(path)
        assert as_preserved(song_from_midi(song_to_midi(song))) == as_preserved(song), path
        assert song_from_json(song_to_json(song)) == song


def test_lyrics_and_names_in_any_script_survive() -> None:
    words = [Lyric(0.0, "la"), Lyric(0.5, "là"), Lyric(1.0, "です")]
    voice = Track("Сопрано é 歌", "vocals", 53, notes=[Note(0.0, 2.0, 60, 64)], lyrics=words)
    back = song_from_midi(song_to_midi(Song(tracks=[voice])))
    assert (back.tracks[0].name, back.tracks[0].lyrics) == (voice.name, words)
    assert song_from_json(song_to_json(back)) == back


def test_more_tracks_than_channels_survive() -> None:
    """Forty programs with wheels and pedals of their own."""
    tracks = [
        Track(
            f"part {n}",
            program=n,
            notes=[Note(n / 4, 1.0, 60, 64)],
            bends=[Bend(0.0, 100 * n - 2000)],
            controls=[Control(0.5, 64, n)],
        )
        for n in range(40)
    ]
    song = Song(tracks=tracks)
    assert as_preserved(song_from_midi(song_to_midi(song))) == as_preserved(song)


@pytest.mark.parametrize("beat", [-1.0, 1e9, float("nan")])
def test_a_note_that_midi_cannot_hold_is_not_written(beat: float) -> None:
    with pytest.raises(BadInputError, match="ticks"):
        song_to_midi(Song(tracks=[Track(notes=[Note(beat, 1.0, 60, 64)])]))


def test_the_example_survives(example_song: Song) -> None:
    assert as_preserved(song_from_midi(song_to_midi(example_song))) == as_preserved(example_song)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("mode", ["major", "minor"])
def test_every_key_has_a_signature(tonic: int, mode: str) -> None:
    song = Song(keys=[Key(0.0, tonic, mode)], tracks=[Track(notes=[Note(0, 1, 60, 64)])])
    assert -6 <= tonality_of(song.keys[0]).sharps <= 6
    assert song_from_midi(song_to_midi(song)).keys == song.keys


@pytest.mark.parametrize(
    ("tonic", "mode", "sharps"),
    [(2, "minor", -1), (9, "major", 3), (6, "major", 6), (3, "minor", -6), (1, "major", -5)],
)
def test_known_keys_have_their_signature(tonic: int, mode: str, sharps: int) -> None:
    assert tonality_of(Key(0.0, tonic, mode)).sharps == sharps


def test_the_suffix_chooses_the_format(tmp_path: Path) -> None:
    song = full_song()
    save_song(song, tmp_path / "a.mid")
    save_song(song, tmp_path / "a.json")
    assert (tmp_path / "a.mid").read_bytes()[:4] == b"MThd"
    assert load_song(tmp_path / "a.json") == song
    assert as_preserved(load_song(tmp_path / "a.mid")) == as_preserved(song)


def test_the_schema_describes_the_document() -> None:
    validator = Draft202012Validator(song_schema())
    validator.validate(json.loads(song_to_json(full_song())))
    validator.validate(json.loads(song_to_json(Song())))
    assert not validator.is_valid(
        {"format": "muse.song/1", "tracks": [{"notes": [[0, 1, "C4", 64]]}]}
    )


def test_every_key_is_written_and_the_schema_requires_it() -> None:
    song = Song(
        chords=[Chord(0.0, 4.0, "C")],
        tracks=[Track()],
        source=Source("a.wav", "", 1.0, 44_100, stems=[SourceStem("vocals", "lead", "mix")]),
        made_by=MadeBy("chords", "1"),
    )
    written = json.loads(song_to_json(song))
    assert written["tracks"][0]["role"] == "other"
    assert written["chords"][0]["roman"] is None
    schema = song_schema()["$defs"]
    holders = {
        "Song": written,
        "Chord": written["chords"][0],
        "Track": written["tracks"][0],
        "Source": written["source"],
        "SourceStem": written["source"]["stems"][0],
        "MadeBy": written["made_by"],
    }
    for name, holder in holders.items():
        assert list(holder) == schema[name]["required"] == list(schema[name]["properties"])


def test_missing_keys_are_read_as_their_defaults() -> None:
    short = b'{"format": "muse.song/1", "tracks": [{"notes": [[0, 1, 60, 64]]}], "later": 1}'
    assert song_from_json(short) == Song(tracks=[Track(notes=[Note(0.0, 1.0, 60, 64)])])


@pytest.mark.parametrize(
    "document",
    [
        {"format": "muse.song/9"},
        {"tracks": [{"notes": [[0, 1, 128, 64]]}]},
        {"tracks": [{"notes": [[0, 1, 60, 0]]}]},
        {"tracks": [{"notes": [[-1, 1, 60, 64]]}]},
        {"tracks": [{"program": 128}]},
        {"tempos": [{"beat": 0, "bpm": 0}]},
        {"meters": [{"beat": 0, "numerator": 4, "denominator": 0}]},
        {"ticks_per_beat": 0},
    ],
)
def test_a_wrong_document_is_bad_input(document: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "song.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInputError, match=r"song\.json"):
        load_song(path)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"MThd", b"MThd\x00\x00\x00\x06\x00\x01", b"{", b"[]"]
)
def test_junk_is_bad_input(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mid").write_bytes(data)
    with pytest.raises(BadInputError, match=r"x\.mid"):
        load_song(tmp_path / "x.mid")


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_input_has_its_own_message(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.mid").write_bytes(data)
    with pytest.raises(BadInputError, match=r"x\.mid: is empty$"):
        load_song(tmp_path / "x.mid")


@pytest.mark.parametrize("text", ["{}", '{"name": "some-package", "version": "1.0"}'])
def test_other_json_objects_are_no_empty_songs(text: str) -> None:
    with pytest.raises(BadInputError, match="not a Song document"):
        song_from_json(text.encode())


@pytest.mark.parametrize(
    "text", ['{"format": "muse.song/1"}', '{"keys": [{"beat": 0, "tonic_pc": 3, "mode": "minor"}]}']
)
def test_short_documents_are_songs(text: str) -> None:
    assert not song_from_json(text.encode()).tracks
