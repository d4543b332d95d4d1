"""Tests of round trips: the errors of every scheme are within half a step of its grid."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from muse.tools.song.document import Song
from muse.tools.song.midi import read_score
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.round_trip import check
from muse.tools.tokens.schemes import SCHEME_NAMES, load_scheme
from muse.tools.tokens.schemes.midi_like import encode_midi_like
from muse.tools.tokens.tokenizer import Tokenizer, tokenizer_for
from tests.scores import scores

every_scheme = pytest.mark.parametrize("name", SCHEME_NAMES)
with_meter = pytest.mark.parametrize(
    "name", [name for name in SCHEME_NAMES if "meter" in load_scheme(name).features]
)


@every_scheme
@settings(max_examples=40, deadline=None)
@given(score=scores())
def test_errors_are_within_the_bounds(name: str, score: ScoreTick) -> None:
    result = check(score, tokenizer_for(name))
    assert result.ok, result


@every_scheme
def test_real_files_are_within_the_bounds(name: str, shared_data) -> None:
    for path in sorted((shared_data / "pop909").glob("*/*.mid"))[::120]:
        result = check(read_score(path.read_bytes()), tokenizer_for(name))
        assert result.ok, (path, result)
        assert result.lost == result.added == 0


def in_meter(upper: int, lower: int, ticks: int = 480) -> ScoreTick:
    """Return four bars in a meter, with a note on every beat."""
    score = ScoreTick(ticks)
    beat = ticks * 4 // lower
    score.time_signatures.append(TimeSignatureTick(0, upper, lower))
    score.tempos.append(TempoTick(0, qpm=97.0))
    track = TrackTick("piano", 5)
    for number in range(4 * upper):
        track.notes.append(NoteTick(number * beat, beat, 60 + number % 7, 95))
    score.tracks.append(track)
    return score


@with_meter
@pytest.mark.parametrize("meter", [(5, 4), (7, 8), (11, 8), (2, 2), (12, 8), (15, 16), (1, 4)])
def test_odd_meters_are_exact(name: str, meter: tuple[int, int]) -> None:
    tokenizer = tokenizer_for(name)
    song = tokenizer.decode(tokenizer.encode(in_meter(*meter)).ids).song
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [(0.0, *meter)]
    assert [t.bpm for t in song.tempos] == [97.0]
    beat = 4 / meter[1]
    assert [n.start_beats for n in song.tracks[0].notes] == [
        number * beat for number in range(4 * meter[0])
    ]
    assert {n.duration_beats for n in song.tracks[0].notes} == {beat}
    assert song.tracks[0].program == 5


@with_meter
def test_a_change_of_meter_is_exact(name: str) -> None:
    score = in_meter(3, 4)
    score.time_signatures.append(TimeSignatureTick(2 * 3 * 480, 7, 8))
    tokenizer = tokenizer_for(name)
    song = tokenizer.decode(tokenizer.encode(score).ids).song
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [(0, 3, 4), (6, 7, 8)]


def test_a_change_inside_a_bar_moves_to_the_next_and_is_counted() -> None:
    score = in_meter(4, 4)
    score.time_signatures.append(TimeSignatureTick(480 * 5, 3, 4))
    result = check(score, tokenizer_for("remi"))
    assert result.ok
    assert result.lost_by_design == {"meter inside a bar": 1}


@every_scheme
def test_high_resolution_gives_the_same_ids(name: str) -> None:
    tokenizer = tokenizer_for(name)
    coarse, fine = (tokenizer.encode(in_meter(5, 4, ticks)).ids for ticks in (480, 20_000))
    assert coarse == fine


@every_scheme
def test_an_empty_song(name: str) -> None:
    tokenizer = tokenizer_for(name)
    empty = ScoreTick(480)
    empty.tracks.append(TrackTick("silent", 3))
    decoded = tokenizer.decode(tokenizer.encode(empty).ids)
    assert decoded.song.tracks == []
    assert decoded.repairs == {}
    assert check(empty, tokenizer).ok
    assert tokenizer.encode(Song()).ids == tokenizer.encode(ScoreTick(480)).ids


def test_only_mmm_separates_tracks_of_one_program() -> None:
    score = in_meter(4, 4)
    score.tracks.append(score.tracks[0].copy())
    for name, count in (("mmm", 2), ("remi", 1)):
        tokenizer = tokenizer_for(name)
        song = tokenizer.decode(tokenizer.encode(score).ids).song
        assert len(song.tracks) == count
        assert sum(len(track.notes) for track in song.tracks) == 32


def piano(notes: list[tuple[int, int, int]], ticks: int = 96) -> ScoreTick:
    """Return a piano track of one pitch, from notes as (start, length, velocity)."""
    score = ScoreTick(ticks)
    track = TrackTick("", 0)
    for start, length, velocity in notes:
        track.notes.append(NoteTick(start, length, 60, velocity))
    score.tracks.append(track)
    return score


def test_nested_notes_exchange_their_ends_in_midi_like() -> None:
    score = piano([(0, 384, 99), (96, 96, 99)])
    result = check(score, tokenizer_for("midi-like"))
    assert result.ok
    assert result.lost_by_design == {"note inside another of the same pitch": 2}
    assert result.end_beats is not None
    assert result.end_beats.max == 0
    whole = check(score, tokenizer_for("remi"))
    assert (whole.duration_beats.max, whole.end_beats) == (0, None)


@pytest.mark.parametrize(
    ("notes", "inside"),
    [
        # three of one place inside a longer one: two of them are a step long, either is the first
        ([(0, 96, 64), (0, 1284, 127), (96, 0, 127), (96, 1, 43), (96, 24, 64)], 3),
        ([(0, 24, 1), (13, 0, 1)], 0),  # inside as read, but both end on one step
        ([(0, 29, 64), (11, 19, 64)], 2),  # not inside as read, but on the grid
    ],
)
def test_nested_notes_are_counted_on_the_grid(
    notes: list[tuple[int, int, int]], inside: int
) -> None:
    result = check(piano(notes), tokenizer_for("midi-like"))
    assert result.ok, result
    assert result.lost_by_design.get("note inside another of the same pitch", 0) == inside


@every_scheme
def test_a_long_note_moved_to_a_finer_grid_is_within_the_bounds(name: str) -> None:
    """Compare a note whose steps are half as long there, and durations are further apart."""
    score = piano([(15 * 1000 - 41, 4557, 109)], ticks=1000)
    for beat, upper, lower in ((0, 5, 4), (15, 6, 8)):
        score.time_signatures.append(TimeSignatureTick(beat * 1000, upper, lower))
    assert check(score, tokenizer_for(name)).ok


@every_scheme
def test_many_notes_at_one_time_are_matched(name: str) -> None:
    notes = [(0, 4, 60), (0, 4, 66), (0, 12, 60), (0, 12, 66), (0, 24, 60), (1, 4, 60), (1, 8, 60)]
    assert check(piano(notes), tokenizer_for(name)).ok


# what is added to columns of the grid's last note, and the quantity that is then out of bounds
DAMAGE: dict[str, tuple[dict[str, int], str]] = {
    "duration": ({"length": 24, "duration": 12}, "duration"),
    "onset": ({"start": 24}, "onset"),
    "velocity": ({"velocity": 3}, "velocity"),
    "pitch": ({"pitch": 1}, "notes lost"),
    "program": ({"program": 1}, "notes lost"),
}


@every_scheme
@pytest.mark.parametrize("quantity", DAMAGE)
@pytest.mark.parametrize("nested", [False, True])
def test_a_wrong_note_is_detected(name: str, quantity: str, nested: bool) -> None:
    """Change a note between the grid and the ids; the notes before it may be nested."""
    changes, promise = DAMAGE[quantity]
    scheme = load_scheme(name)

    def damaged(grid: Grid) -> list[Any]:
        notes = {key: column.copy() for key, column in grid.notes.items()}
        for key, amount in changes.items():
            notes[key][-1] += amount
        return scheme.encode(replace(grid, notes=notes))

    score = piano([(96, 480 if nested else 96, 80), (192, 96, 90), (576, 96, 64)])
    assert check(score, tokenizer_for(name)).ok
    assert promise in check(score, Tokenizer(replace(scheme, encode=damaged))).broken


@pytest.mark.parametrize("which", [0, 1])
def test_a_wrong_end_of_nested_notes_is_detected(which: int) -> None:
    def damaged(grid: Grid) -> list[int]:
        length = grid.notes["length"].copy()
        length[which] += 3 * grid.sections[0].step
        return encode_midi_like(replace(grid, notes={**grid.notes, "length": length}))

    tokenizer = Tokenizer(replace(load_scheme("midi-like"), encode=damaged))
    result = check(piano([(0, 384, 99), (96, 96, 99)]), tokenizer)
    assert result.broken == ["ends"]


def test_notes_past_the_last_bar_are_counted() -> None:
    score = in_meter(1, 4)
    score.tracks[0].notes.append(NoteTick(1500 * 480, 480, 60, 95))
    for name in ("octuple", "mumidi"):
        score.time_signatures[0].numerator = 1
        result = check(score, tokenizer_for(name))
        assert result.ok
        assert result.lost_by_design.get("note past the last bar", 0) == (name == "octuple")
