"""Given rhythms, motifs and notes of the song stay unchanged in a melody."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muse.tools.datasets.melody_events import STEPS
from muse.tools.melody.request import MelodyRequest
from muse.tools.song.document import Key, MadeBy, Meter, Note, Song, Track
from tests.melody_fakes import FIXED_PREDICTIONS, MODELS, FakeModel, in_bars, song_over
from tests.test_melody_sampler import CLOSE, RANGES, check, check_apart, ends, notes_of, one


def tune() -> Song:
    """Return a melody of two bars that begins off the beat, with a bass track."""
    notes = [Note(0.5, 0.5, 67, 80), Note(1.0, 1.0, 64, 80), Note(2.5, 1.5, 65, 80)]
    notes += [Note(4.0, 0.25, 62, 80), Note(6.0, 1.0, 60, 80)]
    return Song(
        meters=[Meter(0.0, 4, 4)],
        tracks=[Track("Tune", "lead", notes=notes), Track("Bass", "bass", notes=[notes[4]])],
    )


@pytest.mark.parametrize("name", sorted(FIXED_PREDICTIONS))
def test_rhythm_is_copied_and_repeated(name: str) -> None:
    song = in_bars(7)
    made = one(song, MelodyRequest(rhythm_like=tune()), FakeModel(1, FIXED_PREDICTIONS[name]))
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


def test_rhythm_begins_on_a_bar_line_if_chords_begin_within_a_bar() -> None:
    song = song_over([2.0, 4.0, 4.0], ["C", "F", "G"], first=2.0)
    found = notes_of(one(song, MelodyRequest(rhythm_like=tune())))
    assert [n.start_beats for n in found] == [2.5, 4.0, 6.0, 8.5, 9.0, 10.5]


@pytest.mark.parametrize("key", [0, 4, 9])
def test_motif_is_transposed_to_the_key_of_the_song(key: int) -> None:
    motif = msgspec.structs.replace(tune(), keys=[Key(0.0, 0, "major")])
    song = msgspec.structs.replace(in_bars(8), keys=[Key(0.0, key, "major")])
    made = one(song, MelodyRequest(motif=motif, form="none"))
    given_notes, found = motif.tracks[0].notes, notes_of(made)
    assert len(found) > len(given_notes)
    shifts = {new.pitch - old.pitch for old, new in zip(given_notes, found, strict=False)}
    assert len(shifts) == 1
    assert (shifts.pop() - key) % 12 == 0
    assert [(n.start_beats, n.duration_beats) for n in found[: len(given_notes)]] == [
        (n.start_beats, n.duration_beats) for n in given_notes
    ]


def song_with_melody(bars: int, max_shift: float = 0.0, beats: int = 16, seed: int = 0) -> Song:
    """Return chords and a melody of quarter notes that are shifted off the grid at random."""
    rng = np.random.default_rng(seed)
    shifts = rng.uniform(-max_shift, max_shift, beats)
    notes = [
        Note(max(beat + float(shift), 0.0), float(0.9 + shift / 2), int(rng.integers(64, 77)), 77)
        for beat, shift in enumerate(shifts)
    ]
    melody = Track("Flute", "lead", 73, notes=notes)
    song = in_bars(bars)
    return msgspec.structs.replace(song, tracks=[melody, *song.tracks])


@settings(max_examples=20, deadline=None)
@given(MODELS, st.sampled_from([0.0, 0.03]), st.sampled_from([None, 1, 3]), st.integers(0, 5))
def test_melody_is_continued(model: FakeModel, shift: float, bars: int | None, seed: int) -> None:
    song = song_with_melody(8, shift, seed=seed)
    made = one(song, MelodyRequest(is_continuing=True, bars=bars), model, seed)
    given_notes, found = song.tracks[0].notes, notes_of(made)
    count = len(given_notes)
    assert found[:count] == given_notes
    assert len(found) > count
    assert all(16.0 <= note.start_beats < 16.0 + 4 * (bars or 4) for note in found[count:])
    assert ends(found[-1]) <= 16.0 + 4 * (bars or 4) + CLOSE
    check_apart(found[count - 1 :])
    assert made.song.tracks[:-1] == song.tracks[1:]


@settings(max_examples=30, deadline=None)
@given(
    MODELS,
    st.sampled_from([0.0, 0.03]),
    st.sampled_from(["1", "2", "3-6", "5-8", "8", "1-8"]),
    st.integers(0, 5),
)
def test_bars_are_filled(model: FakeModel, shift: float, fill: str, seed: int) -> None:
    song = song_with_melody(8, shift, 32, seed)
    first, last = (int(bar) for bar in (fill.split("-") * 2)[:2])
    inside = range((first - 1) * 4 * STEPS, last * 4 * STEPS)
    made = one(song, MelodyRequest(fill=fill), model, seed)
    remaining = [n for n in song.tracks[0].notes if round(n.start_beats * STEPS) not in inside]
    found = notes_of(made)
    assert [n for n in found if n in remaining] == remaining
    new = [n for n in found if n not in remaining]
    assert new
    assert all(round(n.start_beats * STEPS) in inside for n in new)
    assert max(ends(n) for n in new) <= inside.stop / STEPS + CLOSE
    check_apart(found)


def test_fill_keeps_notes_after_the_last_chord() -> None:
    song = song_with_melody(4, 0.0, 28)
    found = notes_of(one(song, MelodyRequest(fill="4")))
    later = [n for n in song.tracks[0].notes if n.start_beats >= 16]
    assert found[-len(later) :] == later


def test_swing_shifts_the_ends_of_short_notes() -> None:
    """A sixteenth on the second eighth of a beat; in jazz that eighth is at 64 % of the beat."""
    made_by = MadeBy("chords", "0", {"style": "jazz"})
    song = msgspec.structs.replace(in_bars(2), made_by=made_by)
    like = Song(tracks=[Track("Tune", "lead", notes=[Note(0.5, 0.25, 60, 80)])])
    notes = notes_of(one(song, MelodyRequest(rhythm_like=like)))
    assert notes[0].start_beats == pytest.approx(0.64, abs=0.01)
    assert notes[0].duration_beats == pytest.approx(0.18, abs=0.01)
