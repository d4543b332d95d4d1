"""Notes in seconds become tracks in beats, on the played time or on a grid; doubts are reported."""

import logging
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from muse.tools.song.document import DEFAULT_TICKS_PER_BEAT, Song, Tempo
from muse.tools.song.tempo_map import TempoMap
from muse.tools.transcription.beats import NO_BEATS, BeatTrack
from muse.tools.transcription.build_song import (
    beat_warnings,
    build_track,
    extract_track,
    note_warnings,
)
from muse.tools.transcription.note_event import NoteEvent
from muse.tools.transcription.options import parse_grid
from muse.tools.transcription.stem_transcription import StemTranscription

TEMPO_MAP = TempoMap([(0, 96), (16, 133.7), (40, 71)])
STEADY = BeatTrack(np.arange(8.0), np.arange(8) % 4, 4, 4, 0.9, 0.9)
notes = st.builds(
    lambda onset, length, pitch: NoteEvent(onset, onset + length, pitch, 80, 0.9),
    st.floats(0, 120),
    st.floats(0.001, 8),
    st.integers(0, 127),
)


@given(notes)
def test_a_note_stays_at_its_time(note: NoteEvent) -> None:
    placed = build_track(StemTranscription("a", "keys", notes=[note]), TEMPO_MAP).notes[0]
    tick_s = 60 / 71 / DEFAULT_TICKS_PER_BEAT  # at the slowest tempo
    assert TEMPO_MAP.seconds_at(placed.start_beats) == pytest.approx(note.onset_s, abs=tick_s)
    end = TEMPO_MAP.seconds_at(placed.start_beats + placed.duration_beats)
    assert end == pytest.approx(max(note.offset_s, note.onset_s + tick_s), abs=2 * tick_s)


@given(notes, st.sampled_from(["1/4", "1/8", "1/16", "1/8t", "1/16t"]))
def test_notes_lie_on_the_grid_and_none_vanishes(note: NoteEvent, grid: str) -> None:
    step = parse_grid(grid)
    placed = build_track(
        StemTranscription("a", "keys", notes=[note]), TEMPO_MAP, grid_beats=step
    ).notes[0]
    for beat in (placed.start_beats, placed.duration_beats):
        assert beat / step == pytest.approx(round(beat / step), abs=1 / (step * 480))
    assert placed.duration_beats > 0


@given(st.lists(notes, max_size=9))
def test_all_beats_lie_on_ticks_and_notes_are_sorted(found: list[NoteEvent]) -> None:
    track = build_track(StemTranscription("a", "bass", notes=found), TEMPO_MAP)
    starts = [note.start_beats for note in track.notes]
    assert starts == sorted(starts)
    ticks = [round(start * DEFAULT_TICKS_PER_BEAT) for start in starts]
    assert starts == [tick / DEFAULT_TICKS_PER_BEAT for tick in ticks]
    assert track.confidence is not None
    assert len(track.confidence) == len(found)


def test_notes_of_low_confidence_are_left_out() -> None:
    found = [NoteEvent(0, 1, 60, 80, 0.2), NoteEvent(1, 2, 62, 80, 0.8)]
    track = build_track(StemTranscription("a", "keys", notes=found), TEMPO_MAP, min_confidence=0.5)
    assert [note.pitch for note in track.notes] == [62]
    assert track.confidence == [0.8]


def test_drums_go_to_the_drum_channel() -> None:
    assert build_track(
        StemTranscription("drums", "drums", notes=[NoteEvent(0, 0.1, 36, 99, 1)]), TEMPO_MAP
    ).is_drum
    assert not build_track(StemTranscription("bass", "bass"), TEMPO_MAP).is_drum


def test_an_extracted_track_has_the_tempo_map() -> None:
    stems = [
        StemTranscription("a", "keys", notes=[NoteEvent(0, 1, 60, 80, 1)]),
        StemTranscription("b", "bass"),
    ]
    song = Song(tempos=[Tempo(0, 99)], tracks=[build_track(stem, TEMPO_MAP) for stem in stems])
    alone = extract_track(song, "a")
    assert [track.name for track in alone.tracks] == ["a"]
    assert alone.tempos == song.tempos


@pytest.mark.parametrize(
    ("beats", "warning"),
    [
        (STEADY, ""),
        (replace(STEADY, numerator=3, meter_confidence=0.51), "meter 3/4 is a guess"),
        (replace(STEADY, confidence=0.3, meter_confidence=0.51), "no steady beat found"),
        (NO_BEATS, "no steady beat found"),
    ],
)
def test_uncertain_beats_give_one_warning(
    beats: BeatTrack, warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="muse"):
        returned = beat_warnings(beats)
    assert caplog.messages == returned
    assert len(returned) == bool(warning)
    assert warning in caplog.text


NOTES = [NoteEvent(0, 1, 60, 80, 0.9)]
SOUNDING = StemTranscription("keys", "keys", engine="note-net")
SILENT = StemTranscription("bass", "bass")


@pytest.mark.parametrize(
    ("stems", "warns"),
    [
        ([SOUNDING], True),
        ([SOUNDING, SILENT], True),
        ([SILENT], False),
        ([replace(SOUNDING, notes=NOTES)], False),
        ([SOUNDING, replace(SOUNDING, notes=NOTES)], False),
    ],
)
def test_sound_without_notes_gives_a_warning(
    stems: list[StemTranscription], warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    song = Song(tracks=[build_track(stem, TEMPO_MAP) for stem in stems if stem.notes])
    with caplog.at_level(logging.WARNING, logger="muse"):
        returned = note_warnings("a.wav", song, stems)
    assert caplog.messages == returned
    assert bool(returned) == warns
    if warns:
        assert "a.wav: no notes found" in caplog.text


def test_a_warning_of_a_stem_names_the_file() -> None:
    stem = replace(SOUNDING, notes=NOTES, warning="another engine was used")
    song = Song(tracks=[build_track(stem, TEMPO_MAP)])
    assert note_warnings("a.wav", song, [stem]) == ["a.wav: another engine was used"]
