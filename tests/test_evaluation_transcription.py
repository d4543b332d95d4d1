"""Tests of transcription scores: equal to mir_eval's where it has them."""

import json
from pathlib import Path

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.evaluation.matching import maximum_matching
from muse.tools.evaluation.note_scores import DRUM_CLASSES, Notes, match, score_drums, score_notes
from muse.tools.evaluation.transcription import score_instruments, score_transcription
from muse.tools.song.document import Note, Song, Tempo, Track, song_to_json
from muse.tools.song.midi import load_song, song_to_midi

NOT_A_SONG = {
    "junk.mid": b"MThd but not really",
    "text.mid": b"just words",
    "empty.mid": b"",
    "array.json": b"[1, 2, 3]",
    "other.json": b'{"format": "someone.else/9"}',
}


def random_notes(rng: np.random.Generator, count: int) -> Notes:
    """Return random notes of three octaves over twenty seconds, some of them overlapping."""
    onsets = np.sort(rng.uniform(0, 20, count))
    intervals = np.stack([onsets, onsets + rng.uniform(0.05, 1.5, count)], axis=1)
    return Notes(intervals, rng.integers(48, 84, count), rng.integers(20, 110, count) * 1.0)


def jittered(notes: Notes, rng: np.random.Generator) -> Notes:
    """Return notes with typical errors: moved, missing, an octave off, or added."""
    kept = notes.at(rng.random(len(notes)) > 0.2)
    moved = kept.intervals + rng.normal(0, 0.04, kept.intervals.shape)
    moved[:, 1] = np.maximum(moved[:, 1], moved[:, 0] + 0.02)
    moved += max(0.0, -moved.min())  # nothing sounds before the start
    labels = kept.labels + 12 * (rng.random(len(kept)) < 0.15)
    velocities = np.clip(kept.velocities * 0.6 + 30 + rng.normal(0, 8, len(kept)), 1, 127)
    extra = random_notes(rng, len(notes) // 6)
    return Notes(
        np.concatenate([moved, extra.intervals]),
        np.concatenate([labels, extra.labels]),
        np.concatenate([velocities, extra.velocities]),
    )


def hertz(notes: Notes) -> np.ndarray:
    return 440.0 * 2.0 ** ((notes.labels - 69) / 12)


def song(*tracks: Track, bpm: float = 120.0) -> Song:
    return Song(tempos=[Tempo(0.0, bpm)], tracks=list(tracks))


def track(role: str, pitches: list[int], name: str = "", **options: bool) -> Track:
    """Return a track of quarter notes."""
    notes = [Note(float(i), 0.9, pitch, 60 + i % 40) for i, pitch in enumerate(pitches)]
    return Track(name=name, role=role, notes=notes, **options)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tolerance", [0.05, 0.1])
@pytest.mark.parametrize("offset_ratio", [None, 0.2])
def test_note_scores_equal_mir_eval(
    seed: int, tolerance: float, offset_ratio: float | None
) -> None:
    rng = np.random.default_rng(seed)
    truth = random_notes(rng, 150)
    heard = jittered(truth, rng)
    expected = mir_eval.transcription.precision_recall_f1_overlap(
        truth.intervals,
        hertz(truth),
        heard.intervals,
        hertz(heard),
        onset_tolerance=tolerance,
        offset_ratio=offset_ratio,
    )
    prefix = "onset" if offset_ratio is None else "onset_offset"
    scores = score_notes(truth, heard)[f"{prefix}_{tolerance * 1000:.0f}ms"]
    found = [scores[name] for name in ("precision", "recall", "f1", "overlap")]
    assert 0.1 < found[2] < 0.95  # the case is neither trivial nor hopeless
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_velocity_scores_equal_mir_eval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = random_notes(rng, 150)
    heard = jittered(truth, rng)
    expected = mir_eval.transcription_velocity.precision_recall_f1_overlap(
        truth.intervals,
        hertz(truth),
        truth.velocities,
        heard.intervals,
        hertz(heard),
        heard.velocities,
        offset_ratio=None,
    )
    scores = score_notes(truth, heard)["velocity"]
    found = [scores[name] for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(expected[:3], abs=1e-9)
    assert 0.7 < scores["correlation"] < 1.0


def test_the_same_song_scores_one(example_song: Song) -> None:
    scores = score_transcription(example_song, example_song)
    for row in (scores["pitched"], *scores["instruments"]):
        for name in ("onset_50ms", "onset_offset_50ms", "onset_100ms", "onset_offset_100ms"):
            assert set(row[name].values()) == {1.0}
        assert row["octave_errors"]["share"] == 0
        assert row["velocity"]["f1"] == 1.0
        assert row["velocity"]["correlation"] == pytest.approx(1.0)
    assert [row["reference"] for row in scores["instruments"]] == ["Lead", "Keys", "Bass"]
    assert all(row["f1"] == 1.0 for row in scores["drums"].values())
    assert set(scores["drums"]) == {"all", "kick", "snare", "hihat", "tom", "cymbal"}


@pytest.mark.parametrize("empty_side", ["reference", "estimate", "both"])
def test_no_notes_score_zero_without_a_warning(example_song: Song, empty_side: str) -> None:
    nothing = Song()
    truth = example_song if empty_side == "estimate" else nothing
    heard = example_song if empty_side == "reference" else nothing
    scores = score_transcription(truth, heard)
    assert scores["pitched"]["onset_100ms"] == dict.fromkeys(
        ("precision", "recall", "f1", "overlap"), 0.0
    )
    assert scores["pitched"]["velocity"]["correlation"] is None
    assert len(scores["instruments"]) == (0 if empty_side == "both" else 3)
    if empty_side == "both":
        assert scores["drums"] is None
    else:
        assert scores["drums"]["all"]["f1"] == 0


def test_octave_errors_have_a_direction() -> None:
    truth = song(track("lead", [60, 62, 64, 65, 67, 69, 71, 72, 74, 76]))
    heard = song(track("lead", [72, 62, 64, 53, 43, 69, 71, 73, 74, 76 - 36]))
    errors = score_transcription(truth, heard)["pitched"]["octave_errors"]
    assert errors == pytest.approx({"share": 0.3, "too_high": 0.1, "too_low": 0.2})


def test_an_added_octave_is_not_an_octave_error() -> None:
    truth = song(track("lead", [60, 62]))
    heard = song(track("lead", [60, 62]), track("keys", [72, 74]))
    assert score_transcription(truth, heard)["pitched"]["octave_errors"]["share"] == 0


def test_songs_are_compared_in_seconds() -> None:
    truth = song(track("bass", [40, 41, 42, 43]), bpm=100.0)
    heard = song(track("bass", [40, 41, 42, 43]), bpm=100.0)
    for note_track in heard.tracks:  # the same moments, written at half the tempo
        note_track.notes = [
            Note(n.start_beats / 2, n.duration_beats / 2, n.pitch, n.velocity)
            for n in note_track.notes
        ]
    heard.tempos = [Tempo(0.0, 50.0)]
    assert score_transcription(truth, heard)["pitched"]["onset_offset_50ms"]["f1"] == 1.0


def test_tracks_are_paired_by_role_then_name_then_notes() -> None:
    up, down, still = [60, 62, 64, 65], [65, 64, 62, 60], [50, 50, 50, 50]
    truth = song(
        track("keys", up, "Piano"),
        track("keys", up, "Rhodes"),
        track("other", down, "Harp"),
        track("other", still, "Drone"),
    )
    heard = song(
        track("other", still, "x"),
        track("other", down, "harp"),
        track("keys", down, "rhodes"),
        track("keys", down, "Clav"),
        track("vocals", [90, 91, 92, 93], "Voice"),
    )
    rows = [(row["reference"], row["estimate"]) for row in score_instruments(truth, heard)]
    assert rows == [
        ("Piano", "Clav"),
        ("Rhodes", "rhodes"),
        ("Harp", "harp"),
        ("Drone", "x"),
        (None, "Voice"),
    ]


def test_a_track_without_similar_track_is_unpaired() -> None:
    rows = score_instruments(song(track("bass", [40], "a")), song(track("lead", [80], "b")))
    assert [(row["reference"], row["estimate"]) for row in rows] == [("a", None), (None, "b")]
    assert rows[0]["onset_50ms"]["recall"] == 0


def test_drums_match_by_class_and_not_by_key() -> None:
    truth = song(track("drums", [36, 38, 42, 46, 49, 50], is_drum=True))
    heard = song(track("drums", [35, 40, 46, 44, 38, 50], is_drum=True))
    drums = score_transcription(truth, heard)["drums"]
    assert {name: row["f1"] for name, row in drums.items()} == pytest.approx(
        {"all": 5 / 6, "kick": 1, "snare": 2 / 3, "hihat": 1, "tom": 1, "cymbal": 0}
    )


def test_drums_do_not_count_as_pitched_notes() -> None:
    truth = song(track("keys", [60]), track("drums", [60], is_drum=True))
    scores = score_transcription(truth, song(track("keys", [60])))
    assert scores["pitched"]["reference_notes"] == 1
    assert scores["pitched"]["onset_50ms"]["f1"] == 1.0
    assert scores["drums"]["other"]["recall"] == 0


def test_no_percussion_key_is_in_two_classes() -> None:
    keys = [key for class_keys in DRUM_CLASSES.values() for key in class_keys]
    assert len(keys) == len(set(keys))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(0, 60))
def test_every_note_counts_once(seed: int, first: int, second: int) -> None:
    rng = np.random.default_rng(seed)
    truth, heard = random_notes(rng, first), random_notes(rng, second)
    pairs = match(truth, heard, 0.1)
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)
    assert (truth.labels[pairs[:, 0]] == heard.labels[pairs[:, 1]]).all()
    drums = score_drums(truth, heard)
    assert drums["all"]["reference_notes"] == sum(
        row["reference_notes"] for name, row in drums.items() if name != "all"
    )


def test_the_command_reads_midi_and_song_documents(muse, example_song, tmp_path: Path) -> None:
    midi, document = tmp_path / "a.mid", tmp_path / "b.json"
    midi.write_bytes(song_to_midi(example_song))
    document.write_bytes(song_to_json(load_song(midi)))
    result = muse("eval", "transcription", midi, document)
    assert result.code == 0
    scores = json.loads(result.out)
    assert scores["format"] == "muse.evaluation/1"
    assert scores["pitched"]["onset_offset_50ms"]["f1"] == 1.0
    assert scores["made_by"]["params"] == {"reference": str(midi), "estimate": str(document)}
    piped = muse("eval", "transcription", "-", document, stdin=midi.read_bytes())
    assert json.loads(piped.out)["drums"] == scores["drums"]


@pytest.mark.parametrize("name", NOT_A_SONG)
def test_an_unreadable_song_ends_with_code_4(muse, tmp_path: Path, name: str) -> None:
    path, good = tmp_path / name, tmp_path / "good.mid"
    path.write_bytes(NOT_A_SONG[name])
    good.write_bytes(song_to_midi(song(track("keys", [60]))))
    for arguments in ((path, good), (good, path)):
        result = muse("eval", "transcription", *arguments)
        assert result.code == 4
        assert name in result.err
        assert result.err.count("\n") == 1
        assert result.out == b""


def test_standard_input_cannot_be_given_twice(muse) -> None:
    assert muse("eval", "transcription", "-", "-").code == 2


def test_on_a_terminal_it_is_a_table(capsys, example_song) -> None:
    from muse.cli.eval import print_scores

    print_scores(score_transcription(example_song, example_song))
    lines = capsys.readouterr().out.splitlines()
    bass = next(line for line in lines if "Bass" in line)
    assert bass.count("1.000") == 4
    assert any("hihat" in line for line in lines)
    assert max(map(len, lines)) <= 80


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 14), st.floats(0.05, 0.6))
def test_matchings_are_as_large_as_those_of_mir_eval(
    seed: int, reference: int, estimate: int, density: float
) -> None:
    near = np.random.default_rng(seed).random((reference, estimate)) < density
    pairs = maximum_matching(near)
    assert near[pairs[:, 0], pairs[:, 1]].all()
    assert all(len(set(column)) == len(pairs) for column in pairs.T.tolist())
    graph: dict[int, list[int]] = {}
    for row, column in np.argwhere(near).tolist():
        graph.setdefault(column, []).append(row)
    assert len(pairs) == len(mir_eval.util._bipartite_match(graph))
