"""Sampled melodies satisfy all constraints, with any chords and any model."""

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.melody_events import StepNote, quantize_melody
from muse.tools.generation.sampling import Sampling
from muse.tools.melody.candidates import MAX_REPEATS, REPEATS, repetition_factors
from muse.tools.melody.generate_songs import (
    GeneratedMelody,
    distance_from_real,
    generate_melodies,
    generate_melody,
)
from muse.tools.melody.request import MelodyRequest, resolve
from muse.tools.melody.sampler import phrase_ends
from muse.tools.song.document import Chord, MadeBy, Meter, Note, Song, Track, song_to_json
from muse.tools.theory.chords import parse_chord
from tests.melody_fakes import FIXED_PREDICTIONS, MODELS, PROGRESSIONS, SYMBOLS, FakeModel, in_bars

EXAMPLES = 40
CLOSE = 1e-9  # beats
RANGES = {None: (60, 81), "C4:B4": (60, 71), "A2:E4": (45, 64), "C-1:G9": (0, 127)}
REQUESTS = st.builds(
    MelodyRequest,
    range=st.sampled_from(list(RANGES)),
    density=st.sampled_from([None, None, 0.5, 3.0, 16.0]),
    form=st.sampled_from(["auto", "none", "A"]),
    sampling=st.sampled_from([Sampling(), Sampling(0.0), Sampling(3.0, 0, 1.0)]),
)


def one(song: Song, request: MelodyRequest, model: Any = None, seed: int = 0) -> GeneratedMelody:
    """Return the single melody of a request."""
    (only,) = generate_melodies(song, request, model or FakeModel(seed), seed)
    return only


def notes_of(made: GeneratedMelody) -> list[Note]:
    return made.song.tracks[-1].notes


def ends(note: Note) -> float:
    return note.start_beats + note.duration_beats


def check(song: Song, made: GeneratedMelody, limits: tuple[int, int]) -> None:
    """Check what holds for every new melody."""
    notes, backing = notes_of(made), made.options.backing
    assert msgspec.json.encode(made.song.chords) == msgspec.json.encode(song.chords)
    assert song_to_json(Song(tracks=made.song.tracks[:-1])) == song_to_json(
        Song(tracks=song.tracks)
    )
    assert notes
    assert all(limits[0] <= note.pitch <= limits[1] for note in notes)
    assert all(note.duration_beats > 0 for note in notes)
    check_apart(notes)
    assert notes[0].start_beats >= song.chords[0].start_beats - CLOSE
    assert ends(notes[-1]) <= ends_of_chords(song) + CLOSE
    grid = quantize_melody(notes)
    for index in phrase_ends(grid, made.options.plan.end):
        assert backing.is_tone(grid[index].start, grid[index].pitch)
    assert longest_run(notes) <= MAX_REPEATS


def check_apart(notes: Sequence[Note]) -> None:
    for note, following in itertools.pairwise(notes):
        assert ends(note) <= following.start_beats + CLOSE


def ends_of_chords(song: Song) -> float:
    return max(chord.start_beats + chord.duration_beats for chord in song.chords)


def longest_run(notes: Sequence[Note]) -> int:
    """Return the largest number of consecutive notes of one pitch."""
    longest = run = 1
    for note, following in itertools.pairwise(notes):
        run = run + 1 if note.pitch == following.pitch else 1
        longest = max(longest, run)
    return longest


@settings(max_examples=EXAMPLES, deadline=None)
@given(PROGRESSIONS, MODELS, REQUESTS, st.integers(0, 99))
def test_any_chords_with_any_model(
    song: Song, model: FakeModel, request: MelodyRequest, seed: int
) -> None:
    made = one(song, request, model, seed)
    check(song, made, RANGES[request.range])
    assert song_to_json(one(song, request, model, seed).song) == song_to_json(made.song)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    MODELS,
    st.sampled_from(["AABA", "AA", "ABAB", "AAAA"]),
    st.sampled_from([4, 8, 16]),
    st.sampled_from([(4, 4), (3, 4), (7, 8)]),
    st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=5),
    st.sampled_from([0.5, 1.25, 2.0, 3.0]),
)
def test_any_form(
    model: FakeModel,
    form: str,
    bars: int,
    meter: tuple[int, int],
    symbols: list[str],
    last: float,
) -> None:
    """The last bar is shortened, so that its repeat does not fit completely."""
    whole = in_bars(bars, meter, symbols)
    cut = msgspec.structs.replace(whole.chords[-1], duration_beats=last)
    song = msgspec.structs.replace(whole, chords=[*whole.chords[:-1], cut])
    check(song, one(song, MelodyRequest(form=form), model), RANGES[None])


@pytest.mark.parametrize("seed", range(6))
def test_sections_with_the_same_letter_repeat(seed: int) -> None:
    made = one(four_sections(), MelodyRequest(form="AABA"), FakeModel(seed), seed)
    sections = [section(notes_of(made), number) for number in range(4)]
    equal = [same_starts(sections[0], sections[number]) for number in range(4)]
    assert equal[0] == 4
    assert equal[1] >= 1
    assert equal[3] >= 1
    assert equal[2] <= 1


def test_repeats_of_a_section_vary() -> None:
    counts = set()
    for seed in range(8):
        made = one(four_sections(), MelodyRequest(form="AA"), FakeModel(seed), seed)
        first, again = (section(notes_of(made), number, 8) for number in range(2))
        counts.add(same_starts(first, again))
    assert len(counts) > 2
    assert max(counts) < 8  # the end of a section is new


def four_sections() -> Song:
    return in_bars(16, symbols=("C", "Am7", "Dm7", "G7"))


def section(notes: Sequence[Note], number: int, bars: int = 4) -> list[list[float]]:
    """Return the onsets within each bar of a section."""
    found: list[list[float]] = [[] for _ in range(bars)]
    for note in notes:
        bar = int(note.start_beats // 4) - number * bars
        if 0 <= bar < bars:
            found[bar].append(round(note.start_beats % 4, 6))
    return found


def same_starts(first: list[list[float]], again: list[list[float]]) -> int:
    """Return the number of bars with equal onsets."""
    return sum(bar == other for bar, other in zip(first, again, strict=True))


@pytest.mark.parametrize(("density", "form"), [(2.0, "none"), (8.0, "none"), (4.0, "AABA")])
def test_requested_density(density: float, form: str) -> None:
    request = MelodyRequest(density=density, form=form)
    counts = [len(notes_of(one(in_bars(32), request, FakeModel(seed), seed))) for seed in range(3)]
    assert all(abs(count / 32 / density - 1) < 0.25 for count in counts), counts


def test_several_melodies_differ() -> None:
    melodies = list(generate_melodies(in_bars(8), MelodyRequest(), FakeModel(), 3, count=4))
    assert len({tuple(notes_of(melody)) for melody in melodies}) == 4
    assert [melody.song.made_by.params["number"] for melody in melodies] == [1, 2, 3, 4]  # type: ignore[union-attr]
    first = one(in_bars(8), MelodyRequest(), FakeModel(), 3)
    assert notes_of(first) == notes_of(melodies[0])


def test_rank_takes_the_most_realistic_candidate() -> None:
    song, request = in_bars(8), MelodyRequest(rank=5)
    best = one(song, request, FakeModel(), 7)
    options = resolve(song, request)
    candidates = [
        generate_melody(options, request, FakeModel(), MadeBy("melody", "0"), [7, 0, turn])
        for turn in range(5)
    ]
    scores = [distance_from_real(candidate) for candidate in candidates]
    assert distance_from_real(best) == min(scores) < max(scores)
    assert notes_of(best) == notes_of(candidates[scores.index(min(scores))])


def test_only_tracks_named_melody_are_replaced() -> None:
    tracks = [
        Track("MELODY", "lead", notes=[Note(0.0, 1.0, 60, 80)]),
        Track("Melodic Tom", "drums", is_drum=True, notes=[Note(0.0, 1.0, 47, 80)]),
        Track("Bridge", "lead", notes=[Note(1.0, 1.0, 60, 80)]),
    ]
    song = msgspec.structs.replace(in_bars(4), tracks=tracks)
    made = one(song, MelodyRequest())
    assert [track.name for track in made.song.tracks] == ["Melodic Tom", "Bridge", "Melody"]


@pytest.mark.parametrize("name", ["none", "slow", "one pitch"])
def test_five_hundred_bars(name: str) -> None:
    song = in_bars(500)
    made = one(song, MelodyRequest(), FakeModel(1, FIXED_PREDICTIONS[name]))
    check(song, made, RANGES[None])


def test_repeat_of_a_single_bar() -> None:
    """The next bar repeats the only note of a bar."""
    song = in_bars(2, symbols=("C",))
    made = one(song, MelodyRequest(form="AA"), FakeModel(0, FIXED_PREDICTIONS["slow"]))
    starts = [note.start for note in quantize_melody(notes_of(made))]
    assert [start + 48 for start in starts if start < 48] == [s for s in starts if s >= 48]


def test_notes_before_a_change_belong_to_the_next_chord() -> None:
    song = Song(meters=[Meter(0.0, 4, 4)], chords=[Chord(0.0, 4.0, "C"), Chord(4.0, 4.0, "G7")])
    backing = resolve(song, MelodyRequest()).backing
    assert backing.is_tone(0, 60)
    assert not backing.is_tone(0, 62)
    assert backing.is_tone(45, 62)  # shortly before the change
    assert backing.is_tone(95, 62)


def test_notes_are_a_sixteenth_or_longer() -> None:
    song = in_bars(16)
    model = FakeModel(0, FIXED_PREDICTIONS["short"])
    notes = notes_of(one(song, MelodyRequest(form="none"), model))
    assert min(note.duration_beats for note in notes[:-1]) >= 0.25 - CLOSE


def test_repeated_pitches_become_less_likely() -> None:
    notes = [StepNote(12 * index, 12, 67) for index in range(REPEATS)]
    assert repetition_factors(notes[1:])[67] == 1.0
    assert repetition_factors(notes)[67] < 1.0
    assert np.delete(repetition_factors(notes), 67).min() == 1.0


@settings(max_examples=EXAMPLES, deadline=None)
@given(MODELS, st.sampled_from(SYMBOLS), st.sampled_from([1.0, 2.0, 3.5]), st.integers(0, 99))
def test_last_note_is_in_the_triad_of_the_last_chord(
    model: FakeModel, symbol: str, last_beats: float, seed: int
) -> None:
    chords = [Chord(0.0, 8.0, "C"), Chord(8.0, 8.0 - last_beats, "G7")]
    song = Song(chords=[*chords, Chord(16.0 - last_beats, last_beats, symbol)])
    made = one(song, MelodyRequest(), model, seed)
    triad = parse_chord(symbol).pitch_classes[:3]
    last = notes_of(made)[-1]
    if triad and last.start_beats >= 16.0 - last_beats:
        assert last.pitch % 12 in triad
