"""Every scheme keeps its promise: what comes back lies within its grid, whatever goes in."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from muse.tools.song.document import Song
from muse.tools.song.midi import read_score
from muse.tools.tokens.compound_encoder import WORD_WRITERS
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.round_trip import check
from muse.tools.tokens.schemes import SCHEMES
from muse.tools.tokens.stream_encoder import WRITERS, write_midi_like
from muse.tools.tokens.tokenizer import tokenizer_for
from tests.scores import scores

every_scheme = pytest.mark.parametrize("name", SCHEMES)
with_metre = pytest.mark.parametrize(
    "name", [name for name, scheme in SCHEMES.items() if "metre" in scheme.holds]
)


@every_scheme
@settings(max_examples=40, deadline=None)
@given(score=scores())
def test_promise_is_kept(name: str, score: ScoreTick) -> None:
    result = check(score, tokenizer_for(name))
    assert result.ok, result


@every_scheme
def test_real_files_keep_it(name: str, shared_data) -> None:
    for path in sorted((shared_data / "pop909").glob("*/*.mid"))[::120]:
        result = check(read_score(path.read_bytes()), tokenizer_for(name))
        assert result.ok, (path, result)
        assert result.lost == result.added == 0


def metred(upper: int, lower: int, ticks: int = 480) -> ScoreTick:
    """Four bars of a metre, a note on every beat of it."""
    score = ScoreTick(ticks)
    beat = ticks * 4 // lower
    score.time_signatures.append(TimeSignatureTick(0, upper, lower))
    score.tempos.append(TempoTick(0, qpm=97.0))
    track = TrackTick("piano", 5)
    for number in range(4 * upper):
        track.notes.append(NoteTick(number * beat, beat, 60 + number % 7, 95))
    score.tracks.append(track)
    return score


@with_metre
@pytest.mark.parametrize("metre", [(5, 4), (7, 8), (11, 8), (2, 2), (12, 8), (15, 16), (1, 4)])
def test_odd_metres_come_back_exactly(name: str, metre: tuple[int, int]) -> None:
    tokenizer = tokenizer_for(name)
    song = tokenizer.decode(tokenizer.encode(metred(*metre)).ids).song
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [(0.0, *metre)]
    assert [t.bpm for t in song.tempos] == [97.0]
    beat = 4 / metre[1]
    assert [n.start_beats for n in song.tracks[0].notes] == [
        number * beat for number in range(4 * metre[0])
    ]
    assert {n.duration_beats for n in song.tracks[0].notes} == {beat}
    assert song.tracks[0].program == 5


@with_metre
def test_a_change_of_metre_stays_at_its_bar(name: str) -> None:
    score = metred(3, 4)
    score.time_signatures.append(TimeSignatureTick(2 * 3 * 480, 7, 8))
    tokenizer = tokenizer_for(name)
    song = tokenizer.decode(tokenizer.encode(score).ids).song
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [(0, 3, 4), (6, 7, 8)]


def test_a_change_inside_a_bar_waits_for_the_next_and_is_told() -> None:
    score = metred(4, 4)
    score.time_signatures.append(TimeSignatureTick(480 * 5, 3, 4))
    result = check(score, tokenizer_for("remi"))
    assert result.ok
    assert result.not_held == {"metre inside a bar": 1}


@every_scheme
def test_the_high_resolution_comes_to_the_same(name: str) -> None:
    tokenizer = tokenizer_for(name)
    coarse, fine = (tokenizer.encode(metred(5, 4, ticks)).ids for ticks in (480, 20_000))
    assert coarse == fine


@every_scheme
def test_nothing_is_a_song_too(name: str) -> None:
    tokenizer = tokenizer_for(name)
    empty = ScoreTick(480)
    empty.tracks.append(TrackTick("silent", 3))
    decoded = tokenizer.decode(tokenizer.encode(empty).ids)
    assert decoded.song.tracks == []
    assert decoded.repairs == {}
    assert check(empty, tokenizer).ok
    assert tokenizer.encode(Song()).ids == tokenizer.encode(ScoreTick(480)).ids


def test_tracks_of_one_program_stay_apart_in_mmm_only() -> None:
    score = metred(4, 4)
    score.tracks.append(score.tracks[0].copy())
    for name, count in (("mmm", 2), ("remi", 1)):
        tokenizer = tokenizer_for(name)
        song = tokenizer.decode(tokenizer.encode(score).ids).song
        assert len(song.tracks) == count
        assert sum(len(track.notes) for track in song.tracks) == 32


def piano(notes: list[tuple[int, int, int]], ticks: int = 96) -> ScoreTick:
    """Notes of one pitch as (start, length, velocity)."""
    score = ScoreTick(ticks)
    track = TrackTick("", 0)
    for start, length, velocity in notes:
        track.notes.append(NoteTick(start, length, 60, velocity))
    score.tracks.append(track)
    return score


def test_a_note_inside_another_changes_ends_where_ends_have_no_names() -> None:
    score = piano([(0, 384, 99), (96, 96, 99)])
    result = check(score, tokenizer_for("midi-like"))
    assert result.ok
    assert result.not_held == {"note inside another of its pitch": 2}
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
def test_what_is_inside_is_told_on_the_grid(notes: list[tuple[int, int, int]], inside: int) -> None:
    result = check(piano(notes), tokenizer_for("midi-like"))
    assert result.ok, result
    assert result.not_held.get("note inside another of its pitch", 0) == inside


@every_scheme
def test_a_long_note_moved_to_a_finer_grid_keeps_its_promise(name: str) -> None:
    """Its steps are half as long there, and twice as many, where durations lie further apart."""
    score = piano([(15 * 1000 - 41, 4557, 109)], ticks=1000)
    for beat, upper, lower in ((0, 5, 4), (15, 6, 8)):
        score.time_signatures.append(TimeSignatureTick(beat * 1000, upper, lower))
    assert check(score, tokenizer_for(name)).ok


@every_scheme
def test_many_notes_of_one_place_are_told_apart(name: str) -> None:
    notes = [(0, 4, 60), (0, 4, 66), (0, 12, 60), (0, 12, 66), (0, 24, 60), (1, 4, 60), (1, 8, 60)]
    assert check(piano(notes), tokenizer_for(name)).ok


# what is added to columns of the grid's last note, and the promise that this breaks
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
def test_a_real_loss_is_told(name: str, quantity: str, nested: bool, monkeypatch) -> None:
    """A note goes wrong between the grid and the ids; those before it may be nested."""
    changes, promise = DAMAGE[quantity]
    writers = WORD_WRITERS if SCHEMES[name].is_compound else WRITERS
    write = writers[name]

    def damaged(grid: Grid) -> list[Any]:
        notes = {key: column.copy() for key, column in grid.notes.items()}
        for key, amount in changes.items():
            notes[key][-1] += amount
        return write(replace(grid, notes=notes))

    score = piano([(96, 480 if nested else 96, 80), (192, 96, 90), (576, 96, 64)])
    assert check(score, tokenizer_for(name)).ok
    monkeypatch.setitem(writers, name, damaged)
    assert promise in check(score, tokenizer_for(name)).broken


@pytest.mark.parametrize("which", [0, 1])
def test_a_lost_end_is_told_where_notes_are_nested(which: int, monkeypatch) -> None:
    def damaged(grid: Grid) -> list[int]:
        length = grid.notes["length"].copy()
        length[which] += 3 * grid.sections[0].step
        return write_midi_like(replace(grid, notes={**grid.notes, "length": length}))

    monkeypatch.setitem(WRITERS, "midi-like", damaged)
    result = check(piano([(0, 384, 99), (96, 96, 99)]), tokenizer_for("midi-like"))
    assert result.broken == ["ends"]


def test_notes_past_the_last_bar_are_told() -> None:
    score = metred(1, 4)
    score.tracks[0].notes.append(NoteTick(1500 * 480, 480, 60, 95))
    for name in ("octuple", "mumidi"):
        score.time_signatures[0].numerator = 1
        result = check(score, tokenizer_for(name))
        assert result.ok
        assert result.not_held.get("note past the last bar", 0) == (name == "octuple")
