"""What a melody is given stays: rhythms, motifs, the song's own notes."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.melody_events import STEPS
from muse.tools.melody.request import MelodyRequest
from muse.tools.song.document import Key, MadeBy, Meter, Note, Song, Track
from tests.melody_fakes import MODELS, SPITES, FakeModel, in_bars, song_over
from tests.test_melody_engine import CLOSE, RANGES, check, check_apart, ends, notes_of, one


def tune() -> Song:
    """A melody over two bars, off the beat at its start, of three lengths; with bass."""
    notes = [Note(0.5, 0.5, 67, 80), Note(1.0, 1.0, 64, 80), Note(2.5, 1.5, 65, 80)]
    notes += [Note(4.0, 0.25, 62, 80), Note(6.0, 1.0, 60, 80)]
    return Song(
        meters=[Meter(0.0, 4, 4)],
        tracks=[Track("Tune", "lead", notes=notes), Track("Bass", "bass", notes=[notes[4]])],
    )


@pytest.mark.parametrize("spite", sorted(SPITES))
def test_a_rhythm_is_taken_over_and_tiled(spite: str) -> None:
    song = in_bars(7)
    made = one(song, MelodyRequest(rhythm_like=tune()), FakeModel(1, SPITES[spite]))
    check(song, made, RANGES[None])
    rhythm = [(n.start_beats, n.duration_beats) for n in tune().tracks[0].notes]
    expected = [
        (turn * 8 + start, duration)
        for turn in range(4)
        for start, duration in rhythm
        if turn * 8 + start < 28
    ]
    found = [(n.start_beats, n.duration_beats) for n in notes_of(made)]
    assert np.allclose(found, expected)


def test_a_rhythm_begins_on_a_bar_line_where_chords_do_not() -> None:
    song = song_over([2.0, 4.0, 4.0], ["C", "F", "G"], first=2.0)
    found = notes_of(one(song, MelodyRequest(rhythm_like=tune())))
    assert [n.start_beats for n in found] == [2.5, 4.0, 6.0, 8.5, 9.0, 10.5]


@pytest.mark.parametrize("key", [0, 4, 9])
def test_a_motif_comes_first_in_the_songs_key(key: int) -> None:
    motif = msgspec.structs.replace(tune(), keys=[Key(0.0, 0, "major")])
    song = msgspec.structs.replace(in_bars(8), keys=[Key(0.0, key, "major")])
    made = one(song, MelodyRequest(motif=motif, form="none"))
    own, found = motif.tracks[0].notes, notes_of(made)
    assert len(found) > len(own)
    shifts = {new.pitch - old.pitch for old, new in zip(own, found, strict=False)}
    assert len(shifts) == 1
    assert (shifts.pop() - key) % 12 == 0
    assert [(n.start_beats, n.duration_beats) for n in found[: len(own)]] == [
        (n.start_beats, n.duration_beats) for n in own
    ]


def with_own(bars: int, played_off: float = 0.0, beats: int = 16, seed: int = 0) -> Song:
    """Chords, and a melody of quarter notes, play_notes a little off the grid, in its own track."""
    dice = np.random.default_rng(seed)
    late = dice.uniform(-played_off, played_off, beats)
    notes = [
        Note(max(beat + float(off), 0.0), float(0.9 + off / 2), int(dice.integers(64, 77)), 77)
        for beat, off in enumerate(late)
    ]
    own = Track("Flute", "lead", 73, notes=notes)
    song = in_bars(bars)
    return msgspec.structs.replace(song, tracks=[own, *song.tracks])


@settings(max_examples=20, deadline=None)
@given(MODELS, st.sampled_from([0.0, 0.03]), st.sampled_from([None, 1, 3]), st.integers(0, 5))
def test_a_melody_is_continued(model: FakeModel, off: float, bars: int | None, seed: int) -> None:
    song = with_own(8, off, seed=seed)
    made = one(song, MelodyRequest(is_continuing=True, bars=bars), model, seed)
    own, found = song.tracks[0].notes, notes_of(made)
    assert found[: len(own)] == own
    assert len(found) > len(own)
    assert all(16.0 <= note.start_beats < 16.0 + 4 * (bars or 4) for note in found[len(own) :])
    assert ends(found[-1]) <= 16.0 + 4 * (bars or 4) + CLOSE
    check_apart(found[len(own) - 1 :])
    assert made.song.tracks[:-1] == song.tracks[1:]


@settings(max_examples=30, deadline=None)
@given(
    MODELS,
    st.sampled_from([0.0, 0.03]),
    st.sampled_from(["1", "2", "3-6", "5-8", "8", "1-8"]),
    st.integers(0, 5),
)
def test_bars_are_filled(model: FakeModel, off: float, fill: str, seed: int) -> None:
    song = with_own(8, off, 32, seed)
    first, last = (int(bar) for bar in (fill.split("-") * 2)[:2])
    inside = range((first - 1) * 4 * STEPS, last * 4 * STEPS)
    made = one(song, MelodyRequest(fill=fill), model, seed)
    kept = [n for n in song.tracks[0].notes if round(n.start_beats * STEPS) not in inside]
    found = notes_of(made)
    assert [n for n in found if n in kept] == kept
    new = [n for n in found if n not in kept]
    assert new
    assert all(round(n.start_beats * STEPS) in inside for n in new)
    assert max(ends(n) for n in new) <= inside.stop / STEPS + CLOSE
    check_apart(found)


def test_notes_behind_the_last_chord_outlive_a_fill() -> None:
    song = with_own(4, 0.0, 28)
    found = notes_of(one(song, MelodyRequest(fill="4")))
    behind = [n for n in song.tracks[0].notes if n.start_beats >= 16]
    assert found[-len(behind) :] == behind


def test_short_notes_stay_as_long_when_they_are_swung() -> None:
    """A sixteenth after the beat's half, in jazz, where that half lies at 64 of 100."""
    made_by = MadeBy("chords", "0", {"style": "jazz"})
    song = msgspec.structs.replace(in_bars(2), made_by=made_by)
    like = Song(tracks=[Track("Tune", "lead", notes=[Note(0.5, 0.25, 60, 80)])])
    notes = notes_of(one(song, MelodyRequest(rhythm_like=like)))
    assert notes[0].start_beats == pytest.approx(0.64, abs=0.01)
    assert notes[0].duration_beats == pytest.approx(0.18, abs=0.01)
