"""Recording, reading, replaying and comparing takes."""

from pathlib import Path

import pytest

from muse.tools.errors import MuseError
from muse.tools.jam.band.click import click
from muse.tools.jam.band.rhythm_section import Band
from muse.tools.jam.events import ChordCandidate, Decision, DetectedKey, Message
from muse.tools.jam.grid import COMMON_METERS, StepGrid
from muse.tools.jam.section_styles import StylePlan
from muse.tools.jam.takes.records import (
    DecisionLine,
    EndLine,
    Header,
    HeardLine,
    Take,
    TempoLine,
    read_take,
    take_from_lines,
)
from muse.tools.jam.takes.replay import agreement_lines, compare_takes, make_replay, read_replay
from muse.tools.jam.takes.take import TakeRecorder
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.jam.tempo.beat_clock import BeatClock
from muse.tools.song.midi import load_song
from muse.tools.theory.chords import parse_chord
from muse.tools.theory.keys import parse_key

HEADER = Header(
    version="1.2", numerator=4, denominator=4, params={"style": "jazz"}, seed=7, model="lstm"
)
COMMON = StepGrid(COMMON_METERS)
CHANGES = ["Cm7"] * 4 + ["F7"] * 4 + ["N.C."] * 2 + ["Bbmaj7"] * 6


def decision(beat: float, symbol: str, key: str = "Bb") -> Decision:
    likely = (
        ChordCandidate(parse_chord(symbol), 1 / 3),
        ChordCandidate(parse_chord("Gm"), 0.25, beat + 4),
    )
    detected = DetectedKey(parse_key(key), 0.9)
    return Decision(
        beat, parse_chord(symbol), 1 / 3, False, "both", False, detected, likely, likely
    )


def record(take: TakeRecorder, symbols: list[str], first_solo_beat: float = 0.0) -> BeatClock:
    """Record a short session: a scale above a band, with a tempo change on beat 8."""
    beat_clock = BeatClock(100.0, 4, 4, 1)
    beat_clock.start(0.5)
    band = Band(COMMON, StylePlan(((0.0, "jazz"),)), bpm_at=lambda: beat_clock.bpm, seed=1)
    for beat in range(-4, len(symbols)):
        now = beat_clock.time_of(beat)
        if beat == 8:
            beat_clock.set_bpm(140.0, now)
        if beat >= first_solo_beat:
            for at, status in ((beat, 0x90), (beat + 0.5, 0x80)):
                data = bytes((status, 70 + beat % 5, 90))
                take.record_input(Message(beat_clock.time_of(at), data), at)
        events = click(COMMON.step(beat))
        if beat >= 0:
            chosen = decision(beat, symbols[beat])
            take.record_decision(chosen, now)
            events += band.step(chosen)
        for event in events:
            take.record_output(event, beat_clock.time_of(event.beat))
        take.record_tempo(beat_clock.spans, now)
    for event in band.stop(len(symbols)):
        take.record_output(event, beat_clock.time_of(event.beat))
    return beat_clock


def test_a_take_is_saved_as_lines_and_as_midi_that_is_read_again(tmp_path: Path) -> None:
    take = TakeRecorder(tmp_path / "new" / "take", HEADER)
    beat_clock = record(take, CHANGES)
    lines, midi = take.save(beat_clock.time_of(16), 16.0)
    assert [lines.name, midi.name] == ["take.jsonl", "take.mid"]
    assert sorted(p.name for p in lines.parent.iterdir()) == ["take.jsonl", "take.mid"]
    song = load_song(midi)
    assert [(t.name, t.role) for t in song.tracks] == [
        ("Solo", "lead"),
        ("Keys", "keys"),
        ("Bass", "bass"),
    ]
    assert [(c.start_beats, c.symbol) for c in song.chords if c.symbol != "N.C."] == [
        (0.0, "Cm7"),
        (4.0, "F7"),
        (10.0, "Bbmaj7"),
    ]
    assert [(t.beat, round(t.bpm)) for t in song.tempos] == [(0.0, 100), (8.0, 140)]
    assert [(k.tonic_pc, k.mode) for k in song.keys] == [(10, "major")]
    solo = [(n.start_beats, n.duration_beats, n.pitch, n.velocity) for n in song.tracks[0].notes]
    assert solo == [(float(b), 0.5, 70 + b % 5, 90) for b in range(16)]


def test_a_second_take_of_a_name_is_numbered(tmp_path: Path) -> None:
    saved = []
    for _ in range(3):
        take = TakeRecorder(tmp_path / "take.mid", HEADER)
        clock = record(take, CHANGES)
        saved.append(take.save(clock.time_of(16), 16.0)[0])
    assert [path.name for path in saved] == ["take.jsonl", "take_2.jsonl", "take_3.jsonl"]
    assert len(list(tmp_path.iterdir())) == 6


def test_takes_that_are_recorded_at_once_are_both_kept(tmp_path: Path) -> None:
    takes = [TakeRecorder(tmp_path / "take", HEADER) for _ in range(2)]
    assert [take.save(1.0, 1.0)[1].name for take in takes] == ["take.mid", "take_2.mid"]


def test_take_is_read_as_recorded(tmp_path: Path) -> None:
    take = TakeRecorder(tmp_path / "take.mid", HEADER)
    record(take, CHANGES)
    take.save(12.25, 16.0)
    read = read_take(tmp_path / "take.jsonl")
    assert read.header == HEADER
    assert read.is_whole and (read.end.time_s, read.end.beat) == (12.25, 16.0)
    assert [line.symbol for line in read.decisions] == CHANGES
    assert read.decisions[4].key == "Bb major" and read.decisions[4].coming == []
    assert read.decisions[4].ear[1].beat == 8.0
    assert [line.bpm for line in read.tempos] == [100.0, 140.0]
    assert {line.part for line in read.band_messages} == {"keys", "bass", "click"}
    again = song_of_take(read)
    assert again.made_by and (again.made_by.command, again.made_by.seed) == ("jam", 7)
    assert again.chords[0].roman == "ii7"


def test_a_solo_that_begins_in_the_count_in_is_in_the_song(tmp_path: Path) -> None:
    take = TakeRecorder(tmp_path / "take", HEADER)
    record(take, CHANGES, first_solo_beat=-1)
    song = load_song(take.save(12.0, 16.0)[1])
    assert song.tracks[0].notes[0].start_beats == 3.0
    assert song.chords[0].start_beats == 4.0
    assert [(t.beat, round(t.bpm)) for t in song.tempos] == [(0.0, 100), (12.0, 140)]


def test_killed_session_leaves_a_readable_file(tmp_path: Path, caplog) -> None:
    take = TakeRecorder(tmp_path / "take", HEADER)
    record(take, CHANGES)
    take.flush()
    left = take.spool.read_bytes()  # what is on the disk at this moment, without any saving
    (tmp_path / "left.jsonl").write_bytes(left + b'{"kind":"heard","time')
    read = read_take(tmp_path / "left.jsonl")
    assert not read.is_whole
    assert [line.symbol for line in read.decisions] == CHANGES
    assert "cut off" in caplog.text
    assert song_of_take(read).tracks
    another = TakeRecorder(tmp_path / "take", HEADER)
    assert another.spool != take.spool and take.spool.exists()
    assert str(take.spool) in caplog.text
    another.save(0.0, 0.0)
    assert take.spool.exists()
    take.save(0.0, 0.0)


def test_an_empty_session_is_a_take_too(tmp_path: Path) -> None:
    take = TakeRecorder(tmp_path / "take", HEADER)
    lines, midi = take.save(0.0, 0.0)
    take.record_output(click(COMMON.step(0))[0], 0.0)
    assert take.save(1.0, 1.0) == (lines, midi)
    assert read_take(lines).is_whole and not read_take(lines).band_messages
    assert not load_song(midi).tracks


def test_memory_does_not_grow_with_the_session(tmp_path: Path) -> None:
    import tracemalloc

    take = TakeRecorder(tmp_path / "take", HEADER)
    record(take, CHANGES)
    tracemalloc.start()
    for beat in range(2000):
        take.record_decision(decision(beat, "C"), beat / 1.7)
        take.record_input(Message(beat / 1.7, b"\x90\x40\x40"), float(beat))
    take.flush()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 100_000
    take.save(3600.0, 2000.0)


def test_full_disk_is_logged_once(tmp_path: Path, caplog, monkeypatch) -> None:
    take = TakeRecorder(tmp_path / "take", HEADER)
    take.flush()

    class Full:
        name = str(take.spool)

        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            own.close()

    own = take._file
    monkeypatch.setattr(take, "_file", Full())
    record(take, CHANGES)
    take.flush()
    assert caplog.text.count("recording stopped (No space left on device)") == 1
    with pytest.raises(OSError, match=r"take\.part\.jsonl"):
        take.save(1.0, 1.0)
    assert take.spool.exists() and not take.jsonl.exists()


def test_folder_with_the_name_of_the_take_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "take.mid").mkdir()
    with pytest.raises(MuseError, match=r"take\.mid is a folder"):
        TakeRecorder(tmp_path / "take", HEADER)


def test_a_take_can_be_played_again(tmp_path: Path) -> None:
    take = TakeRecorder(tmp_path / "take", HEADER)
    beat_clock = record(take, CHANGES)
    take.save(beat_clock.time_of(16), 16.0)
    replay = read_replay(tmp_path / "take.jsonl")
    assert replay.header.params == {"style": "jazz"}
    assert (replay.bpm, replay.first_beat, replay.start_s) == (100.0, -4.0, 0.5)
    again = BeatClock(replay.bpm, 4, 4, 1)
    again.start(replay.start_s)
    for time_s, bpm in replay.tempos:
        again.set_bpm(bpm, time_s)
    assert again.spans == beat_clock.spans
    assert len(replay.messages) == 32
    beats = [again.beat_at(m.time_s) for m in replay.messages]
    assert beats == pytest.approx([n / 2 for n in range(32)])
    assert replay.end_s == beat_clock.time_of(16)


def lines_of(*symbols: str, key: str = "C major", late: bool = False) -> Take:
    decisions = [
        DecisionLine(float(b), float(b), symbol, 0.5, False, "both", late, key, 1.0)
        for b, symbol in enumerate(symbols)
    ]
    return take_from_lines(HEADER, [*decisions, EndLine(float(len(symbols)), float(len(symbols)))])


def test_takes_are_compared_beat_by_beat() -> None:
    one = lines_of("C", "C", "Am7", "Dm7", "G7", "C#m")
    other = lines_of("C", "C/E", "Am", "D7", "C", "Dbm", "F", late=True)
    found = compare_takes(one, other)
    assert found.beats == 6
    assert (found.chord, found.triad, found.root) == pytest.approx((2 / 6, 4 / 6, 5 / 6))
    assert (found.key, found.changes, found.late) == (1.0, (4, 5), (0, 6))
    assert compare_takes(one, one).chord == 1.0
    assert compare_takes(lines_of(), one).beats == 0
    assert list(agreement_lines(found, ("lstm", "transformer"))) == [
        "6 beats with a decision in both",
        "  same chord   33.3%",
        "  same triad   66.7%",
        "  same root    83.3%",
        "  same key    100.0%",
        "  lstm         4 chord changes, chord model late on 0 beats",
        "  transformer  5 chord changes, chord model late on 6 beats",
    ]


def test_a_take_without_tempo_or_player_can_be_played_again() -> None:
    replay = make_replay(lines_of("C", "F"), bpm=90.0)
    assert (replay.bpm, replay.messages, replay.end_beat) == (90.0, (), 2.0)
    silent = take_from_lines(HEADER, [TempoLine(0.0, 0.0, 80.0), HeardLine(0.0, 0.0, "904040")])
    assert not silent.is_whole
    assert song_of_take(silent).tempos[0].bpm == 80.0
