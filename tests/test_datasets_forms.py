"""Tests of the four forms of training data, from files to rows and shards."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from muse.tools.datasets.forms.build import build_form
from muse.tools.datasets.forms.notes import decode_notes, encode_notes
from muse.tools.datasets.forms.options import FORMS, FormOptions
from muse.tools.datasets.forms.result import FormResult
from muse.tools.datasets.forms.writers import (
    read_index,
    read_shards,
    write_json_lines,
    write_shards,
)
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, NO_ROOT
from muse.tools.datasets.melody_events import STEPS, decode_melody
from muse.tools.datasets.vocabulary import END_ID, PAD_ID, START_ID
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.song.document import Chord, Key, Meter, Note, Song, Tempo, Track, song_to_json
from muse.tools.song.midi import song_to_midi

TUNES = {  # root and quality of each bar's chord
    "minor": ("Dm7", "G7", "Cmaj7", "Cmaj7", "Fmaj7", "Bm7b5", "E7", "Am"),
    "blues": ("F7", "Bb7", "F7", "F7", "Bb7", "Bdim7", "F7", "D7"),
    "pop": ("C", "G", "Am", "F", "C", "G", "F", "C"),
}
KEYS = {"minor": (9, "minor"), "blues": (5, "major"), "pop": (0, "major")}


def tune(name: str) -> Song:
    """Return eight bars of chords, a melody of quarters and eighths, and drums."""
    tonic, mode = KEYS[name]
    chords = [Chord(4.0 * bar, 4.0, symbol) for bar, symbol in enumerate(TUNES[name])]
    seed = sum(map(ord, name))
    melody = [
        Note(bar * 4 + beat, 0.5 + 0.5 * (beat % 2), 60 + (seed * (bar + 3) + 7 * beat) % 20, 90)
        for bar in range(8)
        for beat in range(3)
    ]
    drums = [Note(float(beat), 0.25, 36 + 2 * (beat % 2), 100) for beat in range(32)]
    return Song(
        tempos=[Tempo(0.0, 96.0)],
        meters=[Meter(0.0, 4, 4)],
        keys=[Key(0.0, tonic, mode)],  # type: ignore[arg-type]
        chords=chords,
        tracks=[
            Track("MELODY", "lead", notes=melody),
            Track("Drums", "drums", is_drum=True, notes=drums),
        ],
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tunes"
    root.mkdir()
    for name in TUNES:
        (root / f"{name}.json").write_bytes(song_to_json(tune(name)))
    return root


def build(form: str, folder: Path, **options: Any) -> tuple[FormResult, list[dict[str, Any]]]:
    result = build_form(form, [str(folder)], FormOptions(**options))
    return result, list(result.rows())


def rows_of(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["song"] == f"tunes/{name}"]


def test_chord_windows(folder: Path) -> None:
    result, rows = build("chords", folder, window=4)
    first, *_, last = rows_of(rows, "pop")
    ids = CHORD_VOCABULARY.ids
    assert first["input_ids"] == [PAD_ID] * 3 + [START_ID]
    assert first["target_id"] == ids["C:maj"]
    assert first["root_pc"] == [NO_ROOT] * 4
    assert last["input_ids"] == [ids[name] for name in ("C:maj", "G:maj", "F:maj", "C:maj")]
    assert last["root_pc"] == [0, 7, 5, 0]
    assert last["target_id"] == END_ID
    assert len(rows) == result.header["rows"]
    for row in rows:
        assert {len(row[name]) for name in ("input_ids", "root_pc", "quality_code")} == {4}


def test_chords_without_padding_or_merging(folder: Path) -> None:
    _, rows = build("chords", folder, window=4, left_pad=False, merge=False)
    first = rows_of(rows, "minor")[0]
    assert first["input_ids"][0] == START_ID
    tokens = CHORD_VOCABULARY.decode(first["input_ids"][1:])
    assert tokens == ["D:min7", "G:7", "C:maj7"]
    assert first["target_id"] == CHORD_VOCABULARY.ids["C:maj7"]  # not merged with the one before


def test_window_counts_match_the_rows(folder: Path) -> None:
    for options in ({"stride": 3}, {"left_pad": False, "window": 5}, {"window": 40}, {"window": 1}):
        result, rows = build("chords", folder, **options)  # type: ignore[arg-type]
        assert len(rows) == result.header["rows"]


def test_transposition_to_a_common_key(folder: Path) -> None:
    _, rows = build("chords", folder, window=8, transpose="common")
    assert {row["key"] for row in rows} == {"A minor", "C major"}
    last = rows_of(rows, "blues")[-1]
    assert CHORD_VOCABULARY.decode(last["input_ids"])[0] == "<start>"
    assert CHORD_VOCABULARY.decode(last["input_ids"])[1:3] == ["C:7", "F:7"]
    assert rows_of(rows, "blues")[0]["transpose"] == -5


def test_all_keys_have_the_same_functions(folder: Path) -> None:
    _, rows = build("chords", folder, window=8, transpose="all")
    assert {row["transpose"] for row in rows} == set(range(12))
    plain = [r["function_code"] for r in rows_of(rows, "pop") if r["transpose"] == 0]
    moved = [r["function_code"] for r in rows_of(rows, "pop") if r["transpose"] == 7]
    assert plain == moved


def test_extra_columns(folder: Path) -> None:
    _, rows = build("chords", folder, window=4, extras=True)
    last = rows_of(rows, "minor")[-1]
    assert last["duration_beats"] == [4, 4, 4, 4]
    assert last["beat"] == [16, 20, 24, 28]
    assert last["bass_pc"] == [5, 11, 4, 9]


def test_melody_rows_align_and_decode(folder: Path) -> None:
    _, rows = build("melody", folder, bars=0)
    for name in TUNES:
        (row,) = rows_of(rows, name)
        columns = [value for key, value in row.items() if key.startswith("conditioning")]
        assert {len(column) for column in columns} == {len(row["event_ids"])}
        melody = tune(name).tracks[0].notes
        back = decode_melody(row["event_ids"])
        assert [(n.start_beats, n.duration_beats, n.pitch) for n in back] == [
            (n.start_beats, n.duration_beats, n.pitch) for n in melody
        ]


def test_melody_metadata_and_conditioning(folder: Path) -> None:
    _, rows = build("melody", folder, bars=4)
    row = rows_of(rows, "minor")[1]
    assert row["metadata"] == {
        "key_signature_root": 9,
        "key_signature_mode": "minor",
        "time_signature_num": 4,
        "time_signature_den": 4,
        "tempo_bpm": 96.0,
    }
    assert row["bar"] == 4
    tokens = CHORD_VOCABULARY.decode(row["conditioning_chord_ids"])
    assert list(dict.fromkeys(tokens)) == ["F:maj7", "B:hdim7", "E:7", "A:min"]
    assert (row["event_ids"][0] == START_ID, row["event_ids"][-1] == END_ID) == (False, True)


def test_melody_is_transposed_with_its_chords(folder: Path) -> None:
    _, rows = build("melody", folder, bars=0, transpose="all")
    plain, moved = (
        next(r for r in rows_of(rows, "pop") if r["transpose"] == shift) for shift in (0, 5)
    )
    pitches = [[n.pitch for n in decode_melody(row["event_ids"])] for row in (plain, moved)]
    assert [pitch + 5 for pitch in pitches[0]] == pitches[1]
    assert moved["conditioning_root_pc"][-2] == (plain["conditioning_root_pc"][-2] + 5) % 12
    assert moved["metadata"]["key_signature_root"] == 5


def test_note_tokens(folder: Path) -> None:
    notes = [Note(0, 1.5, p, 80) for p in (64, 60, 67)] + [Note(2, 1 / 3, 58, 80)]
    song = Song(tracks=[Track(notes=notes)])
    assert encode_notes(song) == ["C4.E4.G4_1.5", "R_0.5", "Bb3_1/3"]
    back = decode_notes(encode_notes(song))
    assert sorted((n.start_beats, n.pitch, n.duration_beats) for n in back) == sorted(
        (n.start_beats, n.pitch, n.duration_beats) for n in notes
    )


def test_note_sequences_and_their_maps(folder: Path) -> None:
    result, rows = build("notes", folder, window=0)
    there, back = (result.side_files[f"{name}.json"] for name in ("note_to_int", "int_to_note"))
    assert {int(number): token for number, token in back.items()} == {
        number: token for token, number in there.items()
    }
    trained = next(row for row in rows if row["split"] == "train")
    name = trained["song"].split("/")[1]
    tokens = [back[str(number)] for number in trained["ids"]]
    assert tokens == encode_notes(tune(name))
    assert decode_notes(tokens)[0].pitch == tune(name).tracks[0].notes[0].pitch


def test_note_windows(folder: Path) -> None:
    result, rows = build("notes", folder, window=4)
    assert len(rows) == result.header["rows"]
    assert all(len(row["input_ids"]) == 4 for row in rows)


@pytest.mark.parametrize("token", ["C4", "H4_1", "C4_0", "C4_1/0", "C4__", "_1"])
def test_error_names_the_bad_note_token(token: str) -> None:
    with pytest.raises(BadInputError, match=r"token|duration"):
        decode_notes([token])


def test_patterns(folder: Path) -> None:
    result, rows = build("patterns", folder, bars=1)
    drums = [row for row in rows if row["is_drum"]]
    assert len(drums) == 1  # one bar, 8 times in each of three songs
    assert drums[0]["times"] == 24
    assert drums[0]["key"] is None
    assert drums[0]["notes"] == [36, 38, 36, 38]
    pitched = next(row for row in rows_of(rows, "minor") if not row["is_drum"])
    assert (pitched["tempo"], pitched["key"], pitched["pattern_length"]) == (96.0, "A minor", 4.0)
    assert pitched["onset_beats"] == [0.0, 1.0, 2.0]
    assert len(rows) == result.header["rows"]


def test_one_pattern_for_a_whole_track(folder: Path) -> None:
    _, rows = build("patterns", folder, bars=0)
    assert {row["pattern_length"] for row in rows} == {32.0}


def test_near_duplicates_are_in_one_split(folder: Path) -> None:
    source = tune("pop")
    melody = [Note(n.start_beats, n.duration_beats, n.pitch + 2, 70) for n in long_melody()]
    for name, notes in (("one", long_melody()), ("other", melody)):
        source.tracks = [Track("MELODY", "lead", notes=notes)]
        (folder / f"{name}.mid").write_bytes(song_to_midi(source))
    sides = set()
    for seed in range(24):
        result, rows = build("notes", folder, seed=seed)
        assert result.header["duplicates"] == [["tunes/one", "tunes/other"]]
        found = {result.header["songs"][f"tunes/{name}"] for name in ("one", "other")}
        assert len(found) == 1
        sides |= found
        assert all(row["split"] == result.header["songs"][row["song"]] for row in rows)
    assert len(sides) > 1


def long_melody() -> list[Note]:
    """Return a melody that is long enough to be recognized."""
    rng = np.random.default_rng(1)
    starts = np.cumsum(rng.choice([0.5, 1.0, 1.5], 200))
    pitches = 66 + np.cumsum(rng.integers(-3, 4, 200)) % 12
    return [Note(float(s), 0.5, int(p), 70) for s, p in zip(starts, pitches, strict=True)]


def test_missing_chords_are_detected(tmp_path: Path) -> None:
    triads = [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)] * 2
    notes = [Note(4.0 * i, 4.0, 48 + p, 80) for i, chord in enumerate(triads) for p in chord]
    song = Song(meters=[Meter(0, 4, 4)], tracks=[Track("Piano", "keys", notes=notes)])
    (tmp_path / "a.mid").write_bytes(song_to_midi(song))
    result, rows = build("chords", tmp_path, window=4)
    assert result.header["heard_songs"] == [f"{tmp_path.name}/a"]
    assert CHORD_VOCABULARY.ids["C:maj"] in {row["target_id"] for row in rows}


def test_unusable_songs_are_listed(folder: Path) -> None:
    (folder / "bad.mid").write_bytes(b"MThd nothing")
    drums = Song(tracks=[tune("pop").tracks[1]])
    (folder / "drums.mid").write_bytes(song_to_midi(drums))
    result, rows = build("chords", folder)
    assert {row["song"] for row in rows} == {f"tunes/{name}" for name in TUNES}
    assert len(result.problems) == result.header["left_out"] == 2
    assert any("bad.mid" in problem for problem in result.problems)
    assert any("tunes/drums: no chords" in problem for problem in result.problems)


def test_no_usable_song_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"no file of songs found"):
        build("chords", tmp_path)
    (tmp_path / "drums.mid").write_bytes(song_to_midi(Song(tracks=[tune("pop").tracks[1]])))
    with pytest.raises(BadInputError, match="no chords"):
        build("chords", tmp_path)
    with pytest.raises(ParameterError, match="form"):
        build("tunes", tmp_path)


@pytest.mark.parametrize("form", FORMS)
def test_json_lines(folder: Path, tmp_path: Path, form: str) -> None:
    result, rows = build(form, folder)
    write_json_lines(result, tmp_path / "out.jsonl")
    header, *lines = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert header["format"] == f"muse.{form}/1"
    assert header["songs"].keys() == {f"tunes/{name}" for name in TUNES}
    assert lines == json.loads(json.dumps(rows))
    if result.vocabulary:
        written = json.loads((tmp_path / "out.vocabulary.json").read_text())
        assert written["hash"] == header["vocabulary_hash"] == result.vocabulary.hash
        assert len(written["tokens"]) == header["vocabulary_size"]
    assert set(result.side_files) <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("form", FORMS)
def test_shards(folder: Path, tmp_path: Path, form: str) -> None:
    result, rows = build(form, folder)
    out = tmp_path / "out"
    write_shards(result, out, rows_per_shard=2)
    index = read_index(out)
    assert sum(shard["rows"] for shard in index["shards"]) == len(rows)
    first = next(read_shards(out))
    names = index["words"]["song"]
    assert [names[number] for number in first["song"]] == [row["song"] for row in rows[:2]]
    column = {"chords": "input_ids", "melody": "event_ids"}.get(form)
    if column == "input_ids":
        assert first[column].tolist() == [row[column] for row in rows[:2]]
    elif column and f"{column}_offsets" in first:
        begin, end = first[f"{column}_offsets"][1:3]
        assert first[column][begin:end].tolist() == rows[1][column]
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write_shards(build(form, folder)[0], out, rows_per_shard=2)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_shards_of_another_vocabulary_are_rejected(folder: Path, tmp_path: Path) -> None:
    result, _ = build("chords", folder)
    write_shards(result, tmp_path / "out")
    assert result.vocabulary
    assert list(read_shards(tmp_path / "out", result.vocabulary.hash))
    with pytest.raises(BadInputError, match="another vocabulary"):
        list(read_shards(tmp_path / "out", "0" * 64))


def test_shards_are_written_completely_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    result, rows = build("chords", folder)

    def broken() -> Any:
        yield rows[0]
        raise KeyboardInterrupt

    result.make_rows = broken
    with pytest.raises(KeyboardInterrupt):
        write_shards(result, tmp_path / "out", rows_per_shard=1)
    with pytest.raises(MuseError, match="choose a new folder"):
        write_shards(result, folder)
    assert [path.name for path in tmp_path.iterdir()] == ["tunes"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index.json", '{"name": "my site"}'),
        ("index.json", '{"format": "muse.melody/1"}'),
        ("index.json", "not JSON"),
        ("photo.jpg", "mine"),
        ("shard-00000.npz", "whose?"),
    ],
)
def test_only_shards_of_the_same_form_are_replaced(
    folder: Path, tmp_path: Path, name: str, content: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text(content)
    with pytest.raises(MuseError, match="choose a new folder"):
        write_shards(build("chords", folder)[0], out)
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == content


def test_a_foreign_file_among_the_shards_is_not_deleted(folder: Path, tmp_path: Path) -> None:
    result, _ = build("chords", folder)
    write_shards(result, tmp_path / "out")
    (tmp_path / "out" / "notes to self.txt").write_text("mine")
    with pytest.raises(MuseError, match="choose a new folder"):
        write_shards(result, tmp_path / "out")
    assert (tmp_path / "out" / "notes to self.txt").read_text() == "mine"


def test_steps_represent_triplets_and_sixteenths() -> None:
    assert STEPS % 3 == 0
    assert STEPS % 4 == 0


def test_real_songs(shared_data: Path, tmp_path: Path) -> None:
    root = tmp_path / "pop"
    root.mkdir()
    for number in ("003", "036", "071"):
        (root / number).symlink_to(shared_data / "pop909" / number)
    for form in FORMS:
        result = build_form(form, [str(root)])
        rows = list(result.rows())
        assert len(rows) >= 20
        assert set(result.header["songs"]) == {"pop/003", "pop/036", "pop/071"}
        assert not result.problems
