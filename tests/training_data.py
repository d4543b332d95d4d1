"""A small data folder of made-up collections, in the form of the real ones."""

import csv
import json
from pathlib import Path

import numpy as np

from muse.tools.audio.io import write_audio
from muse.tools.song.document import Meter, Note, Song, Tempo, Track, song_to_json
from muse.tools.song.midi import save_song
from tests.test_datasets_melody_data import tune

BEAT_S = 0.5
CHORDS = ("C:maj", "A:min", "F:maj", "G:maj")
ROOTS = (60, 57, 65, 67)
SCALE = (0, 2, 4, 5, 7, 9, 11)
HITS = ((36, 0.0), (42, 0.0), (42, 0.5), (38, 1.0), (42, 1.0), (42, 1.5))  # key, beat of two


def write_data(folder: Path, songs: int = 12, beats: int = 96) -> Path:
    """Write songs of POP909, drum takes of the Groove set and a few songs of the other sets."""
    for number in range(songs):
        write_pop909_song(folder / "pop909" / f"{number + 1:03}", number, beats)
    write_groove(folder / "groove")
    for name in ("billboard", "openewld"):
        (folder / name).mkdir()
        for number in range(6):
            song = tune(number + len(name), 12, number, 4)
            (folder / name / f"{number}.json").write_bytes(song_to_json(song))
    progressions = [
        {"mode": "major", "roman": ["I", "IV", "V", "I"][:count], "moods": ["Calm"]}
        for count in (2, 3, 4)
    ]
    text = json.dumps({"source": "made up", "progressions": progressions})
    (folder / "progressions.json").write_text(text)
    return folder


def write_pop909_song(folder: Path, seed: int, beats: int) -> None:
    """Write one song in C major: a melody on eighths and quarters over block chords."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    roots = [ROOTS[(beat // 4 + seed) % 4] for beat in range(beats)]
    melody = [
        Note(float(beat), float(rng.choice((0.5, 1.0))), 67 + SCALE[int(rng.integers(7))], 90)
        for beat in range(beats)
        if rng.random() < 0.9
    ]
    steps = {60: (0, 4, 7), 57: (0, 3, 7), 65: (0, 4, 7), 67: (0, 4, 7)}
    piano = [
        Note(float(beat), 4.0, root - 12 + step, 70)
        for beat, root in enumerate(roots)
        if beat % 4 == 0
        for step in steps[root]
    ]
    song = Song(
        tempos=[Tempo(0.0, 60 / BEAT_S)],
        meters=[Meter(0.0, 4, 4)],
        tracks=[Track("MELODY", notes=melody), Track("PIANO", notes=piano)],
    )
    save_song(song, folder / f"{folder.name}.mid")
    times = [
        f"{beat * BEAT_S:.4f} {beat % 2 == 0:.1f} {beat % 4 == 0:.1f}" for beat in range(beats)
    ]
    (folder / "beat_midi.txt").write_text("\n".join(times))
    chords = [
        f"{bar * 4 * BEAT_S:.4f}\t{(bar + 1) * 4 * BEAT_S:.4f}\t{CHORDS[(bar + seed) % 4]}"
        for bar in range(beats // 4)
    ]
    (folder / "chord_midi.txt").write_text("\n".join(chords))
    (folder / "key_audio.txt").write_text(f"0.0\t{beats * BEAT_S}\tC:maj")


def write_groove(folder: Path) -> None:
    """Write takes of two drummers on the training split and one of another split."""
    rows = []
    for number, (drummer, split) in enumerate(
        [("drummer1", "train"), ("drummer5", "train"), ("drummer1", "train"), ("drummer3", "test")]
    ):
        name = f"{drummer}/{number}.mid"
        (folder / drummer).mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        notes = [
            Note(
                max(2 * pair + beat + rng.normal(0, 0.01), 0.0),
                0.1,
                key,
                int(rng.integers(40, 120)),
            )
            for pair in range(24)
            for key, beat in HITS
        ]
        tracks = [Track("drums", is_drum=True, notes=sorted(notes, key=lambda n: n.start_beats))]
        save_song(Song(tempos=[Tempo(0.0, 120.0)], tracks=tracks), folder / name)
        rows.append(
            {
                "drummer": drummer,
                "id": f"{drummer}/{number}",
                "bpm": "120",
                "beat_type": "beat",
                "time_signature": "4-4",
                "midi_filename": name,
                "duration": "24.0",
                "split": split,
            }
        )
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


KIT = """<drumkit_info><name>{name}</name><instrumentList>
<instrument><name>Kick</name><layer><filename>loud.wav</filename></layer>
<layer><filename>soft.wav</filename></layer></instrument>
<instrument><name>Snare</name><layer><filename>noise.wav</filename></layer></instrument>
<instrument><name>Closed HH</name><filename>tick.wav</filename></instrument>
</instrumentList></drumkit_info>"""
RATE = 44_100  # Hz


def write_drum_kit(folder: Path, name: str) -> None:
    """Write a Hydrogen kit of a kick in two layers, a snare and a hi-hat."""
    (folder / name).mkdir(parents=True)
    time = np.arange(RATE // 4) / RATE
    noise = np.random.default_rng(0).standard_normal(len(time)) * np.exp(-time * 25)
    sounds = {
        "loud": 0.9 * np.sin(2 * np.pi * 60 * time) * np.exp(-time * 15),
        "soft": 0.2 * np.sin(2 * np.pi * 60 * time) * np.exp(-time * 15),
        "noise": 0.3 * noise,
        "tick": 0.2 * np.diff(noise, prepend=0.0),
    }
    for file, sound in sounds.items():
        write_audio(folder / name / f"{file}.wav", sound[None].astype(np.float32), RATE)
    (folder / name / "drumkit.xml").write_text(KIT.format(name=name))
