"""The parts of a mix: what real songs and drum takes hold, and a bass line from their chords."""

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import symusic

from muse.tools.transcription.note_event import NoteEvent

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LENGTH_S = 30.0

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


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that hold something."""
    return [line for line in path.read_text().splitlines() if line.strip()]


def is_bar(line: str) -> bool:
    """Whether a line of beat_midi.txt is the first beat of a bar."""
    return float(line.split()[2]) > 0.5


def read_tracks(path: Path) -> dict[str, list[NoteEvent]]:
    """The tracks of a MIDI file by name, in seconds."""
    return {track.name: to_events(track) for track in symusic.Score(path).to("second").tracks}


def to_events(track: symusic.core.TrackSecond) -> list[NoteEvent]:
    """The notes of a track, by onset."""
    events = (NoteEvent(n.start, n.end, n.pitch, max(n.velocity, 1), 1.0) for n in track.notes)
    return sorted(event for event in events if event.offset_s > event.onset_s)


def read_chords(path: Path) -> list[tuple[float, float, int, int]]:
    """Chords as (start_s, end_s, pitch class of the bass, of the root); 'N' is left out."""
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


# Groove's own keys for a hi-hat's edge and a third tom, silent or something else in General MIDI
ROLAND_KEYS = {22: 42, 26: 46, 58: 43}


def general_midi(key: int) -> int:
    """The General MIDI key that sounds what a key of the Groove set means."""
    return ROLAND_KEYS.get(key, key)


def pitch_class(name: str) -> int:
    """C to B with accidentals, as 0 to 11."""
    return (CHORD_ROOTS[name[0]] + name.count("#") - name.count("b")) % 12


def degree_semitones(degree: str) -> int:
    """A Harte degree such as '5' or 'b7' above the root; '' is the root."""
    if not degree:
        return 0
    steps = (0, 2, 4, 5, 7, 9, 11)[(int(degree.strip("b#")) - 1) % 7]
    return steps + degree.count("#") - degree.count("b")


def bass_line(
    chords: Sequence[tuple[float, float, int, int]], beats: Sequence[float], dice: random.Random
) -> list[NoteEvent]:
    """A bass that plays one of a few patterns over each pair of beats, changed every eight."""
    line: list[NoteEvent] = []
    pattern = dice.choice(BASS_PATTERNS)
    for first in range(0, len(beats) - 2, 2):
        if first % 8 == 0:
            pattern = dice.choice(BASS_PATTERNS)
        for beat, interval, length in pattern:
            begin, end = beat_time(beats, first + beat), beat_time(beats, first + beat + length)
            chord = next((c for c in chords if c[0] - 0.02 <= begin < c[1] - 0.02), None)
            if chord is None or dice.random() < 0.03:
                continue
            low = LOWEST_BASS + (chord[2] - LOWEST_BASS) % 12
            jitter = dice.gauss(0.0, 0.006)
            gate = dice.uniform(0.75, 1.0)
            velocity = min(127, max(45, round(dice.gauss(92, 14))))
            onset = begin + jitter
            line.append(
                NoteEvent(onset, onset + (end - begin) * gate, low + interval, velocity, 1.0)
            )
    return monophonic(sorted(line))


def beat_time(beats: Sequence[float], position: float) -> float:
    """Seconds at a beat position, linear between beats."""
    return float(np.interp(position, np.arange(len(beats)), beats))


def monophonic(notes: Sequence[NoteEvent]) -> list[NoteEvent]:
    """Cut each note where the next begins, and drop what that leaves shorter than 30 ms."""
    ends = [*(note.onset_s for note in notes[1:]), np.inf]
    cut = [
        NoteEvent(n.onset_s, min(n.offset_s, end), n.pitch, n.velocity, 1.0)
        for n, end in zip(notes, ends, strict=True)
    ]
    return [note for note in cut if note.offset_s - note.onset_s >= 0.03]


def drum_part(
    bars: Sequence[float], start: float, split: str, dice: random.Random
) -> list[NoteEvent]:
    """A human drum take laid onto the song's bars, each of its bars stretched to one of theirs."""
    bpm = 240.0 / float(np.median(np.diff(bars)))
    with (DATA / "groove" / "info.csv").open() as file:
        takes = [
            row
            for row in csv.DictReader(file)
            if row["split"] == split and row["time_signature"] == "4-4"
            if row["beat_type"] == "beat" and float(row["duration"]) > 20.0
        ]
    takes.sort(key=lambda row: (abs(np.log2(float(row["bpm"]) / bpm)), row["id"]))
    take = dice.choice(takes[:8])
    hits = symusic.Score(DATA / "groove" / take["midi_filename"]).to("second").tracks[0].notes
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


def excerpt(notes: Sequence[NoteEvent], start: float) -> list[NoteEvent]:
    """The notes that start within the excerpt, times from its start."""
    return [
        NoteEvent(n.onset_s - start, min(n.offset_s - start, LENGTH_S), n.pitch, n.velocity, 1.0)
        for n in notes
        if start <= n.onset_s < start + LENGTH_S - 0.1
    ]
