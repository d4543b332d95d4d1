"""Harmonization: the melody stays unchanged, all constraints hold, and the chords fit the notes."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.chords.generate_songs import generate_songs
from muse.tools.chords.harmonize.hypotheses import resample
from muse.tools.chords.harmonize.melody import melody_of
from muse.tools.chords.harmonize.melody_fit import (
    BEAT,
    BETWEEN,
    CLASSES,
    DOWNBEAT,
    HELD,
    STRONG,
    Segment,
    load_fit,
    metrical_class,
    segment_class,
)
from muse.tools.chords.load_model import load_model
from muse.tools.chords.request import ChordRequest
from muse.tools.datasets.chord_events import VOCABULARY_SIZE
from muse.tools.datasets.forms.melody import find_melody_track
from muse.tools.datasets.harmony_columns import FIRST_CHORD_ID, chord_id
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.generation.sampling import Sampling
from muse.tools.song.document import (
    Chord,
    Key,
    Meter,
    Note,
    Song,
    Tempo,
    Track,
    song_from_json,
    song_to_json,
)
from muse.tools.song.midi import load_song, save_song, song_from_midi, song_to_midi
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.qualities import CODES
from tests.chord_fakes import FakeModel

TUNE = "C C G G A A G. F F E E D D C."
PITCHES = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69}


def tune(times: int = 1, **fields: object) -> Song:
    """Return four bars of 4/4 in C major, repeated."""
    notes, beat = [], 0.0
    for word in TUNE.split() * times:
        length = 2.0 if word.endswith(".") else 1.0
        notes.append(Note(beat, length, PITCHES[word[0]], 90))
        beat += length
    return Song(tracks=[Track("Tune", "lead", notes=notes)], **fields)  # type: ignore[arg-type]


def notes_every(beats: float, count: int, start: float = 0.0) -> list[Note]:
    scale = (60, 62, 64, 65, 67, 69, 71, 72)
    return [Note(start + n * beats, beats, scale[n * 5 % 8], 90) for n in range(count)]


def plain(notes: list[Note], *meters: Meter) -> Song:
    return Song(tracks=[Track("Melody", "lead", notes=notes)], meters=list(meters))


def generate(song: Song, seed: int = 1, **options: object) -> Song:
    request = ChordRequest(under=song, **options)  # type: ignore[arg-type]
    return next(generate_songs(request, FakeModel(), seed))[0]


@pytest.fixture
def melody_file(tmp_path: Path) -> Path:
    path = tmp_path / "tune.mid"
    save_song(tune(meters=[Meter(0.0, 4, 4)], tempos=[Tempo(0.0, 96.0)]), path)
    return path


def test_command_leaves_the_melody_unchanged(muse, melody_file: Path) -> None:
    given_song = load_song(melody_file)
    shown = muse("chords", "--under", melody_file, "--style", "pop", "--seed", 3)
    song = song_from_json(shown.out)
    assert shown.code == 0
    assert song.tracks[0].notes == given_song.tracks[0].notes
    assert [track.role for track in song.tracks[1:]] == ["keys", "bass"]
    assert song.tempos == given_song.tempos
    assert song.meters == given_song.meters
    assert (song.chords[0].start_beats, song.end_beats()) == (0.0, 16.0)
    assert song.keys[0].tonic_pc == 0
    again = muse("chords", "--under", melody_file, "--style", "pop", "--seed", 3)
    assert again.out == shown.out


def test_pipe_and_midi_round_trip(muse, melody_file: Path, tmp_path: Path) -> None:
    piped = song_to_json(load_song(melody_file))
    shown = muse("chords", "--under", "-", "--seed", 3, stdin=piped)
    assert shown.code == 0
    target = tmp_path / "out.mid"
    assert muse("chords", "--under", melody_file, "--seed", 3, "-o", target).code == 0
    written = load_song(target)
    assert find_melody_track(written).notes == load_song(melody_file).tracks[0].notes
    assert [chord.symbol for chord in written.chords] == [
        chord.symbol for chord in song_from_json(shown.out).chords
    ]
    under_again = muse(
        "chords", "--under", target, "--seed", 4
    )  # its chords and other tracks are left out
    assert under_again.code == 0
    assert "left out: 2 other tracks and the chords" in under_again.err


def test_raw_count_and_explain(muse, melody_file: Path) -> None:
    words = ["--under", melody_file, "--harmonic-rhythm", 4, "--seed", 1]
    rows = json.loads(muse("chords", *words, "--raw").out)["generated"]
    assert len(rows) == 4
    shown = muse("chords", *words, "--count", 2, "--explain")
    assert len(shown.out.splitlines()) == 2
    assert "in C major" in shown.err
    made_by = song_from_json(shown.out.splitlines()[0]).made_by
    assert made_by is not None
    assert made_by.params["under"] == str(melody_file)
    assert "like" not in made_by.params


def test_fixed_chords_prompt_rhythm_and_cadence_hold() -> None:
    options = {"fix": "4:V7 9:bVImaj7", "cadence": "full", "prompt": "C Am7", "rhythm": "2"}
    song = generate(tune(3), key="C", **options)
    at = {chord.start_beats: chord.symbol for chord in song.chords}
    assert (at[12.0], at[32.0]) == ("G7", "Abmaj7")
    assert [chord.symbol for chord in song.chords[:2]] == ["C", "Am7"]
    assert {chord.duration_beats for chord in song.chords} == {2.0}
    assert parse_chord(song.chords[-2].symbol).root_pc == 7
    assert parse_chord(song.chords[-1].symbol).root_pc == 0


@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 20.0), st.floats(0.0, 6.0), st.integers(0, 127), st.integers(1, 127)
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([(), ((0.0, 3, 4),), ((0.0, 6, 8),), ((0.0, 1, 4), (1.0, 4, 4)),
                     ((0.0, 4, 4), (8.0, 2, 4), (10.0, 4, 4)), ((0.0, 4, 4), (7.3, 7, 8))]),
    st.sampled_from([None, "full", "half", "plagal"]),
    st.integers(0, 99),
)  # fmt: skip
def test_any_melody_gets_chords_in_whole_bars(rows, meters, cadence, seed) -> None:
    song = plain([Note(*row) for row in sorted(rows)], *(Meter(*meter) for meter in meters))
    melody = melody_of(song)
    if melody.bar_lines[-1] < 2:  # too short for the two chords of a cadence
        cadence = None
    found = generate(song, seed, cadence=cadence)
    assert found.tracks[0].notes == song.tracks[0].notes
    chords = found.chords
    assert all(
        abs(a.start_beats + a.duration_beats - b.start_beats) < 1e-6 for a, b in pairwise(chords)
    )
    assert chords[0].start_beats == melody.origin_beats
    end = chords[-1].start_beats + chords[-1].duration_beats
    assert end == pytest.approx(melody.origin_beats + melody.bar_lines[-1])
    assert end > max(note.start_beats for note in song.tracks[0].notes) - 0.5
    assert song_from_json(song_to_json(found)) == found


@pytest.mark.parametrize(
    ("song", "first", "bar"),
    [
        (plain(notes_every(1.0, 16)), 0.0, 1),
        (plain(notes_every(1.0, 17, 3.0)), 4.0, 2),  # a pickup of a beat
        (plain(notes_every(1.0, 19, 1.0)), 0.0, 1),  # a bar that begins with a rest
        (plain(notes_every(1.0, 17, 7.0)), 8.0, 3),  # a pickup after an empty bar
        (plain(notes_every(1.0, 9), Meter(0.0, 1, 4), Meter(1.0, 4, 4)), 1.0, 2),
        (plain([Note(3.0, 1.0, 60, 90)]), 0.0, 1),  # the only note is not a pickup
    ],
)
def test_where_the_chords_begin(song: Song, first: float, bar: int) -> None:
    melody = melody_of(song)
    assert (melody.origin_beats, melody.first_bar) == (first, bar)
    assert generate(song).chords[0].start_beats == first


def test_bars_are_numbered_as_in_the_song() -> None:
    song = plain(notes_every(1.0, 17, 7.0))
    fixed = generate(song, key="C", fix="4:V7")
    assert "G7" in [chord.symbol for chord in fixed.chords if chord.start_beats == 12.0]
    with pytest.raises(ParameterError, match="bars 3 to 6"):
        generate(song, key="C", fix="2:I")


def test_bar_lines_with_a_bar_of_another_length() -> None:
    meters = (Meter(0.0, 4, 4), Meter(8.0, 2, 4), Meter(10.0, 4, 4))
    song = generate(plain(notes_every(1.0, 26), *meters), key="C", fix="4:V7", rhythm="4")
    assert [c.start_beats for c in song.chords] == [0.0, 4.0, 8.0, 10.0, 14.0, 18.0, 22.0]
    assert song.chords[3].symbol == "G7"
    assert song.meters == list(meters)


def test_empty_bars_get_chords_and_overhangs_get_no_bar() -> None:
    gap = [*notes_every(1.0, 4), *notes_every(1.0, 4, 16.0)]
    assert generate(plain(gap), rhythm="4").chords[-1].start_beats == 16.0
    late = [Note(0.0, 4.1, 60, 90)]
    assert generate(plain(late), rhythm="4").chords[-1].start_beats == 0.0


def test_key_tempo_and_meter_are_those_of_the_song_by_default() -> None:
    song = tune(
        keys=[Key(0.0, 5, "major")],
        tempos=[Tempo(0.0, 70.0), Tempo(8.0, 90.0)],
        meters=[Meter(0.0, 2, 2)],
    )
    unchanged = generate(song)
    assert (unchanged.keys, unchanged.tempos, unchanged.meters) == (
        song.keys,
        song.tempos,
        song.meters,
    )
    changed = generate(song, key="Am", tempo=50, meter="6/8")
    assert changed.tracks[0].notes == song.tracks[0].notes
    assert (changed.keys[0].tonic_pc, changed.keys[0].mode) == (9, "minor")
    assert changed.tempos == [Tempo(0.0, 75.0)]  # dotted quarters
    assert (changed.meters[0].numerator, changed.meters[0].denominator) == (6, 8)
    assert generate(tune()).keys[0].tonic_pc == 0  # detected


@pytest.mark.parametrize(
    ("key", "mode", "is_warned"),
    [(0, "major", False), (9, "minor", False), (5, "major", False), (4, "major", True)],
)
def test_warning_if_the_melody_contradicts_the_key(key, mode, is_warned, caplog) -> None:
    song = tune(keys=[Key(0.0, key, mode)])
    assert generate(song, rhythm="4").keys == song.keys
    assert ("sounds like C major" in caplog.text) is is_warned
    caplog.clear()
    generate(song, key="C", rhythm="4")
    assert not caplog.text


@pytest.mark.parametrize("ticks", [24, 96, 220, 384, 480, 1024, 32767])
def test_melody_times_are_exact_at_any_resolution(ticks: int) -> None:
    notes = [Note(n * 7 / ticks + n, 5 / ticks, 60 + n, 90) for n in range(12)]
    song = Song(tracks=[Track("Melody", notes=notes)], ticks_per_beat=ticks)
    read = song_from_midi(song_to_midi(song))
    found = generate(read)
    back = song_from_midi(song_to_midi(found))
    assert find_melody_track(back).notes == pytest.approx(read.tracks[0].notes)
    keys = [note.start_beats for note in found.tracks[1].notes]
    assert [n.start_beats for n in back.tracks[1].notes] == pytest.approx(keys)


def test_melody_track_gets_a_name_and_role() -> None:
    notes = notes_every(1.0, 8)
    nameless = generate(Song(tracks=[Track(notes=notes)]))
    assert (nameless.tracks[0].name, nameless.tracks[0].role) == ("Melody", "lead")
    piano = generate(Song(tracks=[Track("Piano", "keys", notes=notes)]))
    assert find_melody_track(song_from_midi(song_to_midi(piano))).notes == notes


def test_highest_voice_is_harmonized_and_all_voices_stay() -> None:
    notes = [Note(float(n), 1.0, pitch, 90) for n in range(8) for pitch in (48, 72)]
    song = plain(notes)
    assert {note.pitch_class for note in melody_of(song).notes} == {0}
    assert generate(song).tracks[0].notes == notes


def test_chords_contain_the_notes_of_a_tune() -> None:
    model = load_model("ngram")
    request = ChordRequest(under=tune(2), style="pop", sampling=Sampling(0.0), rhythm="2")
    song, sampled = next(generate_songs(request, model, 1))
    roots = [parse_chord(chord.symbol) for chord in song.chords]
    tones = {note.start_beats: note.pitch % 12 for note in song.tracks[0].notes}
    inside = [
        tones[c.start_beats] in s.pitch_classes for c, s in zip(song.chords, roots, strict=True)
    ]
    assert sum(inside) >= len(inside) - 2
    assert all(0 < choice.probability <= 1 for choice in sampled)


def test_chords_without_the_notes_are_not_chosen() -> None:
    ids = [chord_id(root, CODES[name]) for root, name in ((0, "maj"), (9, "min"), (6, "maj"))]
    song = plain([Note(float(n), 1.0, (60, 64, 67)[n % 3], 90) for n in range(16)])
    for temperature in (0.0, 1.0):
        request = ChordRequest(under=song, key="C", style="pop", sampling=Sampling(temperature))
        found = next(generate_songs(request, FakeModel(ids), 1))[0]
        assert {parse_chord(chord.symbol).root_pc for chord in found.chords} == {0, 9}


def test_chord_tones_have_positive_weights() -> None:
    fit = load_fit()
    long_one = segment_class(0.0, 2.0, Meter(0.0, 4, 4), False)
    c_major, f_sharp = chord_id(0, CODES["maj"]), chord_id(6, CODES["maj"])
    for tone in (0, 4, 7):
        weights = fit.log_ratios_of([Segment(long_one, tone)], 0)
        assert weights[c_major] > 0 > weights[f_sharp]
    assert fit.log_ratios_of([], 0).tolist() == [0.0] * VOCABULARY_SIZE
    assert fit.logs.shape == (CLASSES, VOCABULARY_SIZE, 12)
    assert not fit.logs[:, :FIRST_CHORD_ID].any()


@pytest.mark.parametrize("semitones", range(12))
def test_fit_is_invariant_to_transposition(semitones: int) -> None:
    fit = load_fit()
    segments = [Segment(kind, kind * 5 % 12) for kind in range(CLASSES)]
    moved = [Segment(s.kind, (s.pitch_class + semitones) % 12) for s in segments]
    here, there = fit.log_ratios_of(segments, 0), fit.log_ratios_of(moved, semitones)
    for root in range(12):
        for name in ("maj", "min7", "13"):
            before = chord_id(root, CODES[name])
            after = chord_id((root + semitones) % 12, CODES[name])
            assert there[after] == pytest.approx(here[before])


@pytest.mark.parametrize(
    ("meter", "classes"),
    [
        ((4, 4), {0.0: DOWNBEAT, 1.0: BEAT, 2.0: STRONG, 2.5: BETWEEN}),
        ((3, 4), {0.0: DOWNBEAT, 2.0: BEAT, 0.25: BETWEEN}),
        ((6, 8), {1.5: BEAT, 1.0: BETWEEN}),
        ((7, 8), {1.0: BEAT, 2.0: BEAT, 3.0: BETWEEN}),
    ],
)
def test_metrical_classes(meter: tuple[int, int], classes: dict[float, int]) -> None:
    bar = Meter(0.0, *meter)
    assert {beat: metrical_class(beat, bar) for beat in classes} == classes
    assert segment_class(0.0, 2.0, bar, True) // 3 == HELD


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(1e-6, 1.0), min_size=2, max_size=30), st.integers(1, 12))
def test_resampling_preserves_count_and_expected_weights(weights, count) -> None:
    count = min(count, len(weights) - 1)
    values, rounds = np.array(weights), 100
    mean = np.zeros(len(weights))
    for seed in range(rounds):
        found = resample(values, count, np.random.default_rng(seed))
        assert len({index for index, _ in found}) == len(found) == count
        for index, gain in found:
            mean[index] += values[index] * np.exp(gain) / rounds
    assert mean.sum() == pytest.approx(values.sum(), rel=1e-6)
    level = values.sum() / count
    assert np.abs(mean - values).max() <= 6 * level / np.sqrt(rounds) + 1e-9


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"bars": 8}, "leave out --bars"),
        ({"like": tune()}, "excludes --like"),
        ({"vary": True}, "--vary"),
        ({"prompt": "C " * 5}, "longer than the melody"),
        ({"meter": "7/16"}, "--meter"),
        ({"key": "H"}, "--key"),
        ({"fix": "5:I"}, "outside bars 1 to 4"),
        ({"fix": "4:bII", "cadence": "full", "rhythm": "4", "key": "C"}, "full cadence"),
    ],
)
def test_contradictory_options_are_errors(options: dict, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        generate(tune(), **options)


@pytest.mark.parametrize(
    ("song", "reason"),
    [
        (Song(), "no notes"),
        (Song(tracks=[Track(is_drum=True, notes=[Note(0.0, 1.0, 36, 90)])]), "no notes"),
        (Song(tracks=[Track(n, "bass", notes=notes_every(1, 4)) for n in "AB"]),
         "name one MELODY"),
        (plain(notes_every(1.0, 8), Meter(0.0, 7, 16)), "7/16"),
        (plain([Note(0.0, 1.0, 60, 90), Note(90_000.0, 1.0, 60, 90)]), "too long"),
        (plain([Note(0.0, 1.0, 60, 90), Note(2400.0, 1.0, 60, 90)]), "512"),
    ],
)  # fmt: skip
def test_songs_without_a_usable_melody_are_errors(song: Song, reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        generate(song)


def test_error_names_the_bad_file(muse, tmp_path: Path) -> None:
    path = tmp_path / "chords_only.json"
    path.write_bytes(song_to_json(Song(chords=[Chord(0.0, 4.0, "C")])))
    shown = muse("chords", "--under", path)
    assert (shown.code, shown.out) == (4, b"")
    assert "chords_only.json" in shown.err
    shown = muse("chords", "--under", "-", stdin=song_to_json(Song(chords=[Chord(0.0, 4.0, "C")])))
    assert "standard input" in shown.err


def test_error_for_a_song_too_long_to_vary() -> None:
    chords = [Chord(4.0 * n, 4.0, "CG"[n % 2]) for n in range(600)]
    song = Song(chords=chords, keys=[Key(0.0, 0, "major")])
    with pytest.raises(ParameterError, match=r"600 bars.*--bars"):
        next(generate_songs(ChordRequest(like=song, vary=True), FakeModel(), 1))


def test_harmonization_of_a_pop909_melody(shared_data: Path) -> None:
    song = load_song(sorted(shared_data.glob("pop909/*/*.mid"))[0])
    melody = find_melody_track(song)
    melody.notes = [note for note in melody.notes if note.start_beats < 48.0]
    found = next(generate_songs(ChordRequest(under=song, style="pop"), load_model("ngram"), 1))[0]
    assert found.tracks[0] == melody
    assert len(found.tracks) == 3
