"""Readers of the real recordings that tests/bench/real.py measures, and their truth.

    mdb/NAME/       parts of a song (MDB Drums, MedleyDB), drum hits, beats, f0 of the lead
    ssvd/*.ogg      a singer alone, notes in *.txt
    ultrastar/NN/   a song with a voice, notes of the voice
    eir/NAME/       stems of an electronic song, tempo and key
    funk_jam/       parts of one recording

Times are seconds, f0 is in Hz with 0 for unvoiced frames, pitches are MIDI numbers.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# MDB's classes by the names of muse's; OT, other, is not counted
MDB_CLASSES = {"KD": "kick", "SD": "snare", "HH": "hihat", "TT": "tom", "CY": "cymbal"}
DRUMS, VOICE, MELODY = "drum set", "singer", "melody"


@dataclass(frozen=True)
class TrueNotes:
    """Notes: onsets and offsets (n, 2) in seconds, pitches (n,), MIDI numbers with fractions."""

    intervals: Floats
    pitches: Floats


@dataclass(frozen=True)
class Melody:
    """The f0 of a melody: times (n,) in seconds, f0 (n,) in Hz, 0 where it is silent."""

    times: Floats
    f0: Floats


class MdbSong:
    """One song of MDB: its parts, their mix, and its annotations."""

    def __init__(self, folder: Path) -> None:
        """Read the description; audio is read when it is asked for."""
        self.name = folder.name
        self.folder = folder
        self.info: dict[str, Any] = json.loads((folder / "info.json").read_text())

    def parts(self, instrument: str) -> list[dict[str, Any]]:
        """The parts whose instrument has these words in its name."""
        return [part for part in self.info["parts"] if instrument in part["instrument"]]

    def is_sung(self) -> bool:
        """Whether the melody is a singer's."""
        return any(VOICE in part["instrument"] for part in self.melody_parts())

    def melody_parts(self) -> list[dict[str, Any]]:
        """The parts that play the annotated melody."""
        return [part for part in self.info["parts"] if part["component"] == MELODY]

    def write(self, path: Path, parts: list[dict[str, Any]] | None = None) -> Path:
        """Write the sum of some parts, or of all, as a WAV file; its path."""
        audio: Floats | None = None
        rate = 0
        for part in self.info["parts"] if parts is None else parts:
            sound, rate = soundfile.read(self.folder / part["file"], always_2d=True)
            sound = part["gain_in_mix"] * self.info["gain"] * sound.mean(1)
            if audio is None:
                audio = sound
            length = min(len(audio), len(sound))
            audio = sound if audio is sound else audio[:length] + sound[:length]
        assert audio is not None
        soundfile.write(path, audio / max(1.0, np.abs(audio).max()), rate)
        return path

    def drums(self) -> dict[str, Floats]:
        """The onsets of each class of drum."""
        rows = [line.split() for line in (self.folder / "class.txt").read_text().splitlines()]
        return {
            name: np.sort([float(time) for time, label in rows if label == code])
            for code, name in MDB_CLASSES.items()
        }

    def beats(self) -> Floats:
        """The times of the beats."""
        lines = (self.folder / "beats.txt").read_text().split("\n")
        return np.array([float(line.split()[0]) for line in lines if line.strip()])

    def melody(self) -> Melody:
        """The f0 of the main melody."""
        rows = np.loadtxt(self.folder / "melody1.csv", delimiter=",")
        return Melody(rows[:, 0], rows[:, 1])


def mdb_songs(data: Path) -> list[MdbSong]:
    """The songs of MDB in the data folder."""
    return [MdbSong(folder) for folder in sorted((data / "mdb").iterdir())]


def singers(data: Path) -> list[tuple[str, Path, TrueNotes]]:
    """The solo singers: name, audio, notes."""
    found = []
    for path in sorted((data / "ssvd").glob("*.ogg")):
        rows = np.loadtxt(path.with_suffix(".txt"), ndmin=2)
        found.append((path.stem, path, TrueNotes(rows[:, :2], rows[:, 2])))
    return found


def sung_songs(data: Path) -> list[tuple[str, Path, TrueNotes]]:
    """The songs with a voice: name, audio, notes of the voice."""
    found = []
    for folder in sorted((data / "ultrastar").iterdir()):
        with (folder / "notes.csv").open(newline="") as file:
            rows = [[float(x) for x in row[:3]] for row in csv.reader(file) if is_number(row[0])]
        table = np.array(rows)
        found.append((folder.name, folder / "audio.ogg", TrueNotes(table[:, :2], table[:, 2])))
    return found


def is_number(text: str) -> bool:
    """Whether a cell is a number, not a heading."""
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class ElectronicSong:
    """A song in stems with the tempo (beats per minute) and key that its artist gives."""

    name: str
    stems: dict[str, Path]
    bpm: float
    key: str

    def write(self, path: Path) -> Path:
        """Write the sum of the stems as a WAV file; its path."""
        sounds = [soundfile.read(stem, always_2d=True) for stem in self.stems.values()]
        length = min(len(sound) for sound, _ in sounds)
        audio = np.sum([sound[:length] for sound, _ in sounds], axis=0)
        soundfile.write(path, audio / max(1.0, np.abs(audio).max()), sounds[0][1])
        return path


def electronic_songs(data: Path) -> list[ElectronicSong]:
    """The electronic songs."""
    found = []
    for folder in sorted((data / "eir").iterdir()):
        info = json.loads((folder / "info.json").read_text())
        stems = {path.stem: path for path in sorted(folder.glob("*.ogg"))}
        found.append(ElectronicSong(folder.name, stems, float(info["bpm"]), info["key"]))
    return found
