"""Hanging notes are counted, and the search for them changes no other note."""

import logging
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic.core import ScoreTick

from muse.tools.song.hanging_notes import MIDI_ERRORS, PADDING, score_of
from muse.tools.song.midi import song_from_midi
from tests.mutations import BIG_DELTA, END_OF_TRACK, chunk, damaged_midi, midi_file, small_files

HELD = b"\x00\x90\x3c\x40"  # a note-on
Events = list[tuple[int, int, int, int]]  # wait, status, key, velocity


def plain(data: bytes) -> ScoreTick | str:
    """Return what symusic reads from a file."""
    try:
        return ScoreTick.from_midi(data + PADDING)
    except MIDI_ERRORS as error:
        return str(error)


def looked_at(data: bytes) -> ScoreTick | str:
    """Return what is read from a file whose hanging notes are counted."""
    try:
        return score_of(data)[0]
    except MIDI_ERRORS as error:
        return str(error)


def held_down(tracks: list[Events]) -> int:
    """Count keys with more note-ons than later note-offs, for each track and channel."""
    sounding: Counter[tuple[int, int, int]] = Counter()
    for number, events in enumerate(tracks):
        for _, status, key, velocity in events:
            voice = number, status & 0x0F, key
            if status >= 0x90 and velocity:
                sounding[voice] += 1
            else:
                sounding[voice] = max(sounding[voice] - 1, 0)
    return len(+sounding)


def raw(events: Events) -> bytes:
    """Return events as bytes, with running status where the status is repeated."""
    out, before = b"", 0
    for wait, status, key, velocity in events:
        out += bytes([wait, *([] if status == before else [status]), key, velocity])
        before = status
    return out


def some_events() -> st.SearchStrategy[Events]:
    """Draw note-ons and note-offs of few keys on two channels."""
    event = st.tuples(
        *(st.integers(0, 127), st.sampled_from((0x80, 0x81, 0x90, 0x91))),
        *(st.sampled_from((0, 60, 127)), st.integers(0, 127)),
    )
    return st.lists(event, max_size=30)


@given(st.lists(some_events(), min_size=1, max_size=3))
def test_hanging_keys_are_counted(tracks: list[Events]) -> None:
    first, *others = [raw(events) for events in tracks]
    data = midi_file(first, tracks=len(tracks))
    data += b"".join(chunk(b"MTrk", events + END_OF_TRACK) for events in others)
    score, endless = score_of(data)
    assert endless == held_down(tracks)
    assert score == plain(data)


@pytest.mark.parametrize("data", small_files())
def test_a_sound_file_has_none(data: bytes) -> None:
    assert score_of(data) == (plain(data), 0)


def test_damaged_files_are_read_unchanged() -> None:
    """This includes tracks that end inside an event, whose last byte count covers later bytes."""
    found = 0
    for name, data in damaged_midi(small_files(), 1500, seed=7):
        assert looked_at(data) == plain(data), name
        found += isinstance(plain(data), ScoreTick)
    assert found > 100


@pytest.mark.parametrize(
    ("events", "count"),
    [
        (HELD * 3, 1),  # of one key
        (HELD + b"\x00\xff\x06\x03\x90\x40\x40" + b"\x00\xf0\x03\x90\x41\xf7", 1),
        (HELD + (BIG_DELTA + b"\xff\x01\x00") * 2, 0),  # too late to be sure
    ],
)
def test_counts(events: bytes, count: int) -> None:
    data = midi_file(events)
    score, endless = score_of(data)
    assert endless == count
    assert score == plain(data)


def test_hanging_notes_are_reported_in_one_line(caplog) -> None:
    with caplog.at_level(logging.WARNING, "muse"):
        song = song_from_midi(midi_file(HELD + b"\x00\x90\x40\x40\x10\x40\x00"), "x.mid")
    assert [note.pitch for note in song.tracks[0].notes] == [64]
    assert caplog.messages == ["x.mid: ignored notes without an end (keys: 1)"]


def test_real_files_have_none(shared_data: Path) -> None:
    for path in sorted((shared_data / "pop909").glob("*/*.mid"))[::60]:
        data = path.read_bytes()
        assert score_of(data) == (plain(data), 0), path
