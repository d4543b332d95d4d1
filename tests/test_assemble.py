"""Heard notes on a beat grid: the second each was heard at is kept, or the grid asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.errors import ParameterError
from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Song, Tempo
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.assemble import Part, build_track, one_part, parse_grid
from muse.tools.transcription.note_event import NoteEvent

TIME = TempoMap([(0, 96), (16, 133.7), (40, 71)])
notes = st.builds(
    lambda onset, length, pitch: NoteEvent(onset, onset + length, pitch, 80, 0.9),
    st.floats(0, 120),
    st.floats(0.001, 8),
    st.integers(0, 127),
)


@given(notes)
def test_a_note_sounds_when_it_was_heard(note: NoteEvent) -> None:
    placed = build_track(Part("a", "keys", notes=[note]), TIME).notes[0]
    tick_s = 60 / 71 / DEFAULT_TICKS_PER_BEAT  # at the slowest tempo
    assert TIME.seconds_at(placed.start_beats) == pytest.approx(note.onset_s, abs=tick_s)
    end = TIME.seconds_at(placed.start_beats + placed.duration_beats)
    assert end == pytest.approx(max(note.offset_s, note.onset_s + tick_s), abs=2 * tick_s)


@given(notes, st.sampled_from(["1/4", "1/8", "1/16", "1/8t", "1/16t"]))
def test_the_grid_is_kept_and_no_note_vanishes(note: NoteEvent, grid: str) -> None:
    step = parse_grid(grid)
    placed = build_track(Part("a", "keys", notes=[note]), TIME, grid_beats=step).notes[0]
    for beat in (placed.start_beats, placed.duration_beats):
        assert beat / step == pytest.approx(round(beat / step), abs=1 / (step * 480))
    assert placed.duration_beats > 0


@given(st.lists(notes, max_size=9))
def test_all_beats_lie_on_ticks_and_notes_are_sorted(heard: list[NoteEvent]) -> None:
    track = build_track(Part("a", "bass", notes=heard), TIME)
    starts = [note.start_beats for note in track.notes]
    assert starts == sorted(starts)
    ticks = [round(start * DEFAULT_TICKS_PER_BEAT) for start in starts]
    assert starts == [tick / DEFAULT_TICKS_PER_BEAT for tick in ticks]
    assert track.confidence is not None
    assert len(track.confidence) == len(heard)


def test_unsure_notes_are_left_out() -> None:
    heard = [NoteEvent(0, 1, 60, 80, 0.2), NoteEvent(1, 2, 62, 80, 0.8)]
    track = build_track(Part("a", "keys", notes=heard), TIME, min_confidence=0.5)
    assert [note.pitch for note in track.notes] == [62]
    assert track.confidence == [0.8]


def test_drums_go_to_the_drum_channel() -> None:
    assert build_track(Part("drums", "drums", notes=[NoteEvent(0, 0.1, 36, 99, 1)]), TIME).is_drum
    assert not build_track(Part("bass", "bass"), TIME).is_drum


def test_one_part_keeps_the_tempo_map() -> None:
    parts = [Part("a", "keys", notes=[NoteEvent(0, 1, 60, 80, 1)]), Part("b", "bass")]
    song = Song(tempos=[Tempo(0, 99)], tracks=[build_track(part, TIME) for part in parts])
    alone = one_part(song, "a")
    assert [track.name for track in alone.tracks] == ["a"]
    assert alone.tempos == song.tempos


@pytest.mark.parametrize(("text", "beats"), [("1/4", 1.0), ("1/16", 0.25), ("1/8t", 1 / 3)])
def test_grids_are_note_values(text: str, beats: float) -> None:
    assert parse_grid(text) == pytest.approx(beats)


@pytest.mark.parametrize("text", ["16", "1/3", "0", "1/16x", ""])
def test_other_grids_are_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="note value"):
        parse_grid(text)
