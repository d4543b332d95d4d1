"""From performed notes to written values: the grid, the values, and the kinds of chords."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.notation.grid import GRID, quantize_song
from muse.tools.notation.harmony import KINDS, kind_and_degrees
from muse.tools.notation.note_values import levels_of, pieces_of, triplet_groups
from muse.tools.notation.score import score_of
from muse.tools.song.document import Chord, Note, Song, Track
from muse.tools.theory.intervals import parse_interval


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 13),
    st.sampled_from([1, 2, 4, 8, 16, 32]),
    st.lists(st.integers(0, 4 * GRID), max_size=12),
)
def test_values_fill_every_stretch(numerator: int, denominator: int, places: list[int]) -> None:
    length = 4 * GRID * numerator // denominator
    edges = sorted({0, length, *(place for place in places if place < length)})
    groups = triplet_groups(edges, length)
    levels = levels_of(numerator, denominator, length)
    for start, end in pairwise(edges):
        pieces = pieces_of(start, end, levels, groups)
        assert [p.start for p in pieces] == [start, *(p.end for p in pieces[:-1])]
        assert pieces[-1].end == end


def kinds_of(start: int, end: int, numerator: int = 4, denominator: int = 4) -> list[str]:
    """Return the written values of a stretch that is alone in its bar."""
    length = 4 * GRID * numerator // denominator
    pieces = pieces_of(
        start,
        end,
        levels_of(numerator, denominator, length),
        triplet_groups([0, start, end, length], length),
    )
    return [piece.kind + "." * piece.dots for piece in pieces]


@pytest.mark.parametrize(
    ("start", "end", "meter", "values"),
    [
        (0, 96, (4, 4), ["whole"]),
        (24, 72, (4, 4), ["half"]),  # short long short
        (12, 36, (4, 4), ["quarter"]),
        (36, 72, (4, 4), ["eighth", "quarter"]),  # over the middle of the bar
        (6, 30, (4, 4), ["eighth.", "16th"]),
        (0, 36, (6, 8), ["quarter."]),
        (24, 48, (6, 8), ["eighth", "eighth"]),  # over the beat of 6/8
        (0, 8, (4, 4), ["eighth"]),  # of a triplet
        (0, 32, (4, 4), ["half"]),  # of a triplet over two beats
        (0, 120, (5, 4), ["quarter", "whole"]),
    ],
)
def test_values_are_cut_where_a_reader_expects_a_beat(
    start: int, end: int, meter: tuple[int, int], values: list[str]
) -> None:
    assert kinds_of(start, end, *meter) == values


def test_kinds_need_the_fewest_changed_degrees() -> None:
    def said(degrees: str) -> tuple[str, list[tuple[int, int, str]]]:
        return kind_and_degrees(frozenset(map(parse_interval, degrees.split())))

    for kind, degrees in KINDS:
        assert kind_and_degrees(degrees) == (kind, [])
    assert said("1 3 5 b7 b9") == ("dominant", [(9, -1, "add")])
    assert said("1 3 b5 b7") == ("dominant", [(5, -1, "alter")])
    assert said("1 3 5 9") == ("major", [(9, 0, "add")])


def test_a_drum_hit_ends_at_the_next_one_or_the_next_beat() -> None:
    hits = [Note(0.0, 0.01, 36, 90), Note(0.0, 3.0, 42, 90), Note(0.5, 0.01, 42, 90)]
    tracks, _ = quantize_song(Song(tracks=[Track("kit", "drums", 0, True, hits)]))
    assert [(n.start, n.end, n.pitch) for n in tracks[0]] == [
        (0, 12, 42),
        (0, 24, 36),
        (12, 24, 42),
    ]


def test_a_performance_off_its_beats_is_shifted_onto_them() -> None:
    beats = [0.0, 1.0, 1.5, 2.0, 3.0, 3.5, 4.0, 5.0, 6.0, 6.75]
    notes = [Note(beat + 0.4, 0.5, 40, 80) for beat in beats]
    song = Song(tracks=[Track("bass", "bass", notes=notes)], chords=[Chord(4.4, 2.0, "C")])
    (written,), moved = quantize_song(song)
    assert moved.shift == pytest.approx(-0.4, abs=0.02)
    assert [note.start for note in written] == [round(beat * GRID) for beat in beats]
    assert score_of(song).bars[1].symbols == [(0, "C")]


def test_performed_triplets_and_sixteenths_are_distinguished() -> None:
    played = [0.01, 0.32, 0.68, 1.01, 1.24, 1.52, 1.74]
    song = Song(tracks=[Track("a", "lead", notes=[Note(t, 0.2, 60, 80) for t in played])])
    (notes,), moved = quantize_song(song)
    assert [note.start for note in notes] == [0, 8, 16, 24, 30, 36, 42]
    assert 0 < moved.mean_onset <= moved.largest_onset < 0.03
