"""The example song: its script, MIDI file and recording agree."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from muse.tools.jam.takes.records import read_take
from muse.tools.jam.takes.to_song import song_of_take
from muse.tools.song.document import Song
from muse.tools.song.midi import load_song

EXAMPLES = Path(__file__).parent.parent / "examples"
MIDI = EXAMPLES / "paper_lanterns.mid"
AUDIO = EXAMPLES / "paper_lanterns.ogg"
MAX_BYTES = 3_000_000
HOP = 32  # frames, 0.7 ms at 44.1 kHz

# pitch classes that a phrase may end on, over each chord
CHORD_TONES = {
    "Dm9": {2, 5, 9, 0, 4},
    "Bbmaj9": {10, 2, 5, 9, 0},
    "Gm9": {7, 10, 2, 5, 9},
    "C9sus4": {0, 5, 7, 10, 2},
    "C9": {0, 4, 7, 10, 2},
    "C13": {0, 4, 7, 10, 2, 9},
    "Fmaj9": {5, 9, 0, 4, 7},
    "Am7": {9, 0, 4, 7},
    "Em7b5": {4, 7, 10, 2},
    "A7sus4": {9, 2, 4, 7},
    "A7b9": {9, 1, 4, 7, 10},
}


@pytest.fixture(scope="module")
def song() -> Song:
    return load_song(MIDI)


def test_the_script_composes_the_stored_midi(tmp_path: Path) -> None:
    script = EXAMPLES / "compose_example.py"
    command = [sys.executable, str(script), "--midi-only", "--folder", str(tmp_path)]
    subprocess.run(command, check=True)
    assert (tmp_path / MIDI.name).read_bytes() == MIDI.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [MIDI.name]


def test_it_has_a_tempo_change_a_key_a_meter_and_sections(song: Song) -> None:
    assert [(tempo.beat, round(tempo.bpm, 3)) for tempo in song.tempos] == [(0, 100), (40, 112)]
    assert [(key.tonic_pc, key.mode) for key in song.keys] == [(2, "minor")]
    assert [(meter.numerator, meter.denominator) for meter in song.meters] == [(4, 4)]
    assert [(section.beat, section.label) for section in song.sections] == [
        (0, "Intro"),
        (8, "Verse"),
        (40, "Chorus"),
        (72, "Ending"),
    ]
    assert 40 < song.tempo_map().seconds_at(song.end_beats()) < 50


def test_it_has_a_lead_keys_bass_and_drums(song: Song) -> None:
    assert [(track.name, track.role, track.program, track.is_drum) for track in song.tracks] == [
        ("Lead", "lead", 73, False),
        ("Keys", "keys", 4, False),
        ("Bass", "bass", 33, False),
        ("Drums", "drums", 0, True),
    ]


def test_the_lead_and_the_bass_play_one_note_at_a_time(song: Song) -> None:
    for track in (song.tracks[0], song.tracks[2]):
        for note, following in zip(track.notes, track.notes[1:], strict=False):
            assert note.start_beats + note.duration_beats <= following.start_beats + 0.02


def test_long_notes_of_the_lead_belong_to_the_chord(song: Song) -> None:
    for note in song.tracks[0].notes:
        if note.duration_beats > 1.3:
            at = note.start_beats + 0.1  # onsets deviate slightly from the beat
            chord = next(c for c in reversed(song.chords) if c.start_beats <= at)
            assert note.pitch % 12 in CHORD_TONES[chord.symbol], (note, chord.symbol)


def test_the_recording_is_small_stereo_and_as_long_as_the_song(song: Song) -> None:
    info = soundfile.info(AUDIO)
    assert AUDIO.stat().st_size < MAX_BYTES
    assert (info.samplerate, info.channels) == (44_100, 2)
    end = song.tempo_map().seconds_at(song.end_beats())
    assert end + 1 < info.frames / info.samplerate < end + 3
    audio, _ = soundfile.read(AUDIO)
    assert 0.7 < np.abs(audio).max() < 1.0


def attacks(audio: np.ndarray) -> np.ndarray:
    """Return the increase of the log energy of high frequencies from hop to hop."""
    treble = np.diff(audio, prepend=0.0)
    hops = treble[: len(treble) // HOP * HOP].reshape(-1, HOP)
    return np.maximum(np.diff(np.log10(np.mean(hops**2, axis=1) + 1e-5), prepend=0.0), 0)


def test_onsets_of_the_recording_are_those_of_the_midi(song: Song) -> None:
    recorded, rate = soundfile.read(AUDIO)
    heard = attacks(recorded.mean(axis=1))
    time = song.tempo_map()
    onsets = np.array([time.seconds_at(note.start_beats) for note in song.tracks[3].notes])
    around = np.arange(-40, 41)  # hops, 29 ms to either side
    for start in range(0, 45, 9):
        hits = onsets[(onsets >= max(start, 0.1)) & (onsets < start + 9)]
        frames = np.round(hits * rate / HOP).astype(int)
        mean_attack = heard[frames[:, None] + around].mean(axis=0)
        lag_ms = around[int(np.argmax(mean_attack))] * HOP / rate * 1000
        assert 0 <= lag_ms < 7, f"from {start} s on"  # sampled drums have a short attack


def test_the_jam_is_the_lead_of_the_song_with_chords_under_it(song: Song) -> None:
    take = read_take(EXAMPLES / "jam_take.jsonl")
    made, stored = song_of_take(take), load_song(EXAMPLES / "jam_take.mid")
    assert take.is_whole
    assert [len(track.notes) for track in made.tracks] == [len(t.notes) for t in stored.tracks]
    lead = next(track for track in song.tracks if track.name == "Lead")
    assert [note.pitch for note in stored.tracks[0].notes] == [note.pitch for note in lead.notes]
    with soundfile.SoundFile(EXAMPLES / "jam_take.ogg") as audio:
        assert audio.frames / audio.samplerate == pytest.approx(
            stored.tempo_map().seconds_at(stored.end_beats()), abs=4.0
        )
