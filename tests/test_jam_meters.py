"""Bars and counted steps of a jam: all meters, their changes, and what the band plays in them."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import BadInputError
from muse.tools.jam.band.click import ACCENT, SOFT, click
from muse.tools.jam.grid import (
    StepGrid,
    group_meters,
    grouped_as_played,
    parse_grouped_meter,
)
from muse.tools.jam.options import JamRequest
from muse.tools.jam.play import jam
from muse.tools.jam.routing import Routing
from muse.tools.jam.takes.records import read_take
from muse.tools.song.document import Meter, Note, Song, Tempo, Track
from muse.tools.song.meter import bar_beats, beat_groups, parse_meter
from muse.tools.song.midi import load_song, save_song

SIGNATURES = ("2/2", "3/2", "4/4", "5/4", "3/8", "5/8", "6/8", "7/8", "9/8", "11/8", "12/8", "7/16")


def grid_of(*meters: tuple[float, int, int]) -> StepGrid:
    return StepGrid(group_meters([Meter(*each) for each in meters]))


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("2/2", (1, 1)),
        ("3/2", (1, 1, 1)),
        ("3/8", (3,)),
        ("5/8", (2, 3)),
        ("7/8", (2, 2, 3)),
        ("8/8", (3, 3, 2)),
        ("9/8", (3, 3, 3)),
        ("12/8", (3, 3, 3, 3)),
    ],
)
def test_units_are_counted_in_groups(text: str, groups: tuple[int, ...]) -> None:
    assert beat_groups(parse_meter(text)) == groups
    assert parse_grouped_meter(text).groups == groups


def test_a_slow_three_eight_is_counted_in_three() -> None:
    assert beat_groups(parse_meter("3/8"), 40.0) == (1, 1, 1)


def test_groups_may_be_given() -> None:
    assert parse_grouped_meter("3+2+2/8").groups == (3, 2, 2)
    assert parse_grouped_meter("4+3/8").groups == (2, 2, 3)
    assert parse_grouped_meter("3+2/4").groups == (1,) * 5
    with pytest.raises(BadInputError, match=r"3\+2\+2/8"):
        parse_grouped_meter("3+x/8")


@given(
    st.lists(
        st.tuples(st.sampled_from(SIGNATURES), st.integers(1, 4), st.sampled_from((0.0, 1.0, 1.5))),
        min_size=1,
        max_size=6,
    ),
    st.integers(-20, 60),
)
def test_steps_fill_the_bars_without_gaps(parts, number) -> None:
    meters, beat = [], 0.0
    for text, bars, cut in parts:
        one = parse_meter(text, beat)
        meters.append(one)
        beat += max(bars * bar_beats(one) - cut, 0.5)
    grid = StepGrid(group_meters(meters))
    step, following = grid.step(number), grid.step(number + 1)
    assert step.end == pytest.approx(following.beat)
    assert following.bar - step.bar == following.is_bar_line
    assert grid.step_of(step.beat).number == number
    for position in (number, number + 0.25, number + 0.9):
        assert grid.position_at(grid.beat_of(position)) == pytest.approx(position)


def test_a_new_meter_inside_a_bar_ends_that_bar() -> None:
    grid = grid_of((0.0, 4, 4), (6.0, 3, 4))
    lines = [grid.step(n).beat for n in range(12) if grid.step(n).is_bar_line]
    assert lines == [0.0, 4.0, 6.0, 9.0]
    assert grid.meter_of(5.9).numerator == 4


def test_groups_follow_the_melody_where_it_is_clear() -> None:
    def groups(starts: tuple[int, ...]) -> tuple[int, ...]:
        notes = [Note(3.5 * bar + 0.5 * n, 0.9, 60, 90) for bar in range(8) for n in starts]
        return grouped_as_played(group_meters([Meter(0.0, 7, 8)]), notes)[0].groups

    assert groups((0, 3, 5)) == (3, 2, 2)
    assert groups((0, 2, 4)) == groups((0,)) == (2, 2, 3)


def test_uneven_steps_are_clicked_with_their_eighths() -> None:
    step = grid_of((0.0, 7, 8)).step(2)
    ons = [(e.beat, e.data[2]) for e in click(step) if e.data[0] & 0xF0 == 0x90]
    assert ons[1:] == [(2.5, SOFT), (3.0, SOFT)]
    assert ons[0][0] == 2.0 and ons[0][1] < ACCENT


def play(folder: Path, *meters: tuple[float, int, int], **request: str) -> Song:
    """Return the take for a melody of eighth notes in some meters, up to beat 28."""
    notes = [Note(0.5 * n, 0.45, 60 + (0, 4, 7)[n % 3], 80) for n in range(56)]
    song = Song(
        tempos=[Tempo(0.0, 110.0)],
        meters=[Meter(*each) for each in meters],
        tracks=[Track("Melody", "lead", 0, notes=notes)],
    )
    save_song(song, folder / "in.mid")
    jam(
        JamRequest(key="C", **request),
        Routing(source=str(folder / "in.mid"), target=str(folder / "out.mid"), model="ngram"),
        3,
    )
    return load_song(folder / "out.mid")


def accents(song: Song, name: str) -> list[float]:
    """Return where the notes of a band's track begin, to the nearest eighth."""
    track = next(track for track in song.tracks if track.name == name)
    return sorted({round(2 * note.start_beats) / 2 for note in track.notes})


@pytest.mark.parametrize("text", ["2/2", "3/2", "9/8", "12/8", "3/8", "5/8", "7/8"])
def test_a_file_in_any_meter_is_played_on_its_steps(text: str, tmp_path: Path) -> None:
    meter = parse_meter(text)
    song = play(tmp_path, (0.0, meter.numerator, meter.denominator))
    assert [(m.numerator, m.denominator) for m in song.meters] == [
        (meter.numerator, meter.denominator)
    ]
    grid = grid_of((0.0, meter.numerator, meter.denominator))
    steps = {round(2 * grid.step(n).beat) / 2 for n in range(200)}
    bars = [grid.step(n).beat for n in range(60) if grid.step(n).is_bar_line]
    bass, keys = accents(song, "Bass"), accents(song, "Keys")
    assert {beat for beat in bars if beat < 24} <= set(bass)
    on_steps = [beat for beat in keys if beat in steps and beat < 28]
    assert len(on_steps) >= 0.5 * len([beat for beat in steps if beat < 28])
    assert all(chord.start_beats in steps for chord in song.chords)


def test_seven_eight_is_two_and_two_and_three(tmp_path: Path) -> None:
    song = play(tmp_path, (0.0, 7, 8), style="rock")
    (bass,) = (track for track in song.tracks if track.name == "Bass")
    loud = [
        (round(2 * note.start_beats) % 7, note.velocity)
        for note in bass.notes
        if note.start_beats < 27
    ]
    means = [sum(v for p, v in loud if p == n) / sum(p == n for p, _ in loud) for n in range(7)]
    assert means[0] == max(means)
    assert min(means[2], means[4]) > max(means[1], means[3])


def test_a_change_of_meter_is_followed(tmp_path: Path) -> None:
    song = play(tmp_path, (0.0, 3, 4), (9.0, 7, 8), (16.0, 4, 4))
    assert [(m.beat, m.numerator, m.denominator) for m in song.meters] == [
        (0.0, 3, 4),
        (9.0, 7, 8),
        (16.0, 4, 4),
    ]
    assert {0.0, 3.0, 6.0, 9.0, 12.5, 16.0, 20.0, 24.0} <= set(accents(song, "Bass"))


def test_a_replay_has_the_meters_of_the_take(tmp_path: Path) -> None:
    play(tmp_path, (0.0, 5, 8), (10.0, 4, 4))
    routing = Routing(
        source=str(tmp_path / "in.mid"), target=str(tmp_path / "a.mid"), model="ngram"
    )
    jam(JamRequest(), Routing(**vars(routing) | {"record": tmp_path / "take"}), 3)
    take = tmp_path / "take.jsonl"
    assert [each.groups for each in read_take(take).header.meters] == [[2, 3], [1, 1, 1, 1]]
    again = Routing(replay=take, target=str(tmp_path / "b.mid"), model="ngram")
    jam(JamRequest(), again, None)
    one, other = (load_song(tmp_path / name) for name in ("a.mid", "b.mid"))
    assert one.meters == other.meters
    assert [t.notes for t in one.tracks] == [t.notes for t in other.tracks]


def test_bars_are_counted_across_meters() -> None:
    grid = grid_of((0.0, 3, 4), (6.0, 7, 8))
    beats = [grid.step(n).beat for n in range(20) if grid.step(n).is_bar_line]
    assert [b - a for a, b in pairwise(beats)][:4] == [3.0, 3.0, 3.5, 3.5]


@pytest.mark.parametrize("bpm", [160.0, 200.0])
def test_auto_starts_near_the_tempo_that_a_file_states(bpm: float, tmp_path: Path) -> None:
    notes = [Note(float(n), 0.9, 60 + n % 5, 80) for n in range(64)]
    song = Song(tempos=[Tempo(0.0, bpm)], tracks=[Track("Melody", "lead", 0, notes=notes)])
    save_song(song, tmp_path / "in.mid")
    target = tmp_path / "out.mid"
    source = str(tmp_path / "in.mid")
    jam(JamRequest(bpm="auto"), Routing(source=source, target=str(target), model="ngram"), 1)
    assert load_song(target).tempos[-1].bpm == pytest.approx(bpm, rel=0.02)
