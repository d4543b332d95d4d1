"""Real scores for the studio: lines and accompaniments of songs, and recorded drumming.

Conventions: a score is an array (notes, 4) of onset and offset in seconds, pitch and velocity.
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from muse.tools.datasets.readers import read_songs
from muse.tools.song.document import Song
from muse.tools.training.examples.song_parts import general_midi
from muse.tools.training.studio.drum_scores import read_notes
from muse.tools.training.studio.scores import Setting
from muse.tools.transcription.note_event import NoteEvent

Score = NDArray[np.float64]

LINE, ACCOMPANIMENT, DRUMMING = "song_line", "song_accompaniment", "drumming"
# collection, name of the track, kind of score
TRACKS = (
    ("pop909", "MELODY", LINE),
    ("pop909", "BRIDGE", LINE),
    ("pop909", "PIANO", ACCOMPANIMENT),
    ("openewld", "", LINE),  # the only track of a lead sheet
)
FEWEST_NOTES = 16
HIT_S = 0.1  # length of a drum hit


class SongScores:
    """Scores of real songs by kind."""

    def __init__(self, scores: dict[str, list[Score]]) -> None:
        """Keep the scores."""
        self.scores = scores

    def excerpt(self, kind: str, setting: Setting) -> list[NoteEvent]:
        """Return a passage of a random score, transposed by octaves into the range.

        Args:
            kind: of the score.
            setting: length, range and random generator.
        """
        rng, options = setting.rng, self.scores[kind]
        score = options[int(rng.integers(len(options)))]
        first = int(rng.integers(max(1, len(score) - FEWEST_NOTES)))
        start = score[first, 0]
        inside = score[(score[:, 0] >= start) & (score[:, 0] < start + setting.length_s)]
        shift = 0 if kind == DRUMMING else octave_shift(inside[:, 2], setting)
        return [to_note(row, start, shift, setting) for row in inside if fits(row, shift, setting)]


def octave_shift(pitches: Score, setting: Setting) -> int:
    """Return semitones, of a random key, that move the middle of a score into the range."""
    rng = setting.rng
    spare = max((setting.highest - setting.lowest) / 2 - 8.0, 1.0)
    middle = (setting.highest + setting.lowest) / 2 + rng.uniform(-spare, spare)
    return round((middle - float(np.median(pitches))) / 12) * 12 + int(rng.integers(-4, 5))


def fits(row: Score, shift: int, setting: Setting) -> bool:
    """Return whether a note lies within the range."""
    return setting.lowest <= int(row[2]) + shift <= setting.highest


def to_note(row: Score, start: float, shift: int, setting: Setting) -> NoteEvent:
    """Return a row of a score as a note."""
    onset = float(row[0] - start)
    offset = min(float(row[1] - start), setting.length_s + 0.5)
    velocity = int(np.clip(row[3] + setting.velocity - 80, 15, 127))
    return NoteEvent(onset, max(offset, onset + 0.04), int(row[2]) + shift, velocity, 1.0)


def read_song_scores(data: Path, songs: int) -> SongScores:
    """Read up to `songs` songs of each collection that the data folder has."""
    scores: dict[str, list[Score]] = {}
    for collection in dict.fromkeys(collection for collection, _, _ in TRACKS):
        if (data / collection).is_dir():
            for _, song in itertools.islice(spaced_songs(data / collection, songs), songs):
                for kind, score in scores_of(song, collection):
                    scores.setdefault(kind, []).append(score)
    if (data / "groove" / "info.csv").is_file():
        scores[DRUMMING] = list(itertools.islice(drumming(data / "groove"), songs))
    return SongScores({kind: found for kind, found in scores.items() if found})


def spaced_songs(folder: Path, songs: int) -> Iterator[tuple[str, Song]]:
    """Yield about `songs` songs of a collection, evenly spaced over its folders."""
    paths = sorted(path for path in folder.iterdir() if path.is_dir())
    for path in paths[:: max(1, len(paths) // songs)]:
        yield from read_songs(path, problem=lambda _: None)


def scores_of(song: Song, collection: str) -> Iterator[tuple[str, Score]]:
    """Yield the tracks of a song that TRACKS names, each with its kind."""
    seconds = song.tempo_map().seconds_at
    for of, name, kind in TRACKS:
        for track in song.tracks:
            if of != collection or (name and track.name != name):
                continue
            rows = [
                (
                    seconds(note.start_beats),
                    seconds(note.start_beats + note.duration_beats),
                    note.pitch,
                    note.velocity,
                )
                for note in track.notes
            ]
            if len(rows) >= FEWEST_NOTES:
                yield kind, np.array(sorted(rows))


def drumming(folder: Path) -> Iterator[Score]:
    """Yield takes of the training split of the Groove set, with General MIDI percussion keys."""
    with (folder / "info.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    for row in rows[:: max(1, len(rows) // 200)]:
        hits = [
            (note.time, note.time + HIT_S, general_midi(note.pitch), max(note.velocity, 1))
            for note in read_notes(folder / row["midi_filename"])
        ]
        if len(hits) >= FEWEST_NOTES:
            yield np.array(sorted(hits))


def hit(rng: Generator, keys: Sequence[int]) -> list[NoteEvent]:
    """Return one or two drum hits."""
    count = int(rng.integers(1, 3))
    return [
        NoteEvent(0.4 * i, 0.4 * i + HIT_S, int(rng.choice(keys)), int(rng.integers(50, 128)), 1.0)
        for i in range(count)
    ]
