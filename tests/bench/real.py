"""muse, Basic Pitch, swift-f0 and librosa on real recordings, side by side in one run.

    python tests/bench/real.py --data DIR [--only drums,singing] [--items N] [--json FILE]

DIR holds the sets that real_data.py reads. Prints a table to stderr and JSON, with a row for each
item, to stdout or to FILE. Nothing of DIR but eir/ and funk_jam/ may be trained on.

Tasks:
    drums: hits of kick, snare, hi-hat, tom and cymbal in the mix, and with the drums alone; F1
        within 50 ms over all hits of all songs.
    phantoms: hits per minute that are found in recordings without drums.
    singing: notes of a solo singer, role given and not; F1 of onset (50 ms) and pitch (50 cents),
        and with offsets (20 % or 50 ms).
    melody: raw pitch accuracy (50 cents) of the annotated melody: sung, from the voice alone and
        from the vocal track of the mix; played, from the lead track of the mix.
    songs: notes of the voice in finished songs, onset within 150 ms and pitch class; F1.
    beats: F-measure (70 ms) of beats in mixes.
    tempo: tempo within 4 % of the artist's, and key equal to the artist's.

Other systems, left out with a word where they are not installed:
    pip install swift-f0 librosa; pip install --no-deps basic-pitch==0.4.0
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import mir_eval
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent))

from real_data import (
    DRUMS,
    Floats,
    MdbSong,
    Melody,
    TrueNotes,
    electronic_songs,
    mdb_songs,
    singers,
    sung_songs,
)

import muse
from muse.tools.evaluation.note_scores import CLASS_OF_KEY

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
DRUM_TOLERANCE_S = 0.05
KARAOKE_TOLERANCE_S = 0.15  # its notes are set by ear, on a grid
TEMPO_TOLERANCE = 0.04  # share of the true tempo
A4 = 440.0  # Hz
KEY_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class Row:
    """The measures of one system on one item of a task."""

    task: str
    system: str
    item: str
    measures: dict[str, float]


def hz_of(pitches: Floats) -> Floats:
    """Frequencies of MIDI numbers."""
    return A4 * 2.0 ** ((np.asarray(pitches) - 69.0) / 12.0)


def transcribed(path: Path, **options: Any) -> muse.Song:
    """What muse makes of a file."""
    return muse.transcribe(path, **options)


def notes_of(song: muse.Song, roles: set[str] | None = None) -> TrueNotes:
    """The pitched notes of a song, of some roles or of all, in seconds.

    Pitches are as they sound: with the pitch bend that holds longest within the note.
    """
    seconds = song.tempo_map().seconds_at
    notes = [
        (seconds(note.start_beats), seconds(note.start_beats + note.duration_beats), pitch)
        for track in song.tracks
        if not track.is_drum and (roles is None or track.role in roles)
        for note, pitch in zip(track.notes, sounding_pitches(track), strict=True)
    ]
    return as_notes(notes)


def sounding_pitches(track: muse.Track) -> list[float]:
    """The pitch of each note with the median of its bends, weighted by how long each holds."""
    beats = np.array([bend.beat for bend in track.bends])
    bends = np.array([bend.value / 4096 for bend in track.bends])
    pitches = []
    for note in track.notes:
        grid = note.start_beats + note.duration_beats * np.linspace(0.2, 0.8, 61)
        held = np.searchsorted(beats, grid, "right") - 1
        inside = bends[held[held >= 0]] if len(bends) else np.zeros(0)
        pitches.append(note.pitch + (float(np.median(inside)) if len(inside) else 0.0))
    return pitches


def f0_of_song(song: muse.Song, role: str, times: Floats) -> Floats:
    """The f0 of the tracks of one role at given times, with pitch bends, 0 between notes."""
    f0, beat_at = np.zeros(len(times)), song.tempo_map().beat_at
    at_beats = np.array([beat_at(float(time)) for time in times])
    for track in song.tracks:
        if track.role != role or track.is_drum:
            continue
        beats = np.array([bend.beat for bend in track.bends])
        bends = np.array([0.0, *(bend.value / 4096 for bend in track.bends)])
        bend = bends[np.searchsorted(beats, at_beats, "right")]
        for note in track.notes:
            end = note.start_beats + note.duration_beats
            inside = (at_beats >= note.start_beats) & (at_beats < end)
            f0[inside] = hz_of(note.pitch + bend[inside])
    return f0


def as_notes(rows: list[tuple[float, float, float]]) -> TrueNotes:
    """Notes from rows of onset, offset and pitch."""
    table = np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)
    intervals = table[:, :2]
    intervals[:, 1] = np.maximum(intervals[:, 1], intervals[:, 0] + 1e-3)
    return TrueNotes(intervals, table[:, 2])


def drum_hits_of(song: muse.Song) -> dict[str, Floats]:
    """The onsets of each class of drum in a song."""
    seconds = song.tempo_map().seconds_at
    hits: dict[str, list[float]] = {}
    for track in song.tracks:
        for note in track.notes if track.is_drum else ():
            name = CLASS_OF_KEY.get(note.pitch, "other")
            hits.setdefault(name, []).append(float(seconds(note.start_beats)))
    return {name: np.sort(times) for name, times in hits.items()}


def hit_counts(truth: dict[str, Floats], found: dict[str, Floats]) -> dict[str, float]:
    """Matched, true and found hits of each class."""
    counts: dict[str, float] = {}
    for name, times in truth.items():
        own = found.get(name, np.zeros(0))
        pairs = mir_eval.util.match_events(times, own, DRUM_TOLERANCE_S)
        counts |= {f"{name}_hit": len(pairs), f"{name}_true": len(times), f"{name}_found": len(own)}
    return counts


def pooled_f1(rows: list[Row], classes: list[str]) -> float:
    """F1 over all hits of all items."""
    hit, true, found = (
        sum(row.measures[f"{name}_{what}"] for row in rows for name in classes)
        for what in ("hit", "true", "found")
    )
    return 2.0 * hit / (true + found) if true + found else 0.0


def note_measures(truth: TrueNotes, found: TrueNotes) -> dict[str, float]:
    """F1 of onset and pitch, and with offsets."""
    if not len(found.pitches) or not len(truth.pitches):
        return {"onset_f1": 0.0, "offset_f1": 0.0}
    arrays = (truth.intervals, hz_of(truth.pitches), found.intervals, hz_of(found.pitches))
    score = mir_eval.transcription.precision_recall_f1_overlap
    return {
        "onset_f1": score(*arrays, onset_tolerance=0.05, offset_ratio=None)[2],
        "offset_f1": score(*arrays, onset_tolerance=0.05)[2],
    }


def karaoke_measures(truth: TrueNotes, found: TrueNotes) -> dict[str, float]:
    """F1 of notes by onset within 150 ms and pitch class."""
    if not len(found.pitches):
        return {"f1": 0.0}
    folded = [
        (notes.intervals, hz_of(60.0 + np.round(notes.pitches) % 12)) for notes in (truth, found)
    ]
    score = mir_eval.transcription.precision_recall_f1_overlap
    arrays = (*folded[0], *folded[1])
    return {"f1": score(*arrays, onset_tolerance=KARAOKE_TOLERANCE_S, offset_ratio=None)[2]}


def melody_measures(truth: Melody, f0: Floats) -> dict[str, float]:
    """Raw pitch accuracy, raw chroma accuracy and voicing false alarm."""
    scores = mir_eval.melody.evaluate(truth.times, truth.f0, truth.times, f0)
    names = ("Raw Pitch Accuracy", "Raw Chroma Accuracy", "Voicing False Alarm")
    return dict(zip(("rpa", "rca", "false_alarm"), (scores[name] for name in names), strict=True))


class OtherSystems:
    """Basic Pitch, swift-f0 and librosa, each where it is installed."""

    def __init__(self) -> None:
        """Load what is installed and name what is not."""
        self.names = [n for n in ("basic_pitch", "swift_f0", "librosa") if find_spec(n)]
        for name in {"basic_pitch", "swift_f0", "librosa"} - {*self.names}:
            print(f"left out, not installed: {name}", file=sys.stderr)
        self._basic_pitch: Any = None
        self._swift_f0: Any = None

    def note_systems(self) -> Iterator[tuple[str, Callable[[Path], TrueNotes]]]:
        """The systems that find notes, by name."""
        if "basic_pitch" in self.names:
            yield "Basic Pitch", self.basic_pitch
        if "swift_f0" in self.names:
            yield "swift-f0, its segmenter", self.swift_f0_notes

    def basic_pitch(self, path: Path) -> TrueNotes:
        """The notes that the basic-pitch package finds with its ONNX net and default settings."""
        from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
        from basic_pitch.inference import Model, predict

        if self._basic_pitch is None:
            self._basic_pitch = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))
        with QuietStdout():
            _, _, notes = predict(path, self._basic_pitch)
        return as_notes([(note[0], note[1], note[2]) for note in notes])

    def pitch_track(self, path: Path) -> Any:
        """The f0 that swift-f0 finds."""
        from swift_f0 import SwiftF0

        if self._swift_f0 is None:
            self._swift_f0 = SwiftF0()
        audio, rate = soundfile.read(path, always_2d=True)
        return self._swift_f0.detect(audio.mean(1), rate)

    def swift_f0_notes(self, path: Path) -> TrueNotes:
        """The notes that swift-f0's own segmenter finds."""
        from swift_f0 import segment_notes

        notes = segment_notes(self.pitch_track(path))
        pitches = [69.0 + 12.0 * np.log2(note.pitch_hz / A4) for note in notes]
        return as_notes(
            [(note.start, note.end, pitch) for note, pitch in zip(notes, pitches, strict=True)]
        )

    def swift_f0_at(self, path: Path, times: Floats) -> Floats:
        """The f0 of swift-f0 at given times, 0 where it finds no voice."""
        track = self.pitch_track(path)
        places = np.clip(np.searchsorted(track.timestamps, times), 0, len(track.timestamps) - 1)
        return np.where(track.confidence[places] >= 0.5, track.pitch_hz[places], 0.0)


class QuietStdout:
    """Sends what a library prints to stderr."""

    def __enter__(self) -> None:
        """Replace stdout."""
        self._stdout, sys.stdout = sys.stdout, sys.stderr

    def __exit__(self, *_: object) -> None:
        """Restore stdout."""
        sys.stdout = self._stdout


@dataclass(frozen=True)
class Bench:
    """What the tasks share.

    Attributes:
        data: folder of the sets.
        scratch: folder for mixes.
        others: the systems that muse is compared with.
        items: at most so many items of a task.
    """

    data: Path
    scratch: Path
    others: OtherSystems
    items: int

    def mdb(self) -> list[MdbSong]:
        """The songs of MDB."""
        return mdb_songs(self.data)[: self.items]


def drums(bench: Bench) -> Iterator[Row]:
    """Hits in the mix and with the drums alone."""
    for song in bench.mdb():
        mix = song.write(bench.scratch / f"{song.name}.wav")
        alone = song.write(bench.scratch / f"{song.name}-drums.wav", song.parts(DRUMS))
        found = drum_hits_of(transcribed(mix))
        yield Row("drums in a band", "muse", song.name, hit_counts(song.drums(), found))
        found = drum_hits_of(transcribed(alone, no_separate=True, role="drums"))
        yield Row("drums alone", "muse", song.name, hit_counts(song.drums(), found))


def phantoms(bench: Bench) -> Iterator[Row]:
    """Hits in recordings without drums: bands without their drummer, singers, guitars."""
    for song in bench.mdb():
        others = [part for part in song.info["parts"] if DRUMS not in part["instrument"]]
        yield phantom_row(song.write(bench.scratch / f"{song.name}-no-drums.wav", others))
        for part in others:
            yield phantom_row(song.write(bench.scratch / f"{song.name}-{part['file']}", [part]))
    for _, path, _ in singers(bench.data)[: min(bench.items, 8)]:
        yield phantom_row(path)


def phantom_row(path: Path) -> Row:
    """Drum hits per minute in a recording without drums."""
    hits = sum(len(times) for times in drum_hits_of(transcribed(path)).values())
    per_minute = 60.0 * hits / soundfile.info(path).duration
    return Row("phantom drums", "muse", path.stem, {"hits_per_minute": per_minute})


def singing(bench: Bench) -> Iterator[Row]:
    """Notes of a singer alone."""
    systems: list[tuple[str, Callable[[Path], TrueNotes]]] = [
        ("muse, role given", lambda p: notes_of(transcribed(p, no_separate=True, role="vocals"))),
        ("muse", lambda p: notes_of(transcribed(p, no_separate=True))),
        *bench.others.note_systems(),
    ]
    for name, path, truth in singers(bench.data)[: bench.items]:
        for system, find in systems:
            yield Row("singing, solo", system, name, note_measures(truth, find(path)))


def melody(bench: Bench) -> Iterator[Row]:
    """The f0 of the melody of a band, sung or played."""
    for song in bench.mdb():
        truth = song.melody()
        mix = song.write(bench.scratch / f"{song.name}.wav")
        alone = song.write(bench.scratch / f"{song.name}-melody.wav", song.melody_parts())
        task, role = ("sung melody", "vocals") if song.is_sung() else ("played melody", "lead")
        f0 = f0_of_song(transcribed(mix), role, truth.times)
        yield Row(f"{task} in a band", "muse", song.name, melody_measures(truth, f0))
        f0 = f0_of_song(transcribed(alone, no_separate=True, role=role), role, truth.times)
        yield Row(f"{task} alone", "muse, role given", song.name, melody_measures(truth, f0))
        if "swift_f0" in bench.others.names:
            f0 = bench.others.swift_f0_at(alone, truth.times)
            yield Row(f"{task} alone", "swift-f0, frames", song.name, melody_measures(truth, f0))


def songs(bench: Bench) -> Iterator[Row]:
    """Notes of the voice in finished songs."""
    for name, path, truth in sung_songs(bench.data)[: bench.items]:
        notes = notes_of(transcribed(path), {"vocals"})
        yield Row("voice in songs", "muse", name, karaoke_measures(truth, notes))
        if "basic_pitch" in bench.others.names:
            found = karaoke_measures(truth, bench.others.basic_pitch(path))
            yield Row("voice in songs", "Basic Pitch", name, found)


def beats(bench: Bench) -> Iterator[Row]:
    """Beats of mixes."""
    for song in bench.mdb():
        mix = song.write(bench.scratch / f"{song.name}.wav")
        source = transcribed(mix, no_separate=True).source
        found = np.array(source.beat_times_s or [] if source else [])
        yield Row("beats", "muse", song.name, {"f": mir_eval.beat.f_measure(song.beats(), found)})
        if "librosa" in bench.others.names:
            import librosa

            audio, rate = soundfile.read(mix)
            times = librosa.beat.beat_track(y=audio, sr=rate, units="time")[1]
            score = mir_eval.beat.f_measure(song.beats(), times)
            yield Row("beats", "librosa", song.name, {"f": score})


def tempo(bench: Bench) -> Iterator[Row]:
    """Tempo and key of electronic songs."""
    for song in electronic_songs(bench.data)[: bench.items]:
        mix = song.write(bench.scratch / f"{song.name}.wav")
        found = transcribed(mix)
        names = [f"{KEY_NAMES[key.tonic_pc]} {key.mode}" for key in found.keys[:1]]
        near = abs(found.tempos[0].bpm / song.bpm - 1.0) <= TEMPO_TOLERANCE
        measures = {"tempo_right": float(near), "key_right": float(names == [song.key])}
        yield Row("electronic songs", "muse", song.name, measures)
        if "librosa" in bench.others.names:
            import librosa

            audio, rate = soundfile.read(mix, always_2d=True)
            bpm = float(np.atleast_1d(librosa.beat.beat_track(y=audio.mean(1), sr=rate)[0])[0])
            right = float(abs(bpm / song.bpm - 1.0) <= TEMPO_TOLERANCE)
            yield Row("electronic songs", "librosa", song.name, {"tempo_right": right})


TASKS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "drums": drums,
    "phantoms": phantoms,
    "singing": singing,
    "melody": melody,
    "songs": songs,
    "beats": beats,
    "tempo": tempo,
}


def summary(rows: list[Row]) -> dict[str, float]:
    """What the rows of one system on one task come to."""
    names = list(rows[0].measures)
    if any(name.endswith("_hit") for name in names):
        classes = [name.removesuffix("_hit") for name in names if name.endswith("_hit")]
        return {"f1": pooled_f1(rows, classes)} | {
            name: pooled_f1(rows, [name]) for name in classes
        }
    return {name: fmean(row.measures[name] for row in rows) for name in names}


def tables(rows: list[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """Task, system, measure: the summary of all rows."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.task, row.system), []).append(row)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (task, system), own in groups.items():
        found.setdefault(task, {})[system] = {"items": len(own)} | summary(own)
    return found


def show(found: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the tables for people."""
    for task, systems in found.items():
        print(f"\n{task}", file=sys.stderr)
        for system, measures in systems.items():
            text = "  ".join(
                f"{name} {value:.0f}" if name == "items" else f"{name} {value:.2f}"
                for name, value in measures.items()
            )
            print(f"  {system:24} {text}", file=sys.stderr)


def main() -> None:
    """Run the tasks and print what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--only", default=",".join(TASKS), help="tasks, separated by commas")
    parser.add_argument("--items", type=int, default=1000, help="items of each task, at most")
    parser.add_argument("--json", type=Path, help="file for the JSON instead of stdout")
    options = parser.parse_args()
    logging.getLogger("muse").setLevel(logging.ERROR)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="muse-") as scratch:
        bench = Bench(options.data, Path(scratch), OtherSystems(), options.items)
        for name in options.only.split(","):
            rows += TASKS[name](bench)
    found = tables(rows)
    show(found)
    write_json({"summary": found, "rows": [vars(row) for row in rows]}, options.json)


def write_json(value: Any, path: Path | None) -> None:
    """Write a value as JSON to a file, or to stdout if the path is None."""
    if path is None:
        print(json.dumps(value))
    else:
        path.write_text(json.dumps(value))


if __name__ == "__main__":
    main()
