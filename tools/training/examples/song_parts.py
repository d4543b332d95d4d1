"""Parts of a mix: tracks of POP909 songs, takes of the Groove set, and a bass line from chords."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from muse.tools.transcription.note_event import NoteEvent

LENGTH_S = 30.0  # of an excerpt

CHORD_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LOWEST_BASS = 28  # E1
# bass patterns: (beat within two, semitones above the root, length in beats)
BASS_PATTERNS = (
    ((0.0, 0, 1.5), (1.5, 0, 0.5)),
    ((0.0, 0, 0.5), (0.5, 0, 0.5), (1.0, 0, 0.5), (1.5, 0, 0.5)),
    ((0.0, 0, 1.0), (1.0, 7, 1.0)),
    ((0.0, 0, 0.75), (0.75, 12, 0.25), (1.0, 0, 0.5), (1.5, 7, 0.5)),
    ((0.0, 0, 2.0),),
    ((0.0, 0, 0.9), (1.0, 0, 0.4), (1.5, 12, 0.4)),
)
CHOSEN_TAKES = 8  # drum takes with the nearest tempo, one of which is drawn

# keys of the Groove set's Roland kit that mean another sound in General MIDI, or none: a hi-hat's
# edge and a third tom
ROLAND_KEYS = {22: 42, 26: 46, 58: 43}

Chord = tuple[float, float, int, int]  # start_s, end_s, pitch class of the bass, of the root


def read_lines(path: Path) -> list[str]:
    """Return the lines of a text file that are not blank."""
    return [line for line in path.read_text().splitlines() if line.strip()]


def is_bar(line: str) -> bool:
    """Return whether a line of beat_midi.txt is a downbeat."""
    return float(line.split()[2]) > 0.5


def read_tracks(path: Path) -> dict[str, list[NoteEvent]]:
    """Return the tracks of a MIDI file by name, in seconds."""
    score: Any = symusic.Score(path)
    return {track.name: to_events(track) for track in score.to("second").tracks}


def to_events(track: Any) -> list[NoteEvent]:
    """Return the notes of a symusic track in seconds, by onset."""
    events = (NoteEvent(n.start, n.end, n.pitch, max(n.velocity, 1), 1.0) for n in track.notes)
    return sorted(event for event in events if event.offset_s > event.onset_s)


def read_chords(path: Path) -> list[Chord]:
    """Return the chords of chord_midi.txt, without those labeled 'N' (no chord)."""
    chords = []
    for line in read_lines(path):
        start, end, label = line.split()
        if label == "N":
            continue
        root_name, _, rest = label.partition(":")
        root = pitch_class(root_name)
        degree = rest.partition("/")[2]
        chords.append((float(start), float(end), (root + degree_semitones(degree)) % 12, root))
    return chords


def general_midi(key: int) -> int:
    """Return the General MIDI percussion key for a key of the Groove set."""
    return ROLAND_KEYS.get(key, key)


def pitch_class(name: str) -> int:
    """Return 0 to 11 for a note name, C to B with accidentals."""
    return (CHORD_ROOTS[name[0]] + name.count("#") - name.count("b")) % 12


def degree_semitones(degree: str) -> int:
    """Return the semitones of a Harte degree such as '5' or 'b7' above the root; 0 for ''."""
    if not degree:
        return 0
    steps = (0, 2, 4, 5, 7, 9, 11)[(int(degree.strip("b#")) - 1) % 7]
    return steps + degree.count("#") - degree.count("b")


def bass_line(
    chords: Sequence[Chord], beats: Sequence[float], rng: random.Random
) -> list[NoteEvent]:
    """Return a bass that plays a pattern over each pair of beats, drawn anew every eight beats."""
    line: list[NoteEvent] = []
    pattern = rng.choice(BASS_PATTERNS)
    for first in range(0, len(beats) - 2, 2):
        if first % 8 == 0:
            pattern = rng.choice(BASS_PATTERNS)
        for beat, interval, length in pattern:
            begin, end = beat_time(beats, first + beat), beat_time(beats, first + beat + length)
            chord = next((c for c in chords if c[0] - 0.02 <= begin < c[1] - 0.02), None)
            if chord is None or rng.random() < 0.03:
                continue
            low = LOWEST_BASS + (chord[2] - LOWEST_BASS) % 12
            jitter = rng.gauss(0.0, 0.006)
            gate = rng.uniform(0.75, 1.0)
            velocity = min(127, max(45, round(rng.gauss(92, 14))))
            onset = begin + jitter
            line.append(
                NoteEvent(onset, onset + (end - begin) * gate, low + interval, velocity, 1.0)
            )
    return monophonic(sorted(line))


def beat_time(beats: Sequence[float], position: float) -> float:
    """Return the time in seconds at a position in beats, linear between beats."""
    return float(np.interp(position, np.arange(len(beats)), beats))


def monophonic(notes: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Cut each note where the next one begins; drop notes that become shorter than 30 ms."""
    ends = [*(note.onset_s for note in notes[1:]), np.inf]
    cut = [
        NoteEvent(n.onset_s, min(n.offset_s, end), n.pitch, n.velocity, 1.0)
        for n, end in zip(notes, ends, strict=True)
    ]
    return [note for note in cut if note.offset_s - note.onset_s >= 0.03]


def drum_part(
    groove: Path, bars: Sequence[float], start: float, split: str, rng: random.Random
) -> list[NoteEvent]:
    """Return a recorded drum take laid onto the bars of a song.

    Each bar of the take is stretched to one of the song's; the take repeats until the song ends.

    Args:
        groove: folder of the Groove set.
        bars: times of the song's downbeats.
        start: time at which the take begins.
        split: of the Groove set that the take is drawn from.
        rng: draws the take.
    """
    bpm = 240.0 / float(np.median(np.diff(bars)))
    take = rng.choice(takes_near(groove, bpm, split)[:CHOSEN_TAKES])
    score: Any = symusic.Score(groove / take["midi_filename"])
    hits = score.to("second").tracks[0].notes
    bar_s = 240.0 / float(take["bpm"])
    first = int(np.searchsorted(bars, start - 0.01))
    length = int(max(hit.start for hit in hits) / bar_s)
    part = []
    for hit in hits:
        bar = hit.start / bar_s
        for repeat in range(1 + (len(bars) - first) // max(length, 1)):
            position = first + repeat * length + bar
            if bar < length and position < len(bars) - 1:
                onset = beat_time(bars, position)
                velocity = max(hit.velocity, 1)
                part.append(NoteEvent(onset, onset + 0.1, general_midi(hit.pitch), velocity, 1.0))
    return sorted(part)


def takes_near(groove: Path, bpm: float, split: str) -> list[dict[str, str]]:
    """Return the takes in 4/4 of a split of the Groove set, those of the nearest tempo first."""
    with (groove / "info.csv").open() as file:
        takes = [
            row
            for row in csv.DictReader(file)
            if row["split"] == split and row["time_signature"] == "4-4"
            if row["beat_type"] == "beat" and float(row["duration"]) > 20.0
        ]
    return sorted(takes, key=lambda row: (abs(np.log2(float(row["bpm"]) / bpm)), row["id"]))


def excerpt(notes: Sequence[NoteEvent], start: float) -> list[NoteEvent]:
    """Return the notes that start within an excerpt, with times from its start."""
    return [
        NoteEvent(n.onset_s - start, min(n.offset_s - start, LENGTH_S), n.pitch, n.velocity, 1.0)
        for n in notes
        if start <= n.onset_s < start + LENGTH_S - 0.1
    ]
