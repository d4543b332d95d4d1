"""Tests of symbolic figures: equal to other programs' figures, and invariants for any song."""

import random
from dataclasses import replace
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.evaluation.symbolic.comparison import compare
from muse.tools.evaluation.symbolic.figures import FIGURES, measure
from muse.tools.evaluation.symbolic.melodic_line import longest_repeated_run
from muse.tools.evaluation.symbolic.passage import Passage, passage_of, shuffle_bars
from muse.tools.evaluation.symbolic.pitches import pitch_class_entropy
from muse.tools.evaluation.symbolic.structure import bar_similarities, ssmd
from muse.tools.song.document import Chord, Meter, Note, Song, Track
from muse.tools.song.midi import song_from_midi
from tests.conftest import ROOT

WHOLE_SONG = 10_000  # bars
SYMBOLS = ("C", "Am", "F", "G7")
# By muspy 0.5.0 (groove_consistency, scale_consistency, pitch_range, pitch_class_entropy), given
# the notes of `drawn_song` at 16 steps a beat; and by the formulas of MusDr's program at b61ebda
# (entropy of 1 and 4 bars, GS over all pairs, CPI; held chords merged, and one more chord at the
# end, since the program leaves the last progression out), given the same notes as Bar, Position and
# Note-On events.
GOLDEN = {
    1: {
        "h1": 1.1190370637,
        "h4": 2.5863784308,
        "groove_similarity": 0.9119318182,
        "chord_irregularity": 0.8125,
        "groove_consistency": 0.9076704545,
        "scale_consistency": 0.7222222222,
        "range": 29.0,
        "song_entropy": 3.1065729198,
    },
    2: {
        "h1": 1.5946655856,
        "h4": 2.8069574902,
        "groove_similarity": 0.8875473485,
        "chord_irregularity": 0.9411764706,
        "groove_consistency": 0.8892045455,
        "scale_consistency": 0.6734693878,
        "range": 28.0,
        "song_entropy": 3.4391310904,
    },
    3: {
        "h1": 1.2190913693,
        "h4": 2.8054956066,
        "groove_similarity": 0.900094697,
        "chord_irregularity": 0.8666666667,
        "groove_consistency": 0.8991477273,
        "scale_consistency": 0.6904761905,
        "range": 28.0,
        "song_entropy": 3.1305622214,
    },
}
# by muspy 0.5.0 on examples/paper_lanterns.mid
EXAMPLE_ENTROPY, EXAMPLE_SCALE, EXAMPLE_RANGE = 2.879516786631052, 0.9790076335877863, 58
MAY_BE_MOVED = ("range", "leaps", "h1", "h4", "scale_consistency", "longest_repeat", "same_pitch")
ONE_AT_MOST = (
    *("groove_similarity", "groove_consistency", "scale_consistency", "in_chord_strong"),
    *("in_chord_weak", "leaps", "rest_share", "empty_bars", "repeat_share", "chord_irregularity"),
)


def drawn_song(seed: int, bars: int = 12) -> Song:
    """Return random notes and chords on sixteenths of a beat, none close to the next bar line."""
    draw = random.Random(seed).random
    notes = [
        Note(4 * bar + int(62 * draw()) / 16, 1 / 16, 48 + int(30 * draw()), 80)
        for bar in range(bars)
        for _ in range(1 + int(6 * draw()))
    ]
    chords = [Chord(2.0 * i, 2.0, SYMBOLS[int(len(SYMBOLS) * draw())]) for i in range(2 * bars)]
    return song_of(notes, chords)


def song_of(notes: list[Note], chords: list[Chord] | None = None, meter: str = "4/4") -> Song:
    numerator, denominator = (int(part) for part in meter.split("/"))
    track = Track(name="MELODY", role="lead", notes=notes)
    meters = [Meter(0.0, numerator, denominator)]
    return Song(meters=meters, chords=chords or [], tracks=[track] if notes else [])


def tune(pitches: str, length: float = 1.0, chords: list[Chord] | None = None) -> Passage:
    """Return consecutive notes; "." is a rest."""
    pairs = enumerate(pitches.split())
    notes = [Note(i * length, length, int(pitch), 80) for i, pitch in pairs if pitch != "."]
    return passage_of(song_of(notes, chords))


def form(letters: str, seed: int = 0) -> Passage:
    """Return four bars of random notes for each letter, equal for equal letters."""
    notes = []
    for place, letter in enumerate(letters):
        section = drawn_song(ord(letter) + 100 * seed, 4).tracks[0].notes
        notes += [replace_start(note, 16.0 * place) for note in section]
    return passage_of(song_of(notes))


def replace_start(note: Note, later: float) -> Note:
    return Note(note.start_beats + later, note.duration_beats, note.pitch, note.velocity)


songs = st.lists(
    st.builds(
        Note,
        st.floats(0, 40, allow_nan=False),
        st.floats(0, 8, allow_nan=False),
        st.integers(12, 115),
        st.just(80),
    ),
    max_size=40,
).flatmap(
    lambda notes: st.builds(
        song_of,
        st.just(notes),
        st.lists(
            st.builds(
                Chord,
                st.floats(0, 40, allow_nan=False),
                st.floats(0, 8, allow_nan=False),
                st.sampled_from([*SYMBOLS, "N.C.", "no such chord"]),
            ),
            max_size=8,
        ),
        st.sampled_from(["4/4", "3/4", "6/8", "5/4", "7/8", "2/2", "1/32"]),
    )
)


@pytest.mark.parametrize("seed", GOLDEN)
def test_figures_equal_those_of_other_programs(seed: int) -> None:
    found = measure(passage_of(drawn_song(seed)))
    expected = dict(GOLDEN[seed])
    whole = pitch_class_entropy(passage_of(drawn_song(seed)), WHOLE_SONG)
    assert whole == pytest.approx(expected.pop("song_entropy"), abs=1e-9)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_figures_of_a_real_file_equal_those_of_other_programs() -> None:
    path = ROOT / "examples" / "paper_lanterns.mid"
    passage = passage_of(song_from_midi(path.read_bytes(), path.name))
    found = measure(passage)
    assert pitch_class_entropy(passage, WHOLE_SONG) == pytest.approx(EXAMPLE_ENTROPY)
    assert found["scale_consistency"] == pytest.approx(EXAMPLE_SCALE)
    assert found["range"] == EXAMPLE_RANGE


@settings(max_examples=60, deadline=None)
@given(songs, st.integers(0, 9))
def test_figures_are_in_range_for_any_song_and_its_shuffle(song: Song, seed: int) -> None:
    passage = passage_of(song)
    for each in (passage, shuffle_bars(passage, np.random.default_rng(seed))):
        found = measure(each)
        assert all(value is None or value >= 0 for value in found.values())
        assert all((found[name] or 0) <= 1 for name in ONE_AT_MOST)
        assert all((found[name] or 0) <= log2(12) + 1e-9 for name in ("h1", "h4"))
        for lag in bar_similarities(each):
            assert ((lag >= 0) & (lag <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(songs, st.integers(-12, 12))
def test_transposition_changes_nothing(song: Song, by: int) -> None:
    moved = passage_of(song)
    moved = replace(moved, pitch=moved.pitch + by)
    before, after = measure(passage_of(song)), measure(moved)
    for name in MAY_BE_MOVED:
        assert after[name] == pytest.approx(before[name]), name
    pairs = zip(bar_similarities(moved), bar_similarities(passage_of(song)), strict=True)
    assert all(np.allclose(first, second) for first, second in pairs)


@settings(max_examples=40, deadline=None)
@given(songs, st.integers(0, 9))
def test_a_shuffle_keeps_the_bars_themselves(song: Song, seed: int) -> None:
    passage = passage_of(song)
    mixed = shuffle_bars(passage, np.random.default_rng(seed))
    for name in ("groove_similarity", "h1", "scale_consistency", "range", "empty_bars"):
        assert measure(mixed)[name] == pytest.approx(measure(passage)[name]), name
    assert sorted(mixed.pitch) == sorted(passage.pitch)
    held = [sum(piece.duration for piece in each.chords) for each in (passage, mixed)]
    assert held[0] == pytest.approx(held[1])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=30))
def test_longest_repeated_run_equals_brute_force(ids: list[int]) -> None:
    def comes_again(length: int) -> bool:
        return any(
            ids[i : i + length] == ids[j : j + length]
            for i in range(len(ids) - length + 1)
            for j in range(i + length, len(ids) - length + 1)
        )

    best = max((n for n in range(1, len(ids) // 2 + 1) if comes_again(n)), default=0)
    assert longest_repeated_run(np.array(ids, dtype=np.int64)) == best


def test_a_transposed_pattern_is_found() -> None:
    found = measure(tune("60 62 64 60 65 67 69 65 50 40"))
    assert (found["longest_repeat"], found["repeat_share"]) == (4, 0.4)
    assert measure(tune("60 72 61 75"))["longest_repeat"] == 0


def test_line_is_the_top_of_chords() -> None:
    notes = [Note(b, 1.0, p, 80) for b in range(4) for p in (48, 72 + b)]
    assert measure(passage_of(song_of(notes)))["leaps"] == 0
    assert measure(tune("60 65 64 64 64"))["leaps"] == 0.25
    assert measure(tune("60 65 64 64 64"))["same_pitch"] == 3


def test_notes_in_chords_by_beat() -> None:
    chords = [Chord(0.0, 3.0, "C"), Chord(3.0, 1.0, "Dm"), Chord(4.0, 4.0, "N.C.")]
    found = measure(tune("60 62 65 65 . 61 61 61", chords=chords))
    assert found["in_chord_strong"] == 0.5  # C on 1, F on 3
    assert found["in_chord_weak"] == 0.5  # D on 2, and F, which D minor has, on 4
    nothing = measure(tune("60 62"))
    assert nothing["in_chord_strong"] is None


@pytest.mark.parametrize(
    ("meter", "strong"), [("6/8", {0.0}), ("3/4", {0.0}), ("12/8", {0.0, 3.0}), ("5/4", {0.0})]
)
def test_strong_beats_of_other_meters(meter: str, strong: set[float]) -> None:
    numerator, denominator = (int(part) for part in meter.split("/"))
    length = 4 * numerator / denominator
    starts = np.arange(0, length, 0.5)
    notes = [Note(beat, 0.5, 60 if beat in strong else 61, 80) for beat in starts.tolist()]
    found = measure(passage_of(song_of(notes, [Chord(0.0, length, "C")], meter)))
    assert (found["in_chord_strong"], found["in_chord_weak"]) == (1.0, 0.0)


def test_rests_and_empty_bars() -> None:
    found = measure(
        passage_of(song_of([Note(4, 2, 60, 80), Note(5, 2, 64, 80), Note(12, 4, 60, 80)]))
    )
    assert found["rest_share"] == pytest.approx(5 / 12)  # from the second bar to the fourth
    assert found["empty_bars"] == pytest.approx(1 / 3)


def test_a_note_just_before_the_bar_line_is_in_the_next_bar() -> None:
    passage = passage_of(song_of([Note(0.0, 1.0, 60, 80), Note(3.97, 1.0, 60, 80)]))
    assert passage.bar.tolist() == [0, 1]
    assert measure(passage)["groove_similarity"] == 1


def test_ssmd_of_a_set_and_itself_is_zero() -> None:
    songs = [bar_similarities(form("AABA", seed)) for seed in range(3)]
    assert ssmd(songs, songs) == pytest.approx(0, abs=1e-12)
    assert ssmd(songs, []) is None


def test_ssmd_grows_with_shuffling() -> None:
    rng = np.random.default_rng(0)
    real = [form("AABAAABA", seed) for seed in range(8)]
    others = [bar_similarities(form("AABAAABA", seed)) for seed in range(8, 16)]
    distances = [
        ssmd([bar_similarities(partly(song, share, rng)) for song in real], others)
        for share in (0.0, 0.25, 0.5, 1.0)
    ]
    assert distances == sorted(distances)
    assert distances[-1] > 4 * distances[0]


def partly(passage: Passage, share: float, rng: np.random.Generator) -> Passage:
    """Return the passage with a share of its bars moved."""
    places = np.arange(passage.bars)
    moved = rng.choice(passage.bars, round(share * passage.bars), replace=False)
    places[np.sort(moved)] = moved
    return replace(passage, bar=places[passage.bar])


def test_ssmd_separates_songs_with_and_without_repeats() -> None:
    real = [bar_similarities(form("AABA", seed)) for seed in range(6)]
    same_form = [bar_similarities(form("AABA", seed)) for seed in range(6, 12)]
    none = [bar_similarities(form("ABCD", seed)) for seed in range(6, 12)]
    assert ssmd(same_form, real) < ssmd(none, real)


def test_comparison_of_three_sets() -> None:
    real = [form("AABA", seed) for seed in range(6)]
    made = [form("AABA", seed) for seed in range(6, 9)]
    figures, rows = compare(made, real, seed=1)
    assert len(rows) == 3
    distance = figures["ssmd"]
    assert distance["set"].mean < distance["shuffled"].mean
    assert distance["reference"].songs == 3
    assert figures["longest_repeat"]["reference"].mean > figures["longest_repeat"]["shuffled"].mean
    assert compare(made, real, seed=1) == (figures, rows)
    assert compare(made)[0]["ssmd"]["reference"] is None


def test_real_songs_are_nearer_to_real_songs_than_shuffled_ones(shared_data) -> None:
    from muse.tools.datasets.pop909 import read_pop909

    folders = sorted(path for path in (shared_data / "pop909").iterdir() if path.name.isdigit())
    held_out = [path for path in folders if int(path.name) % 5 == 0][:30]
    others = [path for path in folders if int(path.name) % 5][:90]
    sets = [[passage_of(read_pop909(path), "lead") for path in half] for half in (held_out, others)]
    figures, _ = compare(*sets)
    assert figures["ssmd"]["set"].mean < figures["ssmd"]["shuffled"].mean / 2
    for name in ("in_chord_strong", "repeat_share"):
        assert figures[name]["set"].mean > 1.3 * figures[name]["shuffled"].mean


def test_almost_empty_songs() -> None:
    for song in (Song(), song_of([], [Chord(0.0, 4.0, "C")]), song_of([Note(0.0, 0.0, 60, 80)])):
        passage = passage_of(song)
        assert set(measure(passage)) == {figure.name for figure in FIGURES}
        assert bar_similarities(shuffle_bars(passage, np.random.default_rng(0))) == []
    drums = Song(tracks=[Track(is_drum=True, notes=[Note(b, 0.1, 36, 80) for b in range(9)])])
    found = measure(passage_of(drums))
    assert found["h1"] is None
    assert found["groove_similarity"] is not None


def test_the_first_bars_of_a_song() -> None:
    song = drawn_song(1)
    assert passage_of(song, bars=4).bars == 4
    assert passage_of(song, bars=99).bars == 12
    with pytest.raises(ParameterError, match="at least 1"):
        passage_of(song, bars=0)
    with pytest.raises(ParameterError, match="lead, all"):
        passage_of(song, "drums")  # type: ignore[arg-type]
    chords = [Note(beat, 2.0, pitch, 80) for beat in range(0, 16, 2) for pitch in (60, 64, 67)]
    two = [Track(name=name, notes=chords) for name in ("a", "b")]
    with pytest.raises(BadInputError, match="MELODY"):
        passage_of(Song(tracks=two), "lead")


def test_a_long_song_is_measured_quickly() -> None:
    beats = range(0, 60_000, 4)
    passage = passage_of(song_of([Note(float(b), 4.0, 60 + b // 4 % 7, 80) for b in beats]))
    found = measure(passage)
    assert found["longest_repeat"] == 7_498
    assert len(bar_similarities(passage)) == 32
